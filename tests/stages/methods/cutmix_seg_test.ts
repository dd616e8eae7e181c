import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { cutMixSeg, type CutMixSegOptions } from "../../../stages/methods/cutmix_seg.ts";
import { openSession, type Session } from "../../../stages/training/session.ts";
import type { BoxView } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";
import { testContext, withFolder } from "../../support/stage_run.ts";
import {
  assertDeclared,
  bound,
  gpuResources,
  networkOf,
  shapesViews,
  trainingOf,
  unreadOf,
} from "../../support/training.ts";

const published: CutMixSegOptions = {
  decay: 0.99,
  threshold: 0.97,
  confidence: "batch",
  distance: "probabilities",
  mask: "mix",
  boxes: 1,
  color: false,
  weight: 1,
  rampEpochs: 0,
  frozenNorms: true,
};

Deno.test("CutMix-Seg has the published settings, and what nothing reads says so", () => {
  assertDeclared(cutMixSeg, {
    defaults: published,
    unread: [["method.rampEpochs", "threshold is not 0"]],
    outputs: ["last", "bestStudent", "bestTeacher", "history"],
    refused: [{ decay: 1.1 }, { threshold: -0.1 }, { distance: "l2" }, { boxes: 0 }, { rampEpochs: 0.5 }],
  });
  assert.deepEqual(unreadOf(cutMixSeg, { threshold: 0 }), [["method.confidence", "threshold is 0"]]);
});

Deno.test("the teacher averages the student, statistics too, and both freeze the backbone's norms or none", () => {
  const { averages, networks, frozenNorms, predictions, headline, schedules } = bound(cutMixSeg());
  assert.deepEqual([averages, networks], [{ teacher: "student" }, { student: {}, teacher: {} }]);
  assert.deepEqual([...frozenNorms], ["student", "teacher"]);
  assert.deepEqual([predictions, headline], [{ student: ["student"], teacher: ["teacher"] }, "teacher"]);
  const at = { step: 0, steps: 1, epoch: 0, epochs: 1, stepsPerEpoch: 1 };
  assert.deepEqual(
    Object.entries(schedules).map(([name, number]) => [name, number(at, "method").toFixed(6)]),
    [["weight", "1.000000"], ["teacher/parameters", "0.010000"], ["teacher/statistics", "0.010000"]],
  );
  assert.deepEqual([...bound(cutMixSeg({ frozenNorms: false })).frozenNorms], []);
});

Deno.test("half of an image is another photograph; of CutOut any share of it is left", () => {
  const stream = { uniform: () => 0.25 };
  const boxOf = (options: Partial<CutMixSegOptions>) => {
    const { labeled, unlabeled, second } = bound(cutMixSeg(options)).draws;
    assert.deepEqual(
      [labeled!.images, unlabeled!.images, second!.images],
      [undefined, undefined, "others"],
    );
    const { count, partner, law } = unlabeled!.views.boxes as BoxView;
    assert.equal(partner, "same place");
    const { x0, y0, x1, y1 } = law!(stream, 100, count, stream);
    return [count, (x1 - x0) * (y1 - y0) / 100 ** 2];
  };
  assert.deepEqual(boxOf({}), [1, 84 * 59 / 1e4]);
  assert.deepEqual(boxOf({ boxes: 2 }), [2, 59 * 42 / 1e4]);
  assert.deepEqual(boxOf({ mask: "zero" }), [1, 71 * 35 / 1e4]);
});

const views = shapesViews();
const images = { labeled: [0, 1], unlabeled: [2, 3], others: [4, 5] };

function open(device: Device, options: Partial<CutMixSegOptions>): Session {
  const method = bound(cutMixSeg(options));
  return openSession(device, {
    network: networkOf(method),
    method,
    views,
    batch: 2,
    seed: 9,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
  });
}

gpuTest("the second draw is of the other images, which CutOut does without", async (device) => {
  const consistency = async (batch: Partial<typeof images>, options: Partial<CutMixSegOptions> = {}) => {
    const session = open(device, { threshold: 0, ...options });
    try {
      session.step({ ...images, others: undefined!, ...batch }, { epoch: 0, step: 0, rate: 0 });
      return (await session.losses()).terms.consistency!;
    } finally {
      session.free();
    }
  };
  const seen = await consistency(images);
  assert.ok(seen > 0);
  assert.notEqual(await consistency({ others: [6, 7] }), seen);
  assert.notEqual(await consistency({ ...images, unlabeled: [6, 7] }), seen);
  await assert.rejects(consistency({}), /Cannot pack 0 views: the batch is of 2/);
  assert.ok(await consistency({}, { mask: "zero" }) > 0);
});

gpuTest("frozen norms keep the statistics that they start with; else both networks' move", async (device) => {
  const moved = async (frozenNorms: boolean) => {
    const session = open(device, { threshold: 0, frozenNorms });
    const before = await session.state();
    session.step(images, { epoch: 0, step: 0, rate: 0.01 });
    const after = await session.state();
    session.free();
    const of = (network: string, part: RegExp) =>
      [...after].some(([name, { values }]) =>
        name.startsWith(`${network}.`) && name.includes("running") && part.test(name) &&
        values.some((value, i) => value !== before.get(name)!.values[i])
      );
    return ["student", "teacher"].map((network) => [of(network, /\.backbone\./), of(network, /\.head\./)]);
  };
  assert.deepEqual(await moved(true), [[false, true], [false, true]]);
  assert.deepEqual(await moved(false), [[true, true], [true, true]]);
});

gpuTest(
  "CutMix-Seg trains with Adam, from a warm-up on, and keeps the teacher's best",
  (device) =>
    withFolder(async (folder) => {
      const context = testContext(folder, undefined, gpuResources(device));
      const { stage, config } = trainingOf({
        method: cutMixSeg({ threshold: 0, rampEpochs: 2 }),
        backbone: "resnet14",
        batch: 4,
        epochs: 4,
        stepsPerEpoch: 1,
        warmUpEpochs: 1,
        optimizer: "adam",
        baseRate: 1e-4,
        backboneRate: 1,
        headRate: 1,
        power: 0,
        weightDecay: 0,
      });
      const { bestTeacher, history } = await stage.definition.run({
        inputs: { views },
        config,
        context,
      });
      const warned = context.events.flatMap(({ kind, message }) => kind === "warning" ? [message] : []);
      assert.match(String(warned), /^the backbone's norms are frozen at means of 0 .* co-train\.pretrained/);
      assert.equal((await bestTeacher!.read()).network.headline, "teacher");
      assert.deepEqual(
        history.losses.map(({ terms }) => Object.keys(terms)),
        [["ce"], ...Array(3).fill(["ce", "consistency"])],
      );
      assert.ok(history.losses.every(({ terms }) => Object.values(terms).every((value) => value > 0)));
    })(),
);
