import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { coTrain, trainingStage } from "../../../stages/co_train.ts";
import { augment } from "../../../stages/augment.ts";
import { load } from "../../../stages/load.ts";
import { pipeline } from "../../../pipeline/mod.ts";
import { pseudoLabel } from "../../../stages/pseudo_label.ts";
import { simpleBaseline } from "../../../stages/methods/simple_baseline.ts";
import { supervised } from "../../../stages/methods/supervised.ts";
import type { Checkpoint } from "../../../stages/weights/checkpoint.ts";
import type { Earlier } from "../../../stages/training/inputs.ts";
import type { ViewPolicyInput } from "../../../stages/augment.ts";
import { gpuTest } from "../../support/gpu.ts";
import { testContext, withFolder } from "../../support/stage_run.ts";
import { assertDeclared, bound, gpuResources, parsed, shapesViews } from "../../support/training.ts";

Deno.test("SimpleBaseline has the shipped settings; a preset says whose confidence weighs", () => {
  const rest = { sure: 0.8, alpha: 1, beta: 1, epsilon: 1e-3 };
  assertDeclared(simpleBaseline, {
    defaults: { as: "published-code", weights: "batch", ...rest },
    unread: [],
    outputs: ["last", "bestStudent", "history"],
    refused: [{ weights: "image" }, { sure: 1.1 }, { alpha: -1 }, { epsilon: 0 }, { as: "text" }],
  });
  const { options } = simpleBaseline.definition as {
    options: Parameters<typeof parsed>[0]["definition"]["config"];
  };
  const read = (input: object) => parsed({ definition: { config: options, name: "method" } }, input);
  assert.deepEqual(read({ as: "paper" }), { as: "paper", weights: "own", ...rest });
  assert.deepEqual(read({ as: "paper", weights: "batch" }), { as: "paper", weights: "batch", ...rest });
});

Deno.test("norms are split by view, draws are of one set in two walks", () => {
  const { networks, draws } = bound(simpleBaseline({ epsilon: 0.01 }));
  assert.deepEqual(networks, {
    student: { norms: { backbone: { epsilon: 0.01 }, domains: ["weak", "strong"] } },
  });
  const { weak, strong } = draws;
  assert.deepEqual([weak!.set, weak!.images, strong!.set, strong!.images], [
    "pseudo-labeled",
    undefined,
    "pseudo-labeled",
    "others",
  ]);
  assert.deepEqual([weak!.views, strong!.views], [{ image: { kind: "weak" } }, {
    image: { kind: "strong" },
  }]);
});

const settings = { backbone: "resnet14", batch: 2, epochs: 1, stepsPerEpoch: 2, baseRate: 0.01 } as const;

/** Trains a round, and labels the unlabeled images by what it has learned. */
async function round(
  device: Device,
  folder: string,
  method: ReturnType<typeof supervised> | ReturnType<typeof simpleBaseline>,
  earlier: Earlier,
  { policy, ...change }: { policy?: ViewPolicyInput; baseRate?: number } = {},
) {
  const views = shapesViews(policy),
    given = (["pseudoLabels", "start"] as const).filter((name) => earlier[name]);
  const context = async () =>
    testContext(await Deno.makeTempDir({ dir: folder }), undefined, gpuResources(device));
  const stage = trainingStage(method.method, given);
  const config = parsed(stage, { ...settings, ...change, method: method.options } as never);
  const { last, history } = await stage.definition.run({
    inputs: { views, ...earlier } as never,
    config,
    context: await context(),
  });
  const { labels } = await pseudoLabel.definition.run({
    inputs: { nets: { last }, images: views.unlabeled },
    config: parsed(pseudoLabel, { threshold: 0 }),
    context: await context(),
  });
  return { start: last as Checkpoint, pseudoLabels: labels, history };
}

gpuTest(
  "rounds: labels alone, then pseudo-labels from those weights, then again; both copies of the norms go along",
  (device) =>
    withFolder(async (folder) => {
      const { history: _, ...first } = await round(device, folder, supervised(), {});
      const policy = { randAugment: { operations: 3 } };
      const still = await round(device, folder, simpleBaseline(), first, { policy, baseRate: 0 });
      const { state: before } = await first.start.read(), { state: started } = await still.start.read();
      // Without a rate only statistics move: the start is the supervised network, its norms twice.
      for (const [name, { values }] of started) {
        const source = before.get(name.replace("student.", "network.").replace(".aux.", "."))!;
        if (!name.includes("running")) assert.deepEqual(values, source.values, name);
      }
      assert.equal(
        [...started.keys()].filter((name) => name.includes(".aux.")).length,
        started.size - before.size,
      );
      const second = await round(device, folder, simpleBaseline(), first, { policy });
      assert.deepEqual(Object.keys(second.history.losses[0]!.terms), ["clean", "noisy_ce", "noisy_rce"]);
      assert.ok(second.history.losses.every(({ terms }) => Object.values(terms).every((value) => value > 0)));
      const { history: __, ...learned } = second;
      const third = await round(device, folder, simpleBaseline(), learned, { baseRate: 0 });
      const { state: one } = await second.start.read(), { state: two } = await third.start.read();
      const apart = [...two.keys()].filter((name) => name.includes(".aux.") && !name.includes("running"));
      assert.ok(
        apart.some((name) => `${two.get(name)!.values}` !== `${two.get(name.replace(".aux.", "."))!.values}`),
      );
      for (const name of apart) assert.deepEqual(two.get(name)!.values, one.get(name)!.values, name);
    })(),
);

gpuTest(
  "the warm-up learns from both views of the labeled images; without unlabeled ones it is all there is",
  (device) =>
    withFolder(async (folder) => {
      const { unlabeled, ...rest } = shapesViews();
      const views = { ...rest, unlabeled: { ...unlabeled, length: 0, ids: [] } };
      const stage = trainingStage(simpleBaseline);
      const { history, last } = await stage.definition.run({
        inputs: { views },
        config: parsed(stage, { ...settings, method: {} } as never),
        context: testContext(folder, undefined, gpuResources(device)),
      });
      assert.deepEqual(history.losses.map(({ terms }) => Object.keys(terms)), [["clean"], ["clean"]]);
      const { state } = await last.read();
      const moved = (name: string) =>
        state.get(`student.backbone.bn1.${name}`)!.values.some((value) => value !== 0);
      assert.ok(moved("running_mean") && moved("aux.running_mean"));
    })(),
);

/** The error of building a pipeline whose last training is called so. */
function build(
  last: (given: { data: ReturnType<typeof load>; views: ReturnType<typeof augment> }) => unknown,
) {
  return () =>
    pipeline("rounds", () => {
      const data = load({ dataset: "shapes" }), views = augment({ data }, { crop: 48 });
      return { last: last({ data, views }) };
    }).build();
}

Deno.test("what a round lacks, or what nothing of it would read, is said when the pipeline is planned", () => {
  const labelsOf = ({ data, views }: Parameters<Parameters<typeof build>[0]>[0]) => {
    const nets = coTrain({ views }, { method: supervised() }, { as: "zero" });
    return { views, pseudoLabels: pseudoLabel({ nets, images: data.unlabeled }), start: nets.last };
  };
  assert.throws(
    build(({ views }) => coTrain({ views }, { method: simpleBaseline() }, { as: "one" })),
    /^MethodError: Cannot train "one" by method "simple-baseline": its draws weak, strong are of pseudo-labeled images, and the training is given no labels\. Write coTrain\(\{ views, pseudoLabels: /,
  );
  assert.throws(
    build((given) => coTrain(labelsOf(given), { method: supervised() }, { as: "one" })),
    /Cannot train "one" by method "supervised": it draws no pseudo-labeled images, so that nothing would read pseudoLabels/,
  );
  assert.throws(
    build((given) =>
      coTrain(labelsOf(given), { method: simpleBaseline(), pretrained: "net.pth" }, { as: "one" })
    ),
    /Cannot train "one" .* start from both the weights that are given and "[^"]*net\.pth"\. Leave one out, or set one\.pretrained=none/,
  );
  const rounds = pipeline("rounds", () => {
    const data = load({ dataset: "shapes" }), views = augment({ data }, { crop: 48 });
    return coTrain(labelsOf({ data, views }), { method: simpleBaseline({ weights: "own" }) }, { as: "one" })
      .last;
  }).build();
  const edges = rounds.nodes.at(-1)!.edges.map(({ input, from, output }) => `${input}: ${from.id}.${output}`);
  assert.deepEqual(edges.slice(-2), ["pseudoLabels: pseudo-label.labels", "start: zero.last"]);
});
