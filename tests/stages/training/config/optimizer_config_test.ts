import assert from "node:assert/strict";
import { z } from "zod";
import { explainConfig } from "../../../../pipeline/language/explain.ts";
import { parseConfig } from "../../../../pipeline/language/schema.ts";
import {
  type OptimizerConfig,
  optimizerLeaves,
  optimizerOf,
} from "../../../../stages/training/config/optimizer_config.ts";

const schema = z.strictObject(optimizerLeaves);
const parse = (input: Partial<OptimizerConfig> = {}) => parseConfig(schema, input, "co-train");

Deno.test("the optimizer is the published one unless told: SGD, every parameter decaying alike", () => {
  assert.deepEqual(optimizerOf(parse()), {
    kind: "sgd",
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-4,
    decayTowards: "zero",
    groups: {
      backbone: { rate: 5 },
      head: { rate: 5 },
      norms: { rate: 1, decay: 1 },
      biases: { rate: 1, decay: 1 },
    },
  });
});

Deno.test("Adam has its authors' settings unless told, and groups are what the leaves say", () => {
  const config = parse({
    optimizer: "adamw",
    backboneRate: 1,
    headRate: 10,
    normRate: 0.5,
    biasRate: 2,
    weightDecay: 0.01,
    decayTowards: "start",
    normDecay: 0,
    biasDecay: 0.25,
  });
  assert.deepEqual(optimizerOf(config), {
    kind: "adamw",
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    decayTowards: "start",
    groups: {
      backbone: { rate: 1 },
      head: { rate: 10 },
      norms: { rate: 0.5, decay: 0 },
      biases: { rate: 2, decay: 0.25 },
    },
  });
});

Deno.test("what an optimizer cannot work with is refused by its leaf's name", () => {
  const wrong: [leaf: string, value: unknown][] = [
    ["optimizer", "rmsprop"],
    ["momentum", 1],
    ["nesterov", 1],
    ["beta1", 1],
    ["beta2", -0.1],
    ["epsilon", 0],
    ["normRate", -1],
    ["biasDecay", Infinity],
    ["rateMargin", 2],
    ["decayTowards", "one"],
    ["weightDecayOn", "convolutions"],
  ];
  for (const [leaf, value] of wrong) {
    assert.throws(() => parse({ [leaf]: value }), new RegExp(leaf), leaf);
  }
});

Deno.test("what the other leaves leave unread says so", () => {
  const unread = (input: Partial<OptimizerConfig>) =>
    Object.fromEntries(
      explainConfig(schema, parse(input), {}).flatMap(({ name, unread }) => unread ? [[name, unread]] : []),
    );
  const sgd = "optimizer is sgd", adam = "optimizer is adam";
  const steps = {
    rateDecayAt: "rateDecay is poly",
    rateDecayBy: "rateDecay is poly",
    rateDecayFrom: "warmUpEpochs is 0",
  };
  assert.deepEqual(unread({}), { beta1: sgd, beta2: sgd, epsilon: sgd, ...steps });
  assert.deepEqual(unread({ optimizer: "adam" }), { momentum: adam, nesterov: adam, ...steps });
  assert.deepEqual(unread({ optimizer: "adam", weightDecay: 0, power: 0 }), {
    rateLag: "power is 0",
    rateMargin: "power is 0",
    momentum: adam,
    nesterov: adam,
    decayTowards: "weightDecay is 0",
    normDecay: "weightDecay is 0",
    biasDecay: "weightDecay is 0",
    ...steps,
  });
  const cosine = unread({ rateDecay: "cosine" });
  assert.deepEqual([cosine.power, cosine.rateLag], ["rateDecay is cosine", "rateDecay is cosine"]);
  for (const wrong of [[0.5, 0.5], [0.7, 0.2], [0], [1], []]) {
    assert.throws(() => parse({ rateDecay: "steps", rateDecayAt: wrong }), /rateDecayAt/);
  }
  assert.equal(unread({ momentum: 0 }).nesterov, "momentum is 0");
});
