import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise, WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import { clear } from "../feature/clear.ts";
import { boxWords } from "../map/mix_boxes.ts";
import boxesSource from "./component_boxes.wgsl" with { type: "text" };
import drawSource from "./component_draw.wgsl" with { type: "text" };
import extentsSource from "./component_extents.wgsl" with { type: "text" };
import flattenSource from "./component_flatten.wgsl" with { type: "text" };
import mergeSource from "./component_merge.wgsl" with { type: "text" };
import runsSource from "./component_runs.wgsl" with { type: "text" };
import sizesSource from "./component_sizes.wgsl" with { type: "text" };

const rowUniforms = { rows: "u32", height: "u32", width: "u32", stride: "u32" } as const;
const runsKernel = defineKernel({
  name: "component_runs",
  source: runsSource,
  uniforms: rowUniforms,
  reads: { labels: "u32", wanted: "f32" },
  writes: { parents: "u32" },
});
const mergeKernel = defineKernel({
  name: "component_merge",
  source: mergeSource,
  uniforms: { borders: "u32", count: "u32", stride: "u32", strip: "u32", height: "u32", width: "u32" },
  reads: {},
  writes: { parents: "u32" },
});
const flattenKernel = defineKernel({
  name: "component_flatten",
  source: flattenSource,
  uniforms: { total: "u32", stride: "u32", pixels: "u32" },
  reads: { parents: "u32" },
  writes: { roots: "u32" },
});
const sizesKernel = defineKernel({
  name: "component_sizes",
  source: sizesSource,
  uniforms: rowUniforms,
  reads: { roots: "u32" },
  writes: { sizes: "atomic<u32>", begun: "u32" },
});
const drawKernel = defineKernel({
  name: "component_draw",
  source: drawSource,
  uniforms: { ...rowUniforms, most: "u32", least: "u32" },
  reads: { roots: "u32", sizes: "u32", begun: "u32", draws: "f32" },
  writes: { drawn: "u32", first: "f32" },
});
const extentsKernel = defineKernel({
  name: "component_extents",
  source: extentsSource,
  uniforms: rowUniforms,
  reads: { roots: "u32", drawn: "u32", first: "f32" },
  writes: { left: "u32", right: "u32" },
});
const boxesKernel = defineKernel({
  name: "component_boxes",
  source: boxesSource,
  uniforms: { images: "u32", height: "u32" },
  reads: { left: "u32", right: "u32", otherwise: "vec4u" },
  writes: { boxes: "vec4u" },
});

/** Most components that an image of that size can have: no two touch, not at corners either. */
export function mostComponents(height: number, width: number): number {
  return Math.ceil(height / 2) * Math.ceil(width / 2);
}

/** What {@linkcode componentBoxes} looks for. */
export interface ComponentBoxOptions {
  /** f32 map [N]: the class of each image. */
  readonly wanted: Tensor;
  /** Share of the image that a component must exceed, in [0, 1]. */
  readonly share: number;
  /** f32 map [N, {@linkcode mostComponents}], in [0, 2): of an image's components, in the order of their first pixels. */
  readonly draws: Tensor;
  /** u32 map [1, N, 8]: a table of one box an image, for where there is no such component. */
  readonly otherwise: Tensor;
}

/**
 * A box around a component of a class in each image: of those that are large enough the one with the least draw, of equal draws
 * the first. Components are joined along sides and at corners.
 *
 * Runs of rows are joined to strips of two rows, of four, and so on until the strip is the image: what any component is, however it
 * winds, is known after ⌈log₂ height⌉ rounds, in each of which every pixel is again a root or the child of one. Nothing depends
 * on the order in which invocations run. Images may be some 2,400 pixels wide.
 *
 * @param labels u32 map [N, H, W].
 * @returns A u32 map [1, N, 8], a table for `mixImages` and `mixMaps`: the box, and the partner of `otherwise`.
 * @throws {ShapeError} If a map is of another type or shape. KernelError if the images are wider than can be joined.
 * @throws {RangeError} If the share is outside [0, 1].
 */
export function componentBoxes(
  graph: Graph,
  labels: Tensor,
  { wanted, share, draws, otherwise }: ComponentBoxOptions,
): Tensor {
  const [images = 0, height = 0, width = 0] = labels.shape, action = `box the components of ${labels.label}`;
  const most = mostComponents(height, width);
  checkMap("box components", labels, "u32", [images, height, width]);
  checkMap(action, wanted, "f32", [images]);
  checkMap(action, draws, "f32", [images, most]);
  checkMap(action, otherwise, "u32", [1, images, boxWords(1)]);
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`Cannot ${action} of more than a share of ${share}: it must lie in [0, 1]`);
  }
  const roots = joinedRoots(graph, labels, wanted);
  const perRow = rowsOf(images, height, width);
  const rowMap = (label: string, dtype: "u32" | "f32" = "u32") =>
    graph.tensor({ label: `component ${label}`, shape: [images, height], dtype, layout: "map" });
  const sizes = graph.tensor({ label: "component sizes", shape: labels.shape, dtype: "u32", layout: "map" });
  clear(graph, sizes);
  const begun = rowMap("beginnings");
  graph.launch({ kernel: sizesKernel, reads: [roots], writes: [sizes, begun], ...perRow, loops: width });
  const drawn = rowMap("roots drawn"), first = rowMap("draws", "f32");
  graph.launch({
    kernel: drawKernel,
    reads: [roots, sizes, begun, draws],
    writes: [drawn, first],
    groups: perRow.groups,
    // More than the share: one pixel more than its whole part.
    uniforms: { ...perRow.uniforms, most, least: Math.floor(share * height * width) + 1 },
    loops: height + width,
  });
  const left = rowMap("left ends"), right = rowMap("right ends");
  graph.launch({
    kernel: extentsKernel,
    reads: [roots, drawn, first],
    writes: [left, right],
    ...perRow,
    loops: height + width,
  });
  const boxes = graph.tensor({
    label: "component boxes",
    shape: otherwise.shape,
    dtype: "u32",
    layout: "map",
  });
  graph.launch({
    kernel: boxesKernel,
    reads: [left, right, otherwise],
    writes: [boxes],
    uniforms: { images, height },
    groups: [Math.ceil(images / WORKGROUP), 1, 1],
    loops: height,
  });
  return boxes;
}

/** An invocation for each row of all images. */
function rowsOf(images: number, height: number, width: number) {
  const rows = images * height, { groups, stride } = elementwise(rows);
  return { uniforms: { rows, height, width, stride }, groups };
}

/** Of each pixel of the wanted class the first one of its component, by its place in the image; NONE elsewhere. */
function joinedRoots(graph: Graph, labels: Tensor, wanted: Tensor): Tensor {
  const [images, height, width] = labels.shape as [number, number, number];
  const fresh = (label: string) =>
    graph.tensor({ label: `component ${label}`, shape: labels.shape, dtype: "u32", layout: "map" });
  let parents = fresh("runs");
  graph.launch({
    kernel: runsKernel,
    reads: [labels, wanted],
    writes: [parents],
    ...rowsOf(images, height, width),
    loops: width,
  });
  const pixels = height * width, total = images * pixels, each = elementwise(total);
  for (let strip = 1; strip < height; strip *= 2) {
    const borders = Math.floor((height + strip - 1) / (2 * strip)), count = images * borders;
    const { groups, stride } = elementwise(count);
    graph.launch({
      kernel: mergeKernel,
      reads: [],
      writes: [parents],
      uniforms: { borders, count, stride, strip, height, width },
      groups,
      // Halved paths: a join walks some log₂ of the components at the border, twice.
      loops: width * (1 + 2 * Math.ceil(Math.log2(width + 1))),
    });
    const roots = fresh(`roots of ${2 * strip} rows`);
    graph.launch({
      kernel: flattenKernel,
      reads: [parents],
      writes: [roots],
      uniforms: { total, stride: each.stride, pixels },
      groups: each.groups,
      loops: width + 1,
    });
    parents = roots;
  }
  return parents;
}
