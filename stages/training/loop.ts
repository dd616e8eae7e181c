/** A training from its first step, or from where it was stopped, to its last. @module */
import { DeviceError } from "../../kernels/errors.ts";
import { encodeSafetensors } from "../../models/safetensors.ts";
import { messageOf, type StageContext, UserError } from "../../pipeline/mod.ts";
import { type Checkpoint, networkMetadata, openCheckpoint, writeCheckpoint } from "../weights/checkpoint.ts";
import type { At } from "../methods/schedule.ts";
import { score } from "../evaluation/metrics.ts";
import type { NetworkDescription } from "../weights/network.ts";
import { forPredictions, type PerPrediction } from "../evaluation/predictions.ts";
import { protocolLabel } from "../evaluation/protocols.ts";
import type { TrainingConfig } from "./config/config.ts";
import { protocolAt, updateBest } from "./config/evaluation.ts";
import type { TrainingHistory } from "./history.ts";
import type { SampleSet } from "../datasets/samples.ts";
import { DivergenceError } from "./losses.ts";
import type { Sampler } from "./sampler.ts";
import { tell } from "./progress.ts";
import { type RateDecay, rateFactorAfter } from "./config/schedule.ts";
import type { Session } from "./session.ts";
import { allFinite, decodeSnapshot, encodeSnapshot, type LoopState, snapshotSize } from "./snapshot.ts";

/** The device failed in the middle of a training. */
export class TrainingStoppedError extends UserError {
  /** Class name, for logs. */
  override readonly name = "TrainingStoppedError";
}

/** What the loop follows of the stage's settings. */
export type LoopConfig =
  & RateDecay
  & Pick<
    TrainingConfig,
    "epochs" | "warmUpEpochs" | "baseRate" | "evaluateEvery" | "evaluation" | "patience" | "logEvery"
  >;

/** What the loop is run with. */
export interface LoopParts {
  readonly session: Session;
  readonly sampler: Sampler;
  readonly network: NetworkDescription;
  readonly config: LoopConfig;
  /** What is scored along the way: nothing, if it has no images. */
  readonly validation: Pick<SampleSet, "length" | "classes">;
  /** Name of the adapter. */
  readonly adapter: string;
  readonly context: StageContext;
}

/** What the loop ends with. */
export interface FinishedTraining {
  readonly last: Checkpoint;
  /** Weights with the best validation score of each prediction. */
  readonly best: PerPrediction<Checkpoint>;
  readonly history: TrainingHistory;
}

/**
 * Runs a training to its end, from its newest checkpoint if there is one. What is computed does not depend on whether, where
 * or how often it was stopped.
 *
 * @throws {DivergenceError} If a loss or a weight turned NaN or infinite.
 * @throws {TrainingStoppedError} If the device failed. The signal's reason if aborted: after a step, with a checkpoint.
 */
export async function runTraining(parts: LoopParts): Promise<FinishedTraining> {
  const run = new TrainingLoop(parts);
  try {
    return await run.toEnd();
  } catch (error) {
    throw run.explain(error);
  }
}

class TrainingLoop {
  #state: LoopState = { step: 0, history: { losses: [], evaluations: [] }, best: {} };
  /** Step of the newest checkpoint. */
  #saved: number | undefined;
  readonly #steps: number;

  constructor(readonly parts: LoopParts) {
    this.#steps = parts.config.epochs * parts.sampler.stepsPerEpoch;
  }

  async toEnd(): Promise<FinishedTraining> {
    const { session, context, network } = this.parts;
    await this.#resume();
    context.signal.throwIfAborted();
    this.#tick(this.#state.step);
    while (this.#isToBeScored() || (this.#state.step < this.#steps && !this.#isEnough())) {
      try {
        if (this.#isToBeScored()) await this.#score();
        else await this.#step();
      } catch (error) {
        // A score that was broken off is made again from the start.
        if (error !== context.signal.reason) throw error;
      }
      if (context.signal.aborted) {
        await this.#saveBeforeLeaving();
        context.signal.throwIfAborted();
      }
      if (context.checkpoints.due()) {
        // Not counted as the checkpoint's cost: these steps would have had to be waited for all the same.
        await session.settle();
        await this.#save({ leaving: false });
      }
    }
    if (this.#state.step < this.#steps) this.#tellStop();
    const weights = await session.state();
    const last = await writeCheckpoint(context.scratch("last.safetensors"), network, weights);
    const { best, history } = this.#state;
    const kept: Record<string, Checkpoint> = {};
    for (const name of Object.keys(network.predictions)) {
      const path = context.scratch(`best-${name}.safetensors`), digest = best[name];
      // Each output has a file of its own: where nothing was scored, the last weights again.
      if (digest === undefined) await writeCheckpoint(path, network, weights);
      else await context.checkpoints.copyPart(digest, path);
      kept[name] = openCheckpoint(path);
    }
    return { last, best: kept, history };
  }

  /** Says how far the work came, and what is kept of it. */
  explain(error: unknown): unknown {
    const isDevice = error instanceof DeviceError;
    if (!isDevice && !(error instanceof DivergenceError)) return error;
    const kept = this.#saved === undefined
      ? "No checkpoint had been written yet"
      : `The last good checkpoint, of step ${this.#saved}, is kept`;
    if (!isDevice) return new DivergenceError(`${error.message}. ${kept}`, { cause: error });
    const way = this.#saved === undefined
      ? "run the same command again"
      : "the same command goes on from there";
    return new TrainingStoppedError(
      `Cannot go on training after step ${this.#state.step} of ${this.#steps}: ${error.message}. ${kept}; ${way}`,
      { cause: error },
    );
  }

  async #resume(): Promise<void> {
    const { session, context, adapter } = this.parts;
    const lengths = session.snapshotLengths;
    const { state, damage } = await context.checkpoints.load(
      snapshotSize(lengths),
      (bytes) => decodeSnapshot(bytes, lengths),
    );
    if (state !== undefined) {
      await session.restore(state.value.captured);
      this.#state = state.value.state;
      this.#saved = this.#state.step;
    } else if (damage.length === 0) return;
    const { step } = this.#state;
    const before = state?.value.adapter;
    const moved = before === undefined || before === adapter ? {} : { adapter: before };
    tell(context, { kind: "resumed", step, steps: this.#steps, damage, ...moved });
    context.fact(
      "resumed",
      `at step ${step} of ${this.#steps}${moved.adapter ? `, from ${moved.adapter}` : ""}`,
    );
  }

  /** Whether an epoch has ended whose score is wanted and not yet made. */
  #isToBeScored(): boolean {
    const { sampler: { stepsPerEpoch }, config: { evaluateEvery, epochs }, validation } = this.parts;
    const { step, history } = this.#state;
    const epoch = step / stepsPerEpoch;
    const isWanted = validation.length > 0 && step > 0 && (epoch % evaluateEvery === 0 || epoch === epochs);
    return isWanted && history.evaluations.at(-1)?.epoch !== epoch;
  }

  /** The scores under the protocol of the last one, of the headline prediction; those that are n/a tell nothing. */
  #scores(): readonly { readonly epoch: number; readonly miou: number }[] {
    const { history: { evaluations } } = this.#state, { headline } = this.parts.network;
    const other = evaluations.findLastIndex(({ protocol }) => protocol !== evaluations.at(-1)!.protocol);
    return evaluations.slice(other + 1).flatMap(({ epoch, miou: { [headline]: miou } }) =>
      typeof miou === "number" ? [{ epoch, miou }] : []
    );
  }

  /** Position of the first of the best scores; -1 where there is none. */
  #bestAt(): number {
    const values = this.#scores().map(({ miou }) => miou);
    return values.indexOf(Math.max(...values));
  }

  /** Whether so many scores in a row were no better than one before that the rest is left out. */
  #isEnough(): boolean {
    const { patience } = this.parts.config;
    return patience !== undefined && this.#scores().length - 1 - this.#bestAt() >= patience;
  }

  #tellStop(): void {
    const { context, config: { epochs } } = this.parts;
    const scores = this.#scores(), { epoch } = scores.at(-1)!, best = scores[this.#bestAt()]!.epoch;
    tell(context, { kind: "stopped", epoch, epochs, best });
    context.fact("stopped", `after epoch ${epoch} of ${epochs}; the best score was that of epoch ${best}`);
  }

  async #step(): Promise<void> {
    const { session, sampler, config, context } = this.parts;
    const { step, history } = this.#state;
    const epoch = Math.floor(step / sampler.stepsPerEpoch);
    const phase = epoch < config.warmUpEpochs ? "warm-up" : "method";
    const warmUp = config.warmUpEpochs * sampler.stepsPerEpoch;
    const rate = config.baseRate * rateFactorAfter(config, step, this.#steps, warmUp);
    await session.step(sampler.batch(epoch, step % sampler.stepsPerEpoch), {
      phase,
      epoch,
      step,
      rate,
      at: this.#at(step, epoch),
    });
    const done = step + 1;
    this.#state = { ...this.#state, step: done };
    // The first step's losses tell whether the start is sound.
    if (done !== 1 && done % config.logEvery !== 0 && done % sampler.stepsPerEpoch !== 0) {
      return this.#tick(done);
    }
    const { terms, shares } = await session.losses();
    const told = Object.keys(shares).length > 0 && { shares };
    this.#state = {
      ...this.#state,
      history: { ...history, losses: [...history.losses, { step: done, epoch, terms, ...told }] },
    };
    tell(context, {
      kind: "step",
      step: done,
      steps: this.#steps,
      epoch: epoch + 1,
      epochs: config.epochs,
      phase,
      rate,
      images: this.#images(done),
      losses: terms,
      ...told,
    });
  }

  /** Tells how many steps the device has been given. */
  #tick(step: number): void {
    const { sampler: { stepsPerEpoch }, config: { epochs }, context } = this.parts;
    const epoch = Math.min(epochs, Math.floor(Math.max(0, step - 1) / stepsPerEpoch) + 1);
    tell(context, { kind: "tick", step, steps: this.#steps, epoch, epochs, images: this.#images(step) });
  }

  /** Images seen in so many steps. */
  #images(steps: number): number {
    const { sampler: { stepsPerEpoch }, config: { warmUpEpochs }, session: { imagesOf } } = this.parts;
    const warmUp = Math.min(steps, warmUpEpochs * stepsPerEpoch);
    return warmUp * imagesOf["warm-up"] + (steps - warmUp) * imagesOf.method;
  }

  /** Where the method is: its clock stands still in the warm-up. */
  #at(step: number, epoch: number): At {
    const { sampler: { stepsPerEpoch }, config: { epochs, warmUpEpochs } } = this.parts;
    return {
      step: Math.max(0, step - warmUpEpochs * stepsPerEpoch),
      steps: this.#steps - warmUpEpochs * stepsPerEpoch,
      epoch: Math.max(0, epoch - warmUpEpochs),
      epochs: epochs - warmUpEpochs,
      stepsPerEpoch,
      warmUpEpochs,
    };
  }

  async #score(): Promise<void> {
    const { session, sampler, config: { epochs, evaluation }, context, network, validation } = this.parts;
    const { step, history, scores: before } = this.#state;
    const epoch = step / sampler.stepsPerEpoch;
    const protocol = protocolAt(evaluation, epoch - 1, epochs);
    const confusions = await session.evaluate(
      context.signal,
      protocol,
      (done, total) => tell(context, { kind: "scoring", epoch, epochs, done, total }),
    );
    const miou = forPredictions(
      Object.keys(confusions),
      (name) => score(confusions[name]!, validation.classes.absent).miou,
    );
    const scored = { epoch, protocol: protocolLabel(protocol), miou };
    tell(context, { kind: "evaluation", epochs, ...scored });
    const { best: scores, improved } = updateBest(before, protocol, miou, evaluation.best);
    let { best } = this.#state;
    if (improved.length > 0) {
      const bytes = encodeSafetensors(await session.state(), networkMetadata(network));
      const others = Object.entries(best).filter(([name]) => !improved.some((better) => better === name));
      const digest = await context.checkpoints.addPart(bytes, others.map(([, part]) => part));
      best = Object.fromEntries([...others, ...improved.map((name) => [name, digest] as const)]);
    }
    const evaluations = [...history.evaluations, scored];
    this.#state = { ...this.#state, history: { ...history, evaluations }, scores, best };
  }

  async #save({ leaving }: { leaving: boolean }): Promise<void> {
    const { session, context, adapter } = this.parts;
    const state = this.#state;
    const snapshot = async () => {
      const captured = await session.snapshot();
      // What is not finite is left for the next reading of the losses to name; the last good checkpoint stays.
      return allFinite(captured) ? encodeSnapshot({ state, adapter, captured }) : undefined;
    };
    const saved = await context.checkpoints.save(state.step, snapshot, Object.values(state.best));
    if (saved === undefined) return;
    this.#saved = state.step;
    tell(context, { kind: "checkpoint", step: state.step, steps: this.#steps, leaving, ...saved });
  }

  /** A checkpoint that cannot be written is said, and must not hide that the user wants to leave. */
  async #saveBeforeLeaving(): Promise<void> {
    try {
      await this.#save({ leaving: true });
    } catch (error) {
      tell(this.parts.context, { kind: "warning", message: messageOf(error) });
    }
  }
}
