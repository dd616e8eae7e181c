/** Networks with several heads and with layers of a method's own: learned, averaged, kept in files, and left out of scores. */
import assert from "node:assert/strict";
import { z } from "zod";
import { globalAveragePool } from "../../../kernels/ops/feature/global_average_pool.ts";
import { convolutionLayer } from "../../../models/layers.ts";
import { within } from "../../../models/registry.ts";
import {
  auxiliaryHead,
  averageOf,
  ownModule,
  projectionHead,
  trained,
} from "../../../stages/methods/networks.ts";
import { defineMethod } from "../../../stages/methods/method.ts";
import { crossEntropy, type Scores, supervise } from "../../../stages/methods/parts.ts";
import { openInference } from "../../../stages/evaluation/inference.ts";
import { labeled, unlabeled, weak } from "../../../stages/views/specs.ts";
import { openCheckpoint, writeCheckpoint } from "../../../stages/weights/checkpoint.ts";
import { encodeOnnx } from "../../../stages/weights/onnx.ts";
import type { Prediction, Taps } from "../../../models/deeplabv3plus.ts";
import { openTraining, STEPS, takeSteps, train } from "../../support/every_method.ts";
import { gpuTest } from "../../support/gpu.ts";
import { withFolder } from "../../support/stage_run.ts";
import { bound, networkOf } from "../../support/training.ts";

/** Classes of the whole image, by the third stage and the last one. */
const tags = ownModule<Taps, Scores>((scope, { middle, high, classes }) => {
  const layers = [["middle", middle], ["high", high]] as const;
  const [third, last] = layers.map(([name, inputs]) =>
    convolutionLayer(within(scope, name), { inputs, outputs: classes, size: 1, bias: true })
  );
  return (forward, taps) => {
    const { graph } = forward, pooled = globalAveragePool(graph, taps.high);
    return graph.inPrecision("f32", () => {
      const logits = last!(forward, pooled);
      graph.keep(third!(forward, taps.middle));
      return { logits, size: taps.size };
    });
  };
});

/** A student that learns labels by all that it has; its average sees other images. */
const headed = defineMethod({
  name: "headed",
  version: 1,
  module: import.meta.url,
  options: z.strictObject({}),
  networks: () => ({
    student: trained({ heads: { rep: projectionHead(12), aux: auxiliaryHead() }, modules: { tags } }),
    teacher: averageOf("student", { decay: 1, statistics: "own", start: "own" }),
  }),
  views: () => ({ labeled: labeled({ image: weak() }), unlabeled: unlabeled({ image: weak() }) }),
  terms(step) {
    const { image, labels } = step.views.labeled;
    step.train("teacher", step.views.unlabeled.image);
    const seen = step.train("student", image);
    const scores: Scores = step.apply("student", "tags", seen.features.taps);
    // @ts-expect-error no network has such a head
    assert.equal(seen.heads.red, undefined);
    // @ts-expect-error no network has such a module
    assert.throws(() => step.apply("student", "tag", seen.features.taps), /Cannot apply "tag"/);
    // @ts-expect-error it takes taps
    if (labels === image) step.apply("student", "tags", image);
    const rep = { logits: seen.heads.rep, size: seen.size };
    return {
      ce: { loss: supervise(step, "ce", seen, labels), weight: 1 },
      rep: { loss: crossEntropy(step, "rep", rep, labels), weight: 0.5 },
      aux: { loss: crossEntropy(step, "aux", seen.heads.aux, labels), weight: 0.5 },
      tags: { loss: crossEntropy(step, "tags", scores, labels), weight: 0.1 },
    };
  },
  predictions: { student: "student", teacher: "teacher" },
  headline: "student",
});

const part = (name: string) => name.split(".").slice(0, 2).join(".");

gpuTest(
  "heads and own layers learn beside the classifier; statistics of an average's heads move",
  async (device) => {
    const session = openTraining(device, headed());
    const before = await session.state();
    await takeSteps(session, 0, 1);
    const warmed = await session.state();
    await takeSteps(session, 1, 2);
    const now = await session.state();
    session.free();
    const moved = (from: typeof now, to: typeof now) =>
      new Set(
        [...to].filter(([name, { values }]) => values.some((value, i) => value !== from.get(name)!.values[i]))
          .map(([name]) => name.includes(".running_") ? `${part(name)} statistics` : part(name)),
      );
    // The warm-up learns labels alone: its passes move all statistics, and weight decay the heads' weights.
    assert.deepEqual([...moved(before, warmed)].filter((name) => name.startsWith("teacher")), []);
    assert.ok(moved(before, warmed).has("student.rep statistics"));
    assert.deepEqual(
      [...moved(warmed, now)].filter((name) => /rep|aux|tags/.test(name)).sort(),
      [
        ...["student.aux", "student.aux statistics", "student.rep", "student.rep statistics", "student.tags"],
        ...["teacher.aux statistics", "teacher.rep statistics"],
      ],
    );
  },
);

gpuTest(
  "they train in micro-batches and in f16, and a training goes on from its middle to the bit",
  async (device) => {
    for (const change of [{ accumulate: 2 }, { precision: "f16" as const }]) {
      const whole = await train(device, headed(), change);
      assert.deepEqual(Object.keys(whole.losses), ["ce", "rep", "aux", "tags"]);
      for (const loss of Object.values(whole.losses)) assert.ok(loss > 0 && loss < 5, `${loss}`);
      const first = openTraining(device, headed(), change);
      await takeSteps(first, 0, 2);
      const halfway = await first.snapshot();
      first.free();
      const second = openTraining(device, headed(), { ...change, recompute: "always" });
      second.restore(halfway);
      await takeSteps(second, 2, STEPS);
      assert.deepEqual(await second.snapshot(), whole.captured);
      second.free();
    }
  },
);

gpuTest(
  "a file holds them all, tells what they are, and is scored without the method",
  (device) =>
    withFolder(async (folder) => {
      const session = openTraining(device, headed());
      const state = await session.state(), network = networkOf(bound(headed()));
      session.free();
      const { path } = await writeCheckpoint(`${folder}/w.safetensors`, network, state);
      const read = await openCheckpoint(path).read();
      assert.deepEqual(read.state, state);
      const { student, teacher } = read.network.networks;
      assert.deepEqual(student, teacher);
      assert.deepEqual(student!.heads, {
        rep: { kind: "projection", channels: 12 },
        aux: { kind: "auxiliary" },
      });
      assert.deepEqual(student!.modules, {
        tags: {
          tensors: [
            { name: "middle.weight", shape: [7, 256, 1, 1] },
            { name: "middle.bias", shape: [7] },
            { name: "high.weight", shape: [7, 256, 1, 1] },
            { name: "high.bias", shape: [7] },
          ],
        },
      });
      // Written again, it is the same file.
      const again = await writeCheckpoint(`${folder}/again.safetensors`, read.network, read.state);
      assert.deepEqual(Deno.readFileSync(again.path), Deno.readFileSync(path));
      const image = new Uint8Array(33 * 33 * 3).map((_, i) => (7 * i) % 256),
        size = { width: 33, height: 33 };
      const { inference, free } = await openInference(device, again);
      const seen = await inference.predict(image, size);
      free();
      assert.deepEqual(Object.keys(seen.labels).sort(), ["student", "teacher"]);
      assert.ok(encodeOnnx(read.network, read.state).length > 0);
    })(),
);

/** What a pass of no heads gives has none. */
export const none: Prediction<Record<never, never>>["heads"] = {};
