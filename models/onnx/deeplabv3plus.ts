/** DeepLabV3+ in evaluation mode, as operators of ONNX: what models/deeplabv3plus.ts captures for the device. @module */
import { imageNetStatistics } from "../../kernels/ops/view/normalize.ts";
import type { DeepLabSpec } from "../deeplabv3plus.ts";
import type { ConvolutionSpec } from "../layers.ts";
import { normSettings } from "../norms.ts";
import { BACKBONES, type BlockSpec, stageBlocks } from "../resnet.ts";
import type { StateDict } from "../state_dict.ts";
import type { OnnxModel } from "./model.ts";

/** What a network is written with. */
export interface OnnxNetwork {
  readonly model: OnnxModel;
  readonly state: StateDict;
  /** Its name, which its tensors' names begin with. */
  readonly name: string;
  readonly spec: DeepLabSpec;
}

/**
 * Pixels become what networks take: (x / 255 − mean) / std of each channel.
 *
 * @param image Name of f32[N, 3, H, W], RGB, 0–255.
 */
export function normalized(model: OnnxModel, image: string): string {
  const { mean, std } = imageNetStatistics;
  const perChannel = (name: string, values: readonly number[]) =>
    model.floats(name, [1, 3, 1, 1], Float32Array.from(values));
  const centered = model.add("Sub", [image, perChannel("mean", mean.map((value) => 255 * value))]);
  return model.add("Div", [centered, perChannel("deviation", std.map((value) => 255 * value))]);
}

/**
 * Adds a network.
 *
 * @param images Name of {@linkcode normalized} images.
 * @returns Name of the class scores f32[N, C, h, w], at the decoder's size.
 */
export function addNetwork({ model, state, name, spec }: OnnxNetwork, images: string): string {
  const constant = (tensor: string) => {
    const { shape, values } = state.get(`${name}.${tensor}`)!;
    return model.floats(`${name}.${tensor}`, shape, values);
  };

  function convolve(x: string, at: string, { size, stride = 1, dilation = 1, bias }: Shape): string {
    const padding = dilation * Math.floor(size / 2);
    const inputs = [x, constant(`${at}.weight`), ...(bias ? [constant(`${at}.bias`)] : [])];
    return model.add("Conv", inputs, {
      kernel_shape: [size, size],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      pads: [padding, padding, padding, padding],
    });
  }

  function norm(x: string, at: string): string {
    const tensors = ["weight", "bias", "running_mean", "running_var"].map((part) =>
      constant(`${at}.${part}`)
    );
    const { epsilon } = normSettings(spec.norms?.[at.startsWith("backbone.") ? "backbone" : "head"]);
    return model.add("BatchNormalization", [x, ...tensors], { epsilon: { float: epsilon } });
  }

  const relu = (x: string) => model.add("Relu", [x]);
  /** `<prefix>.<at>` and `<prefix>.<at + 1>`, as in a Sequential. */
  const convolveNormRelu = (x: string, prefix: string, at: number, shape: Shape) =>
    relu(norm(convolve(x, `${prefix}.${at}`, shape), `${prefix}.${at + 1}`));

  function block(x: string, at: string, { convolutions, projection }: BlockSpec): string {
    const y = convolutions.reduce((value, shape, i) => {
      const normed = norm(convolve(value, `${at}.conv${i + 1}`, shape), `${at}.bn${i + 1}`);
      return i === convolutions.length - 1 ? normed : relu(normed);
    }, x);
    const shortcut = projection
      ? norm(convolve(x, `${at}.downsample.0`, projection), `${at}.downsample.1`)
      : x;
    return relu(model.add("Add", [y, shortcut]));
  }

  function stem(x: string): string {
    if (BACKBONES[spec.backbone].stem.length === 1) {
      return relu(norm(convolve(x, "backbone.conv1", { size: 7, stride: 2 }), "backbone.bn1"));
    }
    const first = convolveNormRelu(x, "backbone.conv1", 0, { size: 3, stride: 2 });
    const second = convolveNormRelu(first, "backbone.conv1", 3, { size: 3 });
    return relu(norm(convolve(second, "backbone.conv1.6", { size: 3 }), "backbone.bn1"));
  }

  const pooled = model.add("MaxPool", [stem(images)], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  });
  const stages = stageBlocks(BACKBONES[spec.backbone], spec.dilations);
  const taps: string[] = [];
  stages.reduce((value, blocks, s) => {
    const end = blocks.reduce((x, made, b) => block(x, `backbone.layer${s + 1}.${b}`, made), value);
    taps.push(end);
    return end;
  }, pooled);
  const low = taps[0]!, high = taps[3]!;

  const gap = model.add("GlobalAveragePool", [high]);
  const branches = [
    convolveNormRelu(high, "head.b0", 0, { size: 1 }),
    ...spec.rates.map((dilation, i) => convolveNormRelu(high, `head.b${i + 1}`, 0, { size: 3, dilation })),
    resized(model, convolveNormRelu(gap, "head.b4.gap", 1, { size: 1 }), high),
  ];
  const pyramid = convolveNormRelu(concatenated(model, branches), "head.project", 0, { size: 1 });
  const reduced = convolveNormRelu(low, "reduce", 0, { size: 1 });
  const joined = concatenated(model, [reduced, resized(model, pyramid, low)]);
  const mapped = spec.mapping === undefined
    ? joined
    : spec.mapping.norm
    ? convolveNormRelu(joined, "mapping", 0, { size: 1 })
    : convolve(joined, "mapping.0", { size: 1 });
  const fused = convolveNormRelu(convolveNormRelu(mapped, "fuse", 0, { size: 3 }), "fuse", 3, { size: 3 });
  return convolve(fused, "classifier", { size: 1, bias: true });
}

type Shape = Pick<ConvolutionSpec, "size" | "stride" | "dilation" | "bias">;

function concatenated(model: OnnxModel, values: readonly string[]): string {
  return model.add("Concat", values, { axis: 1 });
}

/** Bilinearly, corners aligned, to the height and width of another value. */
export function resized(model: OnnxModel, x: string, like: string): string {
  const own = model.add("Shape", [x], { end: 2 }), wanted = model.add("Shape", [like], { start: 2 });
  const sizes = model.add("Concat", [own, wanted], { axis: 0 });
  return model.add("Resize", [x, "", "", sizes], {
    mode: "linear",
    coordinate_transformation_mode: "align_corners",
  });
}
