import type { Faults } from "../fault.ts";

const file = "stages/methods/simple_baseline.ts";
const both = ["simple_baseline_shared", "simple_baseline_own"] as const;

export const simpleBaseline: Faults = {
  method: "simple-baseline",
  cases: both,
  faults: [
    {
      why: "each noisy image is weighed by its own confidence, where the code averages",
      file,
      find: 'shared: weights === "batch"',
      replace: "shared: false",
      caught: ["simple_baseline_shared"],
    },
    {
      why: "no confidence counts as 1",
      file: "kernels/ops/label/noise_weights.wgsl",
      find: "select(confidence, 1.0, confidence > extents.sure)",
      replace: "confidence",
      caught: both,
    },
    {
      why: "the noisy mean is over the pixels that have a label",
      file,
      find: 'denominator: "all"',
      replace: 'denominator: "valid"',
      caught: both,
    },
    {
      why: "the noisy mean is over the clean images, too",
      file: "kernels/ops/label/noise_weights.wgsl",
      find: "f32(extents.batch) / noisy",
      replace: "1.0",
      caught: both,
    },
    {
      why: "the sure are told by the label, the unsure by themselves",
      file,
      find: '"noisy_ce", scores, { labels, weights: distrust }',
      replace: '"noisy_ce", scores, { labels, weights: trust }',
      caught: both,
    },
    {
      why: "the clean mean is over the noisy images, too",
      file,
      find: "only(step, labels, clean)",
      replace: "labels",
      caught: both,
    },
    {
      why: "log 0 is −4, as in the paper on symmetric cross-entropy",
      file: "kernels/ops/loss/reverse_cross_entropy.ts",
      find: "const LEAST = 1e-4;",
      replace: "const LEAST = Math.exp(-4);",
      caught: both,
    },
    {
      why: "the cross-entropy of noisy labels has the weight of the reverse one",
      file,
      find: "noisy_ce: { loss: forward, weight: alpha }",
      replace: "noisy_ce: { loss: forward, weight: beta }",
      caught: both,
    },
    {
      why: "both halves go through the first copy of the norms",
      file: "models/layers.ts",
      find: "second && domain === norms?.domains?.[1] ? second : first",
      replace: "first",
      caught: both,
    },
    {
      why: "the decay pulls convolutions to 0, not to the start",
      file: "stages/training/update.ts",
      find: 'needsStart(optimizer) && kind === "convolutions"',
      replace: "false",
      caught: ["simple_baseline_shared"],
    },
    {
      why: "the backbone's norms have PyTorch's epsilon",
      file,
      find: "backbone: { epsilon }",
      replace: "backbone: {}",
      caught: both,
    },
    {
      why: "the strong view's copy of the norms is the one that is evaluated",
      file,
      find: 'domains: ["weak", "strong"]',
      replace: 'domains: ["strong", "weak"]',
      caught: both,
    },
  ],
};
