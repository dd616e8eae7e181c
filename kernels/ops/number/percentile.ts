import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap, checkScalar, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import { clear } from "../feature/clear.ts";
import histogramSource from "./percentile_histogram.wgsl" with { type: "text" };
import selectSource from "./percentile_select.wgsl" with { type: "text" };

/** Bins of a histogram: 11 of the 32 bits that tell numbers apart. */
const BINS = 2 ** 11;

const counting = {
  file: "percentile_histogram.wgsl",
  source: histogramSource,
  uniforms: { count: "u32", stride: "u32", level: "u32" },
  writes: { histogram: "atomic<u32>" },
} as const;
const all = defineKernel({
  ...counting,
  name: "percentile_histogram",
  reads: { values: "f32", state: "u32" },
});
const masked = defineKernel({
  ...counting,
  name: "percentile_histogram_masked",
  reads: { values: "f32", mask: "u32", state: "u32" },
});
const selecting = {
  file: "percentile_select.wgsl",
  source: selectSource,
  uniforms: { level: "u32", percentage: "f32", index: "u32" },
  writes: { state: "u32", found: "f32" },
} as const;
const fixed = defineKernel({ ...selecting, name: "percentile_select", reads: { histogram: "u32" } });
const scheduled = defineKernel({
  ...selecting,
  name: "percentile_select_scheduled",
  reads: { histogram: "u32", percentage: "f32" },
});

/**
 * A percentile of a map: the value that so many percent of the pixels do not exceed, linear between the two neighbors of its place
 * percentage / 100 · (n − 1) among n sorted values. The neighbors are found exactly, by histograms of their bits; nothing is sorted,
 * and no order of the pixels matters. What is no number counts as the largest. No gradient flows through it.
 *
 * @param values f32 map [N, H, W].
 * @param percentage In [0, 100], as f32, of which what is below 2⁻²⁵ is left out; one that is looked up at every run is held in that range.
 * @param options.mask u32 map [N, H, W]: a pixel of 0 takes no part. Of no pixels the percentile is 0.
 * @throws {ShapeError} If the maps do not suit, or there is no percentage at the index. RangeError if it lies outside [0, 100].
 */
export function percentile(
  graph: Graph,
  values: Tensor,
  percentage: number | DeviceScalar,
  options: { readonly mask?: Tensor } = {},
): DeviceScalar {
  const { mask } = options;
  checkMap("take a percentile", values, "f32", values.shape);
  if (mask) checkMap(`choose pixels of ${values.label}`, mask, "u32", values.shape);
  const schedule = typeof percentage === "number" ? undefined : percentage;
  if (schedule) checkScalar("percentage", schedule);
  const given = typeof percentage === "number" ? percentage : 0;
  if (!(given >= 0 && given <= 100)) {
    throw new RangeError(
      `Cannot take the percentile ${percentage} of ${values.label}: it must lie in [0, 100]`,
    );
  }
  const count = values.shape.reduce((product, extent) => product * extent, 1);
  const { groups, stride } = elementwise(count);
  const label = `percentile of ${values.label}`.slice(0, 60);
  const integers = { label, dtype: "u32", layout: "map" } as const;
  const state = graph.tensor({ ...integers, shape: [1, 1, 8] });
  const found = graph.tensor({ label, shape: [1, 1, 4], layout: "map" });
  clear(graph, state);
  for (const level of [0, 1, 2]) {
    const histogram = graph.tensor({ ...integers, shape: [1, 2, BINS] });
    clear(graph, histogram);
    graph.launch({
      kernel: mask ? masked : all,
      reads: [values, ...(mask ? [mask] : []), state],
      writes: [histogram],
      uniforms: { count, stride, level },
      constants: { MASKED: Number(mask !== undefined) },
      groups,
      loops: 0,
    });
    graph.launch({
      kernel: schedule ? scheduled : fixed,
      reads: [histogram, ...(schedule ? [schedule.tensor] : [])],
      writes: [state, found],
      uniforms: { level, percentage: given, index: schedule?.index ?? 0 },
      constants: { SCHEDULED: Number(schedule !== undefined) },
      groups: [1, 1, 1],
      loops: 4 * 256,
    });
  }
  return { tensor: found, index: 0 };
}
