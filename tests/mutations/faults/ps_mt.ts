import type { Faults } from "../fault.ts";

const file = "stages/methods/ps_mt.ts", adversary = "stages/methods/adversary.ts";
/** Perturbs by a step that f32 holds, after a warm-up; and by the published one, after none. */
const [square, boxes] = ["ps_mt_square", "ps_mt_three_boxes"];
const both = [square, boxes];

export const psMt: Faults = {
  method: "ps-mt",
  cases: both,
  faults: [
    {
      why: "the teachers label in evaluation mode",
      file,
      find: '[step.train("teacher1", { u: image }).u, step.train("teacher2", { u: image }).u]',
      replace: '[step.evaluate("teacher1", { u: image }).u, step.evaluate("teacher2", { u: image }).u]',
      caught: both,
    },
    {
      why: "the other teacher follows the student",
      file,
      find: "epoch % 2 === turn ? decay : 1",
      replace: "epoch % 2 !== turn ? decay : 1",
      caught: both,
    },
    {
      why: "the other teacher assists",
      file,
      find: "turn: ({ epoch }) => epoch % 2,",
      replace: "turn: ({ epoch }) => 1 - epoch % 2,",
      caught: both,
    },
    {
      why: "the assist tells of all classes",
      file,
      find: "{ kept: assist, turn }",
      replace: "{ kept: classes, turn }",
      caught: both,
    },
    {
      why: "pseudo labels do not weigh what their confidence is",
      file,
      find: "{ labels: kept, weights: told.confidence }",
      replace: "kept",
      caught: both,
    },
    {
      why: "the pseudo loss is a mean over the confidences",
      file,
      find: "{ labels: kept, weights: told.confidence })",
      replace: '{ labels: kept, weights: told.confidence }, { denominator: "weights" })',
      caught: both,
    },
    {
      why: "in the warm-up the student sees the teachers' view",
      file,
      find: 'learn("student", strong)',
      replace: 'learn("student", image)',
      caught: [square],
    },
    {
      why: "features are not perturbed",
      file,
      find: "return adversarial(step, clean, decode, { stream, xi, radius });",
      replace: "adversarial(step, clean, decode, { stream, xi, radius });\n  return clean;",
      caught: [square],
    },
    {
      why: "features are moved to where the prediction changes least",
      file: adversary,
      find: "{ length: radius, epsilon",
      replace: "{ length: -radius, epsilon",
      caught: [square],
    },
    {
      why: "the search starts among directions of one sign",
      file: adversary,
      find: "origin: 1 / 2",
      replace: "origin: 0",
      caught: [square],
    },
    {
      why: "one teacher alone is led astray",
      file,
      find: 'step.evaluate("teacher2", features)',
      replace: 'step.evaluate("teacher1", features)',
      caught: [square],
    },
    {
      why: "a teacher's running statistics are its own, not averaged",
      file,
      find: "learnsInWarmUp: true,",
      replace: 'learnsInWarmUp: true, statistics: "own",',
      caught: both,
    },
  ],
};
