import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import meansSource from "./member_means.wgsl" with { type: "text" };
import sumsSource from "./member_sums.wgsl" with { type: "text" };
import pixelFeatures from "./pixel_features.wgsl" with { type: "text" };
import type { Positions } from "./positions.ts";

/** What kernels that read pixels of two batches include. */
export const featureIncludes = { "pixel_features.wgsl": pixelFeatures } as const;

/** Parts of a class's pixels, each summed by itself. */
const CHUNKS = 64;

const sums = defineKernel({
  name: "member_sums",
  source: sumsSource,
  includes: featureIncludes,
  uniforms: { split: "u32", vectors: "u32", columns: "u32" },
  reads: { x: "vec4f", u: "vec4f", places: "u32", counts: "u32" },
  writes: { partials: "vec4f" },
});
const means = defineKernel({
  name: "member_means",
  source: meansSource,
  uniforms: { total: "u32", vectors: "u32", stride: "u32" },
  reads: { partials: "vec4f", counts: "u32" },
  writes: { means: "vec4f" },
});

/** Features of the pixels of two batches, as places count them: first one batch, then the other. */
export interface PixelFeatures {
  /** [N, h, w, F]. */
  readonly x: Tensor;
  /** [N, h, w, F]. */
  readonly u: Tensor;
}

/** Pixels of the first batch, of both, channels and vec4s of a pixel. */
export interface PixelExtents {
  readonly split: number;
  readonly columns: number;
  readonly channels: number;
  readonly vectors: number;
}

/**
 * @param action What cannot be done otherwise.
 * @throws {ShapeError} If the two differ in shape, or the places are none of their pixels.
 */
export function pixelExtents(
  action: string,
  { x, u }: PixelFeatures,
  { places, counts }: Positions,
): PixelExtents {
  const { batch, height, width, channels } = imageExtents(x), split = batch * height * width;
  if (`${u.shape}` !== `${x.shape}`) {
    throw new ShapeError(
      `Cannot ${action} of ${x.label} [${x.shape}] and ${u.label} [${u.shape}]: the shapes must be equal`,
    );
  }
  const columns = 2 * split, [, rows] = places.shape as [number, number];
  checkMap(`${action} of ${x.label} [${x.shape}]`, places, "u32", [1, rows, columns]);
  checkMap(action, counts, "u32", [1, 1, rows]);
  return { split, columns, channels, vectors: padded(channels) / 4 };
}

/**
 * The mean features of each class's pixels, added in a fixed order; 0 where it has none. No gradient flows through it.
 *
 * @param members Pixels of each class.
 * @returns [classes, F].
 * @throws {ShapeError} If features and places do not suit. KernelError beyond 3.8 million pixels.
 */
export function memberMeans(graph: Graph, features: PixelFeatures, members: Positions): Tensor {
  const { split, columns, channels, vectors } = pixelExtents("take the means", features, members);
  const classes = members.places.shape[1]!;
  const partials = graph.tensor({ label: "sums of classes", shape: [classes * CHUNKS, channels] });
  graph.launch({
    kernel: sums,
    reads: [features.x, features.u, members.places, members.counts],
    writes: [partials],
    uniforms: { split, vectors, columns },
    constants: { CHUNKS },
    groups: [CHUNKS, classes, Math.ceil(vectors / 64)],
    loops: Math.ceil(columns / CHUNKS),
  });
  const result = graph.tensor({ label: "means of classes", shape: [classes, channels] });
  const total = classes * vectors, { groups, stride } = elementwise(total);
  graph.launch({
    kernel: means,
    reads: [partials, members.counts],
    writes: [result],
    uniforms: { total, vectors, stride },
    constants: { CHUNKS },
    groups,
    loops: 0,
  });
  return result;
}
