/** What runs in pages is what the tree's TypeScript says. @module */
import assert from "node:assert/strict";
import { stop } from "esbuild";
import { bundleClient, bundleFile, clients } from "../../tools/clients.ts";

Deno.test("each client.json is the bundle of its folder as it is now", async () => {
  assert.ok(clients.length > 0);
  try {
    for (const client of clients) {
      const kept = JSON.parse(await Deno.readTextFile(bundleFile(client)));
      assert.deepEqual(kept, await bundleClient(client), `${client} has changed: run deno task clients`);
    }
  } finally {
    await stop();
  }
});
