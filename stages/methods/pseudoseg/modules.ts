/** PseudoSeg's own layers: a classifier of images, and attention over what it looks at. PseudoSeg §2, §3. @module */
import { activationMaps } from "../../../kernels/ops/attention/activation_maps.ts";
import { backgroundFirst } from "../../../kernels/ops/attention/background_first.ts";
import { selfAttention } from "../../../kernels/ops/attention/self_attention.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { concatenate } from "../../../kernels/ops/feature/concatenate.ts";
import { globalAveragePool } from "../../../kernels/ops/feature/global_average_pool.ts";
import { nearest } from "../../../kernels/ops/view/nearest.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { Taps } from "../../../models/deeplabv3plus.ts";
import { convolutionLayer, normedConvolution, normLayer } from "../../../models/layers.ts";
import type { OwnModule } from "../../../models/modules.ts";
import { within } from "../../../models/registry.ts";
import { MethodError } from "../method.ts";
import { ownModule } from "../networks.ts";

/** What the classifier says of images. */
export interface Classified {
  /** f32[N, 1, 1, classes − 1], logits of each class but 0, the background. */
  readonly scores: Tensor;
  /**
   * Class activation maps, f32[N, h, w, classes − 1]: where it has seen the classes that are tagged; constants.
   *
   * @param tags f32[N, 1, 1, classes − 1].
   */
  maps(tags: Tensor): Tensor;
}

/** Linear behind global average pooling of the last stage, so that its maps need no way back. */
export const imageClassifier: OwnModule<Taps, Classified> = ownModule((scope, { high, classes }) => {
  if (classes < 2) {
    throw new MethodError(
      `Cannot classify images of ${classes} class: PseudoSeg takes class 0 for the background, and needs another one`,
    );
  }
  const score = convolutionLayer(scope, { inputs: high, outputs: classes - 1, size: 1, bias: true });
  return (forward, taps) => {
    const { graph, tensor } = forward;
    const pooled = globalAveragePool(graph, taps.high);
    return graph.inPrecision("f32", () => ({
      scores: score(forward, pooled),
      maps: (tags) =>
        graph.withoutGradients(() =>
          graph.inPrecision("f32", () => {
            const everywhere = convolution(graph, taps.high, tensor(`${scope.prefix}.weight`));
            return activationMaps(graph, everywhere, tags);
          })
        ),
    }));
  };
});

/** What the attention reads. */
export interface Attending {
  readonly taps: Taps;
  /** Of {@linkcode Classified.maps}. */
  readonly maps: Tensor;
  /** u32 map of the image's pixels, or of as many as the decoder gives: 0 where there is no image. */
  readonly validity: Tensor;
}

/** What it gives. */
export interface Attended {
  /** f32[N, h, w, classes], class scores, the background first. */
  readonly logits: Tensor;
  /** f32[N, h, w, classes − 1]: the maps, and what is seen of them from everywhere. */
  readonly refined: Tensor;
  /** f32 map [N, h·w, h·w]. */
  readonly weights: Tensor;
}

/**
 * Each position takes the maps of those that are like it, by the last two stages. Nothing goes back to these, and its norm takes
 * the batch's statistics wherever it runs.
 *
 * @param depth Channels of keys and queries.
 */
export function attentionOver(depth: number): OwnModule<Attending, Attended> {
  return ownModule((outer, { middle, high, classes }) => {
    const scope = { ...outer, decays: false as const };
    const embed = (name: string) =>
      convolutionLayer(within(scope, name), { inputs: high + middle, outputs: depth, size: 1 });
    const key = embed("key"), query = embed("query"), project = within(scope, "project");
    const combine = normedConvolution(within(project, "0"), { inputs: classes, outputs: classes, size: 1 });
    const normalize = normLayer(within(project, "1"), classes, {
      weighted: false,
      epsilon: 1e-3,
      momentum: 1e-3,
    });
    return (forward, { taps, maps, validity }) => {
      const { graph } = forward, [, height, width] = maps.shape as [number, number, number, number];
      const context = graph.withoutGradients(() => concatenate(graph, [taps.high, taps.middle]));
      return graph.inPrecision("f32", () => {
        const { attended, weights } = selfAttention(graph, {
          query: query(forward, context),
          key: key(forward, context),
          values: maps,
          validity: nearest(graph, validity, { height, width }),
        });
        const refined = add(graph, attended, maps);
        const combined = combine(forward, backgroundFirst(graph, refined));
        return { logits: normalize(forward, combined, { relu: false }), refined, weights };
      });
    };
  });
}
