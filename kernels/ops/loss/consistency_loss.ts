import { ShapeError } from "../../errors.ts";
import type { Graph, Loss } from "../../graph.ts";
import { defineKernel, type Kernel } from "../../shader/kernel.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./consistency_loss.wgsl" with { type: "text" };
import { finishLoss } from "./finish_loss.ts";
import { logitsGradient, slopesOf } from "./logits_gradient.ts";
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "./upsampled_logits.ts";

/** The kernel that goes through the pixels, with weights or without, for the value alone or with slopes. */
function kernelOf(weighted: boolean, sloped: boolean): Kernel {
  return defineKernel({
    name: `consistency_loss${weighted ? "" : "_unweighted"}${sloped ? "" : "_value"}`,
    file: "consistency_loss.wgsl",
    source,
    includes: walkIncludes,
    uniforms: walkUniforms,
    reads: { logits: "vec4f", targets: "vec4f", ...(weighted && { weights: "f32" }) },
    writes: { partials: "vec4f", ...(sloped && { slopes: "vec4f" }) },
  });
}
const kernels = [false, true].map((weighted) => [false, true].map((sloped) => kernelOf(weighted, sloped)));

/**
 * How far a prediction is from a target, summed over classes: with p and q the softmax of their logits z and t, K classes and
 * ε = 1e-6,
 *
 * - `probabilities`: Σ (p − q)²;
 * - `logits`: Σ (z − t)² / √K;
 * - `smooth-l1`: Σ h(z − t) / √K, where h(d) is d² / 2 for |d| < 1, else |d| − ½;
 * - `binary-cross-entropy`: −Σ q · log(p + ε) + (1 − q) · log(1 − p + ε);
 * - `kl-divergence`: Σ q · (log q − log p).
 */
export type Distance = "probabilities" | "logits" | "smooth-l1" | "binary-cross-entropy" | "kl-divergence";

/** All of them. */
export const distances = [
  "probabilities",
  "logits",
  "smooth-l1",
  "binary-cross-entropy",
  "kl-divergence",
] as const satisfies readonly Distance[];

/** What is compared, and how much each pixel counts. */
export interface ConsistencyLossOptions {
  /** Name of the loss, as in "consistency". */
  readonly label: string;
  readonly distance: Distance;
  /** f32 map [N, H, W]: w of each pixel; 1 unless given. A constant to the gradient. */
  readonly weights?: Tensor;
  /** `all`, N·H·W, unless told; or N, the `images`. */
  readonly denominator?: "all" | "images";
  /** Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly. */
  readonly size?: LogitsSize;
}

/**
 * Distance of predictions from soft targets: Σ w · distance / denominator, whatever the weights sum up to.
 *
 * One pass over the pixels gives the value and, where the logits are tracked, what becomes the gradient.
 *
 * @param logits [N, h, w, C], finite.
 * @param targets [N, H, W, C]: logits, of every pixel. Constants to the gradient.
 * @throws {ShapeError} If targets or weights do not fit the logits.
 * @see French et al., "Semi-supervised semantic segmentation needs strong, varied perturbations", BMVC 2020.
 */
export function consistencyLoss(
  graph: Graph,
  logits: Tensor,
  targets: Tensor,
  options: ConsistencyLossOptions,
): Loss {
  const { label, distance, weights, denominator = "all" } = options;
  const walk = walkLogits(logits, options.size);
  const { shape, count, constants } = walk;
  const wanted = [...shape, constants.CLASSES];
  if (targets.layout !== "channels" || `${targets.shape}` !== `${wanted}`) {
    throw new ShapeError(
      `Cannot compare ${logits.label} [${logits.shape}] with ${targets.label} [${targets.shape}] (layout ` +
        `"${targets.layout}"): logits [${wanted}] are needed`,
    );
  }
  if (weights) checkMap(`weigh the distances of ${logits.label} [${logits.shape}]`, weights, "f32", shape);
  const partials = graph.tensor({ label: `${label} partials`, shape: [count, 4] });
  const slopes = slopesOf(graph, walk, label);
  const [PROBABILITIES, LOGITS, SMOOTH, BINARY, DIVERGENCE] = distances.map((one) =>
    Number(one === distance)
  ) as [number, number, number, number, number];
  graph.launch({
    kernel: kernels[Number(weights !== undefined)]![Number(logits.tracked)]!,
    reads: [logits, targets, ...(weights ? [weights] : [])],
    writes: [partials, ...(logits.tracked ? [slopes] : [])],
    uniforms: walk.uniforms,
    constants: {
      ...constants,
      PROBABILITIES,
      LOGITS,
      SMOOTH,
      BINARY,
      DIVERGENCE,
      WEIGHTED: Number(weights !== undefined),
      GRADIENT: Number(logits.tracked),
    },
    groups: walk.groups,
    loops: walk.loops,
  });
  const [images, height, width] = shape;
  const { value, scale } = finishLoss(graph, partials, {
    label,
    denominator: denominator === "all" ? images * height * width : images,
  });
  return {
    label,
    value,
    backward: (graph, weight) =>
      logits.tracked ? [[logits, logitsGradient(graph, logits, { walk, slopes, scale, label, weight })]] : [],
  };
}
