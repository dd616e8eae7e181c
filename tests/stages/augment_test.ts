import assert from "node:assert/strict";
import { augment, policyKind } from "../../stages/augment.ts";
import { roundTrip, testContext, withFolder } from "../support/stage_run.ts";
import { parsed, shapesSet, square } from "../support/training.ts";

Deno.test("the policy's defaults are the published ones", () => {
  assert.deepEqual(parsed(augment, {}), {
    crop: 512,
    scale: [0.5, 2],
    jitter: { probability: 0.8, brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.25 },
    gray: { probability: 0.2 },
    blur: { probability: 0.5, sigma: [0.1, 2] },
    randAugment: { operations: 0 },
    cutmix: { probability: 1, area: [0.02, 0.4], aspect: [0.3, 1 / 0.3] },
  });
});

Deno.test("a part of the policy may be given, and the rest of it stays", () => {
  const policy = parsed(augment, { jitter: { hue: 0 }, blur: { probability: 0 } });
  assert.deepEqual(policy.jitter, {
    probability: 0.8,
    brightness: 0.5,
    contrast: 0.5,
    saturation: 0.5,
    hue: 0,
  });
  assert.deepEqual(policy.blur, { probability: 0, sigma: [0.1, 2] });
});

const refused: Record<string, readonly [Record<string, unknown>, RegExp]> = {
  "an unknown key": [{ crops: 32 }, /unknown key "augment.crops".*crop/],
  "an unknown key within": [{ jitter: { hues: 0 } }, /unknown key "augment.jitter.hues".*hue/],
  "a crop of half pixels": [{ crop: 32.5 }, /augment.crop/],
  "a range the wrong way": [
    { scale: [2, 0.5] },
    /augment.scale: the first number must not be above the second/,
  ],
  "a scale of 0": [{ scale: [0, 1] }, /augment.scale/],
  "a probability above 1": [{ gray: { probability: 1.1 } }, /augment.gray.probability/],
  "more operations than there are": [{ randAugment: { operations: 18 } }, /augment.randAugment.operations/],
  "a hue beyond half a turn": [{ jitter: { hue: 0.6 } }, /augment.jitter.hue/],
};

Deno.test("a policy that no view could follow is refused, naming the leaf", async (t) => {
  for (const [what, [input, message]] of Object.entries(refused)) {
    await t.step(what, () => assert.throws(() => parsed(augment, input), message));
  }
});

Deno.test(
  "augment() hands the sets on untouched, and its policy survives being stored",
  withFolder(async (folder) => {
    const set = shapesSet(square(16, 1));
    const data = { labeled: set, unlabeled: set, validation: set };
    const config = parsed(augment, { crop: 32 });
    const out = await augment.definition.run({ inputs: { data }, config, context: testContext(folder) });
    assert.equal(out.labeled, set);
    assert.equal(out.unlabeled, set);
    assert.equal(out.validation, set);
    assert.deepEqual(await roundTrip(policyKind, out.policy, `${folder}/policy`), config);
  }),
);
