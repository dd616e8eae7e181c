import assert from "node:assert/strict";
import type { Device } from "../../kernels/device.ts";
import { ccvc } from "../../stages/methods/ccvc.ts";
import { supervised } from "../../stages/methods/supervised.ts";
import type { Checkpoint } from "../../stages/weights/checkpoint.ts";
import type { CoTrainInput } from "../../stages/co_train.ts";
import { ConfigError, UserError } from "../../pipeline/errors.ts";
import { DivergenceError } from "../../stages/training/losses.ts";
import { gpuTest } from "../support/gpu.ts";
import { testContext, withFolder } from "../support/stage_run.ts";
import { gpuResources, shapesSet, shapesViews, square, trainingOf } from "../support/training.ts";
import { describePair } from "../../stages/weights/pair.ts";
import { SCHEDULES_FROM } from "../../stages/training/update.ts";

const views = shapesViews();
const small = { backbone: "resnet14", batch: 2, epochs: 2, logEvery: 3, baseRate: 0.01 } as const;

/** Trains in a folder of its own; gives the files' bytes. */
async function train(
  device: Device,
  folder: string,
  input: CoTrainInput,
  { views: given = views, seed = 0, signal, onEvent }: {
    views?: typeof views;
    seed?: number;
    signal?: AbortSignal;
    onEvent?: (event: Record<string, unknown>) => void;
  } = {},
) {
  const scratch = await Deno.makeTempDir({ dir: folder });
  const context = testContext(scratch, signal, { seed, ...gpuResources(device) });
  const { stage, config } = trainingOf(input);
  const { history, ...nets } = await stage.definition.run({
    inputs: { views: given },
    config,
    context: {
      ...context,
      progress(event) {
        context.progress(event);
        onEvent?.(event);
      },
    },
  });
  const files = Object.fromEntries(
    Object.entries<Checkpoint>(nets).map(([name, { path }]) => [name, Deno.readFileSync(path)]),
  );
  return { last: nets.last, history, files, events: context.events };
}

gpuTest(
  "the same seed twice gives the same bytes of weights and metrics; another seed does not",
  (device) =>
    withFolder(async (folder) => {
      const input = { ...small, method: ccvc({ augmentation: "strong" }) };
      const one = await train(device, folder, input, { seed: 4 });
      const two = await train(device, folder, input, { seed: 4 });
      const other = await train(device, folder, input, { seed: 5 });
      assert.deepEqual(Object.keys(one.files).sort(), ["bestAverage", "bestBranch1", "bestBranch2", "last"]);
      assert.deepEqual(two.files, one.files);
      assert.equal(JSON.stringify(two.history), JSON.stringify(one.history));
      assert.notDeepEqual(other.files.last, one.files.last);
      assert.notDeepEqual(other.history.losses, one.history.losses);
    })(),
);

gpuTest(
  "a training reports its course, and its weights are those of a network that learned",
  (device) =>
    withFolder(async (folder) => {
      const { history, events, last, files } = await train(device, folder, { ...small, method: ccvc() });
      // 8 unlabeled images in batches of 2: 4 steps an epoch, read after the first, every 3 and at an epoch's end.
      assert.deepEqual(history.losses.map(({ step, epoch }) => [step, epoch]), [[1, 0], [3, 0], [4, 0], [
        6,
        1,
      ], [8, 1]]);
      for (const { terms, shares } of history.losses) {
        assert.deepEqual(Object.keys(shares!), [
          "conflict",
          "confident1",
          "confident2",
          "confident_conflict1",
          "confident_conflict2",
        ]);
        assert.ok(Object.values(shares!).every((value) => value >= 0 && value <= 1));

        assert.deepEqual(Object.keys(terms), ["ce1", "ce2", "con1", "con2", "dis_labeled", "dis_unlabeled"]);
        assert.ok(Object.values(terms).every((value) => Number.isFinite(value) && value > 0));
        assert.ok(terms.dis_labeled! >= 1 && terms.dis_labeled! <= 2);
      }
      assert.deepEqual(history.evaluations.map(({ epoch }) => epoch), [1, 2]);
      for (const { miou } of history.evaluations) {
        assert.ok(Object.values(miou).every((value) => value !== null && value >= 0 && value <= 100));
      }
      const kinds = events.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1]);
      // Steps 1, 3 and 4 of the first epoch are read, 6 and 8 of the second; of the others it is told that they were taken.
      const [read, scored] = [["tick", "step"], ["scoring", "evaluation"]];
      const twice = [...read, ...read, ...scored];
      assert.deepEqual(kinds, ["compile", "memory", ...twice, ...twice]);
      const memory = events.find(({ kind }) => kind === "memory")!;
      assert.ok(["workspaceBytes", "parameterBytes", "inputBytes"].every((name) => Number(memory[name]) > 0));
      const steps = events.filter(({ kind }) => kind === "step");
      assert.deepEqual(steps.at(-1)!.losses, history.losses.at(-1)!.terms);
      assert.deepEqual(steps.at(-1)!.shares, history.losses.at(-1)!.shares);
      assert.deepEqual(
        steps.map(({ step, images }) => [step, images]),
        [[1, 4], [3, 12], [4, 16], [6, 24], [8, 32]],
      );
      const { network, state } = await last.read();
      assert.deepEqual(
        network,
        describePair({ backbone: "resnet14", outputStride: 16, classes: views.labeled.classes }, [{}, {
          mapping: { norm: true, dropout: 0.5 },
        }]),
      );
      assert.ok([...state.values()].every(({ values }) => values.every(Number.isFinite)));
      // Running statistics have moved from where they start: two updates a step, each keeping nine tenths.
      const mean = state.get("branch2.mapping.1.running_mean")!.values;
      assert.ok(mean.some((value) => value !== 0));
      // The best weights are those of the epoch with the better score, and the last where that is the last epoch.
      const scores = history.evaluations.map(({ miou }) => miou.average);
      if (scores[1]! > scores[0]!) assert.deepEqual(files.bestAverage, files.last);
      else assert.notDeepEqual(files.bestAverage, files.last);
    })(),
);

/** The same views with some sets emptied. */
function emptied(...names: readonly ("unlabeled" | "validation")[]): typeof views {
  const { length: _, ...rest } = views.validation;
  const none = { ...rest, length: 0, ids: [] };
  return { ...views, ...Object.fromEntries(names.map((name) => [name, none])) };
}

gpuTest(
  "without unlabeled images a training learned from labels alone, as in its warm-up, and says so",
  (device) =>
    withFolder(async (folder) => {
      const input = { ...small, method: ccvc() };
      const { history, events, files } = await train(device, folder, input, { views: emptied("unlabeled") });
      const warnings = events.filter(({ kind }) => kind === "warning").map(({ message }) => message);
      assert.deepEqual(warnings, [
        "no unlabeled images: the networks learn from labels alone, as in the method's warm-up, in all epochs",
      ]);
      assert.deepEqual(
        events.find((event) => "learned from" in event)?.["learned from"],
        "labels alone: no unlabeled images",
      );
      const steps = events.filter(({ kind }) => kind === "step");
      assert.ok(steps.every(({ phase }) => phase === "warm-up"));
      // 4 labeled images in batches of 2.
      assert.equal(steps.at(-1)!.step, 4);
      assert.deepEqual(Object.keys(history.losses.at(-1)!.terms), ["ce1", "ce2"]);
      // What the method would have learned of unlabeled images is in none of it.
      const warm = await train(device, folder, { ...input, warmUpEpochs: 2 }, {
        views: emptied("unlabeled"),
      });
      assert.ok(isEqual(files.last!, warm.files.last!));
    })(),
);

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

gpuTest(
  "without validation images nothing is scored, the best weights are the last, and it says so",
  (device) =>
    withFolder(async (folder) => {
      const input = { ...small, epochs: 1, method: supervised() };
      const none = await train(device, folder, input, { views: emptied("unlabeled", "validation") });
      assert.deepEqual(none.history.evaluations, []);
      const { last, ...bests } = none.files;
      assert.ok(
        Object.keys(bests).length === 1 && Object.values(bests).every((best) => isEqual(best, last!)),
      );
      const warnings = none.events.filter(({ kind }) => kind === "warning").map(({ message }) => message);
      // Labels alone are what this method learned from anyway.
      assert.deepEqual(warnings, [
        "no validation images: nothing is scored, and the best weights are the last ones",
      ]);
    })(),
);

gpuTest(
  "masks in which no pixel counts are refused, with the reason",
  (device) =>
    withFolder(async (folder) => {
      const labeled = { ...views.labeled, mask: (i: number) => views.labeled.mask(i).fill(255) };
      await assert.rejects(
        train(device, folder, { ...small, method: supervised() }, { views: { ...views, labeled } }),
        (error) =>
          error instanceof UserError && /not one pixel of the 4 labeled masks counts/.test(error.message),
      );
    })(),
);

/** The numbers that each step of a training is given: its counters, and what its optimizer reads. */
async function numbersOf(device: Device, folder: string, input: Partial<CoTrainInput>) {
  const { queue } = device.gpu;
  const write = queue.writeBuffer.bind(queue);
  const counters: number[][] = [], rates: number[][] = [];
  queue.writeBuffer = (buffer, offset, data, ...rest) => {
    if (buffer.label === "control" && data instanceof Uint32Array) counters.push([...data]);
    if (buffer.label === "control" && data instanceof Float32Array && data[0] !== 0) rates.push([...data]);
    return write(buffer, offset, data, ...rest);
  };
  try {
    await train(device, folder, { ...small, ...input, method: supervised() }, { seed: 7 });
  } finally {
    queue.writeBuffer = write;
  }
  return { counters, rates };
}

gpuTest(
  "each step gets the seed, its address and the published rates",
  (device) =>
    withFolder(async (folder) => {
      const { counters, rates } = await numbersOf(device, folder, { backboneRate: 1, headRate: 10 });
      // seed, epoch, step of the whole run
      assert.deepEqual(counters, [0, 1, 2, 3, 4, 5, 6, 7].map((step) => [7, step < 4 ? 0 : 1, step, 0]));
      const decay = [1, 1, ...[1, 2, 3, 4, 5, 6].map((n) => (1 - n / 8) ** 0.9)];
      assert.deepEqual(
        rates,
        decay.map((factor) => {
          const rate = 0.01 * factor;
          return [rate, rate, rate, rate * 10, rate * 10, rate * 10, 0, 0].map(Math.fround);
        }),
      );
    })(),
);

gpuTest(
  "Adam at a constant rate: each step gets the rates of its groups, and corrections by its place in the run",
  (device) =>
    withFolder(async (folder) => {
      const groups = { backboneRate: 1, headRate: 2, normRate: 0.5, biasRate: 3 };
      const adam = { optimizer: "adam", beta1: 0.5, beta2: 0.75, baseRate: 0.001, power: 0 } as const;
      const { rates } = await numbersOf(device, folder, { ...adam, ...groups, epochs: 1 });
      const own = [1, 0.5, 3, 2, 1, 6].map((multiple) => 0.001 * multiple);
      assert.deepEqual(
        rates,
        [1, 2, 3, 4].map((t) => [...own, 1 / (1 - 0.5 ** t), 1 / Math.sqrt(1 - 0.75 ** t)].map(Math.fround)),
      );
    })(),
);

gpuTest(
  "a self-paced threshold rises with the epochs of the method, and reaches the device",
  (device) =>
    withFolder(async (folder) => {
      const { queue } = device.gpu;
      const write = queue.writeBuffer.bind(queue);
      const thresholds: number[] = [];
      queue.writeBuffer = (buffer, offset, data, ...rest) => {
        if (buffer.label === "control" && data instanceof Float32Array && data[0] !== 0) {
          thresholds.push(data[SCHEDULES_FROM]!);
        }
        return write(buffer, offset, data, ...rest);
      };
      try {
        await train(device, folder, {
          ...small,
          method: ccvc({ selfPaced: true, threshold: 0.9, confidence: "probability" }),
          epochs: 4,
          warmUpEpochs: 1,
          stepsPerEpoch: 1,
          rateLag: 0,
          evaluateEvery: 4,
        });
      } finally {
        queue.writeBuffer = write;
      }
      assert.deepEqual(thresholds, [0.9, 0.9, 0.9 + 0.01, 0.9 + 0.01 + 0.01].map(Math.fround));
    })(),
);

gpuTest("the cross-entropy falls over a training", (device) =>
  withFolder(async (folder) => {
    const { history, events } = await train(device, folder, {
      ...small,
      method: supervised(),
      epochs: 10,
      evaluateEvery: 10,
      logEvery: 4,
    });
    // Labels alone see the labeled images alone.
    assert.equal(events.findLast(({ kind }) => kind === "step")!.images, 10 * 4 * 2);
    const ce = history.losses.map(({ terms }) => terms.ce!);
    // The first step's, and each epoch's mean.
    assert.equal(ce.length, 11);
    assert.ok(ce.at(-1)! < 0.7 * ce[0]!, `from ${ce[0]} to ${ce.at(-1)}`);
    assert.deepEqual(history.evaluations.map(({ epoch }) => epoch), [10]);
  })());

gpuTest(
  "a loss that turns NaN stops the training, naming term and step",
  (device) =>
    withFolder(async (folder) => {
      await assert.rejects(
        train(device, folder, { ...small, method: ccvc(), baseRate: 1e30 }),
        (error) =>
          error instanceof DivergenceError && error instanceof UserError &&
          /loss term "\w+"( \(and .+\))? was NaN or infinite at step [23] \(labeled .*; unlabeled .*\)\. Lower the learning rate/
            .test(
              error.message,
            ),
      );
      const left = [...Deno.readDirSync(folder)].flatMap((
        { name },
      ) => [...Deno.readDirSync(`${folder}/${name}`)]);
      assert.deepEqual(left, [], "nothing is half written");
    })(),
);

gpuTest(
  "epochs before the final ones are scored under the earlier protocol, and history says so",
  (device) =>
    withFolder(async (folder) => {
      const { history, events } = await train(device, folder, {
        ...small,
        method: supervised(),
        epochs: 3,
        evaluation: { protocol: "sliding_window", crop: 24, earlier: "center_crop", finalEpochs: 1 },
      });
      const expected = ["center_crop_24", "center_crop_24", "sliding_window_24"];
      assert.deepEqual(history.evaluations.map(({ protocol }) => protocol), expected);
      const told = events.filter(({ kind }) => kind === "evaluation");
      assert.deepEqual(
        told.map(({ protocol, miou }) => [protocol, miou]),
        history.evaluations.map((each) => [
          each.protocol,
          each.miou,
        ]),
      );
    })(),
);

gpuTest("labeled images that no unlabeled one meets are said", (device) =>
  withFolder(async (folder) => {
    const swapped = { ...views, labeled: shapesSet(square(40, 9)) };
    const warnings = async (pairing: "fixed" | "free", given: typeof views) => {
      const context = testContext(await Deno.makeTempDir({ dir: folder }), undefined, gpuResources(device));
      const { stage, config } = trainingOf({
        ...small,
        method: supervised(),
        epochs: 1,
        stepsPerEpoch: 1,
        pairing,
      });
      await stage.definition.run({ inputs: { views: given }, config, context });
      return context.events.filter(({ kind }) => kind === "warning").map(({ message }) => message);
    };
    const [said] = await warnings("fixed", swapped);
    assert.match(String(said), /only 8 of the 9 labeled images .* co-train\.pairing=free/);
    assert.deepEqual(await warnings("free", swapped), []);
    assert.deepEqual(await warnings("fixed", views), []);
  })());

gpuTest(
  "one validation image is enough, and a batch may be larger than both lists where the steps are given",
  (device) =>
    withFolder(async (folder) => {
      const { ids, size, image, length } = shapesSet(square(40, 2), 10);
      const few = {
        ...views,
        labeled: shapesSet(square(40, 1)),
        unlabeled: { ids, size, image, length },
        validation: shapesSet(square(36, 1), 20),
      };
      const input = { ...small, method: supervised(), batch: 3, epochs: 1 };
      const { history, last } = await train(device, folder, { ...input, stepsPerEpoch: 2 }, { views: few });
      assert.equal(history.evaluations.length, 1);
      assert.ok(
        Object.values(history.evaluations[0]!.miou).every((value) =>
          value !== null && value >= 0 && value <= 100
        ),
      );
      assert.ok([...(await last.read()).state.values()].every(({ values }) => values.every(Number.isFinite)));
      // Without, an epoch of no step is refused before anything is compiled.
      await assert.rejects(
        train(device, folder, input, { views: few }),
        (error) =>
          error instanceof ConfigError &&
          /^Cannot train on 1 labeled and 2 unlabeled images in batches of 3: .*; use a smaller batch/.test(
            error.message,
          ),
      );
    })(),
);

gpuTest("a training stops where its signal says so", (device) =>
  withFolder(async (folder) => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    await assert.rejects(
      train(device, folder, { ...small, method: supervised(), epochs: 50, logEvery: 1 }, {
        signal: stop.signal,
        onEvent: ({ kind, step }) => {
          if (kind !== "step") return;
          seen.push(step);
          if (step === 2) stop.abort(new Error("stopped by the user"));
        },
      }),
      /stopped by the user/,
    );
    assert.deepEqual(seen, [1, 2]);
  })());
