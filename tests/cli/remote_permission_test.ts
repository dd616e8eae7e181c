/** The network is for the remote cache that the environment names, and for that host alone. @module */
import assert from "node:assert/strict";
import { permissionsOf } from "../../cli/process/permissions.ts";
import { fixture, placeTest } from "./support.ts";

placeTest(
  "a command reaches the remote cache that is named, though its own permissions hold no network",
  async (place) => {
    const asked: string[] = [];
    const kept = new Map<string, Uint8Array<ArrayBuffer>>();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const path = new URL(request.url).pathname;
      asked.push(`${request.method} ${path}`);
      if (request.method === "PUT") {
        kept.set(path, new Uint8Array(await request.arrayBuffer()));
        return new Response(null, { status: 201 });
      }
      const found = kept.get(path);
      return new Response(request.method === "HEAD" ? null : found ?? null, {
        status: found === undefined ? 404 : 200,
      });
    });
    try {
      assert.ok(permissionsOf("train").every((flag) => !flag.includes("net")));
      const env = {
        CROSSVIEW_REMOTE_CACHE: `http://127.0.0.1:${server.addr.port}/shared`,
        CROSSVIEW_REMOTE_CACHE_MODE: "read-write",
      };
      const first = await place.process(["train", fixture("tiny")], env);
      assert.equal(first.status, 0, first.notes);
      assert.ok(asked.some((line) => line.startsWith("GET /shared/ac/")), asked.join("\n"));
      assert.equal([...kept.keys()].filter((path) => path.startsWith("/shared/ac/")).length, 4);
      await Deno.remove(place.cache, { recursive: true });
      const second = await place.process(["train", fixture("tiny")], env);
      assert.equal(second.status, 0, second.notes);
      assert.match(second.out.at(-1)!, /nothing had to run/);
      // Its status is that of the command that it starts again.
      assert.equal(
        (await place.process(["train", fixture("tiny"), "--set", "load.fault=data"], env)).status,
        1,
      );
    } finally {
      await server.shutdown();
    }
  },
);
