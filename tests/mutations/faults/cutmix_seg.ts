import type { Faults } from "../fault.ts";

const file = "stages/methods/cutmix_seg.ts";

/** What follows the gradients of a step. */
const update = `  captureUpdate(graph, {
    parameters,
    rates,
    optimizer,
    warmUp,
    mostBytes,
    clears: accumulate > 1,
    ...guarded,
  });`;
const follow = "  captureAverages(graph, { parameters, method, schedules, mostBytes, ...guarded });";

export const cutMixSeg: Faults = {
  method: "cutmix-seg",
  cases: ["cutmix_seg_batch", "cutmix_seg_pixel"],
  faults: [
    {
      why: "the teacher labels in evaluation mode",
      file,
      find: 'step.train("teacher", { u0: first.image, u1: second.image })',
      replace: 'step.evaluate("teacher", { u0: first.image, u1: second.image })',
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "the teacher's scores are mixed inside out",
      file,
      find: "mix(step, everyPixel(step, u0), boxes, everyPixel(step, u1))",
      replace: "mix(step, everyPixel(step, u1), boxes, everyPixel(step, u0))",
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "padding is that of the image outside the boxes alone",
      file,
      find: "validity: mix(step, first.validity, boxes, second.validity)",
      replace: "validity: first.validity",
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "unsure pixels count, sure ones do not",
      file,
      find: '"at least", threshold',
      replace: '"below", threshold',
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "confidence weighs by pixel instead of by batch, and the other way round",
      file,
      find: 'confidence === "pixel" ? sure',
      replace: 'confidence === "batch" ? sure',
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "the teacher's running statistics are its own, not averaged",
      file,
      find: 'averageOf("student", { decay })',
      replace: 'averageOf("student", { decay, statistics: "own" })',
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "the backbone's norms are not frozen",
      file,
      find: 'frozenNorms ? "backbone" : undefined',
      replace: "undefined",
      caught: ["cutmix_seg_batch"],
    },
    {
      why: "the student's statistics move in the order v, x",
      file,
      find: "{ x: labeled.image, v: image }",
      replace: "{ v: image, x: labeled.image }",
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "the student sees the teacher's colors",
      file,
      find: `const look = color ? "strong" : "image";`,
      replace: `const look = color ? "image" : "image";`,
      caught: ["cutmix_seg_batch", "cutmix_seg_pixel"],
    },
    {
      why: "the teacher follows before the student is updated, a step behind",
      file: "stages/training/capture.ts",
      find: `${update}\n${follow}`,
      replace: `${follow}\n${update}`,
      caught: ["cutmix_seg_batch"],
    },
  ],
};
