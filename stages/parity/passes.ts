/** A case's step: its passes and what it notes are kept on the device, and its random numbers are the case's. @module */
import type { Graph } from "../../kernels/graph.ts";
import { resizeBilinear } from "../../kernels/ops/feature/resize_bilinear.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import type { Outputs, Passes, Passing, Step } from "../methods/step.ts";
import type { HashedDropout } from "./dropout.ts";
import type { HashedUniform } from "./uniform.ts";

/** How often a step's training passes move a network's running statistics: those of its stem, and of its first fuse convolution. */
export interface Moves {
  readonly stem: number;
  readonly fuse: number;
}

/** What is kept of a step's capture. */
export class Kept {
  /** Tensors by {@linkcode passKey} and {@linkcode noteKey}. */
  readonly tensors = new Map<string, Tensor>();
  /** By network. */
  readonly moves = new Map<string, Moves>();

  /** Forgets all: a step is captured anew. */
  clear(): void {
    this.tensors.clear();
    this.moves.clear();
  }
}

/** What a pass has given: logits of every pixel, scores as they are, or a head by its name. */
export function passKey(network: string, pass: string, what = "logits"): string {
  return `${network} ${pass} ${what}`;
}

/** What a step has noted. */
export function noteKey(name: string): string {
  return `note ${name}`;
}

/** Where a step's random numbers are from. */
export interface HashedDraws {
  readonly dropout: HashedDropout;
  readonly uniform: HashedUniform;
}

/**
 * A step whose predictions and notes are kept, and whose draws are the case's. A pass without a name is "image", or "evaluation" in
 * that mode; a part of a joint pass has its own name; of several of one name the last is kept.
 */
export function noting(step: Step, kept: Kept, { dropout, uniform }: HashedDraws): Step {
  const { graph } = step;
  const note = (network: string, seen: object, name: string): void => {
    if (!("logits" in seen)) {
      Object.entries(seen).forEach(([pass, inner]) => note(network, inner, pass));
      return;
    }
    const prediction = seen as Prediction & { readonly heads?: Readonly<Record<string, Tensor | Scores>> };
    const keep = (what: string, tensor: Tensor) =>
      kept.tensors.set(passKey(network, name, what), graph.keep(tensor));
    keep("logits", everyPixel(graph, prediction));
    keep("scores", prediction.logits);
    for (const [head, given] of Object.entries(prediction.heads ?? {})) {
      keep(head, "logits" in given ? given.logits : given);
    }
  };
  const count = (network: string, passes: Passes, fuses: boolean) => {
    const { stem, fuse } = kept.moves.get(network) ?? { stem: 0, fuse: 0 };
    const [of, first] = isOne(passes) ? [1, passes] : [Object.keys(passes).length, Object.values(passes)[0]!];
    const source = isOne(first) ? first : Object.values(first)[0]!;
    kept.moves.set(network, { stem: stem + ("kind" in source ? 0 : of), fuse: fuse + (fuses ? of : 0) });
  };
  return {
    ...step,
    train<const P extends Passes>(network: string, passes: P) {
      count(network, passes, true);
      const seen = step.train(network, passes);
      note(network, seen, "image");
      return seen;
    },
    backbone: ((network, passes) => {
      count(network, passes, false);
      return step.backbone(network, passes);
    }) as Passing["backbone"],
    features: ((network, passes) => {
      count(network, passes, false);
      return step.features(network, passes);
    }) as Passing["features"],
    evaluate<const P extends Passes>(network: string, passes: P, options?: { after?: Prediction }) {
      const seen: Outputs<P, Prediction> = step.evaluate(network, passes, options);
      note(network, seen, "evaluation");
      return seen;
    },
    dropChannels: (x, dropping) => dropout.drop(graph, x, dropping),
    uniform: (stream, shape) => uniform.draw(stream, shape),
    tell: () => {},
    note: (name, tensor) => void kept.tensors.set(noteKey(name), graph.keep(tensor)),
  };
}

/** What a head that scores classes gives. */
type Scores = Pick<Prediction, "logits">;

/** Whether passes are one, without a name. */
function isOne(passes: object): boolean {
  const { shape, kind } = passes as { readonly shape?: unknown; readonly kind?: unknown };
  return Array.isArray(shape) || typeof kind === "string";
}

/** The logits of every pixel of the image, which a step makes as it goes and stores nowhere. */
export function everyPixel(graph: Graph, { logits, size }: Prediction): Tensor {
  return graph.withoutGradients(() => resizeBilinear(graph, logits, size.height, size.width));
}
