/** A remote cache on a real server: nginx with WebDAV, started here on loopback. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, pipeline, pull, Remote, RemoteCache } from "../../../pipeline/mod.ts";
import { findNginx, Nginx, type NginxOptions } from "../../support/servers/nginx.ts";
import { add, grow, record, start, withDirectory } from "../support.ts";
import { testUnless } from "../../support/skip.ts";

const nginx = findNginx();
const lacking = nginx === undefined
  ? "nginx is not installed (Debian: apt-get install nginx-light)"
  : undefined;

const token = "a-secret-that-nobody-may-see";

/** A test with a server of its own. */
function serverTest(
  name: string,
  body: (server: Nginx, root: string) => Promise<void>,
  options: NginxOptions = {},
): void {
  testUnless(lacking, `nginx: ${name}`, () =>
    withDirectory(async (root) => {
      await Deno.mkdir(join(root, "nginx"));
      await using server = await Nginx.start(nginx!, join(root, "nginx"), options);
      await body(server, root);
    }));
}

const graph = pipeline("p", () => {
  const first = start({ at: 7 });
  return { bulk: grow({ value: first }), sum: add({ value: first }) };
}).build();

function open(
  server: Nginx,
  root: string,
  name: string,
  write = false,
  given: string | undefined = undefined,
) {
  const notes: string[] = [];
  const remote = new Remote({
    url: server.url,
    write,
    token: given,
    notice: (text) => void notes.push(text),
    patience: 2000,
  });
  const cache = new Cache(join(root, name));
  return { notes, cache, remote: new RemoteCache(cache, remote) };
}

serverTest(
  "what one cache has made, an empty one takes from there, and nothing is run",
  async (server, root) => {
    const first = open(server, root, "first", true);
    const made = await record(graph, join(root, "first"), { remote: first.remote });
    assert.deepEqual(made.ran, ["start", "grow", "add"]);
    // Whoever may only read puts nothing there.
    const puts = (await server.requests()).filter((line) => line.startsWith("PUT")).length;
    const second = open(server, root, "second");
    const taken = await record(graph, join(root, "second"), { remote: second.remote });
    assert.deepEqual(taken.ran, []);
    assert.deepEqual(
      taken.events.filter(({ type }) => type === "hit").map((event) => "from" in event ? event.from : ""),
      ["remote", "remote", "remote"],
    );
    assert.equal(await taken.result.outputs.sum.value.read(), 8);
    const bytes = await Deno.readFile(await taken.result.outputs.bulk.bulk.read());
    assert.deepEqual(bytes, new Uint8Array(1e6).fill(7));
    assert.equal((await server.requests()).filter((line) => line.startsWith("PUT")).length, puts);
    assert.deepEqual([...first.notes, ...second.notes], []);
    // And once it is here, nothing is asked any more.
    const asked = (await server.requests()).length;
    await record(graph, join(root, "second"), { remote: second.remote });
    assert.equal((await server.requests()).length, asked);
  },
);

serverTest(
  "before a run, all that is there is brought, and what is missing is told",
  async (server, root) => {
    const first = open(server, root, "first", true);
    await record(pipeline("p", () => start({ at: 7 })).build(), join(root, "first"), {
      remote: first.remote,
    });
    const second = open(server, root, "second");
    const states = (await pull(graph, second.remote)).map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(states, ["start pulled", "grow missing", "add missing"]);
    assert.equal((await pull(graph, second.remote))[0]!.state, "here");
  },
);

serverTest("a corrupted blob there is refused, made again, and put right", async (server, root) => {
  const { remote } = open(server, root, "first", true);
  const made = await record(graph, join(root, "first"), { remote });
  const digest = made.result.outputs.bulk.bulk.files.digest("bulk.bin");
  const path = join(server.files, "cas", digest);
  const bytes = await Deno.readFile(path);
  bytes[500_000]! ^= 1;
  await Deno.writeFile(path, bytes);
  for (const write of [false, true]) {
    const name = write ? "third" : "second";
    const second = open(server, root, name, write);
    const again = await record(graph, join(root, name), { remote: second.remote });
    assert.deepEqual(again.ran, ["grow"]);
    assert.equal(again.result.outputs.bulk.bulk.digest, made.result.outputs.bulk.bulk.digest);
    assert.match(second.notes[0]!, new RegExp(`has other bytes under cas/${digest} than the name says`));
  }
  const last = open(server, root, "fourth");
  assert.deepEqual((await record(graph, join(root, "fourth"), { remote: last.remote })).ran, []);
  assert.deepEqual(last.notes, []);
});

serverTest("a damaged, cut-off or exchanged entry there is a miss", async (server, root) => {
  const { remote } = open(server, root, "first", true);
  const made = await record(graph, join(root, "first"), { remote });
  const [one, two] = made.result.nodes.map(({ key }) => join(server.files, "ac", key));
  const text = await Deno.readTextFile(one!);
  for (
    const bad of ["", "{}", text.slice(0, -7), text.replace("start", "stort"), await Deno.readTextFile(two!)]
  ) {
    await Deno.writeTextFile(one!, bad);
    const cache = `cache-${bad.length}`;
    const again = await record(graph, join(root, cache), { remote: open(server, root, cache).remote });
    assert.deepEqual(again.ran, ["start"]);
    assert.equal(await again.result.outputs.sum.value.read(), 8);
  }
});

serverTest("stopped in the middle of a pull, it costs time; later the pull goes on", async (server, root) => {
  const big = pipeline("p", () => {
    const first = start({ at: 1 });
    return [1, 2, 3].map((fill) => grow({ value: first }, { megabytes: 3, fill }, { as: `grow-${fill}` }));
  }).build();
  const first = open(server, root, "first", true);
  const made = await record(big, join(root, "first"), { remote: first.remote });
  const { remote, notes } = open(server, root, "second");
  const run = record(big, join(root, "second"), { remote });
  // The second of the big blobs has begun.
  while (remote.pulledBytes < 1) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await server.stop();
  const again = await run;
  assert.deepEqual(
    again.result.nodes.map(({ outputs }) => Object.values(outputs).map(({ digest }) => digest)),
    made.result.nodes.map(({ outputs }) => Object.values(outputs).map(({ digest }) => digest)),
  );
  assert.ok(again.ran.length > 0, "it was stopped too late");
  assert.equal(notes.length, 1, notes.join("\n"));
  assert.match(notes[0]!, /does not answer .*: going on without it$/);
  await server.start();
  const third = open(server, root, "second");
  assert.deepEqual((await pull(big, third.remote)).map(({ state }) => state), [
    "here",
    "here",
    "here",
    "here",
  ]);
}, { rate: 2_000_000 });

serverTest("the token is asked for, sent, and in no message", async (server, root) => {
  const good = open(server, root, "first", true, token);
  await record(graph, join(root, "first"), { remote: good.remote });
  assert.deepEqual(good.notes, []);
  assert.deepEqual(
    (await record(graph, join(root, "second"), {
      remote: open(server, root, "second", false, token).remote,
    })).ran,
    [],
  );
  for (const wrong of [undefined, "wrong-and-secret-too"]) {
    const { remote, notes } = open(server, root, `without-${wrong}`, true, wrong);
    const own = await record(graph, join(root, `without-${wrong}`), { remote });
    assert.deepEqual(own.ran, ["start", "grow", "add"]);
    assert.equal(notes.length, 1);
    assert.match(notes[0]!, /answers 401 \(is the token missing, or a wrong one\?\): going on without it/);
    assert.doesNotMatch(JSON.stringify([notes, own.events]), /secret/);
  }
}, { token });
