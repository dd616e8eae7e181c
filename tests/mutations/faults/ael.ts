import type { Faults } from "../fault.ts";

const file = "stages/methods/ael.ts", choice = "stages/methods/ael/choice.ts";
const both = ["ael_published", "ael_described"];

export const ael: Faults = {
  method: "ael",
  cases: both,
  faults: [
    {
      why: "the teacher labels in evaluation mode",
      file,
      find: 'step.train("teacher", {',
      replace: 'step.evaluate("teacher", {',
      caught: both,
    },
    {
      why: "the teacher averages the student's running statistics, too",
      file,
      find: 'statistics: "own"',
      replace: 'statistics: "averaged"',
      caught: both,
    },
    {
      why: "the teacher's decay is not warmed up",
      file,
      find: "decay: warmedUp(decay)",
      replace: "decay",
      caught: both,
    },
    {
      why: "pixels are sampled by the teacher's class",
      file,
      find: "const { labels } = label(step, seen), [, ...image]",
      replace: "const { labels } = target, [, ...image]",
      caught: both,
    },
    {
      why: "the bank is moved by the labels without what is pasted",
      file,
      find: "movedConfidence(step, student, x.labels, options)",
      replace: "movedConfidence(step, student, step.views.labeled.labels, options)",
      caught: both,
    },
    {
      why: "the confidence of a class without pixels stays",
      file,
      find: "share, absent });",
      replace: 'share, absent: "kept" });',
      caught: ["ael_published"],
    },
    {
      why: "labels below the threshold are no part of the denominator",
      file,
      find: '"all" ? "all weights" : "weights"',
      replace: '"all" ? "weights" : "weights"',
      caught: ["ael_published"],
    },
    {
      why: "the losses are not divided by the processes",
      file,
      find: "weight: weight * consistencyWeight",
      replace: "weight: consistencyWeight",
      caught: ["ael_published"],
    },
    {
      why: "the auxiliary loss is over the pixels that are hard for the main scores",
      file,
      find: "minedLabels(step, scores, labels, options)",
      replace: "minedLabels(step, seen, labels, options)",
      caught: ["ael_published"],
    },
    {
      why: "images alone are pasted, and labels stay",
      file,
      find: "const labels = put(labeled.labels, partner.labels);",
      replace: "const labels = labeled.labels;",
      caught: both,
    },
    {
      why: "the mixed image is labeled inside out",
      file,
      find: "mix(step, one, box, two)",
      replace: "mix(step, two, box, one)",
      caught: both,
    },
    {
      why: "classes to paste are drawn without the root",
      file: choice,
      find: "Math.sqrt(unsure[k]!)",
      replace: "unsure[k]!",
      caught: both,
    },
  ],
};
