import assert from "node:assert/strict";
import { supervised } from "../../../stages/methods/supervised.ts";
import { bound } from "../../support/training.ts";

Deno.test("the baseline is one network that learns the labels, and its prediction stands for the run", () => {
  const { draws, networks, predictions, headline } = bound(supervised());
  assert.deepEqual([Object.keys(draws), networks], [["labeled"], { network: {} }]);
  assert.deepEqual([predictions, headline], [{ network: ["network"] }, "network"]);
});
