import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import source from "./activation_maps.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "activation_maps",
  source,
  uniforms: { pixels: "u32", factor: "f32" },
  reads: { scores: "vec4f", tags: "vec4f" },
  writes: { maps: "vec4f" },
});

/** Lanes of an image's classes. */
const LANES = 64;

/**
 * Gradient-weighted class activation maps of a linear classifier behind global average pooling, in closed form: of the classes that
 * are tagged, the scores of each position over h·w, as far as they are above 0, over the largest of the image, or 10⁻⁵ where that is
 * less. No gradient flows through it.
 *
 * @param scores [N, h, w, C]: the classifier's weights on each position, without its bias.
 * @param tags f32[N, 1, 1, C], 1 or 0.
 * @returns f32[N, h, w, C], in [0, 1].
 * @throws {ShapeError} If the tags do not fit.
 * @see Selvaraju et al., ICCV 2017; Zhou et al., CVPR 2016; the floor is that of PseudoSeg's published code
 */
export function activationMaps(graph: Graph, scores: Tensor, tags: Tensor): Tensor {
  const { batch, height, width, channels } = imageExtents(scores), { shape } = scores;
  if (`${tags.shape}` !== `${[batch, 1, 1, channels]}` || tags.layout !== "channels") {
    throw new ShapeError(
      `Cannot map the activations of ${scores.label} [${shape}] by ${tags.label} [${tags.shape}]: ` +
        `tags [${batch},1,1,${channels}] are needed`,
    );
  }
  const maps = graph.tensor({ label: `${scores.label} maps`.slice(0, 60), shape });
  const pixels = height * width, vectors = padded(channels) / 4;
  graph.launch({
    kernel,
    reads: [scores, tags],
    writes: [maps],
    uniforms: { pixels, factor: 1 / pixels },
    constants: { VECTORS: vectors },
    groups: [vectors, batch, 1],
    loops: 2 * Math.ceil(pixels / LANES) + LANES,
  });
  return maps;
}
