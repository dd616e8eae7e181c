/** Virtual adversarial perturbation: features are moved where a prediction changes most. @module */
import { stepAlong } from "../../kernels/ops/perturbation/step_along.ts";
import { padded } from "../../kernels/tensor.ts";
import type { Features } from "../../models/deeplabv3plus.ts";
import { consistency, everyPixel, type Scores } from "./parts.ts";
import type { Step } from "./step.ts";

/** How features are moved. */
export interface Adversary {
  /** Names the random numbers that the search starts from. */
  readonly stream: string;
  /** ξ, the length of the step at whose end the prediction is compared. More than 0. */
  readonly xi: number;
  /** The length of the perturbation of each image. */
  readonly radius: number;
}

/** Added to norms before they divide. */
const EPSILON = 1e-8;

/**
 * Features of each image moved by `radius` along g = ∂D / ∂d, where D is the Kullback-Leibler divergence between the prediction
 * for the features f and that for f + ξ · d, summed over pixels and divided by the images of the optimizer's step, and d a random
 * direction of length 1: f + radius · g / (‖g‖₂ + 1e-8). One iteration of the power method. The gradient passes to f unchanged.
 *
 * ‖g‖ grows with ξ². Where it is small against 1e-8, so is the perturbation; and where ξ · d is lost in the rounding of f,
 * below ξ ≈ 1e-3 in f32, g is noise.
 *
 * @param predict What is looked at: evaluations of networks, which are frozen. Called twice.
 * @see Miyato et al., "Virtual Adversarial Training", TPAMI 2019
 */
export function adversarial(
  step: Pick<Step, "graph" | "uniform" | "gradient" | "note" | "share">,
  clean: Features,
  predict: (features: Features) => Scores,
  { stream, xi, radius }: Adversary,
): Features {
  const { graph, share = 1 } = step, { values } = clean;
  const [batch, height, width, channels] = values.shape as [number, number, number, number];
  const start = step.uniform(stream, [batch, height, width, padded(channels)]);
  // Both predictions with activations in f32: else what f16 rounds would be the larger part of what tells them apart.
  const slope = graph.withoutGradients(() =>
    graph.inPrecision("f32", () => {
      const told = everyPixel(step, predict(clean));
      const probed = stepAlong(graph, values, start, { length: xi, epsilon: EPSILON, origin: 1 / 2 });
      return step.gradient(probed, (values) =>
        consistency(step, `divergence ${stream}`, predict({ ...clean, values }), told, {
          distance: "kl-divergence",
          denominator: "images",
        }));
    })
  );
  // The slope is that by f + ξ · d, and of a micro-batch's mean: g is ξ · share of it.
  step.note(`slope ${stream}`, slope);
  const moved = stepAlong(graph, values, slope, { length: radius, epsilon: EPSILON / (xi * share) });
  return { ...clean, values: moved };
}
