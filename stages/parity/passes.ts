/** What the passes of a case's step give: kept on the device, and looked at. @module */
import type { Graph } from "../../kernels/graph.ts";
import { resizeBilinear } from "../../kernels/ops/feature/resize_bilinear.ts";
import { padded, type Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import type { Passes, Step } from "../methods/step.ts";
import type { SeenPasses } from "./adapter.ts";
import type { HashedDropout } from "./dropout.ts";

/**
 * A step whose predictions are kept, by network and pass, and that drops the channels that the case does. A pass without a name
 * is "image", or "evaluation" in that mode; of several of one name the last is kept.
 */
export function noting(step: Step, kept: Map<string, Tensor>, dropout: HashedDropout): Step {
  const note = (network: string, seen: object, name: string): void => {
    if ("logits" in seen) kept.set(`${network} ${name}`, keepLogits(step.graph, seen as Prediction));
    else Object.entries(seen).forEach(([pass, inner]) => note(network, inner, pass));
  };
  return {
    ...step,
    train<const P extends Passes>(network: string, passes: P) {
      const seen = step.train(network, passes);
      note(network, seen, "image");
      return seen;
    },
    evaluate<const P extends Passes>(network: string, passes: P, options?: { after?: Prediction }) {
      const seen = step.evaluate(network, passes, options);
      note(network, seen, "evaluation");
      return seen;
    },
    dropChannels: (x, dropping) => dropout.drop(step.graph, x, dropping),
  };
}

/** The logits of every pixel of the image, which a step makes as it goes and stores nowhere. */
export function keepLogits(graph: Graph, { logits, size }: Prediction): Tensor {
  return graph.keep(graph.withoutGradients(() => resizeBilinear(graph, logits, size.height, size.width)));
}

/** The largest softmax probability of each pixel, of dense logits [B, H, W, C]. */
export function confidences(logits: Float32Array, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, pixel) => {
    const own = logits.subarray(pixel * classes, (pixel + 1) * classes), peak = Math.max(...own);
    return 1 / own.reduce((sum, logit) => sum + Math.exp(logit - peak), 0);
  });
}

/** Passes by what was read back of them, by network and pass. */
export function seenPasses(
  stored: ReadonlyMap<string, Float32Array>,
  classes: number,
  truth: Uint32Array,
): SeenPasses {
  const pitch = padded(classes);
  const find = (network: string, pass: string) => stored.get(`${network} ${pass}`)!;
  return {
    truth,
    logits(network, pass) {
      const found = find(network, pass);
      return Float32Array.from(
        { length: found.length / pitch * classes },
        (_, i) => found[Math.floor(i / classes) * pitch + i % classes]!,
      );
    },
    labels(network, pass) {
      const found = find(network, pass);
      return Uint32Array.from({ length: found.length / pitch }, (_, pixel) => {
        let best = 0;
        for (let c = 1; c < classes; c++) {
          if (found[pixel * pitch + c]! > found[pixel * pitch + best]!) best = c;
        }
        return best;
      });
    },
  };
}
