/** A small DeepLabV3+ on the CPU in f64, made of the kernels' twins and of the paper's description, not of models/. */
import { batchNorm } from "../../kernels/reference/norm/batch_norm.ts";
import { channelDropout } from "../../kernels/reference/feature/channel_dropout.ts";
import { concatenate } from "../../kernels/reference/feature/concatenate.ts";
import { convolution, convolutionOutput } from "../../kernels/reference/convolution/convolution.ts";
import { globalAveragePool } from "../../kernels/reference/feature/global_average_pool.ts";
import { maxPool } from "../../kernels/reference/feature/max_pool.ts";
import { resizeBilinear } from "../../kernels/reference/feature/resize_bilinear.ts";
import type { StateDict } from "../../models/state_dict.ts";

/** [N, H, W, C], dense. */
export interface TwinImage {
  readonly shape: readonly [number, number, number, number];
  readonly values: Float64Array;
}

export interface TwinOptions {
  /** Batch statistics; else running ones. */
  readonly training: boolean;
  readonly outputStride: 8 | 16;
  /** The mapping's dropout, [N, channels], where there is one. */
  readonly dropout?: Float64Array;
}

interface ConvolutionOptions {
  readonly stride?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
}

/** What heads give, at their own sizes; absent where the state has none. */
export interface TwinHeads {
  readonly rep?: TwinImage;
  readonly aux?: TwinImage;
}

/** The branch of a small-backbone network that `prefix` names; mapping and heads are used if the state has them. */
export function twinBranch(
  state: StateDict,
  prefix: string,
  image: TwinImage,
  options: TwinOptions,
): { logits: TwinImage; features: TwinImage; middle: TwinImage } & TwinHeads {
  const vector = (name: string) => Float64Array.from(state.get(`${prefix}.${name}`)!.values);

  function convolve(x: TwinImage, name: string, { stride = 1, dilation = 1, bias }: ConvolutionOptions = {}) {
    const { shape: [outputs = 0, inputs = 0, taps = 0], values } = state.get(`${prefix}.${name}.weight`)!;
    const weight = new Float64Array(values.length);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        for (let t = 0; t < taps * taps; t++) {
          weight[(t * inputs + i) * outputs + o] = values[(o * inputs + i) * taps * taps + t]!;
        }
      }
    }
    const shape = { x: x.shape, taps, outputs, stride, dilation, padding: dilation * (taps >> 1) };
    const offset = bias ? vector(`${name}.bias`) : undefined;
    return { shape: convolutionOutput(shape), values: convolution(x.values, weight, offset, shape) };
  }

  function normalize(x: TwinImage, name: string, relu = true, residual?: TwinImage): TwinImage {
    const { y } = batchNorm({
      x: x.values,
      weight: vector(`${name}.weight`),
      bias: vector(`${name}.bias`),
      runningMean: vector(`${name}.running_mean`),
      runningVariance: vector(`${name}.running_var`),
      ...(residual && { residual: residual.values }),
      training: options.training,
      relu,
      momentum: 0.1,
      epsilon: 1e-5,
    });
    return { shape: x.shape, values: y };
  }

  const block = (x: TwinImage, name: string, stride: number, dilation: number) => {
    const shortcut = normalize(
      convolve(x, `${name}.downsample.0`, { stride }),
      `${name}.downsample.1`,
      false,
    );
    const narrow = normalize(convolve(x, `${name}.conv1`), `${name}.bn1`);
    const spatial = normalize(convolve(narrow, `${name}.conv2`, { stride, dilation }), `${name}.bn2`);
    return normalize(convolve(spatial, `${name}.conv3`), `${name}.bn3`, true, shortcut);
  };

  const resize = ({ shape, values }: TwinImage, height: number, width: number): TwinImage => ({
    shape: [shape[0], height, width, shape[3]],
    values: resizeBilinear(values, shape, height, width).y,
  });

  const join = (parts: readonly TwinImage[]): TwinImage => {
    const channels = parts.map(({ shape }) => shape[3]);
    const [batch, height, width] = parts[0]!.shape;
    const { joined } = concatenate(parts.map(({ values }) => values), channels);
    return { shape: [batch, height, width, channels.reduce(sum)], values: joined };
  };

  const wide = options.outputStride === 8;
  let x = normalize(convolve(image, "backbone.conv1.0", { stride: 2 }), "backbone.conv1.1");
  x = normalize(convolve(x, "backbone.conv1.3"), "backbone.conv1.4");
  x = normalize(convolve(x, "backbone.conv1.6"), "backbone.bn1");
  const pooled = maxPool(x.values, x.shape, { size: 3, stride: 2, padding: 1 });
  x = { shape: pooled.shape as [number, number, number, number], values: pooled.y };
  const low = block(x, "backbone.layer1.0", 1, 1);
  const third = block(block(low, "backbone.layer2.0", 2, 1), "backbone.layer3.0", wide ? 1 : 2, 1);
  const high = block(third, "backbone.layer4.0", 1, wide ? 4 : 1);

  const [batch, height, width, channels] = high.shape;
  const mean = globalAveragePool(high.values, batch, channels).y;
  const whole = normalize(
    convolve({ shape: [batch, 1, 1, channels], values: mean }, "head.b4.gap.1"),
    "head.b4.gap.2",
  );
  const rates = wide ? [12, 24, 36] : [6, 12, 18];
  const pyramid = join([
    normalize(convolve(high, "head.b0.0"), "head.b0.1"),
    ...rates.map((dilation, i) =>
      normalize(convolve(high, `head.b${i + 1}.0`, { dilation }), `head.b${i + 1}.1`)
    ),
    resize(whole, height, width),
  ]);
  const projected = normalize(convolve(pyramid, "head.project.0"), "head.project.1");
  let features = join([
    normalize(convolve(low, "reduce.0"), "reduce.1"),
    resize(projected, low.shape[1], low.shape[2]),
  ]);
  if (state.has(`${prefix}.mapping.0.weight`)) {
    features = normalize(convolve(features, "mapping.0"), "mapping.1");
    if (options.dropout) {
      features = { ...features, values: channelDropout(features.values, options.dropout, features.shape[3]) };
    }
  }
  const fused = normalize(convolve(features, "fuse.0"), "fuse.1");
  const scores = convolve(normalize(convolve(fused, "fuse.3"), "fuse.4"), "classifier", { bias: true });
  const hasHead = (name: string) => state.has(`${prefix}.${name}.0.weight`);
  const hidden = (x: TwinImage, name: string, at: number) =>
    normalize(convolve(x, `${name}.${at}`), `${name}.${at + 1}`);
  const rep = hasHead("rep") &&
    convolve(hidden(hidden(features, "rep", 0), "rep", 3), "rep.6", { bias: true });
  const aux = hasHead("aux") && convolve(hidden(third, "aux", 0), "aux.3", { bias: true });
  return {
    logits: resize(scores, image.shape[1], image.shape[2]),
    features,
    middle: third,
    ...(rep && { rep }),
    ...(aux && { aux }),
  };
}

function sum(a: number, b: number): number {
  return a + b;
}
