import type { Faults } from "../fault.ts";

const file = "stages/methods/deeplabv3plus.ts";
const [published, textbook, clamped, frozen] = [
  "deeplabv3plus_published_small",
  "deeplabv3plus_textbook_small",
  "deeplabv3plus_clamped",
  "deeplabv3plus_frozen",
];

export const deepLabV3Plus: Faults = {
  method: "deeplabv3plus",
  cases: [published, textbook, clamped, frozen],
  faults: [
    {
      why: "void is ignored where it is background",
      file,
      find: 'options.void === "background"',
      replace: "false",
      caught: [published, frozen],
    },
    {
      why: "void is of the first class behind background",
      file,
      find: "fillVoid(step, labels, validity, 0)",
      replace: "fillVoid(step, labels, validity, 1)",
      caught: [published, frozen],
    },
    {
      why: "padding is background, too",
      file: "kernels/ops/map/fill_void.wgsl",
      find: " & (load_validity(i) != vec4u(0))",
      replace: "",
      caught: [],
      unseen: "no case has padding; the kernel's and the method's own tests do",
    },
    {
      why: "epsilon is added where variances are raised to it",
      file,
      find: 'clampsVariance: epsilon === "clamp"',
      replace: "clampsVariance: false",
      caught: [published, clamped],
    },
    {
      why: "a gradient goes back through a variance that was raised",
      file: "kernels/ops/norm/batch_norm_parameter_gradient.wgsl",
      find: "slope = select(vec4f(), slope, variance >= vec4f(extents.epsilon));",
      replace: "",
      caught: [clamped],
    },
    {
      why: "evaluation raises variances, too",
      file: "kernels/ops/norm/batch_norm.ts",
      find: "Number(training && options.clampsVariance === true)",
      replace: "Number(options.clampsVariance === true)",
      caught: [clamped],
    },
    {
      why: "running statistics move by 0.1, whatever is told",
      file: "models/norms.ts",
      find: "return { epsilon, momentum, clampsVariance };",
      replace: "return { epsilon, momentum: 0.1, clampsVariance };",
      caught: [published, clamped, frozen],
    },
    {
      why: "the decoder's norms are set as the backbone's",
      file: "models/layers.ts",
      find: "...norms?.[group]",
      replace: "...norms?.backbone",
      caught: [clamped, frozen],
    },
    {
      why: "running variances are those of the batch as it is, not unbiased",
      file: "kernels/ops/norm/batch_norm_moments.wgsl",
      find: "let unbiased = spread * (extents.pixels / (extents.pixels - 1.0));",
      replace: "let unbiased = spread;",
      caught: [textbook, clamped, frozen],
    },
    {
      why: "the rate is divided by N, not N + 1",
      file: "stages/training/config/schedule.ts",
      find: "(steps + margin)",
      replace: "steps",
      caught: [published, textbook, clamped, frozen],
    },
    {
      why: "frozen parameters of norms learn",
      file: "stages/training/update.ts",
      find: " * (groups[kind]?.rate ?? 1)",
      replace: "",
      caught: [published, frozen],
    },
    {
      why: "the decoder learns at the backbone's rate",
      file: "stages/training/update.ts",
      find: "(groups[part]?.rate ?? 1)",
      replace: "(groups.backbone?.rate ?? 1)",
      caught: [published, textbook, clamped, frozen],
    },
  ],
};
