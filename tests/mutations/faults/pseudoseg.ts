import type { Faults } from "../fault.ts";

const file = "stages/methods/pseudoseg.ts", modules = "stages/methods/pseudoseg/modules.ts";
const [soft, hard] = ["pseudoseg_soft", "pseudoseg_hard"];
const both = [soft, hard];

export const pseudoSeg: Faults = {
  method: "pseudoseg",
  cases: both,
  faults: [
    {
      why: "activation maps are of a pass in training mode",
      file,
      find: 'const { taps } = step.evaluate("student", unlabeled.image).features;',
      replace: 'const { taps } = step.constant(() => step.train("student", unlabeled.image)).features;',
      caught: both,
    },
    {
      why: "the weak view passes in evaluation mode",
      file,
      find: 'step.constant(() => step.train("student", { weak: unlabeled.image })).weak',
      replace: 'step.evaluate("student", { weak: unlabeled.image }).weak',
      caught: both,
    },
    {
      why: "the hole counts",
      file,
      find: "const counted = sized(step, validity, logits);",
      replace: "const counted = sized(step, unlabeled.validity, logits);",
      caught: both,
    },
    {
      why: "the attention has no residual",
      file: modules,
      find: "const refined = add(graph, attended, maps);",
      replace: "const refined = attended;",
      caught: both,
    },
    {
      why: "the attention's norm has PyTorch's epsilon",
      file: modules,
      find: "epsilon: 1e-3,",
      replace: "epsilon: 1e-5,",
      caught: both,
    },
    {
      why: "the attention decays",
      file: modules,
      find: "decays: false as const",
      replace: "decays: true as const",
      caught: both,
    },
    {
      why: "the attention's logits are not calibrated",
      file: "kernels/ops/soft_label/calibrated_fusion.wgsl",
      find: "var b${K} = ratio * load_b(first + ${K}u);",
      replace: "var b${K} = load_b(first + ${K}u);",
      caught: [soft],
    },
    {
      why: "the labeled images pass the backbone once",
      file,
      find: 'const { again: taps } = step.backbone("student", { again: image });',
      replace: "const { taps } = seen.features;",
      caught: both,
    },
    {
      why: "consistency weighs 1",
      file,
      find: "consistency: { loss: consistency, weight: options.weight }",
      replace: "consistency: { loss: consistency, weight: 1 }",
      caught: both,
    },
    {
      why: "unsure pixels count, sure ones do not",
      file,
      find: 'where(step, fused.confidence, "at least", options.threshold)',
      replace: 'where(step, fused.confidence, "below", options.threshold)',
      caught: [soft],
    },
    {
      why: "classes are those that the classifier sees, though they are known",
      file,
      find: "const found = tags ?? scoreTags(step.graph, scores);",
      replace: "const found = scoreTags(step.graph, scores);",
      caught: [hard],
    },
    {
      why: "activation maps are of classes without a tag, too",
      file: "kernels/ops/attention/activation_maps.wgsl",
      find: "extents.factor * load_tags(group.y * ${VECTORS}u + group.x)",
      replace: "extents.factor * max(load_tags(group.y * ${VECTORS}u + group.x), vec4f(1))",
      caught: both,
    },
  ],
};
