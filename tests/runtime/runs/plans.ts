/** Plans of runs that are done, as their folders have them. @module */
import type { Plan } from "../../../pipeline/mod.ts";
import type { RecordedOutput } from "../../../runtime/runs/run_folder.ts";
import { sha256 } from "../../../pipeline/plan/canonical_json.ts";

/** A stage of a plan. */
export interface PlannedStage {
  readonly id: string;
  /** Name of its method, if it trains by one. */
  readonly method?: string;
  /** Output → a text that stands for what it holds. */
  readonly gives: Readonly<Record<string, string>>;
  /** Input → the stage and the output that it takes: `load.images`. */
  readonly takes?: Readonly<Record<string, string>>;
}

/** The plan of stages in an order of execution. */
export function planOf(...stages: readonly PlannedStage[]): Plan {
  const edges = stages.flatMap(({ id, takes = {} }) =>
    Object.entries(takes).map(([input, taken]) => {
      const [from, output] = taken.split(".") as [string, string];
      return { from, output, to: id, input };
    })
  );
  const digestOf = (from: string, output: string) =>
    sha256(stages.find(({ id }) => id === from)!.gives[output]!);
  return {
    pipeline: "own",
    seed: 3,
    nodes: stages.map(({ id, method, gives }) => ({
      id,
      stage: id,
      version: 1,
      config: method === undefined ? {} : { method: { name: method } },
      origins: {},
      parts: Object.fromEntries(
        edges.filter(({ to }) => to === id)
          .map(({ from, output, input }) => [`input.${input}`, digestOf(from, output)]),
      ),
      modules: {},
      outputs: Object.fromEntries(Object.keys(gives).map((output) => [output, digestOf(id, output)])),
      state: "hit",
      resources: [],
    })),
    edges,
    outputs: [],
  };
}

/** What a run returns whose scores a stage made. */
export function scoredBy(node: string): RecordedOutput[] {
  return [{ name: "score", kind: "metrics", node, output: "metrics", digest: "ab".repeat(32) }];
}
