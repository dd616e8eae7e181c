import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import applySource from "./ohem_apply.wgsl" with { type: "text" };
import histogramSource from "./ohem_histogram.wgsl" with { type: "text" };
import probabilitiesSource from "./ohem_probabilities.wgsl" with { type: "text" };
import selectSource from "./ohem_select.wgsl" with { type: "text" };
import { clear } from "../feature/clear.ts";
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "../loss/upsampled_logits.ts";

/** Bins of a histogram: half of the 30 bits that tell the numbers in [0, 1] apart. */
const BINS = 2 ** 15;

const probabilitiesKernel = defineKernel({
  name: "ohem_probabilities",
  source: probabilitiesSource,
  includes: walkIncludes,
  uniforms: { ...walkUniforms, ignore: "u32" },
  reads: { logits: "vec4f", labels: "u32" },
  writes: { probabilities: "u32" },
});
const histogramKernel = defineKernel({
  name: "ohem_histogram",
  source: histogramSource,
  uniforms: { pixels: "u32", stride: "u32", level: "u32" },
  reads: { probabilities: "u32", state: "u32" },
  writes: { histogram: "atomic<u32>" },
});
const selectKernel = defineKernel({
  name: "ohem_select",
  source: selectSource,
  uniforms: { level: "u32", kept: "u32", threshold: "f32" },
  reads: { histogram: "u32" },
  writes: { state: "u32" },
});
const applyKernel = defineKernel({
  name: "ohem_apply",
  source: applySource,
  uniforms: { pixels: "u32", stride: "u32", ignore: "u32" },
  reads: { labels: "u32", probabilities: "u32", state: "u32" },
  writes: { mined: "u32" },
});

/**
 * The softmax probability of each pixel's own label. No gradient flows through it.
 *
 * @param logits [N, h, w, C].
 * @param labels u32 map [N, H, W].
 * @param options.ignore The label of pixels that take no part; 255 unless told.
 * @param options.size Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly.
 * @returns A f32 map [N, H, W], in [0, 1]; 2 where the label is `ignore` or no class.
 * @throws {ShapeError} If the labels do not fit the logits.
 */
export function labelProbabilities(
  graph: Graph,
  logits: Tensor,
  labels: Tensor,
  { ignore = 255, size }: Pick<OhemOptions, "ignore" | "size"> = {},
): Tensor {
  const { shape, ...walk } = walkLogits(logits, size);
  checkMap(`look for labels in ${logits.label} [${logits.shape}]`, labels, "u32", shape);
  const probabilities = graph.tensor({ label: `${labels.label} probabilities`, shape, layout: "map" });
  graph.launch({
    kernel: probabilitiesKernel,
    reads: [logits, labels],
    writes: [probabilities],
    uniforms: { ...walk.uniforms, ignore },
    constants: walk.constants,
    groups: walk.groups,
    loops: walk.loops,
  });
  return probabilities;
}

/** What {@linkcode ohemLabels} takes for easy. */
export interface OhemOptions {
  /** A label predicted with at most this probability is hard, (0, 1]. */
  readonly threshold: number;
  /** At least this many labeled pixels of the batch are kept; 0 mines nothing. */
  readonly minKept: number;
  /** The label of pixels that take no part; 255 unless told. */
  readonly ignore?: number;
  /** Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly. */
  readonly size?: LogitsSize;
}

/**
 * Online hard example mining: labels with the easy pixels ignored, for a cross-entropy over those that are left.
 *
 * The limit is the larger of `threshold` and the `minKept`-th smallest probability of a pixel's own label; pixels over it
 * are set to `ignore`. With fewer labeled pixels than `minKept` all are kept. The rank is found exactly by two histograms
 * of the probabilities' bits, whose integer counts do not depend on the order of the pixels. No gradient flows through it.
 *
 * @param logits [N, h, w, C].
 * @param labels u32 map [N, H, W].
 * @returns A u32 map [N, H, W]; `labels` itself where nothing is mined.
 * @throws {ShapeError} If the labels do not fit the logits.
 * @throws {RangeError} If an option is out of its range.
 */
export function ohemLabels(graph: Graph, logits: Tensor, labels: Tensor, options: OhemOptions): Tensor {
  const { threshold, minKept, ignore = 255 } = options;
  const { shape } = walkLogits(logits, options.size);
  checkMap(`mine the hard pixels of ${logits.label} [${logits.shape}]`, labels, "u32", shape);
  if (!(threshold > 0 && threshold <= 1) || !Number.isInteger(minKept) || minKept < 0) {
    throw new RangeError(
      `Cannot mine the hard pixels of ${logits.label} with threshold ${threshold} and minKept ${minKept}: a number in ` +
        `(0, 1] and a count are needed`,
    );
  }
  if (minKept === 0) return labels;

  const pixels = shape.reduce((product, extent) => product * extent, 1);
  const { groups, stride } = elementwise(pixels);
  const probabilities = labelProbabilities(graph, logits, labels, options);
  const integers = { dtype: "u32", layout: "map" } as const;
  const state = graph.tensor({ ...integers, label: `${labels.label} limit`, shape: [1, 1, 4] });
  clear(graph, state);
  for (const level of [0, 1]) {
    const histogram = graph.tensor({ ...integers, label: `${labels.label} histogram`, shape: [1, 1, BINS] });
    clear(graph, histogram);
    graph.launch({
      kernel: histogramKernel,
      reads: [probabilities, state],
      writes: [histogram],
      uniforms: { pixels, stride, level },
      groups,
      loops: 0,
    });
    graph.launch({
      kernel: selectKernel,
      reads: [histogram],
      writes: [state],
      uniforms: { level, kept: minKept, threshold },
      groups: [1, 1, 1],
      loops: 3 * 256,
    });
  }
  const mined = graph.tensor({ ...integers, label: `${labels.label} mined`, shape });
  graph.launch({
    kernel: applyKernel,
    reads: [labels, probabilities, state],
    writes: [mined],
    uniforms: { pixels, stride, ignore },
    groups,
    loops: 0,
  });
  return mined;
}
