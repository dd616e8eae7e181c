import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel, type Kernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import source from "./mix_boxes.wgsl" with { type: "text" };

/** The kernel for elements of a type, which it moves as they are. */
function kernelOf(name: string, element: "u32" | "vec4u"): Kernel {
  return defineKernel({
    name,
    file: "mix_boxes.wgsl",
    source,
    uniforms: { width: "u32", height: "u32", vectors: "u32", count: "u32" },
    reads: { input: element, inner: element, boxes: "vec4u" },
    writes: { mixed: element },
  });
}
const vectors = kernelOf("mix_boxes_vectors", "vec4u");
const scalars = kernelOf("mix_boxes", "u32");

/** Words of a sample in a table of so many boxes: x0, y0, x1, y1 of each; then the partner, and three idle ones. */
export const boxWords = (count: number): number => 4 * count + 4;

/** Words of a box in a table of boxes that each have a partner: x0, y0, x1, y1, the partner, and three idle ones. */
export const PASTED_WORDS = 8;

/**
 * CutMix of images or logits: inside a sample's boxes the content of its partner, elsewhere its own. Of several boxes each
 * toggles: where two overlap, it is one's own again.
 *
 * @param images f32 [N, H, W, C], not tracked: no gradient flows back through what is mixed.
 * @param boxes u32 map [1, N, 4 · count + 4]: x0, y0, x1, y1 in pixels of each box, the ends outside; x1 = x0 mixes nothing;
 *   then the place of the partner in `inner`. Or [1, N, count, 8]: each box with a partner of its own, a later one over those
 *   before it. One table for all that belongs to the views.
 * @param inner Where partners are from, alike in height, width and channels; the images themselves unless told.
 * @throws {ShapeError} If the shapes do not suit, or an input is tracked.
 * @see Yun et al., "CutMix", ICCV 2019.
 */
export function mixImages(graph: Graph, images: Tensor, boxes: Tensor, inner: Tensor = images): Tensor {
  const { batch, height, width, channels } = imageExtents(images);
  return mix(graph, images, inner, boxes, {
    batch,
    height,
    width,
    vectors: padded(channels) / 4,
    kernel: vectors,
  });
}

/**
 * CutMix of per-pixel maps: labels, validity, weights, packed images.
 *
 * @param map u32 or f32 map [N, H, W], not tracked.
 * @param boxes As for {@linkcode mixImages}.
 * @param inner As for {@linkcode mixImages}.
 * @throws {ShapeError} If the shapes do not suit, or `map` is tracked.
 */
export function mixMaps(graph: Graph, map: Tensor, boxes: Tensor, inner: Tensor = map): Tensor {
  const [batch, height, width] = map.shape;
  if (map.layout !== "map" || map.shape.length !== 3) {
    throw new ShapeError(
      `Cannot mix ${map.label} [${map.shape}] (layout "${map.layout}"): a map [N, H, W] is needed`,
    );
  }
  return mix(graph, map, inner, boxes, {
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
  inner: Tensor,
  boxes: Tensor,
  options: { batch: number; height: number; width: number; vectors: number; kernel: Kernel },
): Tensor {
  const { kernel, batch, ...extents } = options;
  const pasted = boxes.shape.length === 4;
  const count = pasted ? boxes.shape[2]! : Math.max(1, Math.floor((boxes.shape[2] ?? 0) / 4) - 1);
  checkMap("mix", boxes, "u32", pasted ? [1, batch, count, PASTED_WORDS] : [1, batch, boxWords(count)]);
  const alike = `${inner.shape.slice(1)}` === `${input.shape.slice(1)}` && inner.dtype === input.dtype;
  if (!alike || inner.layout !== input.layout) {
    throw new ShapeError(
      `Cannot mix ${input.label} [${input.shape}] (${input.dtype}) with ${inner.label} [${inner.shape}] (${inner.dtype}): ` +
        "they must be alike, but for the batch",
    );
  }
  const tracked = [input, inner].find((tensor) => tensor.tracked);
  if (tracked) {
    throw new ShapeError(
      `Cannot mix ${tracked.label} [${tracked.shape}]: a gradient would have to flow back through it; make it without gradients`,
    );
  }
  const { shape, dtype, layout } = input;
  const mixed = graph.tensor({ label: `${input.label} mixed`, shape, dtype, layout });
  graph.launch({
    kernel,
    reads: [input, inner, boxes],
    writes: [mixed],
    uniforms: { ...extents, count },
    constants: { VECTOR: kernel === vectors ? 1 : 0, PASTED: Number(pasted) },
    groups: [Math.ceil((extents.width * extents.vectors) / WORKGROUP), extents.height, batch],
    loops: count,
  });
  return mixed;
}
