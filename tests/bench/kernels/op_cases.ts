/** Every op but the convolution, at sizes that training meets: ResNet-50 at crop 129 with 2 images, or views of 8 at 64. */
import { add } from "../../../kernels/ops/feature/add.ts";
import { adam } from "../../../kernels/ops/update/adam.ts";
import { argMax } from "../../../kernels/ops/label/arg_max.ts";
import { batchNorm } from "../../../kernels/ops/norm/batch_norm.ts";
import { channelDropout } from "../../../kernels/ops/feature/channel_dropout.ts";
import { concatenate } from "../../../kernels/ops/feature/concatenate.ts";
import { conflictWeights } from "../../../kernels/ops/label/conflict_weights.ts";
import { confusion } from "../../../kernels/ops/label/confusion.ts";
import { consistencyLoss } from "../../../kernels/ops/loss/consistency_loss.ts";
import { cosineDiscrepancy } from "../../../kernels/ops/loss/cosine_discrepancy.ts";
import { globalAveragePool } from "../../../kernels/ops/feature/global_average_pool.ts";
import { maskLabels } from "../../../kernels/ops/map/mask_labels.ts";
import { maxPool } from "../../../kernels/ops/feature/max_pool.ts";
import { mixImages, mixMaps } from "../../../kernels/ops/map/mix_boxes.ts";
import { ohemLabels } from "../../../kernels/ops/label/ohem.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import { sgd } from "../../../kernels/ops/update/sgd.ts";
import { softmaxCrossEntropy } from "../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { makeFeed } from "../../../stages/training/feed.ts";
import { cutMix, labeled, strong, unlabeled, weak } from "../../../stages/views/specs.ts";
import { entropy } from "../../../kernels/ops/label/entropy.ts";
import type { Builder } from "./builder.ts";
import { trainingViews } from "../step/training_views.ts";

/** An op at one size. */
export interface OpCase {
  readonly name: string;
  readonly size: string;
  /** Writes the op and, where it has one, its backward pass into the builder's graph. */
  build(builder: Builder): void;
}

const CLASSES = 21;
/** What the decoder gives, and the pixels that it stands for. */
const LOGITS = [2, 33, 33, CLASSES], SIZE = { height: 129, width: 129 };

function normalization(name: string, shape: readonly number[], residual: boolean): OpCase {
  return {
    name,
    size: shape.join("×"),
    build(b) {
      const channels = [shape.at(-1)!];
      const parameters = {
        weight: b.parameter("weight", channels),
        bias: b.parameter("bias", channels),
        runningMean: b.input("mean", channels, { tracked: false }),
        runningVariance: b.input("variance", channels, { tracked: false }),
      };
      const options = {
        training: true,
        relu: true,
        ...(residual && { residual: b.input("residual", shape) }),
      };
      b.backward(batchNorm(b.graph, b.input("x", shape), parameters, options));
    },
  };
}

function resize(shape: readonly number[], to: number): OpCase {
  return {
    name: "bilinear resize",
    size: `${shape.join("×")} to ${to}×${to}`,
    build: (b) => b.backward(resizeBilinear(b.graph, b.input("x", shape), to, to)),
  };
}

/** All of them. */
export const opCases: readonly OpCase[] = [
  normalization("batch norm + ReLU", [2, 65, 65, 64], false),
  normalization("batch norm + residual + ReLU", [2, 33, 33, 256], true),
  normalization("batch norm + residual + ReLU", [8, 16, 16, 128], true),
  {
    name: "max pool",
    size: "2×65×65×128",
    build: (b) =>
      b.backward(maxPool(b.graph, b.input("x", [2, 65, 65, 128]), { size: 3, stride: 2, padding: 1 })),
  },
  resize([2, 9, 9, 256], 33),
  {
    name: "global average pool",
    size: "2×9×9×2048",
    build: (b) => b.backward(globalAveragePool(b.graph, b.input("x", [2, 9, 9, 2048]))),
  },
  {
    name: "concatenate",
    size: "2×33×33×(48 + 256)",
    build: (b) =>
      b.backward(concatenate(b.graph, [b.input("a", [2, 33, 33, 48]), b.input("b", [2, 33, 33, 256])])),
  },
  {
    name: "add",
    size: "2×33×33×256",
    build: (b) =>
      void b.graph.keep(add(b.graph, b.input("a", [2, 33, 33, 256]), b.input("b", [2, 33, 33, 256]))),
  },
  {
    name: "channel dropout",
    size: "2×33×33×304",
    build(b) {
      const counters = b.map("counters", [1, 1, 4], 9);
      const x = b.input("x", [2, 33, 33, 304]);
      b.backward(channelDropout(b.graph, x, { probability: 0.5, streams: ["bench"], counters }));
    },
  },
  {
    name: "weighted cross-entropy",
    size: `2×33×33×${CLASSES} to 129×129`,
    build(b) {
      const shape = [2, 129, 129];
      const weights = b.input("weights", shape, { tracked: false, layout: "map" });
      const labels = b.map("labels", shape, CLASSES);
      b.backwardOf(softmaxCrossEntropy(b.graph, b.input("logits", LOGITS), labels, {
        label: "loss",
        size: SIZE,
        weights,
        denominator: "valid",
      }));
    },
  },
  {
    name: "consistency of probabilities",
    size: `2×33×33×${CLASSES} to 129×129`,
    build(b) {
      const shape = [2, 129, 129];
      const weights = b.input("weights", shape, { tracked: false, layout: "map" });
      const targets = b.input("targets", [...shape, CLASSES], { tracked: false });
      b.backwardOf(consistencyLoss(b.graph, b.input("logits", LOGITS), targets, {
        label: "loss",
        size: SIZE,
        weights,
        distance: "probabilities",
      }));
    },
  },
  {
    name: "cosine discrepancy",
    size: "2×33×33×304",
    build(b) {
      const [one, other] = ["one", "other"].map((label) => b.input(label, [2, 33, 33, 304]));
      b.backwardOf(cosineDiscrepancy(b.graph, one!, other!, { label: "loss" }));
    },
  },
  ...(["logit", "probability"] as const).map((confidence): OpCase => ({
    name: `arg-max with ${confidence}`,
    size: `2×33×33×${CLASSES} to 129×129`,
    build(b) {
      const found = argMax(b.graph, b.input("logits", LOGITS), { confidence, size: SIZE });
      for (const tensor of [found.labels, found.confidence]) b.graph.keep(tensor);
    },
  })),
  {
    name: "entropy",
    size: `2×33×33×${CLASSES} to 129×129`,
    build: (b) => void b.graph.keep(entropy(b.graph, b.input("logits", LOGITS), { size: SIZE })),
  },
  {
    name: "conflict weights, masked labels",
    size: "2×129×129",
    build(b) {
      const shape = [2, 129, 129];
      const [labels, otherLabels] = ["own", "other"].map((label) => b.map(label, shape, CLASSES));
      const confidence = b.input("confidence", shape, { tracked: false, layout: "map" });
      const weights = {
        agreeConfident: 1,
        agreeUnconfident: 1,
        conflictConfident: 2,
        conflictUnconfident: 1,
      };
      const maps = { labels: labels!, otherLabels: otherLabels!, confidence };
      b.graph.keep(conflictWeights(b.graph, maps, { threshold: 0.5, weights }));
      b.graph.keep(maskLabels(b.graph, labels!, b.map("validity", shape, 2)));
    },
  },
  {
    name: "hard example mining",
    size: `2×33×33×${CLASSES} to 129×129`,
    build(b) {
      const logits = b.input("logits", LOGITS);
      const labels = b.map("labels", [2, 129, 129], CLASSES);
      b.graph.keep(ohemLabels(b.graph, logits, labels, { threshold: 0.7, minKept: 5000, size: SIZE }));
    },
  },
  {
    name: "confusion matrix",
    size: "2×129×129",
    build(b) {
      const [predictions, labels] = ["predictions", "labels"].map((label) =>
        b.map(label, [2, 129, 129], CLASSES)
      );
      const matrix = b.map("matrix", [1, CLASSES, CLASSES], 1);
      confusion(b.graph, predictions!, labels!, matrix, { classes: CLASSES });
    },
  },
  {
    name: "SGD with momentum and weight decay",
    size: "4,194,304",
    build(b) {
      const [parameters, gradients, momenta] = ["parameters", "gradients", "momenta"].map((label) =>
        b.input(label, [2 ** 22], { tracked: false, layout: "map" })
      );
      const rates = b.input("rates", [1, 1, 4], { tracked: false, layout: "map" });
      sgd(b.graph, { parameters: parameters!, gradients: gradients!, momenta: momenta! }, {
        rates,
        rateIndex: 0,
        momentum: 0.9,
        weightDecay: 1e-4,
      });
    },
  },
  {
    name: "AdamW",
    size: "4,194,304",
    build(b) {
      const arena = (label: string) => b.input(label, [2 ** 22], { tracked: false, layout: "map" });
      const tensors = {
        parameters: arena("parameters"),
        gradients: arena("gradients"),
        first: arena("first"),
        second: arena("second"),
      };
      const rates = b.input("rates", [1, 1, 4], { tracked: false, layout: "map" });
      adam(b.graph, tensors, {
        rates,
        rateIndex: 0,
        correctionIndex: 1,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 1e-2,
        decoupled: true,
      });
    },
  },
  {
    name: "weak and strong views, CutMix",
    size: "8 labeled + 8 unlabeled, 96 to 64",
    build(b) {
      const batch = 8;
      const views = trainingViews(64, batch);
      const draws = {
        labeled: labeled({ image: weak() }),
        unlabeled: unlabeled({ image: weak(), strong: strong(), boxes: cutMix({ partner: "reversed" }) }),
      };
      const feed = b.hold(makeFeed(b.device, views, { batch, seed: 1, draws }));
      const seen = feed.capture(b.graph);
      const { image, validity, strong: changed, boxes } = seen.unlabeled!;
      const mixed = [mixImages(b.graph, changed!, boxes!), mixMaps(b.graph, validity!, boxes!)];
      for (const tensor of [seen.labeled!.image, seen.labeled!.labels, image, validity, changed, ...mixed]) {
        b.graph.keep(tensor!);
      }
      const all = Array.from({ length: batch }, (_, i) => i);
      feed.fill({ labeled: all, unlabeled: all }, { epoch: 0, step: 0 });
    },
  },
];
