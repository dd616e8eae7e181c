import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise, WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import { clear } from "../feature/clear.ts";
import countsSource from "./class_counts.wgsl" with { type: "text" };
import indexSource from "./class_index.wgsl" with { type: "text" };

const countsKernel = defineKernel({
  name: "class_counts",
  source: countsSource,
  uniforms: {
    rows: "u32",
    height: "u32",
    width: "u32",
    classes: "u32",
    stride: "u32",
    turns: "u32",
    turn: "u32",
  },
  reads: { labels: "u32" },
  writes: { counts: "atomic<u32>" },
});
const indexKernel = defineKernel({
  name: "class_index",
  source: indexSource,
  uniforms: { places: "u32", classes: "u32", total: "u32", least: "u32" },
  reads: { counts: "u32", images: "f32" },
  writes: { index: "f32" },
});

/** Images, and what is noted of them. */
export interface IndexedImages {
  /** u32 maps [N, H, W], which take turns: the first image of each, the second of each; what is no class counts for none. */
  readonly labels: readonly Tensor[];
  /** f32 map [N · maps]: which of all images each is, from 0, by turns. */
  readonly images: Tensor;
}

/**
 * Notes which classes images hold, in an index of all images, in place; of an image that comes twice, the last time counts.
 *
 * @param index f32 map [C, images] with a home, of 1 and 0.
 * @param share Of an image's pixels, from which on it holds a class; one pixel at least.
 * @throws {ShapeError} If a map is of another type or shape, or the index has no home.
 * @throws {RangeError} If the share is outside [0, 1].
 */
export function noteClasses(
  graph: Graph,
  index: Tensor,
  { labels, images }: IndexedImages,
  share: number,
): void {
  const [classes = 0, total = 0] = index.shape, [first] = labels as readonly [Tensor];
  const [each = 0, height = 0, width = 0] = first.shape, turns = labels.length, places = each * turns;
  checkMap("note the classes of images", index, "f32", [classes, total]);
  for (const map of labels) checkMap(`note classes in ${index.label}`, map, "u32", [each, height, width]);
  checkMap(`note the classes of ${first.label}`, images, "f32", [places]);
  if (!index.home) {
    throw new ShapeError(`Cannot note classes in ${index.label}: it has no home to outlive a run in`);
  }
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(
      `Cannot note the classes of ${first.label} from a share of ${share} on: it must lie in [0, 1]`,
    );
  }
  const counts = graph.tensor({
    label: `${first.label} counts`.slice(0, 60),
    shape: [places, classes],
    dtype: "u32",
    layout: "map",
  });
  clear(graph, counts);
  const rows = each * height, { groups, stride } = elementwise(rows);
  labels.forEach((map, turn) =>
    graph.launch({
      kernel: countsKernel,
      reads: [map],
      writes: [counts],
      uniforms: { rows, height, width, classes, stride, turns, turn },
      groups,
      loops: width,
    })
  );
  graph.launch({
    kernel: indexKernel,
    reads: [counts, images],
    writes: [index],
    uniforms: { places, classes, total, least: Math.max(1, Math.ceil(share * height * width)) },
    groups: [Math.ceil(classes / WORKGROUP), 1, 1],
    loops: places,
  });
}
