import assert from "node:assert/strict";
import { lastJson, runTask } from "../support/command.ts";

Deno.test("`bench gpu` has parts that all work, in the short form that runs where there is no GPU", async () => {
  const result = await runTask("bench", "gpu", "--short", "--json");
  const { short, parts } = lastJson(result);
  const ended = parts.map((
    { command, code, stderr }: Record<string, unknown>,
  ) => [command, code, code ? stderr : ""]);
  assert.ok(parts.length >= 9);
  assert.deepEqual(ended.filter(([, code]: unknown[]) => code !== 0), []);
  assert.deepEqual([short, result.code], [true, 0]);
});
