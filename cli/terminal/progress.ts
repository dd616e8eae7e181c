/** What a run says while it works: a line drawn over on a terminal, a line now and then elsewhere. @module */
import type { PipelineEvent } from "../../pipeline/mod.ts";
import { type TrainingEvent, trainingEvent } from "../../stages/training/progress.ts";
import { Rate } from "./rate.ts";
import type { Terminal } from "./terminal.ts";
import { bytes, duration, percent } from "./text.ts";

/** Seconds between lines where the output is no terminal. */
const plainEvery = 10;
/** Seconds between drawings of the live line. */
const liveEvery = 0.1;
/** Characters of the bar of a live line. */
const barWidth = 12;

type Data = Readonly<Record<string, unknown>>;

/** What is remembered of a stage at work. */
interface Work {
  /** Arrivals of what is counted towards the end. */
  readonly done: Rate;
  readonly images: Rate;
  /** The losses that were last read, by name. */
  losses: Readonly<Record<string, number>>;
}

/** Turns a run's events into lines. */
export class Progress {
  readonly #width: number;
  readonly #works = new Map<string, Work>();
  #shown = -Infinity;
  #epoch: unknown;

  /**
   * @param terminal Where lines go.
   * @param now Seconds from any fixed moment.
   */
  constructor(readonly terminal: Terminal, readonly now: () => number = () => performance.now() / 1000) {
    this.#width = 14;
  }

  /** Takes an event in. */
  on(event: PipelineEvent): void {
    switch (event.type) {
      case "hit":
        return this.#line(
          event.node,
          `${event.from === "remote" ? "from the remote cache" : "in the cache"} (${event.key.slice(0, 8)})`,
        );
      case "miss":
        return this.#line(event.node, `runs: ${event.short}${event.why.length > 1 ? '; see "why"' : ""}`);
      case "waiting":
        return this.#line(
          event.node,
          event.takesOverIn === undefined
            ? "another process runs it; its result will be taken"
            : `the process that ran it gives no sign of life; goes on in its place in ${
              duration(event.takesOverIn)
            }`,
        );
      case "progress":
        return this.#progress(event.node, event.data);
      case "finished":
        return this.#line(event.node, `done in ${duration(event.seconds)}`);
      case "notice":
        return this.terminal.note(event.message);
      case "changed":
      case "damaged":
      case "failed":
        return this.#line(event.node, event.type === "failed" ? "failed" : event.message);
    }
  }

  #line(node: string, text: string): void {
    // A drawn line may follow at once; a plain one waits, as this one has just told.
    this.#shown = this.terminal.isLive ? -Infinity : this.now();
    this.terminal.print(`${node.padEnd(this.#width)} ${text}`);
  }

  #progress(node: string, data: Data): void {
    const told = trainingEvent(data);
    if (told !== undefined) return this.#training(node, told);
    if (typeof data.done !== "number" || typeof data.total !== "number") {
      return this.#passing(node, JSON.stringify(data));
    }
    const { done, total, unit = "items" } = data;
    const rate = this.#work(node).done;
    rate.add(done, this.now());
    const speed = rate.perSecond ? [`${shortRate(rate.perSecond)} ${unit}/s`] : [];
    this.#passing(node, this.#way(node, done, total, [...speed, `${done} of ${total} ${unit}`]));
  }

  /** How far a stage is: bar, percent, time left, then the rest, of which a narrow terminal cuts the end. */
  #way(node: string, done: number, total: number, rest: readonly string[]): string {
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const full = Math.round(share * barWidth);
    const perSecond = this.#work(node).done.perSecond;
    return [
      ...(this.terminal.isLive ? ["█".repeat(full) + "░".repeat(barWidth - full)] : []),
      `${String(Math.floor(100 * share)).padStart(2)}%`,
      ...(perSecond && done < total ? [`${duration((total - done) / perSecond)} left`] : []),
      ...rest,
    ].join("  ");
  }

  #training(node: string, told: TrainingEvent): void {
    switch (told.kind) {
      case "pretrained":
        return this.#line(node, pretrainedText(told));
      case "memory":
        return this.#line(node, memoryText(told));
      case "evaluation":
        return this.#line(node, evaluationText(told));
      case "tick":
        return this.#passing(node, this.#step(node, told));
      case "stopped":
        return this.#line(
          node,
          `ends after epoch ${told.epoch} of ${told.epochs}: no score was better than that of epoch ${told.best}`,
        );
      case "step":
        return this.#read(node, told);
      case "scoring":
        return this.#passing(
          node,
          `epoch ${told.epoch}/${told.epochs}  scored ${told.done} of ${told.total} images`,
        );
      case "resumed":
        return this.#line(node, resumedText(told));
      case "checkpoint":
        // Those that are written by the clock go without saying.
        return told.leaving ? this.#line(node, `checkpoint of step ${told.step} is written`) : undefined;
      case "note":
        return this.#line(node, told.message);
      case "warning":
        return this.#line(node, `warning: ${told.message}`);
      case "compile":
        return this.#passing(node, `compiling ${told.done} of ${told.total} kernels`);
    }
  }

  #step(node: string, { step, steps, epoch, epochs, images }: Told<"tick" | "step">): string {
    const work = this.#work(node), now = this.now();
    work.images.add(images, now);
    work.done.add(step, now);
    const speed = work.images.perSecond;
    return this.#way(node, step, steps, [
      ...(speed ? [`${shortRate(speed)} images/s`] : []),
      `step ${step}/${steps}`,
      `epoch ${epoch}/${epochs}`,
      ...(step === 0 ? ["the first step has the driver compile"] : []),
      ...Object.entries(work.losses).map(([name, value]) => `${name} ${value.toPrecision(3)}`),
    ]);
  }

  #read(node: string, told: Told<"step">): void {
    const { step, steps, epoch, losses } = told;
    this.#work(node).losses = losses;
    const text = this.#step(node, told);
    // A new epoch and the last step get a line that stays.
    if (epoch === this.#epoch && step !== steps) return this.#passing(node, text);
    this.#epoch = epoch;
    this.#line(node, text);
  }

  /** A line that the next one may replace. */
  #passing(node: string, text: string): void {
    const now = this.now();
    if (now - this.#shown < (this.terminal.isLive ? liveEvery : plainEvery)) return;
    this.#shown = now;
    const line = `${node.padEnd(this.#width)} ${text}`;
    if (this.terminal.isLive) this.terminal.live(line);
    else this.terminal.print(line);
  }

  #work(node: string): Work {
    let found = this.#works.get(node);
    if (found === undefined) {
      this.#works.set(node, found = { images: new Rate(), done: new Rate(), losses: {} });
    }
    return found;
  }
}

/** What a training tells of a kind. */
type Told<K extends TrainingEvent["kind"]> = Extract<TrainingEvent, { readonly kind: K }>;

function pretrainedText(
  { backbone, file, loaded, classifier = [], differences = [] }: Told<"pretrained">,
): string {
  if (file === undefined) {
    return `${backbone} starts from random weights; published scores start from ImageNet's (co-train.pretrained=FILE)`;
  }
  const names = (what: string, list: readonly string[]) => list.length ? [`${what}: ${list.join(", ")}`] : [];
  return [
    `${backbone} starts from ${file}: ${loaded} tensors, in each network`,
    ...names("left over", classifier),
    ...names("not fitting", differences),
  ].join("; ");
}

function memoryText(memory: Told<"memory">): string {
  const { parameterBytes, gradientBytes, momentBytes, statisticBytes, stateBytes, repeated } = memory;
  const parts = [
    `parameters, gradients, moments ${bytes(parameterBytes + gradientBytes + momentBytes + statisticBytes)}`,
    ...(stateBytes > 0 ? [`state ${bytes(stateBytes)}`] : []),
    `workspace ${bytes(memory.workspaceBytes)}, at least ${bytes(memory.lowerBoundBytes)}`,
    `images ${bytes(memory.inputBytes)}`,
  ];
  const again = repeated > 0 ? `; ${repeated} launches a step are repeated to save memory` : "";
  return `device memory: peak ${bytes(memory.peakBytes)} (${parts.join("; ")})${again}`;
}

function resumedText({ step, steps, damage, adapter }: Told<"resumed">): string {
  const problems = damage.length > 0 ? ` (${damage.join("; ")})` : "";
  const moved = adapter === undefined
    ? ""
    : `; it was made on ${adapter}, so the result will not be to the bit what either adapter gives alone`;
  return step === 0
    ? `starts anew: no checkpoint can be used${problems}`
    : `goes on from the checkpoint of step ${step} of ${steps}${problems}${moved}`;
}

function evaluationText({ epoch, epochs, protocol, miou }: Told<"evaluation">): string {
  const named = Object.entries(miou).map(([name, value]) =>
    `${name.replace(/(\d)$/, " $1")} ${percent(value)}`
  );
  // Images whole is what everybody expects of a score; anything else is said.
  const under = protocol === "original" ? "" : ` (${protocol})`;
  return `epoch ${epoch}/${epochs}  mIoU${under} ${named.join("  ")}`;
}

function shortRate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
}
