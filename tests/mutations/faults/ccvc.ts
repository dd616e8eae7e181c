import type { Faults } from "../fault.ts";

const file = "stages/methods/ccvc.ts";
const strong = ["aug_soft", "aug_vote", "aug_vote_soft"], weak = ["no_aug_normal", "no_aug_vote"];

export const ccvc: Faults = {
  method: "ccvc",
  cases: [...strong, ...weak],
  faults: [
    {
      why: "a branch learns its own labels",
      file: "stages/methods/ccvc/losses.ts",
      find: "crossEntropy(step, name, learners[other], targets[own])",
      replace: "crossEntropy(step, name, learners[own], targets[own])",
      caught: [...strong, ...weak],
    },
    {
      why: "consistency is a mean over the weights",
      file: "stages/methods/ccvc/losses.ts",
      find: "learners[other], targets[own])",
      replace: 'learners[other], targets[own], { denominator: targets[own].weights ? "weights" : "valid" })',
      caught: [...strong, ...weak],
    },
    {
      why: "the labeling pass comes after all training passes",
      file,
      find: 'step.evaluate("branch1", unlabeled.image, { after: seen[0].labeled })',
      replace: 'step.evaluate("branch1", unlabeled.image)',
      caught: strong,
    },
    {
      why: "the strong view is labeled in training mode",
      file,
      find: "const labels = pseudoLabels(step, labeling, rule, unlabeled.validity);",
      replace: "const labels = pseudoLabels(step, on.raw, rule, unlabeled.validity);",
      caught: strong,
    },
    {
      why: "weights are mixed with the labels",
      file,
      find: "mixTargets(step, labels, boxes, { weights: options.mixWeights })",
      replace: "mixTargets(step, labels, boxes, { weights: !options.mixWeights })",
      caught: strong,
    },
    {
      why: "padding is not mixed",
      file,
      find: "onValidPixels(step, mixed, mix(step, unlabeled.validity, boxes))",
      replace: "onValidPixels(step, mixed, unlabeled.validity)",
      caught: [],
      unseen: "no box of the cases meets padding, of the published ones neither; `ccvc_test` holds it",
    },
    {
      why: "the weak view's weights are its own pass's",
      file,
      find: 'options.rawWeights === "labeling"',
      replace: 'options.rawWeights !== "labeling"',
      caught: strong,
    },
    {
      why: "statistics move in the order unlabeled, labeled",
      file,
      find: "const passes = { labeled: labeled.image, unlabeled: unlabeled.image };",
      replace: "const passes = { unlabeled: unlabeled.image, labeled: labeled.image };",
      caught: ["no_aug_normal"],
    },
    {
      why: "vote: agreeing pixels weigh more, conflicting ones 1",
      file,
      find: "vote: [1, 1, c, c] as const",
      replace: "vote: [c, c, 1, 1] as const",
      caught: ["aug_vote", "no_aug_vote"],
    },
    {
      why: "the discrepancy weighs twice, once for each branch",
      file: "stages/methods/ccvc/losses.ts",
      find: "return { [name]: { loss, weight } };",
      replace: "return { [name]: { loss, weight: 2 * weight } };",
      caught: [...strong, ...weak],
    },
  ],
};
