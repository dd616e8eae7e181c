import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { padded, type Tensor } from "../../tensor.ts";
import source from "./paste.wgsl" with { type: "text" };

const kernelOf = (name: string, element: "u32" | "vec4u") =>
  defineKernel({
    name,
    file: "paste.wgsl",
    source,
    uniforms: { count: "u32", stride: "u32", vectors: "u32" },
    reads: { own: element, inner: element, mask: "u32" },
    writes: { pasted: element },
  });
const vectors = kernelOf("paste_vectors", "vec4u"), scalars = kernelOf("paste", "u32");

/**
 * Copy-paste: where a mask is not 0 the pixels of another image, elsewhere one's own.
 *
 * @param own Images f32 [N, H, W, C] or a u32 or f32 map [N, H, W], not tracked: no gradient flows back through it.
 * @param inner Alike: image n is pasted into image n.
 * @param mask u32 map [N, H, W].
 * @throws {ShapeError} If the shapes do not suit, or an input is tracked.
 * @see Ghiasi et al., "Simple Copy-Paste", CVPR 2021.
 */
export function paste(graph: Graph, own: Tensor, inner: Tensor, mask: Tensor): Tensor {
  const { shape, dtype, layout } = own;
  if (`${inner.shape}` !== `${shape}` || inner.dtype !== dtype || inner.layout !== layout) {
    throw new ShapeError(
      `Cannot paste ${inner.label} [${inner.shape}] (${inner.dtype}) into ${own.label} [${shape}] (${dtype}): they must be alike`,
    );
  }
  const tracked = [own, inner].find((tensor) => tensor.tracked);
  if (tracked) {
    throw new ShapeError(
      `Cannot paste ${tracked.label} [${tracked.shape}]: a gradient would have to flow back through it; make it without gradients`,
    );
  }
  const isMap = layout === "map", pixels = isMap ? shape : shape.slice(0, -1);
  checkMap(`paste into ${own.label}`, mask, "u32", pixels);
  const perPixel = isMap ? 1 : padded(shape.at(-1)!) / 4;
  const count = perPixel * pixels.reduce((product, extent) => product * extent, 1);
  const pasted = graph.tensor({ label: `${own.label} pasted`.slice(0, 60), shape, dtype, layout });
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: isMap ? scalars : vectors,
    reads: [own, inner, mask],
    writes: [pasted],
    uniforms: { count, stride, vectors: perPixel },
    groups,
    loops: 0,
  });
  return pasted;
}
