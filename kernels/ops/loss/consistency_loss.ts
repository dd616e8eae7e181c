import { ShapeError } from "../../errors.ts";
import type { Graph, Loss } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./consistency_loss.wgsl" with { type: "text" };
import { finishLoss } from "./finish_loss.ts";
import { logitsGradient, slopesOf } from "./logits_gradient.ts";
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "./upsampled_logits.ts";

const interfaceOf = {
  file: "consistency_loss.wgsl",
  source,
  includes: walkIncludes,
  uniforms: walkUniforms,
  reads: { logits: "vec4f", targets: "vec4f", weights: "f32" },
} as const;
const sloped = defineKernel({
  ...interfaceOf,
  name: "consistency_loss",
  writes: { partials: "vec4f", slopes: "vec4f" },
});
const valued = defineKernel({
  ...interfaceOf,
  name: "consistency_loss_value",
  writes: { partials: "vec4f" },
});

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
  /** f32 map [N, H, W]: w of each pixel. A constant to the gradient. */
  readonly weights: Tensor;
  /** Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly. */
  readonly size?: LogitsSize;
}

/**
 * Distance of predictions from soft targets: Σ w · distance / (N·H·W), whatever the weights sum up to.
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
  const { label, distance, weights } = options;
  const walk = walkLogits(logits, options.size);
  const { shape, count, constants } = walk;
  const wanted = [...shape, constants.CLASSES];
  if (targets.layout !== "channels" || `${targets.shape}` !== `${wanted}`) {
    throw new ShapeError(
      `Cannot compare ${logits.label} [${logits.shape}] with ${targets.label} [${targets.shape}] (layout ` +
        `"${targets.layout}"): logits [${wanted}] are needed`,
    );
  }
  checkMap(`weigh the distances of ${logits.label} [${logits.shape}]`, weights, "f32", shape);
  const partials = graph.tensor({ label: `${label} partials`, shape: [count, 4] });
  const slopes = slopesOf(graph, walk, label);
  const [PROBABILITIES, LOGITS, SMOOTH, BINARY, DIVERGENCE] = distances.map((one) =>
    Number(one === distance)
  ) as [number, number, number, number, number];
  graph.launch({
    kernel: logits.tracked ? sloped : valued,
    reads: [logits, targets, weights],
    writes: [partials, ...(logits.tracked ? [slopes] : [])],
    uniforms: walk.uniforms,
    constants: {
      ...constants,
      PROBABILITIES,
      LOGITS,
      SMOOTH,
      BINARY,
      DIVERGENCE,
      GRADIENT: Number(logits.tracked),
    },
    groups: walk.groups,
    loops: walk.loops,
  });
  const pixels = shape.reduce((product, extent) => product * extent, 1);
  const { value, scale } = finishLoss(graph, partials, { label, denominator: pixels });
  return {
    label,
    value,
    backward: (graph, weight) =>
      logits.tracked ? [[logits, logitsGradient(graph, logits, { walk, slopes, scale, label, weight })]] : [],
  };
}
