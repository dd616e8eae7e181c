import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import source from "./background_first.wgsl" with { type: "text" };
import gradientSource from "./background_first_gradient.wgsl" with { type: "text" };

const uniforms = { pixels: "u32", stride: "u32" } as const;
const forward = defineKernel({
  name: "background_first",
  source,
  uniforms,
  reads: { maps: "f32" },
  writes: { all: "f32" },
});
const backward = defineKernel({
  name: "background_first_gradient",
  source: gradientSource,
  uniforms,
  reads: { maps: "f32", gradients: "f32" },
  writes: { slopes: "f32" },
});

/**
 * Maps of classes with one of the background before them: 2 − the largest of a pixel, whose gradient is that one's, of equal ones
 * the first's.
 *
 * @param maps f32[N, H, W, C].
 * @returns f32[N, H, W, 1 + C].
 * @throws {ShapeError} If they are stored in f16.
 * @see Zou et al., "PseudoSeg", ICLR 2021, and its published code
 */
export function backgroundFirst(graph: Graph, maps: Tensor): Tensor {
  const { batch, height, width, channels } = imageExtents(maps);
  if (maps.dtype !== "f32") {
    throw new ShapeError(
      `Cannot put a background before ${maps.label}: it is stored in ${maps.dtype}, and f32 is needed`,
    );
  }
  const all = graph.output({
    label: `${maps.label} with background`.slice(0, 60),
    shape: [batch, height, width, 1 + channels],
    dtype: "f32",
  }, [maps]);
  const pixels = batch * height * width, { groups, stride } = elementwise(pixels);
  const vectors = padded(channels) / 4, joined = padded(1 + channels) / 4;
  const rest = {
    uniforms: { pixels, stride },
    constants: { VECTORS: vectors, ALL: joined, CLASSES: channels },
    groups,
    loops: 5 * joined + 4 * vectors,
  };
  graph.launch({ kernel: forward, reads: [maps], writes: [all], ...rest });
  graph.record(all, (gradient) => {
    const slopes = graph.gradientLike(maps);
    graph.launch({ kernel: backward, reads: [maps, gradient], writes: [slopes], ...rest });
    return [[maps, slopes]];
  });
  return all;
}
