import { ShapeError } from "../errors.ts";
import type { Graph } from "../graph.ts";
import { defineKernel, type Kernel } from "../kernel.ts";
import { WORKGROUP } from "../launch.ts";
import { checkMap } from "../maps.ts";
import { imageExtents, padded, type Tensor } from "../tensor.ts";
import source from "../wgsl/mix_boxes.wgsl" with { type: "text" };

const kernel = {
  source,
  uniforms: { width: "u32", height: "u32", vectors: "u32", batch: "u32" },
  reads: ["input", "boxes"],
  writes: ["mixed"],
} as const;
const vectors = defineKernel({ ...kernel, name: "mix_boxes_vectors" });
const scalars = defineKernel({ ...kernel, name: "mix_boxes" });

/** Words of a sample in `boxes`. */
export const BOX_WORDS = 4;

/**
 * CutMix of images or logits: inside sample i's box the content of sample N − 1 − i, elsewhere its own.
 *
 * @param images f32 [N, H, W, C], not tracked: no gradient flows back through what is mixed.
 * @param boxes u32 map [1, N, 4]: x0, y0, x1, y1 in pixels, the ends outside; x1 = x0 mixes nothing. One table for all
 *   that belongs to the views.
 * @throws {ShapeError} If the shapes do not suit, or `images` is tracked.
 * @see Yun et al., "CutMix", ICCV 2019; the partner is CCVC's.
 */
export function mixImages(graph: Graph, images: Tensor, boxes: Tensor): Tensor {
  const { batch, height, width, channels } = imageExtents(images);
  return mix(graph, images, boxes, { batch, height, width, vectors: padded(channels) / 4, kernel: vectors });
}

/**
 * CutMix of per-pixel maps: labels, validity, weights, packed images.
 *
 * @param map u32 or f32 map [N, H, W], not tracked.
 * @param boxes As for {@linkcode mixImages}.
 * @throws {ShapeError} If the shapes do not suit, or `map` is tracked.
 */
export function mixMaps(graph: Graph, map: Tensor, boxes: Tensor): Tensor {
  const [batch, height, width] = map.shape;
  if (map.layout !== "map" || map.shape.length !== 3) {
    throw new ShapeError(
      `Cannot mix ${map.label} [${map.shape}] (layout "${map.layout}"): a map [N, H, W] is needed`,
    );
  }
  return mix(graph, map, boxes, {
    batch: batch!,
    height: height!,
    width: width!,
    vectors: 1,
    kernel: scalars,
  });
}

function mix(
  graph: Graph,
  input: Tensor,
  boxes: Tensor,
  options: { batch: number; height: number; width: number; vectors: number; kernel: Kernel },
): Tensor {
  const { kernel, ...extents } = options;
  checkMap("mix", boxes, "u32", [1, extents.batch, BOX_WORDS]);
  if (input.tracked) {
    throw new ShapeError(
      `Cannot mix ${input.label} [${input.shape}]: a gradient would have to flow back through it; make it without gradients`,
    );
  }
  const { shape, dtype, layout } = input;
  const mixed = graph.tensor({ label: `${input.label} mixed`, shape, dtype, layout });
  graph.launch({
    kernel,
    reads: [input, boxes],
    writes: [mixed],
    uniforms: extents,
    constants: { VECTOR: kernel === vectors ? 1 : 0 },
    groups: [Math.ceil((extents.width * extents.vectors) / WORKGROUP), extents.height, extents.batch],
    loops: 0,
  });
  return mixed;
}
