/** A remote cache that does anything but what it should: a run ends right, soon, leaves nothing, and says so once. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  artifactDigest,
  Cache,
  encodeEntry,
  type Entry,
  pipeline,
  Remote,
  RemoteCache,
  type RemoteOptions,
  run,
  sha256,
  verifyBlobs,
} from "../../../pipeline/mod.ts";
import { hostileAnswers, hostileReceptions } from "../../support/servers/hostile_answers.ts";
import { type RawHandler, RawServer } from "../../support/servers/raw_server.ts";
import { diskTest } from "../../support/disks/small_disk.ts";
import { add, halve, number, record, start, withDirectory } from "../support.ts";

const graph = pipeline("p", () => add({ value: halve({ value: start({ at: 9 }) }) })).build();
const token = "a-secret-that-nobody-may-see";
/** Milliseconds, for whatever machine: a single wait by the patience that is usual would be 20 s. */
const soon = 15_000;

/** What an honest store has, by path. */
async function honestStore(root: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await record(graph, root);
  for (const folder of ["ac", "cas"]) {
    for (const { name } of Deno.readDirSync(join(root, folder))) {
      files.set(`${folder}/${name}`, await Deno.readFile(join(root, folder, name)));
    }
  }
  return files;
}

function open(url: string, root: string, options: Partial<RemoteOptions> = {}) {
  const notes: string[] = [];
  const remote = new Remote({
    url,
    token,
    patience: 150,
    notice: (text) => void notes.push(text),
    ...options,
  });
  return { notes, cache: new RemoteCache(new Cache(root), remote) };
}

/**
 * How long something took that this process waits for, milliseconds, in beats of ten: on a busy machine beats are as late as work
 * is, so that little is counted for work and for waiting all.
 */
async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly took: number }> {
  let beats = 0;
  const heart = setInterval(() => beats++, 10);
  try {
    const result = await work();
    return { result, took: 10 * beats };
  } finally {
    clearInterval(heart);
  }
}

/** Runs the graph, and looks that all is as it must be afterwards; gives how long it took, as {@linkcode timed} has it. */
async function runWith(root: string, remote: RemoteCache): Promise<number> {
  const { result: { result }, took } = await timed(() => record(graph, root, { remote }));
  assert.equal(await result.outputs.value.read(), 5);
  assert.deepEqual((await verifyBlobs(new Cache(root))).damage, []);
  assert.deepEqual([...Deno.readDirSync(join(root, "scratch"))], []);
  return took;
}

/** Waits for all, and throws the first error. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

Deno.test("whatever a server answers, a run is right, soon over, and told of a few times at most", () =>
  withDirectory(async (root) => {
    const files = await honestStore(join(root, "honest"));
    const tokens = new Set<string>();
    // Side by side, as nearly all of their time is waiting.
    await all(
      Object.entries(hostileAnswers).flatMap(([name, answer], at) =>
        (["ac", "cas"] as const).map(async (from) => {
          await using server = new RawServer(async (request, way) => {
            tokens.add(request.headers.get("authorization") ?? "");
            const honest = files.get(request.path);
            // Entries and all, or only blobs.
            if (from === "ac" || request.path.startsWith("cas")) {
              return await answer(request, way, honest), false;
            }
            return await way.reply(honest === undefined ? 404 : 200, honest);
          });
          const { notes, cache } = open(server.url, join(root, `${from}-${at}`));
          const took = await runWith(join(root, `${from}-${at}`), cache);
          assert.ok(took < soon, `${name} (${from}): ${took} ms`);
          assert.ok(notes.length <= 4, `${name} (${from}): ${notes.join("\n")}`);
          assert.ok(notes.every((note) => !note.includes("secret") && note.length < 400), notes.join("\n"));
        })
      ),
    );
    assert.deepEqual([...tokens], [`Bearer ${token}`]);
  }));

Deno.test("whatever a server does with uploads, no entry is put before its blobs are there", () =>
  withDirectory(async (root) => {
    const files = await honestStore(join(root, "honest"));
    const [entry] = await Promise.all(
      [...files.keys()].filter((path) => path.startsWith("ac/")).map((path) =>
        new Cache(join(root, "honest")).peek(path.slice(3))
      ),
    );
    await all(
      Object.entries(hostileReceptions).map(async ([name, answer]) => {
        const puts: string[] = [];
        await using server = new RawServer(async (request, way) => {
          if (request.method !== "PUT") return await way.reply(404);
          puts.push(request.path);
          await answer(request, way, undefined);
          return false;
        });
        const { notes, cache } = open(server.url, join(root, "honest"), { write: true });
        const { result, took } = await timed(() => cache.push(entry!));
        assert.equal(result, undefined, name);
        assert.ok(took < soon, `${name}: ${took} ms`);
        assert.ok(
          puts.length > 0 && puts.every((path) => path.startsWith("cas/")),
          `${name}: ${puts.join(" ")}`,
        );
        assert.ok(notes.length <= 2, `${name}: ${notes.join("\n")}`);
      }),
    );
  }));

/** A server of files, with what each connection's first answer is followed by. */
const serve =
  (files: ReadonlyMap<string, Uint8Array>, then: RawHandler): RawHandler => async (request, way) => {
    if (request.nth > 0) return await then(request, way);
    const found = files.get(request.path);
    return await way.reply(found === undefined ? 404 : 200, found);
  };

Deno.test("a connection that is kept and then stalls costs its own request", () =>
  withDirectory(async (root) => {
    const files = await honestStore(join(root, "honest"));
    await using server = new RawServer(serve(files, async (_, { sleep }) => {
      await sleep(30_000);
      return false;
    }));
    const { cache } = open(server.url, join(root, "own"));
    assert.ok(await runWith(join(root, "own"), cache) < soon);
  }));

Deno.test("a server that takes its time for each answer is left once that adds up", () =>
  withDirectory(async (root) => {
    let asked = 0;
    await using server = new RawServer(async (_, { reply, sleep }) => {
      asked++;
      await sleep(400);
      return await reply(404);
    });
    // Each answer comes in time on a busy machine, too.
    const { notes, cache: { remote } } = open(server.url, root, { patience: 1500 });
    for (let i = 0; i < 100; i++) await remote.text(`ac/${i}`, 1000);
    assert.ok(asked < 20, `${asked} requests`);
    assert.match(notes.join(), /^The remote cache .* is too slow \(3 s were waited .*going on without it$/);
  }));

Deno.test("a slow server that moves is waited for: the time grows with the file", () =>
  withDirectory(async (root) => {
    const bytes = new Uint8Array(120_000).fill(7);
    await using server = new RawServer(async (_, { head, send, sleep }) => {
      await head(200, [`content-length: ${bytes.length}`]);
      // 100 kB/s, for three times the patience.
      for (let at = 0; at < bytes.length; at += 5000) {
        await send(bytes.slice(at, at + 5000));
        await sleep(50);
      }
      return false;
    });
    const { notes, cache: { remote } } = open(server.url, root, { patience: 400 });
    const wanted = { digest: sha256(bytes), size: bytes.length };
    assert.equal(await remote.download("cas/x", wanted, join(root, "x")), true, notes.join());
  }));

Deno.test("an entry in another version of a format is passed over before anything is got, and does not end a run", () =>
  withDirectory(async (root) => {
    const files = await honestStore(join(root, "honest"));
    const cache = new Cache(join(root, "honest"));
    for (const { key } of await cache.keys()) {
      const entry = (await cache.peek(key))!;
      files.set(`ac/${key}`, new TextEncoder().encode(encodeEntry(inVersion(entry, 2))));
    }
    const asked: string[] = [];
    await using server = new RawServer(async ({ path }, { reply }) => {
      asked.push(path);
      return await reply(files.has(path) ? 200 : 404, files.get(path));
    });
    const { notes, cache: remote } = open(server.url, join(root, "own"));
    const { ran } = await record(graph, join(root, "own"), { remote });
    assert.deepEqual(ran, ["start", "halve", "add"]);
    assert.match(
      notes[0]!,
      /its output "value" is a number of version 2, and version 1 is read\. It is not used$/,
    );
    assert.ok(asked.every((path) => path.startsWith("ac/")), asked.join("\n"));
    // The same where an older program took it into the cache.
    const { key } = (await cache.keys())[0]!;
    await Deno.writeTextFile(cache.entryPath(key), encodeEntry(inVersion((await cache.peek(key))!, 2)));
    assert.match((await cache.find(key, { value: number })).damage!, /of version 2, and version 1 is read/);
    const { result } = await record(graph, join(root, "honest"));
    assert.equal(await result.outputs.value.read(), 5);
  }));

function inVersion(entry: Entry, version: number): Entry {
  const outputs = Object.entries(entry.outputs).map(([name, { kind, files }]) => {
    return [name, { kind, version, files, digest: artifactDigest(kind, version, files) }];
  });
  return { ...entry, outputs: Object.fromEntries(outputs) };
}

/** An entry of the first stage that names a blob of so many bytes, and a server that has it. */
async function withHugeEntry(
  root: string,
  size: number,
  body: (server: RawServer, asked: string[]) => Promise<void>,
  halfway = () => {},
): Promise<void> {
  const { nodes } = await run(graph, { cache: new Cache(root) });
  const own = (await new Cache(root).peek(nodes[0]!.key))!;
  const stored = { "value.json": { digest: sha256("huge"), size } };
  const value = { kind: "number", version: 1, files: stored, digest: artifactDigest("number", 1, stored) };
  const text = encodeEntry({ ...own, outputs: { value } });
  await Deno.remove(root, { recursive: true });
  const asked: string[] = [];
  await using server = new RawServer(async ({ path, method }, { head, reply, send }) => {
    asked.push(`${method} ${path}`);
    if (path === `ac/${own.key}`) return await reply(200, text);
    if (!path.endsWith(sha256("huge"))) return await reply(404);
    await head(200, [`content-length: ${size}`]);
    await send(new Uint8Array(size / 2));
    halfway();
    await send(new Uint8Array(size / 2));
    return false;
  });
  await body(server, asked);
}

Deno.test("an entry of more than the disk has room for is not begun", () =>
  withDirectory((folder) => {
    const root = join(folder, "cache");
    return withHugeEntry(root, 40e14, async (server, asked) => {
      const { notes, cache } = open(server.url, root, { maxBytes: 1e17 });
      await runWith(root, cache);
      assert.equal(notes.length, 1, notes.join("\n"));
      assert.match(
        notes[0]!,
        /have no room here: \S{12} of "start" has 4000000000000000 bytes; \d+ are free, of which \d+ are left alone\. What/,
      );
      assert.ok(asked.every((line) => line.startsWith("GET ac/")), asked.join("\n"));
      assert.ok(cache.lackedRoom);
    });
  }));

diskTest("a small disk is not filled by what a remote cache has", 1024, async (folder) => {
  const root = join(folder, "cache");
  await withHugeEntry(root, 1_000_000, async (server) => {
    const { notes, cache } = open(server.url, root);
    await runWith(root, cache);
    assert.match(notes[0]!, /have no room here: \S{12} of "start" has 1000000 bytes/);
  });
  // It fits when it is begun, and something else fills the disk before it is here.
  await Deno.remove(root, { recursive: true });
  const filler = join(folder, "filler");
  const fill = () => {
    try {
      Deno.writeFileSync(filler, new Uint8Array(1e6));
    } catch { /* it is full */ }
  };
  await withHugeEntry(root, 600_000, async (server) => {
    const notes: string[] = [];
    const { cache } = open(server.url, root, {
      notice(text) {
        notes.push(text);
        Deno.removeSync(filler);
      },
    });
    await runWith(root, cache);
    assert.equal(notes.length, 1, notes.join("\n"));
    assert.match(
      notes[0]!,
      /have no room here: \S{12} of "start" did not fit\. What does not fit is made here$/,
    );
  }, fill);
});
