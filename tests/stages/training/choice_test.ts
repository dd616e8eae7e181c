import assert from "node:assert/strict";
import { z } from "zod";
import type { Device } from "../../../kernels/device.ts";
import type { ChoiceStep, Chosen, ImageChoice } from "../../../stages/methods/choice.ts";
import { defineMethod, MethodError } from "../../../stages/methods/method.ts";
import { averageOf, trained } from "../../../stages/methods/networks.ts";
import { crossEntropy, label, supervise, where } from "../../../stages/methods/parts.ts";
import type { StateSpecs } from "../../../stages/methods/state.ts";
import { SettingsError } from "../../../stages/training/errors.ts";
import { DivergenceError } from "../../../stages/training/losses.ts";
import { openSession, type Session } from "../../../stages/training/session.ts";
import { type DrawOptions, labeled, unlabeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";
import { bound, networkOf, shapesViews } from "../../support/training.ts";

const views = shapesViews();

/** A teacher's labels on a draw whose images are those of a walk, or chosen. */
function labeling(
  draw: DrawOptions,
  { choice, state = {} }: { choice?: ImageChoice<unknown, StateSpecs, string>; state?: StateSpecs } = {},
) {
  return bound(
    defineMethod({
      name: "labeling",
      version: 1,
      module: import.meta.url,
      options: z.strictObject({}),
      networks: () => ({ student: trained(), teacher: averageOf("student", { decay: 0.9 }) }),
      views: () => ({ labeled: labeled({ image: weak() }), seen: unlabeled({ image: weak() }, draw) }),
      state: () => state,
      ...(choice && { choice }),
      terms(step) {
        const { labeled: { image, labels }, seen } = step.views;
        const told = label(step, step.evaluate("teacher", seen.image));
        const weights = where(step, told.confidence, "at least", 0);
        const student = step.train("student", { x: image }), guess = step.train("student", { u: seen.image });
        return {
          ce: { loss: supervise(step, "ce", student.x, labels), weight: 1 },
          told: { loss: crossEntropy(step, "told", guess.u, { labels: told.labels, weights }), weight: 1 },
        };
      },
      predictions: { student: "student" },
      headline: "student",
    })(),
  );
}

type Bound = ReturnType<typeof labeling>;

function open(
  device: Device,
  method: Bound,
  change: { accumulate?: number; batch?: number; warmUp?: boolean } = {},
): Session {
  return openSession(device, {
    network: networkOf(method),
    method,
    views,
    batch: 4,
    seed: 9,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
    ...change,
  });
}

const walks = { labeled: [0, 1, 2, 3], unlabeled: [0, 1, 2, 3], others: [4, 5, 6, 7] };

/** The losses of two steps. */
async function lossesOf(
  device: Device,
  method: Bound,
  change: { accumulate?: number; unlabeled?: number[] } = {},
): Promise<Record<string, number>> {
  const { unlabeled = walks.unlabeled, ...options } = change, session = open(device, method, options);
  try {
    for (const step of [0, 1]) await session.step({ ...walks, unlabeled }, { epoch: 0, step, rate: 0.01 });
    return (await session.losses()).terms;
  } finally {
    session.free();
  }
}

/** A choice that gives these images, whatever it reads. */
const fixed = (
  images: readonly number[],
  state?: Chosen["state"],
): ImageChoice<unknown, StateSpecs, string> => ({
  reads: [],
  choose: () => ({ images: { seen: images }, ...(state && { state }) }),
});

gpuTest("chosen images are seen as those of a walk are, whole and in micro-batches", async (device) => {
  const chosen = [5, 6, 1, 5];
  for (const accumulate of [1, 2]) {
    const walked = await lossesOf(device, labeling({}), { accumulate, unlabeled: chosen });
    assert.deepEqual(
      await lossesOf(device, labeling({ images: "chosen" }, { choice: fixed(chosen) }), { accumulate }),
      walked,
    );
    assert.notDeepEqual(await lossesOf(device, labeling({}), { accumulate }), walked);
  }
});

gpuTest("a share of the batch is a walk's first images, and is counted so", async (device) => {
  const half = labeling({ share: 1 / 2 }), session = open(device, half);
  assert.deepEqual(session.imagesOf, { "warm-up": 0, method: 6 });
  session.free();
  const seen = await lossesOf(device, half);
  assert.deepEqual(await lossesOf(device, half, { unlabeled: [0, 1, 7, 7] }), seen);
  assert.notDeepEqual(await lossesOf(device, half, { unlabeled: [0, 7, 2, 3] }), seen);
  assert.throws(
    () => open(device, half, { batch: 4, accumulate: 4 }),
    (error: Error) =>
      error instanceof SettingsError &&
      /draw "seen" is 0.5 of the images of a micro-batch, and of 1 that is no whole number; set co-train.batch/
        .test(
          error.message,
        ),
  );
});

gpuTest("a choice reads what the step before has left, and writes what the step finds", async (device) => {
  const seen: { state: number[]; step: ChoiceStep }[] = [];
  const method = labeling({ images: "chosen" }, {
    state: { noted: { shape: [3], start: 7 }, places: { shape: [4] } },
    choice: {
      reads: ["places", "noted"],
      choose(state, step) {
        seen.push({ state: [...state.noted!, ...state.places!], step });
        const images = [0, 1, 2, 3].map((place) => Math.floor(8 * step.uniform("image", place)));
        return { images: { seen: images }, state: { noted: [1, 2, seen.length], places: images } };
      },
    },
  });
  const session = open(device, method);
  for (const step of [0, 1, 2]) await session.step(walks, { epoch: 1, step, rate: 0.01 });
  const drawn = seen.map(({ step }) =>
    [0, 1, 2, 3].map((place) => Math.floor(8 * step.uniform("image", place)))
  );
  assert.deepEqual(seen.map(({ state }) => state), [
    [7, 7, 7, 0, 0, 0, 0],
    [1, 2, 1, ...drawn[0]!],
    [1, 2, 2, ...drawn[1]!],
  ]);
  const { images, sizes, uniform } = seen[0]!.step;
  assert.deepEqual([images, sizes], [walks, { labeled: 4, unlabeled: 8, "pseudo-labeled": 12 }]);
  // Numbers are of the step, the stream and the index.
  const some = [uniform("a", 0), uniform("a", 1), uniform("b", 0), seen[1]!.step.uniform("a", 0)];
  assert.equal(new Set(some).size, 4);
  assert.deepEqual(some.slice(0, 3), [uniform("a", 0), uniform("a", 1), uniform("b", 0)]);
  session.free();
});

gpuTest("a warm-up goes by the labels, and nothing is chosen", async (device) => {
  const choice = { reads: [], choose: () => assert.fail("chosen") };
  const method = labeling({ images: "chosen" }, { choice });
  const session = open(device, method, { warmUp: true });
  await session.step(walks, { phase: "warm-up", epoch: 0, step: 0, rate: 0.01 });
  assert.deepEqual(Object.keys((await session.losses()).terms), ["ce_student"]);
  await assert.rejects(async () => await session.step(walks, { epoch: 0, step: 1, rate: 0.01 }), /chosen/);
  session.free();
});

gpuTest("of a state that is written for each micro-batch, each finds its own", async (device) => {
  const state = { noted: { shape: [2] } }, numbers = [1, 2, 3, 4];
  const method = labeling({ images: "chosen" }, { state, choice: fixed([0, 1, 2, 3], { noted: numbers }) });
  const session = open(device, method, { accumulate: 2 });
  await session.step(walks, { epoch: 0, step: 0, rate: 0.01 });
  assert.deepEqual([...(await session.snapshot()).at(-1)!.slice(0, 2)], [3, 4]);
  session.free();
});

gpuTest("a state starts at random by the seed where it says so", async (device) => {
  const method = labeling({}, {
    state: { some: { shape: [5], start: "uniform" }, other: { shape: [5], start: "uniform" } },
  });
  const session = open(device, method),
    captured = await session.snapshot(),
    [some, other] = captured.slice(-2);
  assert.equal(new Set([...some!.slice(0, 5), ...other!.slice(0, 5)]).size, 10);
  assert.ok(some!.every((value) => value >= 0 && value < 1));
  session.free();
  const again = open(device, method);
  assert.deepEqual((await again.snapshot()).slice(-2), [some, other]);
  again.free();
});

gpuTest("what cannot be seen or written is refused, and a state that diverged is said", async (device) => {
  const step = async (method: Bound) => {
    const session = open(device, method);
    try {
      await session.step(walks, { epoch: 0, step: 0, rate: 0.01 });
    } finally {
      session.free();
    }
  };
  const chosen = (images: number[], state?: Chosen["state"]) =>
    step(labeling({ images: "chosen" }, { state: { noted: { shape: [3] } }, choice: fixed(images, state) }));
  await assert.rejects(chosen([0, 1, 2]), /of draw "seen" 3 images was chosen; it takes 4 of 8, from 0/);
  await assert.rejects(chosen([0, 1, 2, 8]), /of draw "seen" image 8 was chosen; it takes 4 of 8, from 0/);
  await assert.rejects(chosen([0, 1, 2, NaN]), /image NaN/);
  await assert.rejects(chosen([0, 1, 2, 3], { other: [1] }), /to state "other": the method has noted/);
  await assert.rejects(
    chosen([0, 1, 2, 3], { noted: [1] }),
    /Cannot write 1 numbers to state "noted": it is f32 and holds 3/,
  );
  const nothing = { reads: [], choose: () => ({ images: {} }) };
  await assert.rejects(
    step(labeling({ images: "chosen" }, { choice: nothing })),
    /of draw "seen" nothing was chosen/,
  );
  assert.throws(
    () => open(device, labeling({ images: "chosen" }, { choice: { ...nothing, reads: ["bank"] } })),
    (error) => error instanceof MethodError && /by state "bank": the method has/.test(error.message),
  );
  const words = {
    choice: { ...nothing, reads: ["bank"] },
    state: { bank: { shape: [3], dtype: "u32" } },
  } as const;
  assert.throws(
    () => open(device, labeling({ images: "chosen" }, words)),
    /state "bank": it is u32, and f32 is read/,
  );
  const diverged = labeling({ images: "chosen" }, {
    state: { bank: { shape: [3] } },
    choice: {
      reads: ["bank"],
      choose: () => ({ images: { seen: [0, 1, 2, 3] }, state: { bank: [0, NaN, 0] } }),
    },
  });
  const session = open(device, diverged);
  await session.step(walks, { epoch: 0, step: 0, rate: 0.01 });
  await assert.rejects(
    async () => await session.step(walks, { epoch: 0, step: 1, rate: 0.01 }),
    (error) =>
      error instanceof DivergenceError &&
      /state "bank", .* holds NaN or infinity after 1 steps/.test(error.message),
  );
  session.free();
});

Deno.test("chosen images need a choice, shares and zooms a range", () => {
  assert.throws(() => labeling({ images: "chosen" }), /the images of draw "seen" are chosen, and by nothing/);
  assert.throws(
    () => labeling({ share: 0 }),
    /draw "seen" is 0 of the batch; its share must lie in \(0, 1\]/,
  );
  assert.throws(() => labeling({ share: 1.5 }), /draw "seen" is 1.5 of the batch/);
  assert.throws(
    () => labeling({ zoom: { scale: [0, 2], antialias: false } }),
    /draw "seen" is zoomed by \[0,2\]; it must be a range above 0/,
  );
});
