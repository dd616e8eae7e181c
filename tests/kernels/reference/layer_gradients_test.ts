/** The gradients of layers' twins are the central differences of what the twins compute. @module */
import { convolution, convolutionGradients } from "../../../kernels/reference/convolution/convolution.ts";
import { backgroundFirst } from "../../../kernels/reference/attention/background_first.ts";
import { selfAttention } from "../../../kernels/reference/attention/self_attention.ts";
import { joinBatches, splitBatch } from "../../../kernels/reference/feature/batches.ts";
import { channelDropout, channelDropoutMask } from "../../../kernels/reference/feature/channel_dropout.ts";
import { concatenate } from "../../../kernels/reference/feature/concatenate.ts";
import { globalAveragePool } from "../../../kernels/reference/feature/global_average_pool.ts";
import { maxPool } from "../../../kernels/reference/feature/max_pool.ts";
import { resizeBilinear } from "../../../kernels/reference/feature/resize_bilinear.ts";
import { meanScores } from "../../../kernels/reference/label/mean_scores.ts";
import { scaleChannels } from "../../../kernels/reference/feature/scale_channels.ts";
import { batchNorm } from "../../../kernels/reference/norm/batch_norm.ts";
import { type Arrays, assertGradients, type Differentiated } from "../../support/central_differences.ts";
import { uniform } from "../../support/uniform.ts";

/** Its inputs by name and length, and how it runs on them. */
type Case = readonly [lengths: Readonly<Record<string, number>>, run: (inputs: Arrays) => Differentiated];

type Image = readonly [batch: number, height: number, width: number, channels: number];
const lengthOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function convolving(
  x: Image,
  [taps, outputs, stride, padding, dilation]: readonly [number, number, number, number, number],
): Case {
  const shape = { x, taps, outputs, stride, padding, dilation };
  const lengths = { x: lengthOf(x), w: taps * taps * x[3] * outputs, bias: outputs };
  return [lengths, ({ x, w, bias }) => ({
    y: convolution(x!, w!, bias, shape),
    gradients: (dy) => convolutionGradients(x!, w!, dy, shape),
  })];
}

/** Five pixels of three channels; running statistics are no inputs of a training pass, and have no gradient in another. */
function normalizing(
  options: {
    training: boolean;
    relu: boolean;
    residual: boolean;
    clampsVariance?: boolean;
    epsilon?: number;
  },
): Case {
  const { residual, ...modes } = options;
  return [{ x: 15, weight: 3, bias: 3, ...(residual && { residual: 15 }) }, (inputs) => {
    const { x, weight, bias } = inputs;
    const { y, gradients } = batchNorm({
      x: x!,
      weight: weight!,
      bias: bias!,
      ...(inputs.residual && { residual: inputs.residual }),
      runningMean: uniform(7, 3),
      runningVariance: uniform(8, 3, 0.5, 2),
      momentum: 0.1,
      epsilon: 1e-5,
      ...modes,
    });
    return {
      y,
      gradients(dy) {
        const { residual: dresidual, ...others } = gradients(dy);
        return residual ? { ...others, residual: dresidual } : others;
      },
    };
  }];
}

/** A layer of one image. */
const ofImage = (
  shape: Image,
  run: (x: Float64Array) => { y: Float64Array; gradient: (dy: Float64Array) => Float64Array },
): Case => [{ x: lengthOf(shape) }, ({ x }) => {
  const { y, gradient } = run(x!);
  return { y, gradients: (dy) => ({ x: gradient(dy) }) };
}];

const pooling = (shape: Image, size: number, stride: number, padding: number) =>
  ofImage(shape, (x) => maxPool(x, shape, { size, stride, padding }));
const resizing = (shape: Image, height: number, width: number) =>
  ofImage(shape, (x) => resizeBilinear(x, shape, height, width));

/** Of layers that multiply by a factor that is no input: going back is the same map. */
const scaling = (shape: Image, by: (x: Float64Array) => Float64Array) =>
  ofImage(shape, (x) => ({ y: by(x), gradient: by }));

const mask = channelDropoutMask(2, 5, 0.4, { seed: 1, stream: "s", epoch: 0, step: 3 });
const factors = uniform(5, 10, 0, 2);

const cases: Readonly<Record<string, Case>> = {
  "convolution, 1×1": convolving([2, 3, 1, 3], [1, 2, 1, 0, 1]),
  "convolution, 3×3, stride 2": convolving([1, 5, 4, 2], [3, 3, 2, 1, 1]),
  "convolution, 3×3, dilation 2": convolving([1, 5, 3, 2], [3, 1, 1, 2, 2]),
  "convolution, taps that see nothing": convolving([1, 2, 3, 1], [3, 2, 1, 6, 6]),
  "convolution, 7×7 stem": convolving([1, 5, 7, 3], [7, 2, 2, 3, 1]),
  "batch norm, training": normalizing({ training: true, relu: false, residual: false }),
  "batch norm, training, with residual and ReLU": normalizing({ training: true, relu: true, residual: true }),
  "batch norm, some variances raised to epsilon": normalizing({
    training: true,
    relu: true,
    residual: false,
    clampsVariance: true,
    epsilon: 1.5,
  }),
  "batch norm, evaluation": normalizing({ training: false, relu: false, residual: true }),
  "batch norm, evaluation, with ReLU": normalizing({ training: false, relu: true, residual: false }),
  "max pool": pooling([1, 7, 5, 3], 3, 2, 1),
  "max pool of one pixel": pooling([2, 1, 1, 2], 3, 2, 1),
  "resize, larger": resizing([1, 3, 2, 3], 5, 7),
  "resize, smaller": resizing([2, 5, 7, 1], 3, 2),
  "resize of one pixel": resizing([1, 1, 1, 3], 3, 2),
  "global average pool": ofImage([2, 3, 5, 3], (x) => globalAveragePool(x, 2, 3)),
  "channel dropout": scaling([2, 3, 1, 5], (x) => channelDropout(x, mask, 5)),
  "scaled channels": scaling([2, 1, 3, 5], (x) => scaleChannels(x, factors, 5)),
  "self-attention, with positions that are none": [{ query: 24, key: 24, values: 16 }, (inputs) => {
    const { query, key, values } = inputs as Record<"query" | "key" | "values", Float64Array>;
    const validity = [1, 1, 0, 1, 0, 0, 1, 1], shape = { batch: 2, count: 4, depth: 3, channels: 2 };
    const { attended, gradients } = selfAttention({ query, key, values }, validity, shape);
    return { y: attended, gradients };
  }],
  "a background before the classes": ofImage([1, 2, 3, 4], (x) => backgroundFirst(x, 4)),
  concatenate: [{ a: 9, b: 3, c: 15 }, ({ a, b, c }) => {
    const { joined, gradients } = concatenate([a!, b!, c!], [3, 1, 5]);
    return { y: joined, gradients: (dy) => named(gradients(dy)) };
  }],
  "mean of two": [{ a: 5, b: 5 }, ({ a, b }) => ({
    y: meanScores(a!, b!),
    gradients: (dy) => ({ a: dy.map((slope) => slope / 2), b: dy.map((slope) => slope / 2) }),
  })],
  "joined batches": [{ a: 7, b: 3 }, ({ a, b }) => {
    const { joined, gradients } = joinBatches([a!, b!]);
    return { y: joined, gradients: (dy) => named(gradients(dy)) };
  }],
  "a split batch, of which one part is not used": [{ a: 15 }, ({ a }) => {
    const { parts: [first, , third], gradient } = splitBatch(a!, 3);
    return {
      y: [...first!, ...third!],
      gradients: (dy) => ({ a: gradient([dy.slice(0, 5), undefined, dy.slice(5)]) }),
    };
  }],
};

function named(gradients: readonly Float64Array[]): Arrays {
  return Object.fromEntries(gradients.map((gradient, i) => ["abc"[i]!, gradient]));
}

for (const [name, [lengths, run]] of Object.entries(cases)) {
  Deno.test(`the twin's gradient is its central differences: ${name}`, () => {
    const inputs = Object.fromEntries(
      Object.entries(lengths).map(([name, length], i) => [name, uniform(i, length, -2, 2)]),
    );
    assertGradients(run, inputs, (length) => uniform(9, length));
  });
}
