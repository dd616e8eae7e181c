import assert from "node:assert/strict";
import { z } from "zod";
import { codeOf } from "../../../pipeline/code/code.ts";
import { resolveConfig } from "../../../pipeline/language/config.ts";
import { explainConfig } from "../../../pipeline/language/explain.ts";
import { Notes } from "../../../pipeline/files/files.ts";
import { parseConfig } from "../../../pipeline/language/schema.ts";
import { methodOf, trainingStage } from "../../../stages/co_train.ts";
import { chosenMethod, type Exchanged, exchangingMethods } from "../../../stages/methods/binding/exchange.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { type Configured, defineMethod, type Method } from "../../../stages/methods/method.ts";
import { trained } from "../../../stages/methods/networks.ts";
import { supervised } from "../../../stages/methods/supervised.ts";
import { softmaxCrossEntropy } from "../../../kernels/ops/loss/softmax_cross_entropy.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { TrainingInputs } from "../../../stages/training/inputs.ts";
import { SCHEDULES_FROM } from "../../../stages/training/update.ts";
import { labeled, unlabeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";
import { testContext, withFolder } from "../../support/stage_run.ts";
import { gpuResources, oneStepEach, shapesViews, trainingOf } from "../../support/training.ts";

const rest = { name: "one", version: 1, module: import.meta.url } as const;
const options = z.strictObject({
  weight: z.number().min(0).default(1).describe("Weight of the loss.").meta({
    unit: "factor",
    source: "here",
  }),
});

/** One network, which learns the labels. */
const one: Method<{ readonly weight: number }, { readonly weight?: number }, "student"> = defineMethod({
  ...rest,
  options,
  networks: () => ({ student: trained() }),
  views: () => ({ labeled: labeled({ image: weak() }), unlabeled: unlabeled({ image: weak() }) }),
  schedules: () => ({ ramp: ({ step, steps }) => step / steps }),
  terms(step, { weight }) {
    // @ts-expect-error there is no such network
    if (weight < 0) step.train("studnet", step.views.labeled.image);
    // @ts-expect-error there is no such view
    if (weight < 0) step.views.unlabeled.strong;
    // @ts-expect-error unlabeled images have no labels
    if (weight < 0) step.views.unlabeled.labels;
    // @ts-expect-error there is no such schedule
    if (weight < 0) step.schedules.rampp;
    assert.equal(step.schedules.ramp.index, SCHEDULES_FROM);
    const { image, labels } = step.views.labeled;
    const { logits, size } = step.train("student", image);
    const loss = softmaxCrossEntropy(step.graph, logits, labels, { label: "ce", size, denominator: "valid" });
    return { ce: { loss, weight } };
  },
  predictions: { student: "student" },
  headline: "student",
});

// @ts-expect-error an option that does not exist
one({ wieght: 2 });
const configured: Configured<"student"> = one({ weight: 2 });
// @ts-expect-error it scores other predictions
export const other: Configured<"branch1"> = configured;
defineMethod({
  ...rest,
  options,
  // A step in front of the networks is checked against no names, and so may use none.
  terms(step, { weight }) {
    // @ts-expect-error no name is known
    if (weight < 0) step.train("student", {} as Tensor);
    return {};
  },
  networks: ({ weight }) => ({ student: weight > 0 ? trained() : trained() }),
  views: () => ({ labeled: labeled({ image: weak() }) }),
  predictions: { student: "student" },
  headline: "student",
});

gpuTest(
  "a method of one network of one's own trains, warm-up and f16 and micro-batches included",
  (device) =>
    withFolder(async (folder) => {
      const views = shapesViews();
      for (const how of [{}, { accumulate: 2 }, { precision: "f16" as const }]) {
        const { stage, config } = trainingOf({ method: one({ weight: 2 }), ...oneStepEach, ...how });
        const { last, bestStudent, history } = await stage.definition.run({
          inputs: { views },
          config,
          context: testContext(await Deno.makeTempDir({ dir: folder }), undefined, gpuResources(device)),
        });
        const { network, state } = await last.read();
        assert.deepEqual([network.networks, network.predictions, network.headline], [
          { student: {} },
          { student: ["student"] },
          "student",
        ]);
        assert.ok([...state.keys()].every((name) => name.startsWith("student.")));
        assert.deepEqual((await bestStudent.read()).network, network);
        assert.deepEqual(history.evaluations.map(({ miou }) => Object.keys(miou)), [["student"], [
          "student",
        ]]);
        // The engine's own warm-up names its terms after the networks.
        assert.deepEqual(history.losses.map(({ terms }) => Object.keys(terms)), [["ce_student"], ["ce"]]);
      }
    })(),
);

Deno.test("a training is a stage of its method, the same one whenever it is asked for", () => {
  const stage = trainingStage(one);
  assert.equal(trainingStage(one), stage);
  assert.equal(methodOf(stage.definition), one);
  assert.deepEqual(Object.keys(stage.definition.outputs), ["last", "bestStudent", "history"]);
  assert.deepEqual(Object.keys(trainingStage(ccvc).definition.outputs), [
    "last",
    "bestBranch1",
    "bestBranch2",
    "bestAverage",
    "history",
  ]);
  assert.notEqual(trainingStage(ccvc), trainingStage(supervised));
});

Deno.test("a method's options are leaves under `method`: set, explained, guessed, its name among them", () => {
  const { config: schema } = trainingStage(one).definition;
  const set = (path: string[], value: unknown) => ({ stage: "co-train", path, value, text: String(value) });
  const { config, origins } = resolveConfig(schema, { method: { weight: 2 }, epochs: 3 }, [
    set(["method", "weight"], 5),
  ], "co-train");
  const { method, epochs } = config as { method: unknown; epochs: number };
  assert.deepEqual([method, epochs], [{ name: "one", weight: 5 }, 3]);
  const leaves = explainConfig(schema, config, origins);
  const leaf = (name: string) => leaves.find((leaf) => leaf.name === name)!;
  assert.deepEqual(leaf("method.weight"), {
    name: "method.weight",
    value: 5,
    unit: "factor",
    description: "Weight of the loss.",
    by: "set",
    otherwise: 1,
    source: "here",
  });
  assert.deepEqual([leaf("method.name").value, leaf("method.name").by], ["one", "default"]);
  const refused = (method: unknown) => () => parseConfig(schema, { method }, "co-train");
  assert.throws(refused({ wieght: 2 }), /unknown key "co-train\.method\.wieght"\. Did you mean "weight"\?/);
  assert.throws(refused({ weight: -1 }), /co-train\.method\.weight: /);
  assert.throws(refused({ name: "ccvc" }), /co-train\.method\.name: .*"one"/);
  assert.throws(() => parseConfig(schema, { epoch: 2 }, "co-train"), /Did you mean "epochs"\?/);
  assert.throws(() => parseConfig(schema, { batch: 3, accumulate: 2 }, "co-train"), /co-train\.accumulate: /);
});

Deno.test("a key has the code of its own method, and of no other", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const module = (name: string, text: string) => {
      Deno.writeTextFileSync(`${folder}/${name}.ts`, text);
      return new URL(`file://${folder}/${name}.ts`).href;
    };
    const method = (module: string) => trainingStage(defineMethod({ ...one.definition, module } as never));
    const parts = async (...modules: string[]) => {
      const stages = modules.map((module) => method(module).definition);
      const found = await codeOf(
        stages,
        new Notes(await Deno.makeTempDir({ dir: folder }), () => Promise.resolve()),
      );
      return stages.map((stage) => found.get(stage)!.parts);
    };
    const [a, b] = [module("a", "export const a = 1;"), module("b", "export const b = 1;")];
    const [first, second] = await parts(a, b) as [Record<string, string>, Record<string, string>];
    assert.equal(first.bundle, second.bundle);
    assert.ok(first["also:a.ts"] && !first["also:b.ts"] && second["also:b.ts"]);
    module("b", "export const b = 2;");
    const [third, fourth] = await parts(a, b) as [Record<string, string>, Record<string, string>];
    assert.deepEqual(third, first);
    assert.notEqual(fourth["also:b.ts"], second["also:b.ts"]);
    assert.equal(fourth.bundle, second.bundle);
    // The engine's code holds no method, and a method's that of no other.
    const baseline = trainingStage(supervised).definition;
    const { modules } = (await codeOf([baseline], new Notes(folder, () => Promise.resolve()))).get(baseline)!;
    assert.ok(Object.keys(modules).some((path) => path.endsWith("methods/supervised.ts")));
    assert.ok(
      !Object.keys(modules).some((path) => /methods\/ccvc/.test(path)),
      Object.keys(modules).join(" "),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("another method stands in the place of a training's own while a comparison builds, and not after", () => {
  const inputs = { views: "views", start: "weights" } as unknown as TrainingInputs;
  const written = (id: string) => ({ id, inputs, config: { epochs: 2 } });
  const other = (configured: Configured): Exchanged => ({
    configured,
    // What this builds keeps its own methods.
    earlier: (training) => ({ start: [training, chosenMethod(own, written("mine"))] as never }),
  });
  const own = ccvc(), kept = { configured: own, inputs };
  const { result, trainings } = exchangingMethods(
    (id) => id === "mine" ? undefined : other(supervised()),
    () => [chosenMethod(ccvc(), written("first")), chosenMethod(one(), written("second"))],
  );
  assert.deepEqual(trainings, ["first", "second"]);
  assert.ok(result.every(({ configured: { method } }) => method.definition === supervised.definition));
  assert.deepEqual(result[1]!.inputs, { views: "views", start: [written("second"), kept] });
  assert.deepEqual(chosenMethod(own, written("co-train")), kept);
  const left = exchangingMethods(
    (id) => id === "mine" ? undefined : other(own),
    () => chosenMethod(own, written("mine")),
  );
  assert.deepEqual(left, { result: kept, trainings: [] });
});
