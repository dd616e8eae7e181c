/** Averages that learn by themselves in the warm-up. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import type { Device } from "../../../kernels/device.ts";
import { initialize } from "../../../models/initialization.ts";
import type { StateDict } from "../../../models/state_dict.ts";
import { defineMethod } from "../../../stages/methods/method.ts";
import { averageOf, trained } from "../../../stages/methods/networks.ts";
import { crossEntropy } from "../../../stages/methods/parts.ts";
import { planTraining } from "../../../stages/training/memory.ts";
import { openSession, type Session, type SessionOptions } from "../../../stages/training/session.ts";
import { startWeights } from "../../../stages/training/start.ts";
import { buildNetworks } from "../../../stages/weights/network.ts";
import { labeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest, halfTest } from "../../support/gpu.ts";
import { bound, networkOf, shapesViews } from "../../support/training.ts";

const views = shapesViews();
const batch = { labeled: [0, 1, 2, 3], unlabeled: [2, 3, 4, 5] };

/** A student of labels, and a teacher that both have been of, and of which one epoch in two keeps all. */
function method(teacher: "learns" | "trained") {
  return defineMethod({
    name: "taught",
    version: 1,
    module: import.meta.url,
    options: z.strictObject({}),
    networks: () => ({
      student: trained(),
      teacher: teacher === "trained" ? trained() : averageOf("student", {
        decay: ({ epoch }) => epoch % 2 === 0 ? 0.75 : 1,
        start: "random",
        learnsInWarmUp: true,
      }),
    }),
    views: () => ({ labeled: labeled({ image: weak() }) }),
    terms(step) {
      const { image, labels } = step.views.labeled;
      const seen = step.train("student", image);
      step.train("teacher", image);
      return { ce: { loss: crossEntropy(step, "ce", seen, labels), weight: 1 } };
    },
    predictions: { student: "student" },
    headline: "student",
  })();
}

function settingsOf(teacher: "learns" | "trained", change: Partial<SessionOptions> = {}): SessionOptions {
  const of = bound(method(teacher));
  return {
    network: networkOf(of),
    method: of,
    views,
    batch: 4,
    seed: 9,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-3 },
    warmUp: true,
    ...change,
  };
}

const WARM = 3;

async function take(session: Session, from: number, to: number): Promise<void> {
  for (let step = from; step < to; step++) {
    const epoch = Math.max(0, step - WARM);
    await session.step(batch, {
      phase: step < WARM ? "warm-up" : "method",
      epoch: 0,
      step,
      rate: 0.05,
      at: { step: epoch, steps: 9, epoch, epochs: 9, stepsPerEpoch: 1 },
    });
  }
}

async function train(
  device: Device,
  teacher: "learns" | "trained",
  steps: number,
  change: Partial<SessionOptions> = {},
) {
  const session = openSession(device, settingsOf(teacher, change));
  await take(session, 0, steps);
  const state = await session.state();
  session.free();
  return state;
}

const isStatistic = (name: string) => name.includes(".running_");
const own = (state: StateDict, network: string) =>
  new Map([...state].filter(([name]) => name.startsWith(`${network}.`) && !isStatistic(name)));

gpuTest(
  "in the warm-up an average learns to the bit as a trained network does, by moments of its own",
  async (device) => {
    for (const change of [{}, { accumulate: 2 }]) {
      const [average, network] = [
        await train(device, "learns", WARM, change),
        await train(device, "trained", WARM, change),
      ];
      assert.deepEqual(average, network);
      const start = initialize(buildNetworks(settingsOf("learns").network).registry, 9);
      const [moved] = [...own(average, "teacher")].filter(([name, { values }]) =>
        values.every((value, i) => value === start.get(name)!.values[i])
      );
      assert.equal(moved, undefined);
    }
  },
);

halfTest("so it does in f16, where an update may be left out", async (device) => {
  const change = { precision: "f16" } as const;
  assert.deepEqual(await train(device, "learns", WARM, change), await train(device, "trained", WARM, change));
});

gpuTest(
  "afterwards it only follows: in an epoch in two, and of its moments nothing is left",
  async (device) => {
    const [warm, followed, rested] = [WARM, WARM + 1, WARM + 2].map((steps) =>
      train(device, "learns", steps)
    );
    const [before, after, later] = [await warm!, await followed!, await rested!];
    for (const [name, { values }] of own(after, "teacher")) {
      const student = after.get(name.replace("teacher", "student"))!.values,
        teacher = before.get(name)!.values;
      values.forEach((value, i) => {
        const wanted = 0.75 * teacher[i]! + 0.25 * student[i]!;
        assert.ok(Math.abs(value - wanted) <= 2e-7 * (1 + Math.abs(wanted)), `${name}: ${value}, ${wanted}`);
      });
    }
    // It rests, but for the statistics that its own passes move.
    assert.deepEqual(own(later, "teacher"), own(after, "teacher"));
    const moved = [...later].filter(([name, { values }]) =>
      name.startsWith("teacher.") && isStatistic(name) && `${values}` !== `${after.get(name)!.values}`
    );
    assert.ok(moved.length > 0);
  },
);

gpuTest("a warm-up that is stopped in its middle goes on to the bit", async (device) => {
  const whole = openSession(device, settingsOf("learns"));
  await take(whole, 0, WARM + 1);
  const wanted = await whole.snapshot();
  whole.free();
  const first = openSession(device, settingsOf("learns"));
  await take(first, 0, 1);
  const halfway = await first.snapshot();
  first.free();
  const second = openSession(device, settingsOf("learns"));
  second.restore(halfway);
  await take(second, 1, WARM + 1);
  assert.deepEqual(await second.snapshot(), wanted);
  second.free();
});

gpuTest("its gradients and moments are planned, where there is a warm-up", (device) => {
  const planned = (warmUp: boolean) =>
    planTraining(device, { ...settingsOf("learns"), accumulate: 1, recompute: "never", warmUp }).memory;
  const [with_, without] = [planned(true), planned(false)];
  assert.equal(with_.gradientBytes, 2 * without.gradientBytes);
  assert.equal(with_.momentBytes, 2 * without.momentBytes);
  assert.equal(with_.parameterBytes, without.parameterBytes);
});

Deno.test("a network that starts at random takes no pretrained weights", () => {
  const { network, method } = settingsOf("learns"), { registry } = buildNetworks(network);
  const name = "backbone.conv1.0.weight", fresh = initialize(registry, 9);
  const file: StateDict = new Map(["student", "teacher"].map((of) => {
    const { shape, values } = fresh.get(`${of}.${name}`)!;
    return [`${of}.${name}`, { shape, values: values.map(() => 7) }];
  }));
  const first = (state: StateDict, of: string) => state.get(`${of}.${name}`)!.values[0];
  const start = startWeights(registry, method, 9, file);
  assert.equal(first(start, "student"), 7);
  assert.equal(first(start, "teacher"), fresh.get(`teacher.${name}`)!.values[0]);
  assert.notEqual(first(fresh, "teacher"), first(fresh, "student"));
  const pretrained = startWeights(registry, { ...method, randomStarts: new Set() }, 9, file);
  assert.equal(first(pretrained, "teacher"), 7);
});

Deno.test("what learns in the warm-up cannot start as a copy when that is over", () => {
  const wrong = defineMethod({
    name: "wrong",
    version: 1,
    module: import.meta.url,
    options: z.strictObject({}),
    networks: () => ({
      student: trained(),
      teacher: averageOf("student", { decay: 0.9, start: "copy", learnsInWarmUp: true }),
    }),
    views: () => ({ labeled: labeled({ image: weak() }) }),
    terms: () => ({}),
    predictions: { student: "student" },
    headline: "student",
  });
  assert.throws(
    () => bound(wrong()),
    /Cannot train by method "wrong": network "teacher" learns in the warm-up, and starts as a copy when that is over/,
  );
});
