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

type Data = Readonly<Record<string, unknown>>;

/** Turns a run's events into lines. */
export class Progress {
  readonly #width: number;
  readonly #rates = new Map<string, { images: Rate; steps: Rate }>();
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
        return this.#line(event.node, `runs: ${shortened(event.why).join("; ")}`);
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
    if (typeof data.done === "number" && typeof data.total === "number") {
      const rate = this.#rate(node).images;
      rate.add(data.done, this.now());
      const speed = rate.perSecond ? `, ${shortRate(rate.perSecond)} ${data.unit ?? "items"}/s` : "";
      return this.#passing(node, `${data.done} of ${data.total} ${data.unit ?? ""}`.trimEnd() + speed);
    }
    this.#passing(node, JSON.stringify(data));
  }

  #training(node: string, told: TrainingEvent): void {
    switch (told.kind) {
      case "pretrained":
        return this.#line(node, pretrainedText(told));
      case "memory":
        return this.#line(node, memoryText(told));
      case "evaluation":
        return this.#line(node, evaluationText(told));
      case "step":
        return this.#step(node, told);
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

  #step(node: string, { step, steps, epoch, epochs, images, losses }: Told<"step">): void {
    const { images: imageRate, steps: stepRate } = this.#rate(node);
    const now = this.now();
    imageRate.add(images, now);
    stepRate.add(step, now);
    const speed = imageRate.perSecond, stepsPerSecond = stepRate.perSecond;
    const text = [
      `step ${step}/${steps}`,
      `epoch ${epoch}/${epochs}`,
      ...Object.entries(losses).map(([name, value]) => `${name} ${value.toPrecision(3)}`),
      ...(speed ? [`${shortRate(speed)} images/s`] : []),
      ...(stepsPerSecond && step < steps ? [`${duration((steps - step) / stepsPerSecond)} left`] : []),
    ].join("  ");
    // A new epoch and the last step get a line that stays.
    if (epoch !== this.#epoch || step === steps) {
      this.#epoch = epoch;
      return this.#line(node, text);
    }
    this.#passing(node, text);
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

  #rate(node: string): { images: Rate; steps: Rate } {
    let found = this.#rates.get(node);
    if (found === undefined) this.#rates.set(node, found = { images: new Rate(), steps: new Rate() });
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

function shortened(why: readonly string[]): string[] {
  return why.length <= 4 ? [...why] : [...why.slice(0, 4), `and ${why.length - 4} more (see "why")`];
}

function shortRate(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(3);
}
