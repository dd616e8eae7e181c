/** CCVC's options: defaults and presets as published, and what is refused. @module */
import assert from "node:assert/strict";
import { parseConfig } from "../../../../pipeline/language/schema.ts";
import { ccvc, type CcvcOptions } from "../../../../stages/methods/ccvc.ts";
import { definitionOf } from "../../../../stages/methods/method.ts";

const parse = (options: unknown): CcvcOptions =>
  parseConfig(definitionOf(ccvc).options, options, "method") as CcvcOptions;

const published = {
  mode: "vote_threshold",
  threshold: 0.9,
  selfPaced: false,
  criterion: "cross-entropy",
  ohemThreshold: 0.7,
  ohemMinKept: 100000,
  supervisedWeight: 5,
  consistencyWeight: 2,
  discrepancyWeight: 1,
  mapping: "second",
  mappingNorm: true,
  dropout: 0.5,
  as: "published-code",
  augmentation: "weak",
  confidence: "logit",
  conflictWeight: 2,
  unconfidentWeight: 0.75,
  mixWeights: false,
  rawWeights: "own",
};

Deno.test("defaults are the published code's: the README's command without augmentation", () => {
  assert.deepEqual(parse({}), published);
});

Deno.test("the script with strong views has its own default and hard-coded weights, and mixes none of the conflicts", () => {
  for (const mode of ["vote", "vote_threshold", "vote_soft", "soft", "normal", "no"] as const) {
    assert.deepEqual(parse({ augmentation: "strong", mode }), {
      ...published,
      augmentation: "strong",
      mode,
      conflictWeight: 1.5,
      unconfidentWeight: 0.5,
      confidence: mode === "normal" ? "probability" : "logit",
      mixWeights: mode === "normal" || mode === "soft",
      rawWeights: mode === "vote_soft" ? "labeling" : "own",
    });
  }
});

Deno.test("the paper compares probabilities, mixes weights with their labels, and weighs a pass by itself", () => {
  for (const mode of ["vote_threshold", "vote_soft", "soft"] as const) {
    const read = parse({ as: "paper", augmentation: "strong", mode });
    const { confidence, mixWeights, rawWeights, conflictWeight } = read;
    assert.deepEqual([confidence, mixWeights, rawWeights, conflictWeight], ["probability", true, "own", 1.5]);
  }
});

Deno.test("a leaf that is written wins over the preset, and reading twice changes nothing", () => {
  const read = parse({ as: "paper", confidence: "logit", conflictWeight: 3 });
  assert.equal(read.confidence, "logit");
  assert.equal(read.conflictWeight, 3);
  assert.equal(read.mixWeights, true);
  assert.deepEqual(parse(read), read);
  assert.deepEqual(parse({ threshold: undefined }).threshold, 0.9);
});

const refused: Record<string, readonly [unknown, RegExp]> = {
  "an unknown preset": [{ as: "code" }, /published-code/],
  "a probability threshold of 1": [
    { confidence: "probability", threshold: 1 },
    /a probability is never above 1, .*set one in \[0, 1\)/,
  ],
  "a negative probability threshold": [
    { mode: "normal", threshold: -0.1 },
    /a probability is never below -0\.1/,
  ],
  "a rising threshold that no mode reads": [
    { mode: "vote", selfPaced: true },
    /mode .*vote.* has no threshold that could rise/,
  ],
  "nothing to learn from": [
    { supervisedWeight: 0, consistencyWeight: 0, discrepancyWeight: 0 },
    /nothing to learn from/,
  ],
  "an OHEM threshold of 0": [{ ohemThreshold: 0 }, /ohemThreshold/],
  "half a pixel": [{ ohemMinKept: 0.5 }, /ohemMinKept/],
  "dropout without norm": [{ mappingNorm: false }, /dropout after the mapping needs mappingNorm/],
  "an unknown mode": [{ mode: "votes" }, /mode/],
  "an unknown switch": [{ treshold: 0.9 }, /treshold/],
  "a negative weight": [{ conflictWeight: -1 }, /conflictWeight/],
  "dropout of everything": [{ dropout: 1 }, /dropout/],
};

Deno.test("options that no run could honor are refused, naming the switch", async (t) => {
  for (const [what, [options, message]] of Object.entries(refused)) {
    await t.step(what, () => assert.throws(() => parse(options), message));
  }
  await t.step("dropout without norm does not matter where there is no mapping", () => {
    parse({ mapping: "none", mappingNorm: false });
  });
});
