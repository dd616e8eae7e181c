/** U²PL on a small network: what its steps do with the data and the bank, and what is refused before the first. */
import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { asUint32 } from "../../../kernels/memory.ts";
import { RandomStream } from "../../../kernels/random.ts";
import { explainConfig } from "../../../pipeline/language/explain.ts";
import { parseConfig, UserError } from "../../../pipeline/mod.ts";
import { trainingStage } from "../../../stages/co_train.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import { definitionOf } from "../../../stages/methods/method.ts";
import { u2pl } from "../../../stages/methods/u2pl.ts";
import type { U2plInput } from "../../../stages/methods/u2pl/options.ts";
import { planFitting } from "../../../stages/training/memory.ts";
import type { SessionOptions } from "../../../stages/training/session.ts";
import { everyMethod, openTraining, sessionOptions, takeSteps } from "../../support/every_method.ts";
import { gpuTest, halfTest } from "../../support/gpu.ts";

const CLASSES = shapesClasses.names.length;

const small: U2plInput = {
  features: 16,
  firstQueue: 60,
  queue: 40,
  anchors: 24,
  negatives: 6,
  lowRank: 1,
  dropPercent: 60,
  boxProbability: 1,
  anchorProbability: 0.1,
};

const leaves = (options: object = {}) =>
  parseConfig(trainingStage(u2pl).definition.config, { method: options } as never, "co-train")
    .method as unknown as Record<string, unknown>;

function refused(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("the published code's switches, and the description's; each can be set by itself", () => {
  const names = ["copies", "padding", "contrastWeight", "planes", "keys", "pairs"];
  const of = (options: object) => names.map((name) => leaves(options)[name]);
  assert.deepEqual(of({}), ["epoch", "class 0", 0.25, "first image", "of the class", "by turn"]);
  assert.deepEqual(of({ as: "paper" }), ["once", "ignored", 1, "each image", "any", "by class"]);
  assert.deepEqual(of({ as: "paper", keys: "of the class", contrastWeight: 0.125 }), [
    "once",
    "ignored",
    0.125,
    "each image",
    "of the class",
    "by class",
  ]);
  const { config: schema } = trainingStage(u2pl).definition;
  const told = (options: object) =>
    explainConfig(schema, parseConfig(schema, { method: options } as never, "co-train"), {})
      .filter(({ name }) => name.startsWith("method.") && name !== "method.name");
  for (const { name, unit, source } of told({})) assert.ok(unit !== "" && source, name);
  const unread = told({ contrastWeight: 0 }).filter(({ unread }) => unread === "contrastWeight is 0");
  assert.equal(unread.length, 14);
});

Deno.test("options that no step could honor are refused with the leaf and the rule", () => {
  refused(() => leaves({ dropPercent: 101 }), /co-train\.method\.dropPercent.*(100|101)/s);
  refused(() => leaves({ dropPercent: -1 }), /co-train\.method\.dropPercent/);
  refused(() => leaves({ lowEntropy: 51 }), /co-train\.method\.lowEntropy/);
  refused(
    () => leaves({ highRank: 3 }),
    /co-train\.method\.highRank: it is 3, and lowRank 3: .* set it above lowRank/,
  );
  refused(() => leaves({ temperature: 0 }), /co-train\.method\.temperature/);
  refused(() => leaves({ features: 6 }), /co-train\.method\.features/);
  refused(() => leaves({ firstQueue: 0 }), /co-train\.method\.firstQueue/);
});

gpuTest("what the data or the device cannot have is refused before the first step", (device) => {
  const plan = (options: U2plInput, change: Partial<SessionOptions> = {}) =>
    planFitting(device, {
      ...sessionOptions(u2pl({ ...small, ...options })),
      accumulate: 1,
      warmUp: false,
      recompute: "never",
      ...change,
    });
  const { stateBytes } = plan({}), none = plan({ contrastWeight: 0 }).stateBytes;
  assert.equal(none, 0);
  assert.ok(
    stateBytes >= 4 * 16 * (60 + (CLASSES - 1) * 40) &&
      stateBytes < 4 * 16 * (60 + (CLASSES - 1) * 40) + (CLASSES + 1) * 256,
    `${stateBytes}`,
  );
  refused(
    () => plan({ lowRank: CLASSES }),
    /co-train\.method\.lowRank is 7, and there are 7 classes: none ranks so low, .* Set it to 6 at most, or co-train\.method\.contrastWeight to 0/,
  );
  refused(
    () => plan({}, { accumulate: 4 }),
    /a micro-batch of 1 image has no next one to be mixed with; .*co-train\.accumulate/,
  );
  plan({ boxProbability: 0 }, { accumulate: 4 });
  const { views } = sessionOptions(u2pl(small));
  const empty = Object.defineProperty(Object.create(views.unlabeled), "length", { value: 0 });
  refused(
    () => plan({}, { views: { ...views, unlabeled: empty } }),
    /there are no unlabeled images, .* give load some, or train by supervised\(\)/,
  );
  refused(
    () => plan({ features: 2048, firstQueue: 1e6, queue: 1e6 }),
    /keys0 of the method's state.*make the method's state smaller \(keysCursors, keysPushed, keys0/,
  );
});

/** What the bank holds after each step: keys of each class. */
async function fill(device: Device, options: U2plInput, change: Partial<SessionOptions> = {}, steps = 3) {
  const session = openTraining(device, u2pl({ ...small, ...options }), change);
  const lengths: number[][] = [];
  const losses = [];
  for (let step = 0; step < steps; step++) {
    await takeSteps(session, step, step + 1);
    // The cursors are the first of the state, which comes last.
    const captured = await session.snapshot(), cursors = captured.at(-CLASSES - 2)!;
    lengths.push(
      [...asUint32(cursors as Float32Array<ArrayBuffer>)].filter((_, i) => i % 2 === 1 && i < 2 * CLASSES),
    );
    losses.push((await session.losses()).terms);
  }
  const { memory } = session;
  session.free();
  return { lengths, losses, memory };
}

gpuTest(
  "a teacher starts as it was built, or as a copy of the student and its statistics",
  async (device) => {
    for (const start of ["own", "copy"] as const) {
      const session = openTraining(device, u2pl({ ...small, start }));
      await takeSteps(session, 0, 1);
      const state = await session.state();
      for (const name of ["backbone.conv1.0.weight", "backbone.conv1.1.running_mean"]) {
        const [student, teacher] = [state.get(`student.${name}`), state.get(`teacher.${name}`)];
        assert.ok(student && teacher, name);
        assert[start === "copy" ? "deepEqual" : "notDeepEqual"](teacher, student, name);
      }
      session.free();
    }
  },
);

gpuTest(
  "the bank fills with each step of the method and no further, and all losses count",
  async (device) => {
    const { lengths: [warm, first, second], losses } = await fill(device, { as: "paper" });
    assert.deepEqual(warm, new Array(CLASSES).fill(0));
    assert.ok(first!.some((length) => length > 0), `${first}`);
    second!.forEach((length, c) =>
      assert.ok(length >= first![c]! && length <= (c === 0 ? 60 : 40), `${second}`)
    );
    assert.deepEqual(Object.keys(losses[0]!), ["ce"]);
    assert.deepEqual(Object.keys(losses[2]!), ["ce", "unsupervised", "contrast"]);
    for (const value of Object.values(losses[2]!)) assert.ok(value > 0.1, JSON.stringify(losses[2]));
    // As published, a key must carry its class's label: there are fewer.
    const sum = (lengths: readonly number[]) => lengths.reduce((a, b) => a + b, 0);
    const published = await fill(device, {}, {}, 2);
    assert.ok(sum(published.lengths[1]!) < sum(first!), `${published.lengths[1]}, ${first}`);
  },
);

halfTest("a bank of f16 takes half, and gives much the same", async (device) => {
  const whole = await fill(device, { as: "paper", auxiliaryWeight: 0.4 });
  const half = await fill(device, { as: "paper", auxiliaryWeight: 0.4, bankPrecision: "f16" });
  assert.deepEqual(half.lengths, whole.lengths);
  assert.ok(half.memory.stateBytes < 0.7 * whole.memory.stateBytes);
  const [exact, rounded] = [whole, half].map(({ losses }) => losses[2]!.contrast!) as [number, number];
  assert.ok(Math.abs(exact - rounded) < 2e-3 * exact, `${exact}, ${rounded}`);
  assert.deepEqual(Object.keys(whole.losses[2]!), ["ce", "aux", "unsupervised", "contrast"]);
});

Deno.test("a box has half of the crop's area, and is wider than half of it", () => {
  const { views } = definitionOf(u2pl);
  const { unlabeled } = views(leaves()) as unknown as {
    readonly unlabeled: {
      readonly views: { readonly boxes: { readonly law: (stream: unknown, crop: number) => never } };
    };
  };
  const { law } = unlabeled.views.boxes, stream = new RandomStream({ seed: 3, stream: "test" });
  const corners = new Set<number>();
  for (const crop of [8, 33, 513]) {
    for (let i = 0; i < 200; i++) {
      const { x0, y0, x1, y1 } = law(stream, crop) as { x0: number; y0: number; x1: number; y1: number };
      const width = x1 - x0, height = y1 - y0;
      assert.ok(width >= Math.trunc(crop / 2 + 1) && width < crop, `${width} of ${crop}`);
      assert.ok(Math.abs(height - crop ** 2 / 2 / width) <= 0.5, `${width} × ${height} of ${crop}`);
      assert.ok(x0 >= 0 && y0 >= 0 && x1 <= crop && y1 <= crop);
      if (crop === 8) corners.add(10 * x0 + y0);
    }
  }
  assert.ok(corners.size > 4);
  assert.ok(everyMethod.u2pl);
});
