/** Two processes that both believe that a key is theirs: who was taken for dead ends in words, and neither hurts the other. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { adoptCheckpoints } from "../../../pipeline/checkpoints/checkpoint_folders.ts";
import { Cache, FolderCheckpoints, LeaseLostError, pipeline } from "../../../pipeline/mod.ts";
import { withoutLocks } from "../../support/lockless.ts";
import { giving, record, withDirectory } from "../support.ts";

const text = (value: string) => new TextEncoder().encode(value);
const names = (root: string) => [...Deno.readDirSync(root)].map(({ name }) => name).sort();
const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const size = { about: 10, most: 1000 };

/** Hearts stand still: what happens to a process that is stopped, or cut off from its disk. */
async function withoutHeartbeat(body: () => Promise<void>): Promise<void> {
  const { utimeSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.utimeSync = () => {
    throw new Error("cut off");
  };
  try {
    await body();
  } finally {
    Deno.FsFile.prototype.utimeSync = utimeSync;
  }
}

/** A moment that is waited for. */
function gate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

for (const first of ["the owner", "its successor"]) {
  Deno.test(`of an owner that wakes and its successor each may be the first to write: ${first}`, () =>
    withDirectory((root) =>
      withoutLocks(async () => {
        const reached = [gate(), gate()], go = [gate(), gate()];
        let runs = 0;
        const from: number[] = [];
        const long = giving("long", async ({ checkpoints }) => {
          const run = runs++;
          const { state } = await checkpoints.load(size, read);
          from.push(state?.position ?? 0);
          const save = async (step: number) => {
            const part = await checkpoints.addPart(text(`weights of ${step}`), []);
            await checkpoints.save(step, () => Promise.resolve([text(`state ${step}`)]), [part]);
            return part;
          };
          if (state === undefined) await save(1);
          reached[run]!.open();
          await go[run]!.opened;
          const part = await save(2);
          await checkpoints.copyPart(part, join(root, `weights-${run}`));
          return 7;
        });
        const graph = pipeline("p", () => long()).build();
        const start = () =>
          record(graph, join(root, "cache"), {
            cache: new Cache(join(root, "cache"), { beat: 10, stale: 60 }),
          });
        await withoutHeartbeat(async () => {
          const owner = start();
          owner.catch(() => {});
          await reached[0]!.opened;
          const successor = start();
          await reached[1]!.opened;
          assert.deepEqual(from, [0, 1], "the successor goes on from the owner's checkpoint");
          const order = first === "the owner" ? [0, 1] : [1, 0];
          for (const run of order) {
            go[run]!.open();
            if (run === 1) {
              const { ran, result } = await successor;
              assert.deepEqual([ran, await result.outputs.value.read()], [["long"], 7]);
            } else {
              await assert.rejects(owner, (error) => {
                assert.ok(error instanceof LeaseLostError, String(error));
                assert.match(error.message, /Cannot go on: the lease .* run again to take its result/);
                return true;
              });
            }
          }
        });
        assert.deepEqual((await start()).ran, []);
        assert.deepEqual(names(join(root, "cache", "checkpoints")), []);
        assert.equal(Deno.readTextFileSync(join(root, "weights-1")), "weights of 2");
        assert.throws(() => Deno.statSync(join(root, "weights-0")));
      })
    ));
}

Deno.test("a result that is ready too late is not stored, and its successor's stays", () =>
  withDirectory(async (root) => {
    const cache = new Cache(root);
    const late = giving("late", () => {
      const [key] = names(join(root, "locks")).filter((name) => /^[0-9a-f]{64}$/.test(name));
      Deno.writeTextFileSync(join(root, "locks", key!), JSON.stringify({ machine: "m", token: "theirs" }));
      return 1;
    });
    await assert.rejects(record(pipeline("p", () => late()).build(), root, { cache }), LeaseLostError);
    assert.deepEqual(await cache.keys(), []);
    assert.equal(names(join(root, "locks")).filter((name) => /^[0-9a-f]{64}$/.test(name)).length, 1);
  }));

Deno.test("checkpoints of former holders are adopted whole, wherever an adoption ended before", () =>
  withDirectory(async (root) => {
    const save = async (folder: string, step: number) => {
      const checkpoints = new FolderCheckpoints(folder);
      const part = await checkpoints.addPart(text(`weights of ${step}`), []);
      await checkpoints.save(step, () => Promise.resolve([text(`state ${step}`)]), [part]);
      return part;
    };
    const dead = [crypto.randomUUID(), crypto.randomUUID()];
    // One from before leases had folders, one whole, and one whose weights an adoption had moved already when it was killed.
    await save(root, 1);
    await save(join(root, dead[0]!), 2);
    const part = await save(join(root, dead[1]!), 3);
    await save(join(root, dead[1]!), 4);
    const last = names(join(root, dead[1]!)).find((name) => name.includes("-at-4-"))!;
    Deno.removeSync(join(root, dead[1]!, last));
    Deno.renameSync(join(root, dead[1]!, `part-${part}`), join(root, dead[0]!, `part-${part}`));
    Deno.writeTextFileSync(join(root, dead[0]!, "notes.txt"), "mine");
    const token = crypto.randomUUID();
    let checks = 0;
    const own = await adoptCheckpoints(root, token, () => void checks++);
    assert.equal(own, join(root, token));
    assert.ok(checks >= 5, "each move is fenced");
    assert.deepEqual(names(root), [dead[0]!, token].sort(), "what is not ours stays");
    const { state, damage } = await new FolderCheckpoints(own).load(size, read);
    assert.deepEqual([state, damage.length <= 1], [{ position: 3, value: "state 3" }, true], damage.join());
    const lost = () => {
      throw new LeaseLostError("gone");
    };
    await assert.rejects(adoptCheckpoints(root, crypto.randomUUID(), lost), LeaseLostError);
    assert.ok(names(own).length >= 2, "who lost the lease moves nothing");
  }));

Deno.test("a fence comes before every write and every sweep of checkpoints", () =>
  withDirectory(async (root) => {
    let isHeld = true;
    const checkpoints = new FolderCheckpoints(root, {}, () => {
      if (!isHeld) throw new LeaseLostError("lost");
    });
    const part = await checkpoints.addPart(text("weights"), []);
    await checkpoints.save(1, () => Promise.resolve([text("one")]), [part]);
    Deno.writeTextFileSync(join(root, "state-00000009-at-9.tmp"), "half");
    const before = names(root);
    const losing = async () => {
      isHeld = false;
      return await Promise.resolve([text("two")]);
    };
    await assert.rejects(checkpoints.save(2, losing, []), LeaseLostError);
    for (
      const attempt of [
        () => checkpoints.save(2, () => Promise.resolve([text("two")]), []),
        () => checkpoints.addPart(text("others"), []),
        () => checkpoints.load(size, read),
        () => checkpoints.copyPart(part, join(root, "copy")),
      ]
    ) await assert.rejects(attempt, LeaseLostError);
    assert.deepEqual(names(root), before);
    // Files that are gone because another has them: that is said, not that the disk is.
    isHeld = true;
    let looks = 0;
    const moved = new FolderCheckpoints(root, {}, () => {
      if (++looks > 1) throw new LeaseLostError("lost");
    });
    Deno.removeSync(join(root, `part-${part}`));
    await assert.rejects(moved.copyPart(part, join(root, "copy")), LeaseLostError);
  }));
