/** Norms split by domain: passes, training, and what is kept of them. */
import assert from "node:assert/strict";
import { z } from "zod";
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { compile } from "../../../kernels/program/program.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import { initialize } from "../../../models/initialization.ts";
import { declareNetworks } from "../../../models/networks.ts";
import { allocateParameters } from "../../../models/parameters.ts";
import type { StateDict } from "../../../models/state_dict.ts";
import { defineMethod } from "../../../stages/methods/method.ts";
import { averageOf, trained } from "../../../stages/methods/networks.ts";
import { supervise } from "../../../stages/methods/parts.ts";
import { makePasses } from "../../../stages/methods/passes.ts";
import type { Passing } from "../../../stages/methods/step.ts";
import { startWeights } from "../../../stages/training/start.ts";
import { openSession } from "../../../stages/training/session.ts";
import { labeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest, store, uniform } from "../../support/gpu.ts";
import { bound, networkOf, shapesViews } from "../../support/training.ts";

const spec = {
  backbone: "resnet14",
  classes: 3,
  dilations: { replaceStride: [false, false, true] },
  rates: [1, 2, 3],
} as const;
const domains = ["weak", "strong"] as const;
const images = ["x", "y", "z"] as const;
const shape = [2, 17, 17, 3];
type Images = Readonly<Record<(typeof images)[number], Tensor>>;

/** A network of two copies of norms that differ, and two that have one of them each. */
const networks = declareNetworks(spec, { split: { norms: { domains } }, first: {}, second: {} });

function weights(): StateDict {
  const state = initialize(networks.registry, 3);
  for (const [i, name] of [...state.keys()].entries()) {
    const tensor = state.get(name)!;
    if (tensor.shape.length > 1 || name.includes("classifier")) continue;
    const around = /weight|running_var/.test(name) ? 1 : 0;
    const values = uniform(i, tensor.shape[0]!, around - 0.4, around + 0.4);
    state.set(name, { ...tensor, values: Float32Array.from(values) });
  }
  for (const name of [...state.keys()]) {
    const [network] = name.split(".", 1), of = `split${name.slice(network!.length)}`;
    const other = of.replace(/\.(\w+)$/, ".aux.$1");
    if (network !== "split") {
      state.set(name, state.get(network === "second" && state.has(other) ? other : of)!);
    }
  }
  return state;
}

/** Runs what is written; gives logits by name, and the statistics that are left. */
async function run(
  device: Device,
  write: (passing: Passing, images: Images) => Readonly<Record<string, Prediction>>,
): Promise<{ logits: Record<string, Float32Array>; state: StateDict }> {
  const parameters = allocateParameters(device, networks.registry, { training: true });
  parameters.load(weights());
  const held = allocate(device, "inputs", [
    ...images.map((label) => ({ label, shape })),
    { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
  ]);
  images.forEach((_, i) =>
    upload(device, held.tensors[i]!, store(uniform(i, 2 * 17 * 17 * 3, -2 - i, 2), shape))
  );
  const given = Object.fromEntries(images.map((name, i) => [name, held.tensors[i]!])) as unknown as Images;
  const graph = new Graph(device.facts.sharing), counters = held.tensors[images.length]!;
  const passing = makePasses(graph, networks, { tensor: parameters.tensor, counters, together: true });
  const wanted = Object.entries(write(passing, given)).map(([name, { logits }]) =>
    [name, graph.keep(logits)] as const
  );
  const program = compile(device, graph);
  program.run();
  const read = await readBack(device, wanted.map(([, tensor]) => program.locate(tensor)));
  const state = await parameters.read();
  for (const owner of [program, held, parameters]) owner.free();
  return { logits: Object.fromEntries(wanted.map(([name], i) => [name, read[i]!])), state };
}

/** The running statistics of a network; of `aux`, those of the second copy, by the names of the first. */
function statistics(state: StateDict, network: string, aux = false) {
  return Object.fromEntries(
    [...state].filter(([name]) =>
      name.startsWith(`${network}.`) && name.includes(".running_") && name.includes(".aux.") === aux
    ).map(([name, { values }]) => [name.slice(network.length).replace(".aux.", "."), values]),
  );
}

gpuTest(
  "a pass goes through the norms of its domain alone, and evaluation through the first",
  async (device) => {
    const { logits, state } = await run(device, ({ train, evaluate }, { x, y, z }) => {
      const split = train("split", { weak: x, strong: y });
      const first = train("first", { weak: x }), second = train("second", { strong: y });
      return {
        weak: split.weak,
        strong: split.strong,
        first: first.weak,
        second: second.strong,
        evaluated: evaluate("split", z),
        afterWeak: evaluate("split", z, { after: split.weak }),
        named: evaluate("split", { strong: z }).strong,
        evaluatedFirst: evaluate("first", z),
      };
    });
    assert.deepEqual(logits.weak, logits.first);
    assert.deepEqual(logits.strong, logits.second);
    for (const name of ["evaluated", "afterWeak", "named"]) {
      assert.deepEqual(
        logits[name],
        logits.evaluatedFirst,
        name,
      );
    }
    assert.notDeepEqual(logits.evaluated, logits.named!.map(() => 0));
    assert.deepEqual(statistics(state, "split"), statistics(state, "first"));
    assert.deepEqual(statistics(state, "split", true), statistics(state, "second"));
    const before = weights();
    for (const aux of [false, true]) {
      assert.notDeepEqual(
        statistics(state, "split", aux),
        statistics(before, "split", aux),
      );
    }
  },
);

gpuTest("parts of a pass, taps and features go through its domain", async (device) => {
  const { logits } = await run(device, ({ train, backbone, features }, { x, y, z }) => {
    const joint = train("split", { strong: { y, z }, weak: x });
    const own = train("second", { strong: { y, z } });
    const taps = backbone("split", { strong: y, weak: x });
    const entered = features("split", { strong: y, weak: x });
    return {
      y: joint.strong.y,
      z: joint.strong.z,
      ownY: own.strong.y,
      ownZ: own.strong.z,
      taps: train("split", { strong: taps.strong }).strong,
      features: train("split", { strong: entered.strong }).strong,
      whole: train("second", { strong: y }).strong,
    };
  });
  assert.deepEqual([logits.y, logits.z], [logits.ownY, logits.ownZ]);
  assert.deepEqual(logits.taps, logits.whole);
  assert.deepEqual(logits.features, logits.whole);
});

gpuTest(
  "a training pass of no domain is refused, and an evaluation after one that it does not read",
  async (device) => {
    await run(device, ({ train, evaluate }, { x, y, z }) => {
      const { strong } = train("split", { weak: x, strong: y });
      assert.throws(
        () => train("split", { weak: x, other: y }),
        /^MethodError: Cannot train network "split" on pass "other": its norms are of the domains weak and strong\. Name the pass after one of them\.$/,
      );
      assert.throws(() => train("split", x), /Cannot train network "split" on pass "image"/);
      assert.throws(
        () => evaluate("split", z, { after: strong }),
        /^MethodError: Cannot evaluate "split" after a pass of domain "strong": it leaves no statistics of domain "weak", which evaluation reads$/,
      );
      return { strong };
    });
  },
);

/** A student of two domains and its average. */
const split = defineMethod({
  name: "split",
  version: 1,
  module: import.meta.url,
  options: z.strictObject({}),
  networks: () => ({
    student: trained({ norms: { backbone: { epsilon: 1e-3 }, domains } }),
    teacher: averageOf("student", { decay: 0.5 }),
  }),
  views: () => ({ labeled: labeled({ image: weak() }), again: labeled({ image: weak() }) }),
  terms(step) {
    const { labeled, again } = step.views;
    const seen = step.train("student", { weak: labeled.image, strong: again.image });
    return {
      weak: { loss: supervise(step, "weak", seen.weak, labeled.labels), weight: 1 },
      strong: { loss: supervise(step, "strong", seen.strong, again.labels), weight: 1 },
    };
  },
  predictions: { student: "student", teacher: "teacher" },
  headline: "teacher",
});

gpuTest(
  "both copies start alike and learn by their own passes; the warm-up is the first one's",
  async (device) => {
    const method = bound(split());
    const session = openSession(device, {
      network: networkOf(method),
      method,
      views: shapesViews(),
      batch: 4,
      seed: 5,
      optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
      warmUp: true,
    });
    const take = (step: number, phase: "warm-up" | "method") => {
      const at = { step, steps: 9, epoch: 0, epochs: 1, stepsPerEpoch: 9 };
      session.step({ labeled: [0, 1, 2, 3], unlabeled: [] }, { phase, epoch: 0, step, rate: 0.05, at });
    };
    const norms = (state: StateDict, network: string, aux: boolean) =>
      Object.fromEntries(
        [...state].filter(([name, { shape }]) =>
          shape.length === 1 && name.startsWith(`${network}.`) && !name.includes("classifier") &&
          name.includes(".aux.") === aux
        ).map(([name, { values }]) => [name.slice(network.length).replace(".aux.", "."), values]),
      );
    const start = await session.state();
    assert.deepEqual(norms(start, "student", true), norms(start, "student", false));
    take(0, "warm-up");
    const warm = await session.state();
    assert.deepEqual(norms(warm, "student", true), norms(start, "student", true));
    take(0, "method");
    const after = await session.state();
    session.free();
    const [first, second, teacher] = [
      norms(after, "student", false),
      norms(after, "student", true),
      norms(after, "teacher", true),
    ];
    for (const [name, before] of Object.entries(norms(warm, "student", true))) {
      assert.notDeepEqual(second[name], before, `${name} of the second copy has moved`);
      assert.notDeepEqual(first[name], second[name], `${name} differs between the copies`);
      teacher[name]!.forEach((value, i) => {
        const mean = (before[i]! + second[name]![i]!) / 2;
        assert.ok(
          Math.abs(value - mean) < 1e-5 * (1 + Math.abs(mean)),
          `${name} of the teacher is the average`,
        );
      });
    }
  },
);

Deno.test("a file of weights gives both copies the same start", () => {
  const { registry } = declareNetworks(spec, { student: { norms: { domains } } });
  const values = Float32Array.from(uniform(1, 32, 0.5, 1.5));
  const pretrained = new Map([["student.backbone.bn1.weight", { shape: [32], values }]]);
  const start = startWeights(
    registry,
    { averages: {}, ownStarts: new Set(), randomStarts: new Set() },
    1,
    pretrained,
  );
  assert.deepEqual(start.get("student.backbone.bn1.aux.weight"), { shape: [32], values });
  assert.deepEqual(start.get("student.backbone.bn1.weight"), { shape: [32], values });
});
