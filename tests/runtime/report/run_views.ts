/** Runs to make pages of. @module */
import type { Curves } from "../../../runtime/report/curves.ts";
import type { RunView } from "../../../runtime/report/view.ts";

/** Curves of so many steps. */
export function curvesOf(steps: number, every = 1): Curves {
  const count = Math.floor(steps / every);
  return {
    progress: { step: steps, steps: 2 * steps, epoch: 4, epochs: 8 },
    readings: Array.from({ length: count }, (_, i) => ({
      step: (i + 1) * every,
      epoch: 1 + Math.floor(4 * i / count),
      rate: 0.03 * (1 - i / count) ** 0.9,
      imagesPerSecond: 8 + Math.sin(i / 9),
      losses: { ce1: 2 / (1 + i / 9) + 0.1 * Math.sin(i), con1_mix: 0.4 + 0.2 * Math.cos(i / 5) },
      // The warm-up tells none.
      ...(i > 0 && { shares: { conflict: 0.1 + 0.05 * Math.sin(i / 7), confident1: 0.8 } }),
    })),
    evaluations: [1, 2, 3, 4].map((epoch) => ({
      epoch,
      protocol: "original",
      miou: { branch1: 10 * epoch, branch2: 9 * epoch, average: 11 * epoch },
    })),
  };
}

/** A run that is done. */
export const doneRun: RunView = {
  run: {
    name: "shapes-12",
    id: "20260131-235959-3fa9c1d2",
    experiment: "shapes-12",
    seed: 3,
    set: ["co-train.epochs=4"],
    changed: [{ name: "co-train.epochs", from: 9, to: 4 }],
    state: "done",
    started: "2026-01-31T23:59:59.000Z",
    seconds: 61,
    gpu: { adapter: "llvmpipe & co" },
    nodes: [
      { id: "load", stage: "load", key: "ab".repeat(32), state: "ran", seconds: 2 },
      {
        id: "co-train",
        stage: "co-train",
        key: "cd".repeat(32),
        state: "ran",
        seconds: 50,
        facts: { "gpu.adapter": "llvmpipe", commit: "abc" },
        training: { images: 4800, stepSeconds: 0.25, peakBytes: 41_000_000, heldBytes: 43_500_000 },
      },
    ],
  },
  scores: {
    protocol: "center_crop_712",
    headline: "average",
    miou: { branch1: 50.126, branch2: 49, average: 51 },
    pixelAccuracy: { branch1: 80, branch2: 81, average: 82 },
    best: { miou: { branch1: 51, branch2: 50, average: 52.5 } },
    perClass: [{ name: "background", iou: 90 }, { name: "ring", iou: 12.5 }],
    ...{ confusion: [[9000, 1000], [400, 100]] },
  },
  curves: { "co-train": curvesOf(120, 2) },
  baseline: {
    id: "20260131-000000-00000000",
    scores: { headline: "network", miou: { network: 46.5 }, perClass: [{ name: "ring", iou: 10 }] },
  },
};

/** A run that goes on, as its page says. */
export function runningRun(written: Date, promised: Date): RunView {
  const { seconds: _, nodes: __, ...run } = doneRun.run;
  return {
    run: { ...run, state: "running" },
    curves: { "co-train": curvesOf(120, 2) },
    freshness: { written: written.toISOString(), promised: promised.toISOString(), every: 30 },
  };
}

const hostile = `<img src=x onerror="document.title='broken'">`;

/** Names that want to be more than text. */
export const hostileNames: readonly string[] = [
  hostile,
  `</script><script>document.title='broken'</script>`,
  `"><svg onload=document.title='broken'>`,
  "\x1b[31mred\x1b[0m\x07\0",
  "\u202egnp.exe",
  "x".repeat(200),
  "漢".repeat(200),
  "__proto__",
  "a'b&c;<!--",
];

/** A run that has these names everywhere where a run has names of others' choice. */
export function hostileRun(): RunView {
  const [first, second, third, ...rest] = hostileNames;
  const numbers = Object.fromEntries(hostileNames.map((name) => [name, 40.5]));
  return {
    run: {
      ...doneRun.run,
      name: first!,
      experiment: second!,
      set: hostileNames.map((name) => `load.root=${name}`),
      changed: hostileNames.map((name) => ({ name, from: name, to: { [name]: name } })),
      error: hostileNames.join(" "),
      state: "failed",
      gpu: { adapter: third! },
      facts: Object.fromEntries(rest.map((name) => [name, name])),
    },
    scores: {
      headline: first,
      miou: numbers,
      perClass: hostileNames.map((name) => ({ name, iou: 5 })),
      benchmarks: hostileNames,
      ...{ confusion: hostileNames.map(() => hostileNames.map(() => 7)) },
    },
    curves: Object.fromEntries(hostileNames.map((name) => [name, {
      readings: [1, 2, 3].map((step) => ({ step, epoch: 1, losses: numbers })),
      evaluations: [{ epoch: 1, protocol: name, miou: numbers }],
    }])),
    gallery: {
      colors: hostileNames.map(() => [200, 30, 40]),
      left: 1,
      unreadable: 2,
      images: hostileNames.map((name) => ({
        name,
        pictures: [{ name, label: name, url: "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" }],
        miou: { [first!]: 3 },
        conflict: 0.25,
      })),
    },
  };
}
