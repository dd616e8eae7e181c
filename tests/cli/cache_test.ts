/** The `cache` command: results verified, pinned, pushed and pulled; and `train` with a remote cache. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { remoteVariables } from "../../runtime/host/variables.ts";
import { fixture, type Outcome, type Place, placeTest } from "./support.ts";
import { skip } from "../support/skip.ts";

const tiny = fixture("tiny");
const token = "a-secret-that-nobody-may-see";

/** A store in memory that asks for the token. */
async function withStore(
  body: (url: string, files: Map<string, Uint8Array>) => Promise<void>,
): Promise<void> {
  const files = new Map<string, Uint8Array>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.headers.get("authorization") !== `Bearer ${token}`) {
      return new Response(null, { status: 401 });
    }
    const { pathname } = new URL(request.url);
    if (request.method === "PUT") {
      files.set(pathname, await request.bytes());
      return new Response(null, { status: 201 });
    }
    const found = files.get(pathname);
    if (found === undefined) return new Response(null, { status: 404 });
    const headers = { "content-length": String(found.length) };
    return new Response(request.method === "HEAD" ? null : found.slice(), { headers });
  });
  try {
    await body(`http://127.0.0.1:${server.addr.port}/team`, files);
  } finally {
    await server.shutdown();
  }
}

/** Runs a command of the place's cache in a process that sees these variables. */
function within(
  place: Place,
  variables: { url?: string; mode?: string; token?: string },
  ...args: string[]
): Promise<Outcome> {
  const names = Object.entries(remoteVariables) as [keyof typeof remoteVariables, string][];
  return place.process(
    [...args, ...(args[0] === "cache" ? ["--cache", place.cache] : [])],
    Object.fromEntries(names.map(([which, name]) => [name, variables[which] ?? ""])),
  );
}

/** Forgets the cache, as a new machine would have none. */
const forget = (place: Place) => Deno.remove(place.cache, { recursive: true });

placeTest(
  "train takes results from a remote cache and puts its own there; the token is nowhere on disk",
  (place) =>
    withStore(async (url, files) => {
      const first = await within(place, { url, mode: "read-write", token }, "train", tiny);
      assert.equal(first.status, 0);
      assert.match(first.out.at(-1)!, /4 stages ran/);
      assert.equal([...files.keys()].filter((path) => path.startsWith("/team/ac/")).length, 4);
      await forget(place);
      const second = await within(place, { url, token }, "train", tiny);
      assert.match(second.out.join("\n"), /4 results from the remote cache, \d+ B[^]*nothing had to run/);
      assert.equal([first.notes, second.notes].join(""), "");
      for (const name of place.files(place.folder)) {
        assert.doesNotMatch(await Deno.readTextFile(join(place.folder, name)), /secret/, name);
      }
      // Without the token it is alone, says so once, and is right.
      await forget(place);
      const alone = await within(place, { url, token: "another-secret" }, "train", tiny);
      assert.deepEqual([alone.status, alone.notes.split("\n").length], [0, 1]);
      assert.match(alone.notes, /answers 401 .*going on without it$/);
      assert.match(alone.out.at(-1)!, /4 stages ran/);
    }),
);

placeTest("a pull that no server answers is no pull that found nothing", async (place) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { status, out, notes } = await within(
    place,
    { url: `http://127.0.0.1:${port}/x` },
    "cache",
    "pull",
    tiny,
  );
  assert.equal(status, 1);
  assert.match(out[0]!, /^pulled 0 results, 0 B; 0 were here; 4 could not be had$/);
  assert.match(notes, /^error: The remote cache .* does not answer .*: what it has is not known/);
});

placeTest(
  "push and pull move an experiment's results, or all of a cache",
  (place) =>
    withStore(async (url, files) => {
      await place.command("train", tiny);
      await place.command("train", tiny, "--seed", "1");
      const write = { url, mode: "read-write", token };
      const one = await within(place, write, "cache", "push", tiny, "--seeds", "1");
      assert.match(one.out[0]!, /^4 results are there; \d+ files were put there for it$/);
      const all = await within(place, write, "cache", "push", "--json");
      assert.equal(JSON.parse(all.out[0]!).results, 7);
      assert.equal(JSON.parse((await within(place, write, "cache", "push", "--json")).out[0]!).files, 0);
      await forget(place);
      const pulled = await within(place, { url, token }, "cache", "pull", tiny, "--seeds", "0..2", "--json");
      const { nodes, ...counts } = JSON.parse(pulled.out[0]!);
      assert.deepEqual([counts.pulled, counts.here, counts.missing], [7, 2, 3]);
      assert.deepEqual(nodes[0], { seed: 0, id: "load", state: "pulled", key: nodes[0].key });
      assert.match((await place.command("train", tiny, "--seed", "1")).out.at(-1)!, /nothing had to run/);
      // A damaged blob there is told, and not taken.
      await forget(place);
      for (const [path, bytes] of files) {
        if (path.includes("/cas/")) {
          files.set(
            path,
            bytes.map((byte) => byte ^ 1),
          );
        }
      }
      const refused = await within(place, { url, token }, "cache", "pull", tiny);
      assert.match(refused.out[0]!, /^pulled 0 results, 0 B; 0 were here; 4 are not there$/);
      assert.match(refused.notes, /has other bytes under cas\/[0-9a-f]{64} than the name says/);
    }),
);

placeTest(
  "what the environment says wrongly about a remote cache is an error with the way out",
  async (place) => {
    const url = "http://127.0.0.1:9/x";
    for (
      const [variables, args, status, pattern] of [
        [{}, ["cache", "pull", tiny], 2, /CROSSVIEW_REMOTE_CACHE is not set/],
        [
          { url, mode: "write" },
          ["train", tiny],
          2,
          /CROSSVIEW_REMOTE_CACHE_MODE: it is "write"; it must be read or/,
        ],
        [{ url: "ftp://x" }, ["train", tiny], 2, /must begin with http/],
        [{ url: `http://me:${token}@host` }, ["train", tiny], 2, /no user, password/],
        [{ url, token: `${token} 2` }, ["train", tiny], 2, /its token .*has a space/],
        [{ url }, ["cache", "push"], 1, /MODE must be read-write/],
      ] as const
    ) {
      const found = await within(place, variables, ...args);
      assert.equal(found.status, status, found.notes);
      assert.match(found.notes, pattern);
      assert.doesNotMatch(found.notes, /secret|\n/);
    }
    assert.deepEqual(place.files(), []);
  },
);

placeTest("verify runs stages again and compares; --all-blobs reads all", async (place) => {
  const verify = (...args: string[]) => place.command("cache", "verify", ...args, "--cache", place.cache);
  const before = await verify(tiny);
  assert.equal(before.status, 1);
  assert.match(before.out[0]!, /^load: its result is not in ".*"; run the experiment first$/);
  await place.command("train", tiny);
  const equal = await verify(tiny);
  assert.equal(equal.status, 0);
  assert.ok(
    ["load", "co-train", "pseudo-label", "evaluate"].every((id) =>
      equal.out.includes(`${id}: equal to the bit`)
    ),
  );
  const [only] = JSON.parse((await verify(tiny, "evaluate", "--json")).out[0]!);
  assert.deepEqual([only.id, only.state, only.elsewhere, only.before.deno], [
    "evaluate",
    "equal",
    "",
    Deno.version.deno,
  ]);
  assert.match(only.before.lock, /^[0-9a-f]{64}$/);
  assert.match((await verify(tiny, "evaluat")).notes, /no stage "evaluat".*Did you mean "evaluate"/);
  assert.match(
    (await verify("--all-blobs")).out[0]!,
    /^read \d+ blobs, .*, and 4 entries: all as they should be$/,
  );
  const [blob] = [...Deno.readDirSync(join(place.cache, "cas"))].map(({ name }) =>
    join(place.cache, "cas", name)
  );
  const bytes = await Deno.readFile(blob!);
  await Deno.remove(blob!);
  await Deno.writeFile(blob!, bytes.map((byte) => byte ^ 1));
  const damaged = await verify("--all-blobs");
  assert.equal(damaged.status, 1);
  assert.match(damaged.out.join("\n"), /holds other bytes than its name says[^]*damaged and are taken out$/);
  assert.equal((await verify("--all-blobs")).status, 0);
  assert.equal((await verify(tiny, "--all-blobs")).status, 2);
});

placeTest(
  "another adapter's bytes may differ: that is said, with how far, and is no failure",
  async (place) => {
    const experiment = fixture("needs_gpu");
    const trained = await place.process(["train", experiment]);
    assert.equal(trained.status, 0, trained.notes);
    const verify = (env: Record<string, string>) =>
      place.process(["cache", "verify", experiment, "--cache", place.cache], env);
    const same = await verify({});
    assert.deepEqual([same.status, same.out.at(-1)], [0, "ask: equal to the bit"]);
    // Mesa's software driver is another adapter with vectors of another width, and says so in its name.
    if (!/llvmpipe/.test(trained.out.join("\n"))) return skip("the adapter is not lavapipe");
    const other = await verify({ LP_NATIVE_VECTOR_WIDTH: "128" });
    assert.equal(other.status, 0);
    assert.match(
      other.out.join("\n"),
      /ask: differs, as it may elsewhere \(adapter llvmpipe .* before, llvmpipe .*128 bits\) now[^]*answer\/value\.json: /,
    );
  },
);

placeTest(
  "where all comes from a remote cache, no adapter is needed, and the run says whose results they are",
  (place) =>
    withStore(async (url) => {
      const experiment = fixture("needs_gpu");
      const remote = {
        [remoteVariables.url]: url,
        [remoteVariables.token]: token,
        [remoteVariables.mode]: "read-write",
      };
      const trained = await place.process(["train", experiment], remote);
      assert.equal(trained.status, 0, trained.notes);
      await forget(place);
      const without = { VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere", CROSSVIEW_INSTALL: "0" };
      assert.equal((await place.process(["train", experiment], without)).status, 1);
      const pulled = await place.process(["train", experiment], { ...remote, ...without });
      assert.equal(pulled.status, 0, pulled.notes);
      assert.match(
        pulled.out.join("\n"),
        /1 result from the remote cache[^]*recorded with the results[^]*nothing had to run/,
      );
      const listed = JSON.parse((await place.command("runs", "--json")).out[0]!).at(-1);
      assert.deepEqual([listed.nodes[0].state, listed.nodes[0].facts["gpu.adapter"]], [
        "hit",
        listed.gpu.adapter,
      ]);
    }),
);

placeTest("a run or a key is pinned, stays through gc, and is unpinned", async (place) => {
  await place.command("train", tiny);
  await place.command("train", tiny, "--seed", "1");
  const cache = (...args: string[]) => place.command("cache", ...args, "--cache", place.cache);
  const entries = async () => JSON.parse((await cache("stats", "--json")).out[0]!).entries;
  assert.match(
    (await cache("pin", "latest", "--runs", place.runs)).out[0]!,
    /^pinned 4 results of run \d{8}-/,
  );
  assert.equal((await cache("pin")).out.length, 4);
  await cache("gc", "--size", "0", "--days", "0");
  assert.equal(await entries(), 4);
  assert.match((await place.command("train", tiny, "--seed", "1")).out.at(-1)!, /nothing had to run/);
  assert.match((await cache("unpin", "latest", "--runs", place.runs)).out[0]!, /^took 4 pins off run/);
  assert.match(
    (await cache("unpin", "latest", "--runs", place.runs)).notes,
    /^error: Cannot unpin run .*: it is not pinned/,
  );
  const [key] = [...Deno.readDirSync(join(place.cache, "ac"))].map(({ name }) => name);
  assert.match(
    (await cache("pin", key!.slice(0, 10))).out[0]!,
    new RegExp(`^pinned 1 result of key ${key!.slice(0, 12)}$`),
  );
  await cache("gc", "--size", "0");
  assert.equal(await entries(), 1);
  assert.equal((await cache("pin", "f".repeat(64))).status, 1);
  assert.equal((await cache("pin", "nonsense", "--runs", place.runs)).status, 2);
});
