/** Every method on a small network and generated scenes, the first step one of the warm-up. */
import type { Device } from "../../kernels/device.ts";
import { ael } from "../../stages/methods/ael.ts";
import { ccvc } from "../../stages/methods/ccvc.ts";
import { cps } from "../../stages/methods/cps.ts";
import { cutMixSeg } from "../../stages/methods/cutmix_seg.ts";
import { deepLabV3Plus } from "../../stages/methods/deeplabv3plus.ts";
import type { Configured } from "../../stages/methods/method.ts";
import { psMt } from "../../stages/methods/ps_mt.ts";
import { simpleBaseline } from "../../stages/methods/simple_baseline.ts";
import { pseudoSeg } from "../../stages/methods/pseudoseg.ts";
import { supervised } from "../../stages/methods/supervised.ts";
import { u2pl } from "../../stages/methods/u2pl.ts";
import { unimatch } from "../../stages/methods/unimatch.ts";
import { openSession, type Session, type SessionOptions } from "../../stages/training/session.ts";
import { bound, networkOf, pseudoLabeledViews } from "./training.ts";

/** Banks that fill up in two steps. */
const small = {
  features: 16,
  firstQueue: 60,
  queue: 40,
  anchors: 24,
  negatives: 6,
  lowRank: 1,
  dropPercent: 60,
  boxProbability: 1,
} as const;

/** By name; several ways of one where their steps differ. */
export const everyMethod: Readonly<Record<string, Configured>> = {
  supervised: supervised(),
  deeplabv3plus: deepLabV3Plus(),
  ccvc: ccvc({ dropout: 0.5 }),
  "ccvc, strong": ccvc({ augmentation: "strong", mode: "vote_threshold" }),
  cps: cps(),
  "cps, CutMix": cps({ cutMix: true }),
  unimatch: unimatch({ threshold: 0.1 }),
  "simple-baseline": simpleBaseline(),
  ael: ael({
    mixed: "all",
    threshold: 0.1,
    ohemMinKept: 600,
    neverPasted: [0],
    pasted: 2,
    boxArea: 0.01,
    indexArea: 0.01,
  }),
  pseudoseg: pseudoSeg({ hole: 5, attentionChannels: 8, decoderMomentum: 0.1 }),
  "pseudoseg, hard": pseudoSeg({
    hole: 0,
    labels: "hard",
    threshold: 0.1,
    calibrated: false,
    attentionChannels: 8,
  }),
  u2pl: u2pl({ ...small, anchorProbability: 0.1 }),
  "u2pl, as described": u2pl({ ...small, as: "paper", anchorProbability: 0.1, auxiliaryWeight: 0.4 }),
  "cutmix-seg": cutMixSeg({ threshold: 0.1 }),
  "cutmix-seg, CutOut": cutMixSeg({
    mask: "zero",
    threshold: 0,
    rampEpochs: 2,
    color: true,
    boxes: 2,
    frozenNorms: false,
    distance: "kl-divergence",
  }),
  "ps-mt": psMt({ threshold: 0.1, assist: 2, rampEpochs: 0, xi: 10 }),
  "ps-mt, three boxes": psMt({
    threshold: 0.1,
    assist: 3,
    rampEpochs: 0,
    cutMix: "three boxes",
    as: "paper",
  }),
};

/** One way of each method; tests of the others that take long are in `tests/acceptance/`. */
export const oneOfEach: readonly string[] = Object.keys(everyMethod).filter((name) => !name.includes(","));

const views = pseudoLabeledViews();
/** Steps of a training. */
export const STEPS = 3;
const batches = Array.from({ length: STEPS }, (_, step) => ({
  labeled: [0, 1, 2, 3],
  unlabeled: [0, 1, 2, 3].map((i) => (i + step) % 8),
  others: [2, 3, 4, 5].map((i) => (i + step) % 8),
  // Of 4 labeled and 8 unlabeled images.
  pseudoLabeled: [0, 1, 2, 3].map((i) => (2 * i + step) % 12),
  otherPseudoLabeled: [3, 4, 5, 6].map((i) => (2 * i + step) % 12),
}));

/** What a training of ResNet-14 is opened with. */
export function sessionOptions(configured: Configured): SessionOptions {
  const method = bound(configured);
  return {
    network: networkOf(method),
    method,
    views,
    batch: 4,
    seed: 5,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
    warmUp: true,
  };
}

/** Opens a training. */
export function openTraining(
  device: Device,
  configured: Configured,
  change: Partial<SessionOptions> = {},
): Session {
  return openSession(device, { ...sessionOptions(configured), ...change });
}

/** Takes steps, the first one of the warm-up. */
export async function takeSteps(session: Session, from: number, to: number): Promise<void> {
  for (let step = from; step < to; step++) {
    // As a training does before the phase changes.
    if (step === 1) await session.losses();
    await session.step(batches[step]!, {
      phase: step === 0 ? "warm-up" : "method",
      epoch: 0,
      step,
      rate: 0.01,
      at: { step: Math.max(0, step - 1), steps: STEPS - 1, epoch: 0, epochs: 1, stepsPerEpoch: STEPS - 1 },
    });
  }
}

/** What a training has left. */
export interface Trained {
  readonly captured: readonly Float32Array[];
  readonly losses: Record<string, number>;
  readonly shares: Record<string, number>;
  readonly memory: Session["memory"];
}

/** Trains by a method. */
export async function train(
  device: Device,
  configured: Configured,
  change: Partial<SessionOptions> = {},
  steps = STEPS,
): Promise<Trained> {
  const session = openTraining(device, configured, change);
  await takeSteps(session, 0, steps);
  const { memory } = session, captured = await session.snapshot();
  const { terms: losses, shares } = await session.losses();
  session.free();
  return { captured, losses, shares, memory };
}
