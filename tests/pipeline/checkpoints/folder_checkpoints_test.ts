import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../../pipeline/plan/canonical_json.ts";
import { CacheError } from "../../../pipeline/errors.ts";
import { FolderCheckpoints } from "../../../pipeline/checkpoints/folder_checkpoints.ts";
import { withFolder } from "../../support/stage_run.ts";
import { lacksSystem, testUnless } from "../../support/skip.ts";

const text = (value: string) => new TextEncoder().encode(value);
const made = (value: string) => () => Promise.resolve([text(value.slice(0, 2)), text(value.slice(2))]);
const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const names = (root: string) => [...Deno.readDirSync(root)].map(({ name }) => name).sort();
const size = (about: number) => ({ about, most: 1000 });
const load = (root: string) => new FolderCheckpoints(root).load(size(1000), read);

Deno.test("the last two states are kept, with the parts they need; the newest is found", () =>
  withFolder(async (folder) => {
    const root = join(folder, "states");
    const checkpoints = new FolderCheckpoints(root);
    assert.deepEqual(await load(root), { state: undefined, damage: [] });
    assert.throws(() => Deno.statSync(root), "looking makes nothing");
    const first = await checkpoints.addPart(text("weights of step 1"), []);
    await checkpoints.save(1, made("one\ntwo"), [first]);
    await checkpoints.save(2, made("second"), [first]);
    // A part that was better for a while, and never saved with, goes with the next one.
    await checkpoints.addPart(text("weights of step 3"), [first]);
    const second = await checkpoints.addPart(text("weights of step 4"), [first]);
    assert.deepEqual(
      names(root).filter((name) => name.startsWith("part-")),
      [
        `part-${first}`,
        `part-${second}`,
      ].sort(),
    );
    const saved = await checkpoints.save(4, made("third"), [second, second]);
    assert.ok(saved!.bytes > 5 && saved!.seconds >= 0);
    assert.deepEqual(names(root).length, 4);
    assert.deepEqual((await load(root)).state, { position: 4, value: "third" });
    await new FolderCheckpoints(root).save(4, made("third again"), [second]);
    assert.deepEqual((await load(root)).state, { position: 4, value: "third again" }, "of equals the later");
    assert.deepEqual(names(root).filter((name) => name.startsWith("part-")), [`part-${second}`]);
    await checkpoints.copyPart(second, join(folder, "copy"));
    assert.equal(Deno.readTextFileSync(join(folder, "copy")), "weights of step 4");
    assert.equal(await checkpoints.save(5, () => Promise.resolve(undefined), []), undefined);
  })());

Deno.test("damage of any kind falls back to the state before, is said, and is gone", () =>
  withFolder(async (folder) => {
    const cases: [string, RegExp, (root: string, newest: string, part: string) => void][] = [
      ["a flipped bit", /other|not those its name says/, (root, newest) => {
        const bytes = Deno.readFileSync(join(root, newest));
        bytes[bytes.length - 1]! ^= 1;
        Deno.writeFileSync(join(root, newest), bytes);
      }],
      ["cut short", /not those its name says/, (root, newest) => Deno.truncateSync(join(root, newest), 30)],
      ["emptied", /not those its name says/, (root, newest) => Deno.truncateSync(join(root, newest), 0)],
      [
        "too large",
        /2000 bytes.*are the most/,
        (root, newest) => Deno.truncateSync(join(root, newest), 2_000_000),
      ],
      [
        "a part of another content",
        /weights .* damaged/,
        (root, _, part) => Deno.writeTextFileSync(join(root, part), "other"),
      ],
      ["a part that is gone", /weights .* missing/, (root, _, part) => Deno.removeSync(join(root, part))],
    ];
    for (const [what, complaint, harm] of cases) {
      const root = join(folder, what.replaceAll(" ", "-"));
      const checkpoints = new FolderCheckpoints(root);
      await checkpoints.save(1, made("first"), []);
      const part = await checkpoints.addPart(text("weights"), []);
      await checkpoints.save(2, made("second"), [part]);
      const newest = names(root).find((name) => name.includes("-at-2-"))!;
      Deno.writeTextFileSync(join(root, "state-00000003-at-3.tmp"), "half");
      harm(root, newest, `part-${part}`);
      const { state, damage } = await load(root);
      assert.deepEqual(state, { position: 1, value: "first" }, what);
      assert.equal(damage.length, 1);
      assert.match(damage[0]!.replace("2000000", "2000"), complaint, what);
      assert.match(damage[0]!, /^the checkpoint at 2 is damaged/);
      assert.deepEqual(names(root).length, 1, `${what}: only the first stays of ${names(root)}`);
    }
  })());

Deno.test("a state that its stage cannot read, and names nobody gave, are no states", () =>
  withFolder(async (folder) => {
    const checkpoints = new FolderCheckpoints(folder);
    await checkpoints.save(1, made("first"), []);
    await checkpoints.save(2, made("second"), []);
    Deno.writeTextFileSync(join(folder, "state-00000009-at-9-../../x".replaceAll("/", "_")), "");
    Deno.writeTextFileSync(join(folder, "notes.txt"), "mine");
    const { state, damage } = await new FolderCheckpoints(folder).load(size(1000), (bytes) => {
      if (read(bytes) === "second") throw new RangeError("it is of another shape");
      return read(bytes);
    });
    assert.deepEqual(state, { position: 1, value: "first" });
    assert.deepEqual(damage, ["the checkpoint at 2 is damaged (it is of another shape)"]);
    assert.ok(names(folder).includes("notes.txt"));
  })());

Deno.test("parts are named by digests alone: a forged header cannot reach outside", () =>
  withFolder(async (folder) => {
    const { createHash } = await import("node:crypto");
    const bytes = text(`{"parts":["../../etc/passwd"]}\nstate`);
    const digest = createHash("sha256").update(bytes).digest("hex");
    Deno.writeFileSync(join(folder, `state-00000001-at-1-${digest}`), bytes);
    const { state, damage } = await load(folder);
    assert.equal(state, undefined);
    assert.match(damage[0]!, /lists no parts/);
  })());

Deno.test("a link is no state, and nothing is written through one", () =>
  withFolder(async (folder) => {
    const root = join(folder, "states"), outside = join(folder, "outside");
    const checkpoints = new FolderCheckpoints(root);
    await checkpoints.save(1, made("first"), []);
    Deno.writeTextFileSync(outside, "mine");
    const part = sha256("weights");
    Deno.symlinkSync("/dev/zero", join(root, `state-00000007-at-7-${"0".repeat(64)}`));
    for (const name of [`part-${part}.tmp`, "state-00000002-at-2.tmp"]) {
      Deno.symlinkSync(outside, join(root, name));
    }
    assert.equal(await checkpoints.addPart(text("weights"), []), part);
    Deno.symlinkSync(outside, join(root, "state-00000002-at-2.tmp"));
    await checkpoints.save(2, made("second"), [part]);
    assert.deepEqual((await load(root)).state, { position: 2, value: "second" });
    assert.equal(Deno.readTextFileSync(outside), "mine");
  })());

Deno.test("when to save: every 30 s, later where a state is large or costly, and just as told", async () => {
  let now = 100;
  const clock = () => now;
  await withFolder(async (folder) => {
    const dueAfter = (checkpoints: FolderCheckpoints) => {
      const start = now;
      for (; !checkpoints.due() && now < start + 5000; now++);
      return now - start;
    };
    const own = new FolderCheckpoints(folder, { now: clock });
    assert.equal(dueAfter(own), 30);
    await own.load(size(1000), read);
    assert.equal(dueAfter(own), 30, "from the moment it was loaded");
    await own.load(size(1e9), read);
    assert.equal(dueAfter(own), 400, "a gigabyte is taken to need 4 s");
    await own.save(1, async () => {
      now += 2;
      return await made("state")();
    }, []);
    assert.equal(dueAfter(own), 200, "it took 2 s");
    assert.equal(dueAfter(new FolderCheckpoints(folder, { now: clock, every: 7 })), 7);
    const always = new FolderCheckpoints(folder, { now: clock, every: 0 });
    await always.load(size(1e9), read);
    assert.equal(dueAfter(always), 0);
  })();
});

Deno.test("where nothing can be written, the error names the path and the bytes; what there is stays", () =>
  withFolder(async (folder) => {
    const checkpoints = new FolderCheckpoints(folder);
    await checkpoints.save(1, made("first"), []);
    Deno.mkdirSync(join(folder, "state-00000002-at-2.tmp", "in the way"), { recursive: true });
    await assert.rejects(
      checkpoints.save(2, made("second"), []),
      (error) =>
        error instanceof CacheError && error.message.includes(`Cannot write "${join(folder, "state-")}`),
    );
    assert.deepEqual((await load(folder)).state, { position: 1, value: "first" });
    Deno.removeSync(folder, { recursive: true });
    Deno.writeTextFileSync(folder, "");
    await assert.rejects(checkpoints.addPart(text("weights"), []), CacheError);
    Deno.removeSync(folder);
    Deno.mkdirSync(folder);
  })());

Deno.test("a state that cannot be read just now is not given up", () =>
  withFolder(async (folder) => {
    const checkpoints = new FolderCheckpoints(folder);
    await checkpoints.save(1, made("first"), []);
    await checkpoints.save(2, made("second"), []);
    const read = Deno.readFile;
    Deno.readFile = () => Promise.reject(new Deno.errors.PermissionDenied("not now"));
    try {
      await assert.rejects(
        load(folder),
        (error) =>
          error instanceof CacheError && /Cannot read the checkpoints in .*: not now/.test(error.message),
      );
    } finally {
      Deno.readFile = read;
    }
    assert.deepEqual((await load(folder)).state, { position: 2, value: "second" });
  })());

testUnless(
  lacksSystem("linux"),
  "where a quota is used up, the older of two states gives way to the new one",
  withFolder(async (folder) => {
    const checkpoints = new FolderCheckpoints(folder);
    await checkpoints.save(1, made("first"), []);
    await checkpoints.save(2, made("second"), []);
    const { sync } = Deno.FsFile.prototype;
    let refusals = 0;
    Deno.FsFile.prototype.sync = function () {
      if (refusals++ === 0) return Promise.reject(new Error("Disk quota exceeded (os error 122)"));
      return sync.call(this);
    };
    try {
      await checkpoints.save(3, made("third"), []);
      assert.deepEqual((await load(folder)).state, { position: 3, value: "third" });
      assert.equal(names(folder).length, 2);
      Deno.FsFile.prototype.sync = () => Promise.reject(new Error("Disk quota exceeded (os error 122)"));
      await assert.rejects(
        checkpoints.save(4, made("fourth"), []),
        /no space left \(your quota is used up\)/,
      );
    } finally {
      Deno.FsFile.prototype.sync = sync;
    }
    assert.deepEqual((await load(folder)).state, { position: 3, value: "third" });
  }),
);
