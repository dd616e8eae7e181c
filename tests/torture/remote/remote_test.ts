/** The torture with remote caches in a short form. @module */
import assert from "node:assert/strict";
import { withDirectory } from "../../pipeline/support.ts";
import { killPushes } from "./push.ts";
import { withHostileRemote } from "./remote.ts";

Deno.test("a remote cache that is hostile at random costs a run a little time, and nothing else", () =>
  withDirectory(async (folder) => {
    const { taken, answers } = await withHostileRemote(5, 3, folder);
    assert.ok(taken > 0 && Object.keys(answers).length > 10, JSON.stringify({ taken, answers }));
  }));

Deno.test("a push that is killed at any request leaves no entry without its blobs, and the next one goes on", () =>
  withDirectory(async (folder) => {
    const { kills, completed } = await killPushes(3, 5, folder);
    assert.deepEqual([kills, completed >= 1], [3, true]);
  }));
