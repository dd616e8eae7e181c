import assert from "node:assert/strict";
import { cps } from "../../../../stages/methods/cps.ts";
import { cutMixSeg } from "../../../../stages/methods/cutmix_seg.ts";
import { supervised } from "../../../../stages/methods/supervised.ts";
import { named } from "../../../../stages/parity/methods/named.ts";
import { bound } from "../../../support/training.ts";

Deno.test("a method's one network is called as a file calls it, and several are refused", () => {
  const { networks, predictions, headline } = named(bound(supervised()), "branch1");
  assert.deepEqual([networks, predictions, headline], [{ branch1: {} }, { network: ["branch1"] }, "network"]);
  assert.throws(() => named(bound(cps()), "a"), /Cannot call a network "a": the method has branch1, branch2/);
  assert.throws(() => named(bound(cutMixSeg()), "a"), /the method has student, teacher/);
});
