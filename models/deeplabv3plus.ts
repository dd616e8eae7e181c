import type { Graph } from "../kernels/graph.ts";
import { splitBatch } from "../kernels/ops/feature/batches.ts";
import { channelDropout } from "../kernels/ops/feature/channel_dropout.ts";
import { concatenate } from "../kernels/ops/feature/concatenate.ts";
import { globalAveragePool } from "../kernels/ops/feature/global_average_pool.ts";
import { resizeBilinear } from "../kernels/ops/feature/resize_bilinear.ts";
import type { LogitsSize } from "../kernels/ops/loss/upsampled_logits.ts";
import { imageExtents, type Tensor } from "../kernels/tensor.ts";
import { declareHead, type HeadOutputs, type Heads } from "./heads.ts";
import { convolutionLayer, convolutionNormRelu } from "./layers.ts";
import { declareModule, type HeldModule, type OwnModule, type RunModule } from "./modules.ts";
import type { NetworkNorms } from "./norms.ts";
import { type Forward, type Layer, type Scope, within } from "./registry.ts";
import {
  type BackboneName,
  BACKBONES,
  type Dilations,
  resnet,
  stageChannels,
  type Stages,
} from "./resnet.ts";

/** Sizes of the decoder, in channels. */
export interface HeadSpec {
  /** ASPP branches, their projection and the fuse convolutions. */
  readonly aspp: number;
  /** The reduced low-level feature. */
  readonly low: number;
}

/** The 1×1 convolution that gives a branch another view of the same features (CCVC §1.3). */
export interface Mapping {
  /** Batch norm and ReLU after the convolution. */
  readonly norm: boolean;
  /** Probability that a channel is dropped after the mapping; 0 for no dropout. Needs `norm`. */
  readonly dropout: number;
}

/** One DeepLabV3+ network. */
export interface DeepLabSpec {
  readonly backbone: BackboneName;
  readonly classes: number;
  readonly dilations: Dilations;
  /** ASPP dilation rates. */
  readonly rates: readonly [number, number, number];
  readonly mapping?: Mapping;
  /** What else it says of an image; their layers come after the classifier's. */
  readonly heads?: Heads;
  /** Layers of a method's own; theirs come last. */
  readonly modules?: Readonly<Record<string, OwnModule | HeldModule>>;
  readonly norms?: NetworkNorms;
}

/** What parts of a network are called in its state dict: no head and no module may be. */
export const PARTS: readonly string[] = ["backbone", "head", "reduce", "mapping", "fuse", "classifier"];

/** Channels of the decoder: the published ones, and an eighth of them for a small backbone. */
function headSpec(backbone: BackboneName): HeadSpec {
  return BACKBONES[backbone].small ? { aspp: 32, low: 32 } : { aspp: 256, low: 48 };
}

/** What a backbone gives; a network can be run on from here. */
export interface Taps extends Stages {
  /** What tells it from other sources of a pass. */
  readonly kind: "taps";
  /** The input's pixels. */
  readonly size: LogitsSize;
}

/** What enters the fuse convolutions, after mapping and dropout; a network can be run on from here. */
export interface Features {
  /** What tells it from other sources of a pass. */
  readonly kind: "features";
  /** [N, h, w, C] at the decoder's size. */
  readonly values: Tensor;
  /** What they were made of; heads read these. */
  readonly taps: Taps;
  /** The input's pixels. */
  readonly size: LogitsSize;
}

/** What a forward pass gives. */
export interface Prediction<H extends Heads = Heads> {
  /**
   * Class scores at the decoder's size, f32[N, h, w, classes] whatever the graph's precision. Those of the other pixels lie
   * bilinearly between them: the ops that read them make them as they go, so that none is stored at the input's size.
   */
  readonly logits: Tensor;
  /** The input's pixels, which the logits stand for. */
  readonly size: LogitsSize;
  /** What has entered the fuse convolutions: where CCVC pushes its branches apart. */
  readonly features: Features;
  /** What the network's heads say. */
  readonly heads: HeadOutputs<H>;
}

/** Captures a network's forward pass, which can be left and entered at two places. */
export interface Network {
  /** Domains that its norms have copies for. */
  readonly domains?: NetworkNorms["domains"];
  /** @param images f32[N, H, W, 3] */
  backbone(forward: Forward, images: Tensor): Taps;
  features(forward: Forward, taps: Taps): Features;
  /** @returns A prediction for each of `forward.parts`. */
  predict(forward: Forward, features: Features): Prediction[];
  /** Layers of a method's own, by name. */
  readonly modules: Readonly<Record<string, RunModule>>;
}

/** Captures a network's whole forward pass on images; a prediction for each of `forward.parts`. */
export function predict(network: Network, forward: Forward, images: Tensor): Prediction[] {
  return network.predict(forward, network.features(forward, network.backbone(forward, images)));
}

/**
 * DeepLabV3+: ASPP over the last stage, a skip from the first, two fuse convolutions.
 *
 * @see Chen et al., ECCV 2018, https://arxiv.org/abs/1802.02611
 */
export function deepLabV3Plus(outer: Scope, spec: DeepLabSpec): Network {
  const { norms } = spec, scope = norms ? { ...outer, norms } : outer;
  const extents = BACKBONES[spec.backbone];
  const { aspp: channels, low } = headSpec(spec.backbone);
  const backbone = resnet(
    { ...within(scope, "backbone"), group: "backbone" },
    extents,
    spec.dilations,
  );
  const pyramid = aspp(within(scope, "head"), stageChannels(extents, 3), channels, spec.rates);
  const reduce = convolutionNormRelu(within(scope, "reduce"), 0, {
    inputs: stageChannels(extents, 0),
    outputs: low,
    size: 1,
  });
  const joined = low + channels;
  const mapping = spec.mapping && mappingLayer(within(scope, "mapping"), joined, spec.mapping);
  const fuse = within(scope, "fuse");
  const fuse1 = convolutionNormRelu(fuse, 0, { inputs: joined, outputs: channels, size: 3 });
  const fuse2 = convolutionNormRelu(fuse, 3, { inputs: channels, outputs: channels, size: 3 });
  const classify = convolutionLayer(within(scope, "classifier"), {
    inputs: channels,
    outputs: spec.classes,
    size: 1,
    bias: true,
  });
  const middle = stageChannels(extents, 2), { classes } = spec;
  const heads = Object.entries(spec.heads ?? {}).map(([name, head]) =>
    [
      name,
      declareHead(within(scope, name), head, { features: joined, middle, decoder: channels, classes }),
    ] as const
  );
  const stages = { low: stageChannels(extents, 0), middle, high: stageChannels(extents, 3) };
  const modules = Object.entries(spec.modules ?? {}).flatMap(([name, module]) => {
    const run = declareModule(within(scope, name), module, { ...stages, features: joined, classes });
    return run ? [[name, run] as const] : [];
  });

  return {
    modules: Object.fromEntries(modules),
    domains: norms?.domains,
    backbone(forward, images) {
      const { height, width } = imageExtents(images);
      return { kind: "taps", ...backbone(forward, images), size: { height, width } };
    },
    features(forward, taps) {
      const { low, high, size } = taps;
      const { graph } = forward, { height, width } = imageExtents(low);
      const context = resizeBilinear(graph, pyramid(forward, high), height, width);
      const joined = concatenate(graph, [reduce(forward, low), context]);
      return { kind: "features", values: mapping ? mapping(forward, joined) : joined, taps, size };
    },
    predict(forward, features) {
      const { graph, parts } = forward, { values, taps: { middle }, size } = features;
      const fused = fuse2(forward, fuse1(forward, values));
      const entered = splitFeatures(graph, features, parts.length);
      // From the scores on, all is f32: there are few of them, and their gradients are small.
      const scores = graph.inPrecision(
        "f32",
        () => splitBatch(graph, classify(forward, fused), parts.length),
      );
      const said = heads.map(([name, head]) =>
        [name, head(forward, { features: values, middle, size })] as const
      );
      return scores.map((logits, i) => ({
        logits,
        size,
        features: entered[i]!,
        heads: Object.fromEntries(said.map(([name, outputs]) => [name, outputs[i]!])),
      }));
    },
  };
}

/** What a backbone has made of a batch, for each of its equal parts. */
export function splitTaps(graph: Graph, taps: Taps, count: number): Taps[] {
  const [high, middle, low] = [taps.high, taps.middle, taps.low].map((tap) => splitBatch(graph, tap, count));
  return low!.map((low, i) => ({ ...taps, low, middle: middle![i]!, high: high![i]! }));
}

/** What has entered the fuse convolutions, for each of a batch's equal parts. */
export function splitFeatures(graph: Graph, features: Features, count: number): Features[] {
  const taps = splitTaps(graph, features.taps, count);
  return splitBatch(graph, features.values, count).map((values, i) => ({
    ...features,
    values,
    taps: taps[i]!,
  }));
}

/** Atrous spatial pyramid pooling: a 1×1, three dilated 3×3 and an image-wide branch, concatenated and projected. */
function aspp(scope: Scope, inputs: number, outputs: number, rates: readonly number[]): Layer {
  const point = convolutionNormRelu(within(scope, "b0"), 0, { inputs, outputs, size: 1 });
  const dilated = rates.map((dilation, i) =>
    convolutionNormRelu(within(scope, `b${i + 1}`), 0, { inputs, outputs, size: 3, dilation })
  );
  const image = convolutionNormRelu(within(scope, "b4.gap"), 1, { inputs, outputs, size: 1 });
  const project = convolutionNormRelu(within(scope, "project"), 0, { inputs: 5 * outputs, outputs, size: 1 });
  return (forward, x) => {
    const { graph } = forward;
    const { height, width } = imageExtents(x);
    const pooled = resizeBilinear(graph, image(forward, globalAveragePool(graph, x)), height, width);
    const branches = [point(forward, x), ...dilated.map((branch) => branch(forward, x)), pooled];
    return project(forward, concatenate(graph, branches));
  };
}

function mappingLayer(scope: Scope, channels: number, mapping: Mapping): Layer {
  const spec = { inputs: channels, outputs: channels, size: 1 };
  if (!mapping.norm) return convolutionLayer(within(scope, "0"), spec);
  const map = convolutionNormRelu(scope, 0, spec);
  return (forward, x) => {
    const y = map(forward, x);
    if (!forward.training || mapping.dropout === 0 || !forward.counters) return y;
    return channelDropout(forward.graph, y, {
      probability: mapping.dropout,
      streams: forward.parts.map((part) => `dropout/${part}/${scope.prefix}`),
      counters: forward.counters,
    });
  };
}
