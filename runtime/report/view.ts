/** What a run's page shows, gathered. @module */
import type { Plan } from "../../pipeline/mod.ts";
import type { RunRecord } from "../runs/run_folder.ts";
import type { RunScores } from "../runs/scores.ts";
import type { Baseline } from "./baseline.ts";
import type { Curves } from "./curves.ts";
import type { Gallery, ShownRanking } from "./gallery.ts";
import type { Freshness } from "./renewal.ts";

/** A run, as far as it is known. */
export interface RunView {
  readonly run: RunRecord;
  readonly scores?: RunScores | undefined;
  /** Of its trainings, by stage. */
  readonly curves: Readonly<Record<string, Curves>>;
  readonly plan?: Plan | undefined;
  /** Pictures of scored images. */
  readonly gallery?: Gallery | undefined;
  /** Pictures of unlabeled ones. */
  readonly unlabeled?: Gallery | undefined;
  readonly ranking?: ShownRanking | undefined;
  readonly baseline?: Baseline | undefined;
  /** While it goes on. */
  readonly freshness?: Freshness | undefined;
}
