/** A remote cache that is slow, away, or lies: it costs time, never a result, and it never sees what it must not. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  artifactDigest,
  Cache,
  canonicalJson,
  ConfigError,
  decodeEntry,
  encodeEntry,
  type Entry,
  keyOf,
  pipeline,
  Remote,
  RemoteCache,
  type RemoteOptions,
  sha256,
} from "../../../pipeline/mod.ts";
import { add, halve, number, record, start, withDirectory } from "../support.ts";

const graph = pipeline("p", () => add({ value: halve({ value: start({ at: 9 }) }) })).build();
const token = "a-secret-that-nobody-may-see";

type Handler = (request: Request, path: string) => Response | Promise<Response>;

interface Place {
  readonly url: string;
  readonly root: string;
  readonly asked: string[];
  readonly notes: string[];
  readonly cache: Cache;
  /** A remote cache before the cache `name`. */
  open(name?: string, options?: Partial<RemoteOptions>): RemoteCache;
}

/** A test with a server that answers by `handler`. */
function hostileTest(name: string, handler: Handler, body: (place: Place) => Promise<void>): void {
  Deno.test(name, () =>
    withDirectory(async (root) => {
      const asked: string[] = [], notes: string[] = [];
      const end = new AbortController();
      const server = Deno.serve(
        {
          hostname: "127.0.0.1",
          port: 0,
          signal: end.signal,
          onListen() {},
          onError: () => new Response("", { status: 500 }),
        },
        (request) => {
          const path = new URL(request.url).pathname.slice(1);
          asked.push(`${request.method} ${path} ${request.headers.get("authorization") ?? ""}`);
          return handler(request, path);
        },
      );
      const url = `http://127.0.0.1:${server.addr.port}`;
      const cache = new Cache(join(root, "cache"));
      try {
        await body({
          url,
          root,
          asked,
          notes,
          cache,
          open: (name = "cache", options = {}) =>
            new RemoteCache(
              new Cache(join(root, name)),
              new Remote({ url, patience: 300, notice: (text) => void notes.push(text), ...options }),
            ),
        });
      } finally {
        end.abort();
        await server.finished;
      }
    }));
}

/** Runs the graph and looks that the result is right, with all stages run here. */
async function runAlone({ root, open }: Place, options: Partial<RemoteOptions> = {}): Promise<void> {
  const { result, ran } = await record(graph, join(root, "cache"), { remote: open("cache", options) });
  assert.deepEqual(ran, ["start", "halve", "add"]);
  assert.equal(await result.outputs.value.read(), 5);
}

hostileTest("a server that fails is left alone after a few requests, said once", () => {
  return new Response("no", { status: 503 });
}, async (place) => {
  await runAlone(place);
  // Three failures, each tried twice.
  assert.equal(place.asked.length, 6);
  assert.deepEqual(place.notes, [
    `The remote cache ${place.url} answers 503 for ${place.asked[4]!.split(" ")[1]}: going on without it`,
  ]);
});

hostileTest(
  "a server that never answers is left alone",
  () => new Promise<Response>(() => {}),
  async (place) => {
    const started = performance.now();
    await runAlone(place, { patience: 100, failures: 2 });
    assert.ok(performance.now() - started < 15_000, "less than by the patience that is usual");
    assert.match(place.notes.join(), /does not answer in time \(nothing for 0\.1 s\): going on without it$/);
  },
);

hostileTest(
  "an answer that never ends, or drips, is cut off",
  (_, path) => {
    const drips = path.endsWith("drip");
    return new Response(
      new ReadableStream({
        async pull(controller) {
          if (drips) await new Promise((resolve) => setTimeout(resolve, 50));
          controller.enqueue(new Uint8Array(drips ? 1 : 1 << 16));
        },
      }),
    );
  },
  async ({ open, notes, root }) => {
    const { remote } = open("cache", { patience: 200, failures: 1 });
    const endless = { digest: sha256("x"), size: 1_000_000 };
    assert.equal(await remote.download("cas/endless", endless, join(root, "endless")), false);
    assert.match(notes[0]!, /sends more than 1000000 bytes for cas\/endless\. It is not used$/);
    // Never still for long, and still too slow for its size.
    assert.equal(
      await remote.download("cas/drip", { digest: sha256("x"), size: 4000 }, join(root, "drip")),
      undefined,
    );
    assert.match(notes[1]!, /does not answer in time \(less than 20 kB\/s\): going on without it$/);
    assert.deepEqual([...Deno.readDirSync(root)].map(({ name }) => name), []);
  },
);

Deno.test("a redirect is not followed: the token stays where it belongs", () =>
  withDirectory(async (root) => {
    const elsewhere: string[] = [];
    const other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      elsewhere.push(request.url);
      return new Response("{}");
    });
    const first = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () =>
        new Response(null, { status: 307, headers: { location: `http://127.0.0.1:${other.addr.port}/` } }),
    );
    const notes: string[] = [];
    const remote = new Remote({
      url: `http://127.0.0.1:${first.addr.port}`,
      token,
      write: true,
      notice: (text) => void notes.push(text),
    });
    const cache = new Cache(root);
    const { ran } = await record(graph, root, { remote: new RemoteCache(cache, remote) });
    assert.equal(ran.length, 3);
    assert.deepEqual(elsewhere, []);
    assert.match(notes.join(), /answers 307: going on without it/);
    await Promise.all([other.shutdown(), first.shutdown()]);
  }));

/** An entry whose digests all hold and which says what its maker likes. */
function forged(key: string, own: Entry, files: Record<string, { digest: string; size: number }>): string {
  const { kind, version } = own.outputs["value"]!;
  const digest = sha256(canonicalJson({ kind, version, files }));
  return encodeEntry({ ...own, key, outputs: { value: { kind, version, digest, files } } });
}

const lies = new Map<string, string>();
hostileTest(
  "entries that point out of the cache, or claim what cannot be, are not used",
  (_, path) => {
    const text = lies.get(path);
    return text === undefined ? new Response(null, { status: 404 }) : new Response(text);
  },
  async (place) => {
    const { result } = await record(graph, join(place.root, "honest"));
    const key = result.nodes[0]!.key;
    const own = (await new Cache(join(place.root, "honest")).peek(key))!;
    const blob = { digest: sha256("9"), size: 1 };
    const outside = join(place.root, "outside");
    await Deno.writeTextFile(outside, "mine");
    const attempts: [string, RegExp][] = [
      [forged(key, own, { "value.json": { digest: "../../outside", size: 4 } }), /damaged entry/],
      [forged(key, own, { "../../../outside": blob }), /damaged entry/],
      [forged(key, own, { "value.json": { ...blob, size: -1 } }), /damaged entry/],
      [forged(key, own, { "value.json": { ...blob, size: 9e15 } }), /of 9000000000000000 bytes, more than/],
      [forged(keyOf({ ...own.parts, other: 1 }), own, { "value.json": blob }), /belongs to another key/],
      [`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, /damaged entry/],
      [
        forged(key, own, { "value.json": blob, "more.json": { digest: sha256("no"), size: 2 } }),
        /in parts only/,
      ],
    ];
    lies.set(`cas/${sha256("9")}`, "9");
    for (const [at, [text, pattern]] of attempts.entries()) {
      lies.set(`ac/${key}`, text);
      place.notes.length = 0;
      const remote = place.open(`cache-${at}`);
      assert.equal(await remote.pull(key, { value: number }), undefined, text.slice(0, 300));
      assert.match(place.notes[0] ?? "", pattern);
      assert.equal(await Deno.readTextFile(outside), "mine");
      assert.equal((await remote.cache.find(key)).entry, undefined);
      const again = await record(graph, join(place.root, `cache-${at}`), { remote });
      assert.deepEqual(again.ran, ["start", "halve", "add"]);
      assert.equal(await again.result.outputs.value.read(), 5);
    }
    // What came through whole stays for the next try.
    assert.ok(await place.open(`cache-${attempts.length - 1}`).cache.verify(blob));
    assert.equal(typeof decodeEntry(encodeEntry(own), key), "object");
    assert.equal(own.outputs["value"]!.digest, artifactDigest("number", 1, own.outputs["value"]!.files));
  },
);

hostileTest("a server that takes no uploads is read on", (request) => {
  return new Response(null, { status: request.method === "PUT" ? 405 : 404 });
}, async (place) => {
  await runAlone(place, { write: true });
  assert.deepEqual(place.notes, [
    `The remote cache ${place.url} answers 405 to an upload: no result is put there any more`,
  ]);
  assert.equal(place.asked.filter((line) => line.startsWith("PUT")).length, 1);
  assert.equal(place.asked.filter((line) => line.startsWith("GET")).length, 3);
});

const stored = new Map<string, Uint8Array>();
const lengths: (string | null)[] = [];
hostileTest("uploads: blobs first, the entry last, lengths ahead, nothing twice", async (request, path) => {
  const body = stored.get(path);
  if (request.method === "PUT") {
    lengths.push(request.headers.get("content-length"));
    stored.set(path, await request.bytes());
    return new Response(null, { status: 201 });
  }
  if (body === undefined) return new Response(null, { status: 404 });
  const headers = { "content-length": String(body.length) };
  return new Response(request.method === "HEAD" ? null : body.slice(), { headers });
}, async (place) => {
  await runAlone(place, { write: true, token });
  const puts = place.asked.filter((line) => line.startsWith("PUT")).map((line) => line.slice(4, 6));
  assert.deepEqual(puts, ["ca", "ac", "ca", "ac", "ca", "ac"]);
  assert.deepEqual(lengths.map(Number), [...stored.values()].map(({ length }) => length));
  assert.ok(place.asked.every((line) => line.endsWith(`Bearer ${token}`)));
  for (const [path, bytes] of stored) if (path.startsWith("cas/")) assert.equal(path, `cas/${sha256(bytes)}`);
  const asked = place.asked.length;
  const remote = place.open("cache", { write: true });
  for (const { key } of await place.cache.keys()) {
    assert.equal(await remote.push((await place.cache.peek(key))!), 0);
  }
  assert.ok(place.asked.slice(asked).every((line) => /^(HEAD (cas|ac)|GET ac)/.test(line)));
});

Deno.test("an address with a secret in it is refused, and not repeated; so is a token that is none", () => {
  const refused = (options: RemoteOptions, pattern: RegExp) =>
    assert.throws(() => new Remote(options), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, pattern);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  refused({ url: "https://me:secret@host/x" }, /no user, password, query or fragment/);
  refused({ url: "https://host/x?sig=secret" }, /no user, password, query or fragment/);
  refused({ url: "secret" }, /is no URL/);
  refused({ url: "file:///etc" }, /must begin with http:\/\/ or https:\/\//);
  refused({ url: "https://host", token: "secret\r\nhost: x" }, /its token/);
  refused({ url: "https://host", token: "" }, /its token is empty/);
  assert.equal(new Remote({ url: "https://host/a/b//" }).url, "https://host/a/b");
});

Deno.test("a server that is not there costs time only", () =>
  withDirectory(async (root) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const notes: string[] = [];
    const remote = new Remote({
      url: `http://127.0.0.1:${port}`,
      token,
      notice: (text) => void notes.push(text),
    });
    const { ran } = await record(graph, root, { remote: new RemoteCache(new Cache(root), remote) });
    assert.equal(ran.length, 3);
    assert.equal(notes.length, 1);
    assert.match(notes[0]!, /does not answer .*: going on without it$/);
    assert.doesNotMatch(notes[0]!, /secret/);
  }));
