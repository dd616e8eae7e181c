import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { packedExtents } from "./packed_image.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./normalize.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "normalize",
  source,
  uniforms: {
    count: "u32",
    stride: "u32",
    mean0: "f32",
    mean1: "f32",
    mean2: "f32",
    std0: "f32",
    std1: "f32",
    std2: "f32",
  },
  reads: { image: "u32" },
  writes: { normalized: "vec4f" },
});

/** What pixels are normalized by, each of R, G, B in [0, 1]. */
export interface ColorStatistics {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Mean and standard deviation of ImageNet's training images, as published with torchvision's models. */
export const imageNetStatistics: ColorStatistics = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/**
 * (x / 255 − mean) / std. Padding is black before it, so that it becomes −mean / std.
 *
 * @param image u32 map [N, H, W]: R | G << 8 | B << 16.
 * @returns f32 [N, H, W, 3].
 * @throws {ShapeError} If `image` is not such a map.
 */
export function normalize(
  graph: Graph,
  image: Tensor,
  statistics: ColorStatistics = imageNetStatistics,
): Tensor {
  const { batch, height, width } = packedExtents("normalize", image);
  const { mean, std } = statistics;
  const normalized = graph.tensor({ label: `${image.label} normalized`, shape: [...image.shape, 3] });
  const count = batch * height * width;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [image],
    writes: [normalized],
    uniforms: {
      count,
      stride,
      mean0: mean[0],
      mean1: mean[1],
      mean2: mean[2],
      std0: std[0],
      std1: std[1],
      std2: std[2],
    },
    groups,
    loops: 0,
  });
  return normalized;
}
