import type { Faults } from "../fault.ts";

const file = "stages/methods/cps.ts";

export const cps: Faults = {
  method: "cps",
  cases: ["cps_plain", "cps_cutmix"],
  faults: [
    {
      why: "plain: a branch learns its own labels",
      file,
      find: "pseudo(step, own, both[own], told[other].labels, options)",
      replace: "pseudo(step, own, both[own], told[own].labels, options)",
      caught: ["cps_plain"],
    },
    {
      why: "plain: labeled images are left out of the pseudo losses",
      file,
      find: "joined(step, [seen[own].x, seen[own].u])",
      replace: "joined(step, [seen[own].u, seen[own].u])",
      caught: ["cps_plain"],
    },
    {
      why: "plain: statistics move in the order u, x",
      file,
      find: "const passes = { x: step.views.labeled.image, u: step.views.unlabeled.image };",
      replace: "const passes = { u: step.views.unlabeled.image, x: step.views.labeled.image };",
      caught: ["cps_plain"],
    },
    {
      why: "with CutMix: a branch learns its own labels",
      file,
      find: "pseudo(step, own, seen[own].v, seen[other].labels, options)",
      replace: "pseudo(step, own, seen[own].v, seen[own].labels, options)",
      caught: ["cps_cutmix"],
    },
    {
      why: "with CutMix: labels come of evaluation-mode passes",
      file,
      find: "step.constant(() => step.train(branch, { u0, u1 }))",
      replace: "step.evaluate(branch, { u0, u1 })",
      caught: ["cps_cutmix"],
    },
    {
      why: "with CutMix: statistics move in the order x, v",
      file,
      find: "...step.train(branch, { v, x })",
      replace: "...step.train(branch, { x, v })",
      caught: ["cps_cutmix"],
    },
    {
      why: "with CutMix: labels are mixed inside out",
      file,
      find: "mix(step, own.labels, boxes, other.labels)",
      replace: "mix(step, other.labels, boxes, own.labels)",
      caught: ["cps_cutmix"],
    },
    {
      why: "nothing is mined",
      file,
      find: "supervisedTerms(step, seen, step.views.labeled.labels, 1, options)",
      replace: "supervisedTerms(step, seen, step.views.labeled.labels, 1)",
      caught: ["cps_cutmix"],
    },
    {
      why: "mining keeps half as many pixels",
      file: "stages/methods/mining.ts",
      find: "Math.ceil(ohemMinKept * share)",
      replace: "Math.ceil(ohemMinKept * share / 2)",
      caught: ["cps_cutmix"],
    },
    {
      why: "the pseudo losses weigh half, as if two processes had divided them",
      file,
      find: '{ denominator: "all" }), weight };',
      replace: '{ denominator: "all" }), weight: weight / 2 };',
      caught: ["cps_plain", "cps_cutmix"],
    },
    {
      why: "the pseudo losses are means over the pixels that have a label",
      file,
      find: '{ denominator: "all" }',
      replace: '{ denominator: "valid" }',
      caught: [],
      unseen: "the same: a branch labels every pixel",
    },
  ],
};
