/** Heads beside the classifier: what else a network says of an image. @module */
import { splitBatch } from "../kernels/ops/feature/batches.ts";
import type { LogitsSize } from "../kernels/ops/loss/upsampled_logits.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { convolutionLayer, convolutionNormRelu } from "./layers.ts";
import { type Forward, type Scope, within } from "./registry.ts";

/** Embeds pixels, for losses that compare them. */
export interface ProjectionHead {
  /** What tells it from other kinds. */
  readonly kind: "projection";
  /** Channels of each of its layers, the embedding's among them. */
  readonly channels: number;
}

/** Tells the classes by the third stage alone, for an auxiliary loss. */
export interface AuxiliaryHead {
  /** What tells it from other kinds. */
  readonly kind: "auxiliary";
}

/** A head, as a file of weights describes it, too. */
export type HeadSpec = ProjectionHead | AuxiliaryHead;

/** Heads by name: that of their layers in the state dict, and of what they give. */
export type Heads = Readonly<Record<string, HeadSpec>>;

/** Class scores of a head. */
export interface HeadScores {
  /** f32[N, h, w, classes], at the third stage's size. */
  readonly logits: Tensor;
  /** The input's pixels, which the logits stand for. */
  readonly size: LogitsSize;
}

/** What a head gives: an embedding f32[N, h, w, channels] at the decoder's size; or class scores. */
export type HeadOutput<S extends HeadSpec = HeadSpec> = S extends ProjectionHead ? Tensor : HeadScores;

/** What heads give, by their names. */
export type HeadOutputs<H extends Heads = Heads> = { readonly [K in keyof H]: HeadOutput<H[K]> };

/** What heads read, of all parts of a batch. */
export interface HeadSources {
  /** What enters the fuse convolutions. */
  readonly features: Tensor;
  /** The third stage. */
  readonly middle: Tensor;
  /** The input's pixels. */
  readonly size: LogitsSize;
}

/** Channels that heads are declared by. */
export interface HeadExtents {
  readonly features: number;
  readonly middle: number;
  /** The decoder's. */
  readonly decoder: number;
  readonly classes: number;
}

/** A head's forward pass; an output for each of `forward.parts`. */
export type Head = (forward: Forward, sources: HeadSources) => HeadOutput[];

/** Declares a head. What it gives is f32 whatever the graph's precision, as class scores are. */
export function declareHead(scope: Scope, spec: HeadSpec, extents: HeadExtents): Head {
  return spec.kind === "projection"
    ? projection(scope, extents.features, spec.channels)
    : auxiliary(scope, extents);
}

/** Two 3×3 convolutions with norms, and a 1×1 with a bias: `0`, `1`, `3`, `4`, `6`. */
function projection(scope: Scope, inputs: number, channels: number): Head {
  const first = convolutionNormRelu(scope, 0, { inputs, outputs: channels, size: 3 });
  const second = convolutionNormRelu(scope, 3, { inputs: channels, outputs: channels, size: 3 });
  const last = convolutionLayer(within(scope, "6"), {
    inputs: channels,
    outputs: channels,
    size: 1,
    bias: true,
  });
  return (forward, { features }) => {
    const { graph, parts } = forward, hidden = second(forward, first(forward, features));
    return graph.inPrecision("f32", () => splitBatch(graph, last(forward, hidden), parts.length));
  };
}

/** A 3×3 convolution with a norm to the decoder's channels, and a 1×1 with a bias: `0`, `1`, `3`. */
function auxiliary(scope: Scope, { middle: inputs, decoder, classes }: HeadExtents): Head {
  const hide = convolutionNormRelu(scope, 0, { inputs, outputs: decoder, size: 3 });
  const classify = convolutionLayer(within(scope, "3"), {
    inputs: decoder,
    outputs: classes,
    size: 1,
    bias: true,
  });
  return (forward, { middle, size }) => {
    const { graph, parts } = forward, hidden = hide(forward, middle);
    return graph.inPrecision("f32", () => {
      const scores = classify(forward, hidden);
      return splitBatch(graph, scores, parts.length).map((logits) => ({ logits, size }));
    });
  };
}
