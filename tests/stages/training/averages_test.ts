import assert from "node:assert/strict";
import { z } from "zod";
import type { Device } from "../../../kernels/device.ts";
import { movingAverage } from "../../../kernels/ops/update/moving_average.ts";
import { softmaxCrossEntropy } from "../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { initialize } from "../../../models/initialization.ts";
import type { StateDict } from "../../../models/state_dict.ts";
import { shareOf } from "../../../stages/methods/bound_method.ts";
import { defineMethod } from "../../../stages/methods/method.ts";
import { type Average, averageOf, trained } from "../../../stages/methods/networks.ts";
import { warmedUp } from "../../../stages/methods/schedule.ts";
import { forecast } from "../../../stages/training/memory.ts";
import { openSession, type Session, type SessionOptions } from "../../../stages/training/session.ts";
import { buildNetworks } from "../../../stages/weights/network.ts";
import { labeled, unlabeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";
import { everyMethod } from "../../support/every_method.ts";
import { bound, networkOf, shapesViews } from "../../support/training.ts";

const views = shapesViews();
const batch = { labeled: [0, 1, 2, 3], unlabeled: [2, 3, 4, 5] };
const DECAY = 0.75;

const options = z.strictObject({
  statistics: z.enum(["averaged", "copied", "own"]).default("averaged"),
  start: z.enum(["copy", "own"]).default("copy"),
  /** Whether the teacher sees the unlabeled images in training mode. */
  trains: z.boolean().default(true),
  /** Whether the backbones' norms are frozen. */
  frozen: z.boolean().default(false),
  warmedUp: z.boolean().default(false),
  /** The step that begins with a copy; none unless told. */
  copiesAt: z.int().optional(),
});

/** A student of labels, its average, and a running mean of the loss with a copy of it. */
const followed = defineMethod({
  name: "followed",
  version: 1,
  module: import.meta.url,
  options,
  networks: ({ statistics, start, frozen, warmedUp: warms, copiesAt }) => ({
    student: trained(frozen ? { frozenNorms: "backbone" } : {}),
    teacher: averageOf("student", {
      decay: warms ? warmedUp(DECAY) : DECAY,
      statistics,
      start,
      ...(copiesAt !== undefined && { copies: ({ step }) => step === copiesAt }),
    }),
  }),
  views: () => ({ labeled: labeled({ image: weak() }), unlabeled: unlabeled({ image: weak() }) }),
  schedules: () => ({ half: () => 0.5, all: () => 1 }),
  state: () => ({ mean: { shape: [1], start: 3 }, copy: { shape: [1] } }),
  terms(step, { trains }) {
    const { image, labels } = step.views.labeled;
    if (trains) step.train("teacher", step.views.unlabeled.image);
    const { logits, size } = step.train("student", image);
    const loss = softmaxCrossEntropy(step.graph, logits, labels, { label: "ce", size, denominator: "valid" });
    movingAverage(step.graph, { average: step.state.mean, source: loss.value }, {
      share: step.schedules.half,
    });
    return { ce: { loss, weight: 1 } };
  },
  afterUpdate({ graph, state, schedules }) {
    movingAverage(graph, { average: state.copy, source: state.mean }, { share: schedules.all });
  },
  predictions: { student: "student", teacher: "teacher" },
  headline: "teacher",
});

type Input = z.input<typeof options>;

function open(device: Device, input: Input = {}, change: Partial<SessionOptions> = {}) {
  const method = bound(followed(input));
  return openSession(device, {
    network: networkOf(method),
    method,
    views,
    batch: 4,
    seed: 9,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
    warmUp: true,
    ...change,
  });
}

const take = (session: Session, step: number, phase: "warm-up" | "method" = "method") =>
  session.step(batch, {
    phase,
    epoch: 0,
    step,
    rate: 0.05,
    at: { step, steps: 9, epoch: 0, epochs: 1, stepsPerEpoch: 9 },
  });

const isStatistic = (name: string) => name.includes(".running_");
const own = (state: StateDict, network: string, which: (name: string) => boolean) =>
  [...state].filter(([name]) => name.startsWith(`${network}.`) && which(name)).flatMap(([, { values }]) => [
    ...values,
  ]);
const parameters = (state: StateDict, network: string) => own(state, network, (name) => !isStatistic(name));
const statistics = (state: StateDict, network: string) => own(state, network, isStatistic);

function assertAverage(now: number[], before: number[], source: number[], decay: number) {
  let moved = 0;
  now.forEach((value, i) => {
    const wanted = decay * before[i]! + (1 - decay) * source[i]!;
    assert.ok(Math.abs(value - wanted) < 1e-5 * (1 + Math.abs(wanted)), `${value}, and not ${wanted}`);
    moved += Number(value !== before[i]);
  });
  assert.ok(moved > 0.5 * now.length, `${moved} of ${now.length} numbers have moved`);
}

gpuTest("an average starts as a copy and takes in its share after each update", async (device, t) => {
  for (
    const [name, input, change] of [
      ["whole", {}, {}],
      ["micro-batches", {}, { accumulate: 2 }],
      ["f16", {}, { precision: "f16" }],
      ["warmed up", { warmedUp: true }, {}],
    ] as const
  ) {
    await t.step(name, async () => {
      const session = open(device, { ...input, trains: false }, change);
      let before = await session.state();
      assert.deepEqual(parameters(before, "teacher"), parameters(before, "student"));
      for (const [step, warming] of [0, 1 / 2, 2 / 3].entries()) {
        take(session, step);
        const now = await session.state(), decay = name === "warmed up" ? warming : DECAY;
        for (const part of [parameters, statistics]) {
          assertAverage(part(now, "teacher"), part(before, "teacher"), part(now, "student"), decay);
        }
        before = now;
      }
      session.free();
    });
  }
});

gpuTest(
  "a step begins with a copy of the parameters where that is told, and of nothing else",
  async (device, t) => {
    for (const change of [{}, { accumulate: 2 }, { precision: "f16" }] as const) {
      await t.step(JSON.stringify(change), async () => {
        const session = open(device, { start: "own", statistics: "own", trains: false, copiesAt: 1 }, change);
        const start = await session.state();
        take(session, 0, "warm-up");
        const warm = await session.state();
        assert.deepEqual(parameters(warm, "teacher"), parameters(start, "teacher"));
        let before = warm;
        for (const step of [0, 1, 2]) {
          take(session, step);
          const now = await session.state(), from = step === 1 ? "student" : "teacher";
          assertAverage(
            parameters(now, "teacher"),
            parameters(before, from),
            parameters(now, "student"),
            DECAY,
          );
          before = now;
        }
        assert.deepEqual(statistics(before, "teacher"), statistics(start, "teacher"));
        session.free();
      });
    }
  },
);

gpuTest("its running statistics are averaged after its own passes, copied, or its own", async (device) => {
  const after = async (statistics: Average["statistics"]) => {
    const session = open(device, { statistics });
    take(session, 0);
    const state = await session.state();
    session.free();
    return state;
  };
  const copied = await after("copied"), passed = await after("own"), averaged = await after("averaged");
  assert.deepEqual(statistics(copied, "teacher"), statistics(copied, "student"));
  assert.notDeepEqual(statistics(passed, "teacher"), statistics(passed, "student"));
  assertAverage(
    statistics(averaged, "teacher"),
    statistics(passed, "teacher"),
    statistics(averaged, "student"),
    DECAY,
  );
  for (const state of [copied, averaged]) {
    assert.deepEqual(parameters(state, "teacher"), parameters(passed, "teacher"));
  }
});

gpuTest("in the warm-up an average is a copy", async (device) => {
  const session = open(device, { statistics: "own" }, { warmUp: true });
  take(session, 0, "warm-up");
  take(session, 1, "warm-up");
  const state = await session.state();
  assert.deepEqual(parameters(state, "teacher"), parameters(state, "student"));
  assert.deepEqual(statistics(state, "teacher"), statistics(state, "student"));
  take(session, 2);
  assert.notDeepEqual(parameters(await session.state(), "teacher"), parameters(state, "teacher"));
  session.free();
});

gpuTest("an average that starts as its own is no copy, and no warm-up makes it one", async (device) => {
  const session = open(device, { start: "own", trains: false }, { warmUp: true });
  const start = await session.state();
  const name = "backbone.conv1.0.weight";
  const drawn = initialize(
    buildNetworks(networkOf(bound(followed()))).registry,
    9,
  );
  for (const network of ["student", "teacher"]) {
    assert.deepEqual(start.get(`${network}.${name}`), drawn.get(`${network}.${name}`));
  }
  take(session, 0, "warm-up");
  const warmed = await session.state();
  for (const part of [parameters, statistics]) {
    assert.deepEqual(part(warmed, "teacher"), part(start, "teacher"));
    assert.notDeepEqual(part(warmed, "student"), part(start, "student"));
  }
  take(session, 1);
  const now = await session.state();
  for (const part of [parameters, statistics]) {
    assertAverage(part(now, "teacher"), part(warmed, "teacher"), part(now, "student"), DECAY);
  }
  session.free();
});

gpuTest(
  "where labels alone are learned to the end, an average that starts as its own is a copy",
  async (device) => {
    const session = open(device, { start: "own" });
    const at = { step: 0, steps: 0, epoch: 0, epochs: 0, stepsPerEpoch: 9 };
    await session.step(batch, { phase: "warm-up", epoch: 0, step: 0, rate: 0.05, at });
    const now = await session.state();
    for (const part of [parameters, statistics]) assert.deepEqual(part(now, "teacher"), part(now, "student"));
    await session.free();
  },
);

Deno.test("no method leaves a network without lessons where its own steps never come", () => {
  const never = { step: 0, steps: 0, epoch: 0, epochs: 0, stepsPerEpoch: 9 };
  let averages = 0;
  for (const [name, configured] of Object.entries(everyMethod)) {
    const method = bound(configured);
    for (const average of Object.keys(method.averages)) {
      if (method.learners.has(average)) continue;
      averages++;
      for (const what of ["parameters", "statistics"] as const) {
        assert.equal(method.schedules[shareOf(average, what)]!(never, "warm-up"), 1, `${name}, ${average}`);
      }
    }
  }
  assert.ok(averages >= 5);
});

gpuTest("frozen norms keep their statistics, and learn all the same", async (device) => {
  const session = open(device, { frozen: true });
  const before = await session.state();
  take(session, 0);
  const now = await session.state();
  for (const network of ["student", "teacher"]) {
    for (const [name, { values }] of now) {
      if (!name.startsWith(network) || !isStatistic(name)) continue;
      const isFrozen = name.includes(".backbone.");
      assert.equal(values.every((value, i) => value === before.get(name)!.values[i]), isFrozen, name);
    }
  }
  const gamma = "student.backbone.layer1.0.bn1.weight";
  assert.notDeepEqual(now.get(gamma), before.get(gamma));
  session.free();
});

gpuTest("state outlives its step, and what comes after the update is once a step", async (device) => {
  for (const accumulate of [1, 2]) {
    const session = open(device, {}, { accumulate });
    take(session, 0);
    const { ce } = (await session.losses()).terms;
    const [copy, mean] = (await session.snapshot()).slice(-2).reverse() as [Float32Array, Float32Array];
    assert.equal(copy[0], mean[0]);
    if (accumulate === 1) assert.ok(Math.abs(mean[0]! - (3 + ce!) / 2) < 1e-5, `${mean[0]} of 3 and ${ce}`);
    // Each of two micro-batches goes half the way from 3 to its own loss, whose mean is known; what the last has written counts.
    else assert.ok(Math.abs(mean[0]! - (3 + ce!) / 2) < 0.1, `${mean[0]} of 3 and about ${ce}`);
    session.free();
  }
});

gpuTest("averages and state are gone on from to the bit", async (device) => {
  for (const change of [{}, { accumulate: 2, recompute: "always" as const }]) {
    const whole = open(device, {}, change), first = open(device, {}, change);
    for (let step = 0; step < 4; step++) take(whole, step);
    for (let step = 0; step < 2; step++) take(first, step);
    const captured = await first.snapshot();
    const second = open(device, {}, change);
    second.restore(captured);
    for (let step = 2; step < 4; step++) take(second, step);
    assert.deepEqual(await second.snapshot(), await whole.snapshot());
    for (const session of [whole, first, second]) session.free();
  }
});

gpuTest("averages and state are planned, and a state that no buffer holds is refused", (device) => {
  const memoryOf = (method: ReturnType<typeof bound>) => {
    const network = networkOf(method);
    const optimizer = { kind: "sgd", momentum: 0.9, weightDecay: 0 } as const;
    const rest = { batch: 4, accumulate: 1, seed: 9, optimizer, warmUp: false } as const;
    return forecast(device, { network, method, views, ...rest, recompute: "never" });
  };
  const method = bound(followed());
  const { memory } = memoryOf(method);
  assert.equal(memory!.stateBytes, 512);
  assert.equal(memory!.parameterBytes, 2 * memory!.gradientBytes);
  const large = {
    ...method,
    state: () => ({ ...method.state({ classes: 9, batch: 4, unlabeled: 8 }), bank: { shape: [2 ** 40] } }),
  };
  assert.match(
    memoryOf(large).obstacle!,
    /Cannot allocate \d+ bytes for bank of the method's state \(mean \[1\], .*bank \[1099511627776\]\)/,
  );
});
