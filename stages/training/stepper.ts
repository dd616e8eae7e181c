/** Takes the steps of a captured training. @module */
import type { Device } from "../../kernels/device.ts";
import { readBack, upload } from "../../kernels/memory.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { CapturedTraining, CaptureOptions } from "./capture.ts";
import { type ChoiceNumbers, choiceOf, dealt, writeState } from "./choice.ts";
import type { Chosen } from "../methods/choice.ts";
import { LOSS_SCALE } from "./config/config.ts";
import { type StepAddress, stepNumbers } from "./control.ts";
import type { Drawn } from "./feed.ts";
import { checkLosses, clearLosses, type Metered, readLosses, type TrainingNames } from "./losses.ts";
import { type CompiledProgram, compilePhases, type PhaseOptions } from "./programs.ts";
import { makeExchange } from "./team/exchange.ts";
import type { StepTeam } from "./team/members.ts";
import type { Batch } from "./sampler.ts";

/** How steps are taken. */
export interface StepperOptions
  extends PhaseOptions, Pick<CaptureOptions, "batch" | "accumulate" | "seed" | "optimizer" | "lossScale"> {
  /** Called with how many updates were left out since the losses were last read, as their gradients overflowed f16. */
  readonly onSkipped?: ((updates: number) => void) | undefined;
  /** Names the images of a step, counted from 0 over the whole run, for messages. */
  readonly samplesOf?: ((step: number, chosen?: Batch["chosen"]) => string) | undefined;
  /** Processes that share a step's micro-batches; this one takes all unless told. */
  readonly team?: StepTeam | undefined;
  /** What a choice draws by, in place of the seed's numbers. */
  readonly choiceNumbers?: ChoiceNumbers | undefined;
}

/** A loss term in the last step. */
export interface LastTerm {
  readonly name: string;
  /** Before weighting. */
  readonly value: number;
  readonly weight: number;
}

/** What steps came to, by name. */
export interface Losses {
  /** Loss terms, before their weights. */
  readonly terms: Record<string, number>;
  /** See {@linkcode Step.tell}. */
  readonly shares: Record<string, number>;
}

/** A captured training, compiled. */
export interface Stepper {
  /**
   * Runs one optimizer step; does not wait for it. Where the method chooses images it waits for the one before, and where processes
   * share the step for what they exchange, and gives a promise of having gone so far.
   * @throws {DivergenceError} If a schedule's number, or what a choice reads, is NaN or infinite.
   */
  step(batch: Batch, address: StepAddress): void | Promise<void>;
  /** Waits for all steps so far. */
  settle(): Promise<void>;
  /**
   * Waits, and gives the mean of each loss term and share since the last call; to be called before the phase changes.
   * @throws {DivergenceError} If a term was NaN or infinite, naming it, the step, from 1, and its images; or if gradients
   *   overflowed f16 in {@linkcode MOST_SKIPPED} steps in a row.
   */
  losses(): Promise<Losses>;
  /** What messages say of it. */
  readonly names: TrainingNames;
  /** Waits, and gives the terms of the last step, whatever they are. */
  lastTerms(): Promise<readonly LastTerm[]>;
  /** Where the last step has left a tensor that its capture kept. */
  locate(kept: Tensor): Tensor;
  /** Gives the programs back, not what they were captured with. */
  free(): void;
}

/** Compiles a captured training. */
export function openStepper(
  device: Device,
  training: CapturedTraining,
  options: StepperOptions,
): Stepper {
  const { method, feed, state, control, folding, phases: captured } = training;
  const { batch, accumulate, seed, optimizer, lossScale = LOSS_SCALE, samplesOf, team } = options;
  const phases = compilePhases(device, captured, options);
  let current = phases.method;
  let taken = 0;
  /** Of the last step. */
  let numbers = new Float32Array();
  /** What was chosen since the losses were last read, by the step. */
  const choices = new Map<number, Batch["chosen"]>();
  const names: TrainingNames = {
    step: (step) => {
      const samples = samplesOf?.(step, choices.get(step));
      return `step ${step + 1}${samples === undefined ? "" : ` (${samples})`}`;
    },
    get last() {
      return taken - 1;
    },
    lossScale,
  };
  /** The images of a micro-batch. */
  const partOf = (images: Batch, index: number): Batch => {
    const from = index * batch / accumulate;
    const part = (places: readonly number[] = []) => places.slice(from, from + batch / accumulate);
    const { labeled, unlabeled, others, pseudoLabeled, otherPseudoLabeled, chosen } = images;
    return {
      labeled: part(labeled),
      unlabeled: part(unlabeled),
      others: part(others),
      pseudoLabeled: part(pseudoLabeled),
      otherPseudoLabeled: part(otherPseudoLabeled),
      ...(chosen && { chosen: dealt(chosen, { accumulate, index }) }),
    };
  };
  const exchange = team && makeExchange(device, folding!, team), size = team?.size ?? 1;
  /** Of `accumulate` micro-batches, those of this process: the first, and the one after the last. */
  const [first, end] = [0, 1].map((i) => accumulate * ((team?.rank ?? 0) + i) / size) as [number, number];
  const run = (
    images: Batch,
    address: StepAddress,
    written: Chosen["state"] = {},
  ): void | Promise<void> => {
    numbers = stepNumbers(method, optimizer, address);
    upload(device, control.rates, numbers);
    current = phaseOf(address);
    const drawn: Drawn = new Map();
    const runEach = (wanted: CompiledProgram["per"]) => {
      for (const { program, per } of current.programs) if (per === wanted) program.run();
    };
    const prepare = (index: number) => {
      if (index > first) folding?.again();
      const { epoch, step } = address;
      feed.fill(partOf(images, index), { epoch, step }, drawn);
      upload(device, control.counters, Uint32Array.of(seed, epoch, step, index * batch / accumulate));
      writeState(device, state, written, { accumulate, index });
    };
    const finish = () => {
      folding?.end();
      runEach("step");
      taken = address.step + 1;
    };
    for (let index = 0; index < first; index++) feed.pass(partOf(images, index), drawn);
    folding?.begin();
    if (exchange) {
      return (async () => {
        for (let index = first; index < end; index++) {
          prepare(index);
          for (const { program, per } of current.programs) {
            if (per === "micro-batch") await program.runTogether(team.gather);
          }
          await exchange.take();
        }
        await exchange.foldAll(() => runEach("fold"), () => runEach("sums"));
        finish();
      })();
    }
    for (let index = first; index < end; index++) {
      prepare(index);
      runEach("micro-batch");
      runEach("fold");
    }
    runEach("sums");
    finish();
  };
  const phaseOf = ({ phase: name = "method" }: StepAddress) => {
    const phase = phases[name];
    if (!phase) throw new Error("Cannot warm up: the training was captured without it");
    return phase;
  };
  const choose = choiceOf(device, training, options);
  return {
    names,
    step(images, address) {
      if (choose === undefined || address.phase === "warm-up") return run(images, address);
      return choose(images, address).then(({ images: chosen, state }) => {
        choices.set(address.step, chosen);
        return run({ ...images, chosen }, address, state);
      });
    },
    settle: async () => void await readBack(device, control.meters.slice(0, 1)),
    async losses() {
      const readings = await readLosses(device, control, current), { terms, shares, overflow } = readings;
      clearLosses(device, control, readings, lossScale);
      checkLosses(readings, names);
      choices.clear();
      if (overflow && overflow.skipped > 0) options.onSkipped?.(overflow.skipped);
      const means = (metered: readonly Metered[]) =>
        Object.fromEntries(metered.map(({ name, sum, count }) => [name, sum / Math.max(1, count)]));
      return { terms: means(terms), shares: means(shares) };
    },
    async lastTerms() {
      const { terms } = await readLosses(device, control, current);
      return terms.map(({ name, last }, i) => {
        const { weight } = current.terms[i]!;
        // One that moves is a schedule's.
        return { name, value: last, weight: typeof weight === "number" ? weight : numbers[weight.index]! };
      });
    },
    // What a step computes lies in its first program; the others share nothing with it but what has a home.
    locate: (kept) => current.programs[0].program.locate(kept),
    free() {
      for (const phase of Object.values(phases)) for (const { program } of phase.programs) program.free();
    },
  };
}
