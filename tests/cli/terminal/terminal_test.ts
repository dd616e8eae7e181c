import assert from "node:assert/strict";
import { fixture, placeTest } from "../support.ts";

placeTest("a command whose reader goes away ends without a word, and the next one goes on", async (place) => {
  const tiny = fixture("tiny");
  const child = place.spawn(["train", tiny]);
  await child.stdout.cancel();
  const { code } = await child.status;
  const notes = await new Response(child.stderr).text();
  assert.deepEqual([code, notes], [141, ""]);
  const { status, out } = await place.process(["train", tiny]);
  assert.equal(status, 0, out.join("\n"));
});
