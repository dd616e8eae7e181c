/** The stage `evaluate`: scores the last and the best weights under a protocol. @module */
import { z } from "zod";
import type { Device } from "../kernels/device.ts";
import {
  type ArtifactKind,
  defineStage,
  jsonKind,
  type Ref,
  type Refs,
  schemaOf,
  type Stage,
  type StageOptions,
  type Team,
  UserError,
  type Wires,
} from "../pipeline/mod.ts";
import { type Checkpoint, checkpointKind } from "./weights/checkpoint.ts";
import { assertSameRange } from "./weights/network.ts";
import type { ClassList } from "./datasets/classes.ts";
import { assertAlike, scoreDealt, type Scoring } from "./evaluation/dealt.ts";
import { openInference } from "./evaluation/inference.ts";
import { type Confusion, matrixRows, type Score, score } from "./evaluation/metrics.ts";
import { fileNames, pictureFiles, type Pictures, picturesKind } from "./evaluation/pictures.ts";
import { cropPixels } from "./datasets/pixels.ts";
import { bestOutput, forPredictions, type PerPrediction } from "./evaluation/predictions.ts";
import {
  cropLeaf,
  missingCrop,
  type Protocol,
  protocolLabel,
  type ProtocolName,
  protocolOf,
  protocolPlan,
  scoredBy,
} from "./evaluation/protocols.ts";
import { type SampleSet, samplesKind } from "./datasets/samples.ts";

/** What {@linkcode evaluate} gets. */
export interface EvaluateConfig {
  /** Which pixels are scored, and through which windows. */
  readonly protocol: ProtocolName;
  /** Side of the protocol's windows, pixels; all but `original` need it. */
  readonly crop?: number | undefined;
  /** How many images are drawn with truth, predictions and conflict. */
  readonly pictures: number;
}

/** The scores of one set of weights, in percent; null where no pixel was counted. */
export interface WeightsScore {
  /** Mean IoU, percent; over the classes that are in truth or prediction. */
  readonly miou: PerPrediction<number | null>;
  /** Share of pixels labeled right, percent. */
  readonly pixelAccuracy: PerPrediction<number | null>;
  /** IoU of each class, by the headline; null for one that is neither in truth nor in prediction. */
  readonly perClass: readonly { readonly name: string; readonly iou: number | null }[];
}

/** The scores of a training: those of the last weights, and beside them the best. */
export interface Metrics extends WeightsScore {
  /** The protocol with its window, e.g. `sliding_window_712`: scores of two protocols are not comparable. */
  readonly protocol: string;
  /** The prediction that stands for the run. */
  readonly headline: string;
  /** Scores of the weights after the last step. */
  readonly last: WeightsScore;
  /** Each prediction by the weights that were best for it during training, chosen on the validation set. */
  readonly best: WeightsScore;
  /** Of the last weights' headline: rows are truth, columns predictions, in pixels. */
  readonly confusion: readonly (readonly number[])[];
}

const config = schemaOf<EvaluateConfig>()(
  z.strictObject({
    protocol: scoredBy,
    crop: cropLeaf.describe("Side of the protocol's windows; all but original need it.")
      .meta({ unit: "pixels", source: "CCVC §4.4: the training's crop" }),
    pictures: z.int().min(0).default(8).describe(
      "How many images are drawn with truth, predictions and conflict.",
    )
      .meta({ unit: "images", source: "Crossview" }),
  }).superRefine(({ protocol, crop }, issues) => {
    const message = missingCrop([protocol], crop);
    if (message !== undefined) issues.addIssue({ code: "custom", path: ["crop"], message });
  }),
);

/** Which weights are scored, on what. */
export interface EvaluateInputs {
  /** The last weights, and for each prediction the best: what training gives. */
  readonly nets: { readonly last: Ref<Checkpoint> } & Readonly<Record<`best${string}`, Ref<Checkpoint>>>;
  /** Images with labels. */
  readonly samples: Wires<{ readonly samples: ArtifactKind<SampleSet> }>["samples"];
}

/** Scores, and pictures to look at. */
export type EvaluateOutputs = {
  readonly metrics: ArtifactKind<Metrics>;
  readonly pictures: ArtifactKind<Pictures>;
};

/** Scores as an artifact. */
const metricsKind: ArtifactKind<Metrics> = jsonKind("metrics", 1);

const outputs: EvaluateOutputs = { metrics: metricsKind, pictures: picturesKind };

/** A stage that scores the weights of some outputs. */
export type EvaluationStage = Stage<
  {
    readonly nets: Readonly<Record<string, ArtifactKind<Checkpoint>>>;
    readonly samples: ArtifactKind<SampleSet>;
  },
  EvaluateConfig,
  Partial<EvaluateConfig>,
  EvaluateOutputs
>;

/** One stage for the same names of weights. */
const stages = new Map<string, EvaluationStage>();

/**
 * The stage `evaluate` of nets that have the best weights of these names, `bestAverage`; the same one whenever it is asked for.
 */
export function evaluationStage(bests: readonly string[]): EvaluationStage {
  const key = bests.join();
  const made = stages.get(key) ?? defineEvaluation(["last", ...bests]);
  stages.set(key, made);
  return made;
}

/**
 * Scores each prediction, for the last and the best weights, as the stage `evaluate`.
 *
 * @example
 * ```ts
 * import { augment, coTrain, evaluate, load, pipeline, supervised } from "@crossview/crossview";
 *
 * export default pipeline("scores", () => {
 *   const data = load({ dataset: "cityscapes", root: "data/cityscapes", partition: "cityscapes/1_8" });
 *   const nets = coTrain({ views: augment({ data }, { crop: 712 }) }, { method: supervised(), outputStride: 8 });
 *   return evaluate({ nets, samples: data.validation }, { protocol: "sliding_window", crop: 712 });
 * });
 * ```
 */
export function evaluate(
  { nets, ...others }: EvaluateInputs,
  config?: Partial<EvaluateConfig>,
  options?: StageOptions,
): Refs<EvaluateOutputs> {
  const { last, ...rest } = nets ?? {};
  const bests = Object.entries(rest).filter(([name]) => name.startsWith("best"));
  const stage = evaluationStage(bests.map(([name]) => name));
  return stage({ nets: { last, ...Object.fromEntries(bests) }, ...others }, config, options);
}

function defineEvaluation(weights: readonly string[]): EvaluationStage {
  return defineStage({
    name: "evaluate",
    version: 1,
    module: import.meta.url,
    config,
    inputs: {
      nets: Object.fromEntries(weights.map((name) => [name, checkpointKind])),
      samples: samplesKind,
    },
    outputs,
    resources: ["gpu"],
    numerics: "f32",
    teamed: true,
    async run({ inputs: { nets, samples }, config, context }) {
      const device = await context.resource<Device>("gpu"), { team } = context;
      if (team) await assertAlike(team, device);
      const protocol = protocolOf(config);
      // The best weights are often the last ones: the same file is scored once.
      const scored = new Map<string, ScoredCheckpoint>();
      const score = async (checkpoint: Checkpoint) => {
        const known = scored.get(checkpoint.path) ??
          await scoreCheckpoint(device, checkpoint, samples, { ...context, protocol });
        scored.set(checkpoint.path, known);
        return known;
      };
      const last = await score(nets["last"]!);
      const { headline, confusions } = last;
      const best: Record<string, Confusion> = {};
      for (const name of Object.keys(confusions)) {
        best[name] = (await score(bestOf(nets, name))).confusions[name]!;
      }
      if (team && team.rank > 0) return {} as never;
      const lastScore = weightsScore(samples.classes, last);
      const pictures = await drawPictures(
        device,
        nets["last"]!,
        samples,
        protocol,
        config.pictures,
        context.signal,
      );
      return {
        metrics: {
          ...lastScore,
          protocol: protocolLabel(protocol),
          headline,
          last: lastScore,
          best: weightsScore(samples.classes, { headline, confusions: best }),
          confusion: matrixRows(confusions[headline]!),
        },
        pictures: {
          names: [...pictures.keys()],
          read: (name: string) => Promise.resolve(pictures.get(name)!),
        },
      };
    },
  });
}

/** A checkpoint, scored. */
export interface ScoredCheckpoint {
  readonly confusions: PerPrediction<Confusion>;
  /** The prediction that stands for all. */
  readonly headline: string;
}

/** Scores one checkpoint, under `original` unless told. */
export async function scoreCheckpoint(
  device: Device,
  checkpoint: Checkpoint,
  samples: SampleSet,
  context: {
    signal: AbortSignal;
    progress(event: Record<string, unknown>): void;
    protocol?: Protocol;
    /** Processes that deal the images among themselves. */
    team?: Team;
  },
): Promise<ScoredCheckpoint> {
  const { inference, network, free } = await openInference(device, checkpoint);
  const { headline } = network;
  try {
    assertSameRange(network, samples, checkpoint.path);
    const { protocol, signal, team } = context;
    const scoring: Scoring = (samples, progress) =>
      inference.score(samples, { ...(protocol && { protocol }), signal, progress });
    const tell = (done: number) => context.progress({ unit: "images", done, total: samples.length });
    const confusions = team ? await scoreDealt(team, samples, scoring, tell) : await scoring(samples, tell);
    return { confusions, headline };
  } finally {
    free();
  }
}

/** Turns confusion matrices into scores, one matrix for each prediction; those of the classes are the headline's. */
export function weightsScore(
  classes: ClassList,
  { confusions, headline }: ScoredCheckpoint,
): WeightsScore {
  const names = Object.keys(confusions);
  const scores = forPredictions(names, (name) => score(confusions[name]!, classes.absent));
  const pick = (value: (score: Score) => number | null) =>
    forPredictions(names, (name) => value(scores[name]!));
  return {
    miou: pick(({ miou }) => miou),
    pixelAccuracy: pick(({ pixelAccuracy }) => pixelAccuracy),
    perClass: classes.names.map((name, i) => ({ name, iou: scores[headline]!.iou[i] ?? null })),
  };
}

/** The weights that were best for a prediction. */
function bestOf(nets: Readonly<Record<string, Checkpoint>>, prediction: string): Checkpoint {
  const found = nets[bestOutput(prediction)];
  if (found) return found;
  throw new UserError(
    `Cannot score the best weights of "${prediction}": the stage was given none. Give it all outputs of co-train: evaluate({ nets, … })`,
  );
}

async function drawPictures(
  device: Device,
  checkpoint: Checkpoint,
  samples: SampleSet,
  protocol: Protocol,
  count: number,
  signal: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  if (count === 0) return files;
  const { inference, network, free } = await openInference(device, checkpoint);
  try {
    const names = fileNames(samples.ids);
    for (let i = 0; i < Math.min(count, samples.length); i++) {
      signal.throwIfAborted();
      const size = samples.size(i), image = samples.image(i);
      const { labels } = await inference.predict(image, size, protocol);
      const { scored } = protocolPlan(protocol, size);
      const seen = cropPixels(image, size, scored, 3), truth = cropPixels(samples.mask(i), size, scored);
      const drawn = pictureFiles(names[i]!, scored, seen, truth, labels, network);
      for (const [name, bytes] of drawn) files.set(name, bytes);
    }
  } finally {
    free();
  }
  return files;
}
