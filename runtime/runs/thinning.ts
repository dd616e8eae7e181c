/** Which progress a run's `events.jsonl` keeps, so that it stays small however long the run is. @module */
import type { PipelineEvent } from "../../pipeline/mod.ts";

/** Reports of one kind that are all kept. */
const keptWhole = 1000;

/**
 * Keeps every event but progress; of that nothing of steps whose losses are not read, and of the progress of one stage and kind (a step's losses, a checkpoint, images done) the
 * first thousand reports, then every tenth up to the ten thousandth, every hundredth up to the hundred thousandth, and so on:
 * at most 900 more for ten times the length. A training's history has every reading of its losses.
 */
export class Thinning {
  readonly #seen = new Map<string, number>();

  /** Whether an event is kept; each is asked about once, as it comes. */
  keeps(event: PipelineEvent): boolean {
    if (event.type !== "progress") return true;
    if (event.data.kind === "tick") return false;
    const name = `${event.node} ${event.data.kind ?? ""}`;
    const number = (this.#seen.get(name) ?? 0) + 1;
    this.#seen.set(name, number);
    let every = 1;
    while (number > keptWhole * every) every *= 10;
    return number % every === 0;
  }
}
