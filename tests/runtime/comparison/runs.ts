/** Runs to compare. @module */
import type { Json } from "../../../pipeline/plan/canonical_json.ts";
import type { Plan, PlanNode } from "../../../pipeline/mod.ts";
import type { ComparedRun } from "../../../runtime/comparison/compared_run.ts";
import type { RunRecord } from "../../../runtime/runs/run_folder.ts";
import type { RunScores } from "../../../runtime/runs/scores.ts";
import type { Comparison } from "../../../runtime/comparison/view.ts";
import type { ComparedWay } from "../../../runtime/comparison/ways.ts";
import { curvesOf, hostileNames } from "../report/run_views.ts";

/** What sets a run apart. */
export interface RunParts {
  readonly seed?: number;
  readonly id?: string;
  readonly name?: string;
  readonly method?: string;
  /** Leaves of the training. */
  readonly config?: Readonly<Record<string, Json>>;
  /** mIoU of the headline, percent; null for a run without scores. */
  readonly miou?: number | null;
  readonly protocol?: string;
  /** Stands for the images. */
  readonly data?: string;
  readonly commit?: string;
  readonly adapter?: string;
  readonly record?: Partial<RunRecord>;
}

let made = 0;

/** A run of a pipeline load → co-train → evaluate. */
export function runOf(parts: RunParts = {}): ComparedRun {
  const { seed = 0, name = "shapes-12", method = "ccvc", config = {}, miou = 50, protocol = "original" } =
    parts;
  const { data = "data", commit = "abc", adapter = "llvmpipe", record = {} } = parts;
  const { id = `20260131-${String(100000 + made++)}-3fa9c1d2` } = parts;
  const digest = (text: string) =>
    [...text].map((sign) => sign.charCodeAt(0).toString(16)).join("").padEnd(64, "0").slice(-64);
  const node = (id: string, parts: PlanNode["parts"], outputs: Record<string, string>): PlanNode => ({
    id,
    stage: id,
    version: 1,
    config: id === "co-train" ? { method: { name: method }, ...config } : {},
    origins: {},
    parts: { "code.bundle": digest(commit), stage: id, ...parts },
    modules: {},
    key: digest(`${id}${made}`),
    outputs,
    state: "miss",
    resources: [],
  });
  const leaves = Object.fromEntries(Object.entries(config).map(([leaf, value]) => [`config.${leaf}`, value]));
  const images = digest(data),
    weights = digest(`${method}${JSON.stringify(config)}${seed}${adapter}${commit}${data}`);
  const plan: Plan = {
    pipeline: name,
    seed,
    nodes: [
      node("load", { sources: images }, { images }),
      node("co-train", { "config.method.name": method, ...leaves, seed, "input.images": images }, {
        last: weights,
      }),
      node("evaluate", { "input.nets": weights, "input.samples": images }, { metrics: digest(`${miou}`) }),
    ],
    edges: [
      { from: "load", output: "images", to: "co-train", input: "images" },
      { from: "load", output: "images", to: "evaluate", input: "samples" },
      { from: "co-train", output: "last", to: "evaluate", input: "nets" },
    ],
    outputs: [{ name: "score", node: "evaluate", output: "metrics" }],
  };
  const scores: RunScores | undefined = miou === null ? undefined : {
    headline: "average",
    protocol,
    miou: { branch1: miou - 2, branch2: miou - 1, average: miou },
    best: { miou: { branch1: miou, branch2: miou, average: miou + 1 } },
    perClass: [{ name: "background", iou: 90 }, { name: "ring", iou: miou }],
  };
  const facts = { commit, "gpu.adapter": adapter };
  const training = { images: 4800, stepSeconds: 0.25, peakBytes: 41_000_000 };
  return {
    path: `/runs/${name}/${id}`,
    plan,
    scores,
    curves: { "co-train": curvesOf(60, 2) },
    run: {
      name,
      id,
      experiment: name,
      seed,
      set: [],
      state: "done",
      started: `2026-01-31T10:00:00.${String(made).padStart(3, "0")}Z`,
      seconds: 61,
      facts: { commit },
      nodes: plan.nodes.map(({ id, stage, key }) => ({
        id,
        stage,
        key: key!,
        state: "ran",
        seconds: 2,
        ...(id !== "load" && { facts }),
        ...(id === "co-train" && { training }),
      })),
      outputs: [{ name: "score", kind: "metrics", node: "evaluate", output: "metrics", digest: images }],
      ...record,
    },
  };
}

const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** A comparison of ways, with pictures of two images. */
export function comparisonOf(ways: readonly ComparedWay[]): Comparison {
  return {
    title: "shapes-12",
    made: new Date("2026-01-31T23:59:59Z"),
    ways,
    reference: 0,
    pictures: {
      colors: [[0, 0, 0], [230, 80, 70]],
      classes: ["background", "ring"],
      left: 1,
      images: ["scene-1", "scene-2"].map((name, image) => ({
        name,
        image: PIXEL,
        truth: PIXEL,
        ways: ways.map(({ name }, i) => ({
          way: name,
          seed: 0,
          url: PIXEL,
          miou: 40 + i * (10 - 20 * image),
        })),
      })),
    },
  };
}

/** A comparison whose every name of others' choice wants to be more than text. */
export function hostileComparison(): Comparison {
  const numbers = Object.fromEntries(hostileNames.map((name) => [name, 40.5]));
  const ways = hostileNames.map((name) => {
    const run = runOf({
      name,
      method: name,
      protocol: name,
      adapter: name,
      commit: name,
      config: { [name]: name },
    });
    return {
      name,
      runs: [{
        ...run,
        scores: { ...run.scores!, headline: name, miou: numbers, perClass: [{ name, iou: 5 }] },
        curves: { [name]: { ...curvesOf(9), evaluations: [{ epoch: 1, protocol: name, miou: numbers }] } },
        run: { ...run.run, state: "failed" as const, error: name },
      }],
    };
  });
  const { pictures, ...comparison } = comparisonOf(ways);
  const images = pictures.images.map((image, i) => ({ ...image, name: hostileNames[i]! }));
  return {
    ...comparison,
    title: hostileNames.join(", "),
    pictures: { ...pictures, images, classes: hostileNames.slice(0, 2) },
  };
}
