import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, type Tensor } from "../../tensor.ts";
import source from "./batch_norm.wgsl" with { type: "text" };
import type { GroupStatistics } from "../convolution/convolution.ts";
import { batchNormGradient } from "./batch_norm_gradient.ts";
import { lawIncludes, type Moments, normLayout, pixelUniforms, vectors } from "./batch_norm_layout.ts";
import { batchMoments } from "./batch_norm_moments.ts";
import { PIXELS } from "./channel_lanes.ts";

const apply = defineKernel({
  name: "batch_norm",
  source,
  includes: lawIncludes,
  uniforms: { ...pixelUniforms, epsilon: "f32", row: "u32" },
  reads: { x: "vec4f", residual: "vec4f", ...vectors },
  writes: { y: "vec4f" },
  recomputable: true,
  partwise: ["x", "residual", "y"],
});

/** What a batch norm learns and remembers; each [C]. */
export interface BatchNormParameters {
  /** γ; without it 1. */
  readonly weight?: Tensor | undefined;
  /** β. */
  readonly bias: Tensor;
  /** With a home; updated in place by every step in training mode. */
  readonly runningMean: Tensor;
  /** With a home; updated in place, by the unbiased variance of the batch. */
  readonly runningVariance: Tensor;
}

export interface BatchNormOptions {
  /** Normalizes by the batch's own statistics and updates the running ones; else the running ones are used. */
  readonly training: boolean;
  /** Ends in max(·, 0). */
  readonly relu: boolean;
  /** [N, H, W, C], added before the ReLU. */
  readonly residual?: Tensor;
  /**
   * Parts of equal size that the batch consists of, each normalized by its own statistics; the running ones take them in order,
   * as if each had come by itself. For training; default 1.
   */
  readonly passes?: number;
  /** What the convolution that made x has left of each of the passes; without it x is read once more. For training. */
  readonly statistics?: GroupStatistics;
  /** Where to leave the running statistics as each of the passes left them: each [passes, C]. For training. */
  readonly afterEach?: Moments;
  /** In evaluation mode, of running statistics that are [passes, C]: after which pass. Nothing goes back through them. */
  readonly after?: number;
  /** Share of the batch in the new running statistics. */
  readonly momentum?: number;
  readonly epsilon?: number;
  /**
   * In training, the deviation is √max(variance, epsilon) instead of √(variance + epsilon), and nothing goes back through a
   * variance below epsilon. Evaluation adds epsilon all the same.
   */
  readonly clampsVariance?: boolean | undefined;
}

/**
 * Batch normalization with what usually follows it, in one pass: relu(weight · (x − mean) / √(variance + epsilon) + bias
 * + residual). In a graph that shares a batch with others, by the statistics of the whole batch.
 *
 * Going back keeps x, and with both a residual and a ReLU the output. In evaluation mode the running statistics are read
 * again on the way back: one graph should not update them in between.
 *
 * @param x [N, H, W, C].
 * @throws {ShapeError} If a shape does not fit, the batch does not divide into its passes, or if in training mode a channel has
 * a single value in a pass.
 * @see Ioffe, Szegedy, "Batch Normalization", ICML 2015; running statistics as PyTorch's BatchNorm2d.
 */
export function batchNorm(
  graph: Graph,
  x: Tensor,
  parameters: BatchNormParameters,
  options: BatchNormOptions,
): Tensor {
  const { weight, bias, runningMean, runningVariance } = parameters;
  const { training, relu, residual, after, momentum = 0.1, epsilon = 1e-5 } = options;
  const law = {
    CLAMPED: Number(training && options.clampsVariance === true),
    WEIGHTED: Number(weight !== undefined),
  };
  checkShapes(x, parameters, residual, after);
  // Running statistics are the same for all images.
  const passes = training ? options.passes ?? 1 : 1;
  checkPasses(x, passes, training, graph.options.share?.size);
  const layout = normLayout(x, passes), running = { mean: runningMean, variance: runningVariance };
  const { statistics, afterEach } = options;
  const moments = training
    ? batchMoments(graph, x, layout, { running, momentum, statistics, afterEach })
    : running;
  const inputs = [x, ...(weight ? [weight] : []), bias, ...(residual ? [residual] : [])];
  const y = graph.output(
    { label: `${x.label} normalized`.slice(0, 60), shape: x.shape },
    after === undefined ? inputs : [],
  );
  graph.launch({
    kernel: apply,
    reads: [x, residual ?? x, moments.mean, moments.variance, weight ?? bias, bias],
    writes: [y],
    uniforms: { ...layout.pixelValues, epsilon, row: after ?? 0 },
    constants: { ...law, PIXELS, RELU: Number(relu), RESIDUAL: Number(residual !== undefined) },
    groups: layout.groups,
    loops: 0,
  });
  const normalized = { layout, x, y, residual, weight, bias, moments, training, relu, epsilon, law };
  graph.record(y, (dy) => batchNormGradient(graph, dy, normalized));
  return y;
}

function checkPasses(x: Tensor, passes: number, training: boolean, parts = 1): void {
  const { batch, height, width } = imageExtents(x);
  if (batch % passes !== 0) {
    throw new ShapeError(
      `Cannot normalize ${x.label} [${x.shape}] in ${passes} passes: the batch must be a multiple of them`,
    );
  }
  if (training && parts * batch / passes * height * width === 1) {
    throw new ShapeError(
      `Cannot normalize ${x.label} [${x.shape}] by its own statistics: one value per channel has no variance; ` +
        "use a batch of 2 or more images, or evaluation mode",
    );
  }
}

function checkShapes(
  x: Tensor,
  parameters: BatchNormParameters,
  residual: Tensor | undefined,
  after: number | undefined,
): void {
  const channels = x.shape.at(-1);
  for (const [name, tensor] of Object.entries(parameters) as [string, Tensor | undefined][]) {
    if (tensor === undefined) continue;
    const [passes = 0] = tensor.shape;
    const each = after !== undefined && name.startsWith("running");
    if (each && tensor.shape.length === 2 && tensor.shape[1] === channels && after < passes) continue;
    if (each || tensor.shape.length !== 1 || tensor.shape[0] !== channels) {
      throw new ShapeError(
        `Cannot normalize ${x.label} [${x.shape}]: ${name} (${tensor.label}) is [${tensor.shape}], and ` +
          (each
            ? `[> ${after}, ${channels}] is needed, a value per pass and channel`
            : `[${channels}] is needed, a value per channel`),
      );
    }
  }
  if (residual && `${residual.shape}` !== `${x.shape}`) {
    throw new ShapeError(
      `Cannot add residual ${residual.label} [${residual.shape}] to ${x.label} [${x.shape}]: the shapes must be equal`,
    );
  }
}
