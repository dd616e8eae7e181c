/** What must not compile does not: `deno check` fails on an unused `@ts-expect-error`. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import { defineStage, jsonKind, pipeline, type Ref } from "../../pipeline/mod.ts";

interface Images {
  readonly images: readonly string[];
}
interface Samples extends Images {
  readonly masks: readonly string[];
}
interface Weights {
  readonly tensors: Readonly<Record<string, number>>;
}
const images = jsonKind<Images>("images", 1);
const samples = jsonKind<Samples>("samples", 1);
const weights = jsonKind<Weights>("weights", 1);
const none = z.strictObject({});

const load = defineStage({
  name: "load",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ root: z.string(), crop: z.number().default(1) }),
  inputs: {},
  outputs: { labeled: samples, unlabeled: images },
  run: () => ({ labeled: { images: [], masks: [] }, unlabeled: { images: [] } }),
});
const train = defineStage({
  name: "train",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ epochs: z.number().default(1) }),
  inputs: { data: { labeled: samples, unlabeled: images } },
  outputs: { weights },
  run({ inputs, config, context }) {
    const masks: readonly string[] = inputs.data.labeled.masks;
    // @ts-expect-error unlabeled images have no masks
    inputs.data.unlabeled.masks;
    // @ts-expect-error no such leaf
    config.epoch;
    return { weights: { tensors: { a: masks.length + config.epochs + context.seed } } };
  },
});
const evaluate = defineStage({
  name: "evaluate",
  version: 1,
  module: import.meta.url,
  config: none,
  inputs: { weights, samples },
  outputs: { metrics: jsonKind<number>("metrics", 1) },
  run: ({ inputs }) => ({ metrics: inputs.weights.tensors["a"] ?? 0 }),
});

const bare = defineStage({
  name: "bare",
  version: 1,
  module: import.meta.url,
  config: none,
  inputs: {},
  outputs: { samples },
  run: () => ({ samples: { images: [], masks: [] } }),
});

Deno.test("a right pipeline compiles and builds", () => {
  const graph = pipeline("right", () => {
    const data = load({ root: "here" });
    const nets = train({ data });
    const labeled: Ref<Samples> = data.labeled;
    const first = evaluate({ weights: nets, samples: labeled });
    const second = evaluate({ weights: nets.weights, samples: bare() }, {}, { as: "again" });
    return { first, second, all: { nets } };
  }).build();
  assert.deepEqual(graph.nodes.map((node) => node.id), ["load", "train", "evaluate", "bare", "again"]);
});

Deno.test("wrong edges, missing inputs and wrong config types do not compile", () => {
  const never = () =>
    pipeline("wrong", () => {
      const data = load({ root: "here" });
      const nets = train({ data }, { epochs: 2 });
      // @ts-expect-error samples are no weights
      evaluate({ weights: data.labeled, samples: data.labeled });
      // @ts-expect-error weights are no samples
      evaluate({ weights: nets, samples: nets });
      // @ts-expect-error samples are no images, though every sample would do: a mask must not slip along
      train({ data: { labeled: data.labeled, unlabeled: data.labeled } });
      // @ts-expect-error images are no samples
      train({ data: { labeled: data.unlabeled, unlabeled: data.unlabeled } });
      // @ts-expect-error missing input
      evaluate({ weights: nets });
      // @ts-expect-error missing member of a group
      train({ data: { labeled: data.labeled } });
      // @ts-expect-error missing inputs
      evaluate();
      // @ts-expect-error a stage with two outputs is no single one
      evaluate({ weights: nets, samples: data });
      // @ts-expect-error wrong config type
      train({ data }, { epochs: "2" });
      // @ts-expect-error unknown config key
      train({ data }, { epoch: 2 });
      // @ts-expect-error required leaf
      load({});
      // @ts-expect-error required config
      load();
      // @ts-expect-error typo in an output
      data.labelled;
      // @ts-expect-error a plain value is no reference
      evaluate({ weights: { tensors: {} }, samples: data.labeled });
      return nets;
    });
  assert.equal(typeof never, "function");
  const definition = {
    name: "x",
    version: 1,
    module: import.meta.url,
    config: none,
    inputs: {},
    outputs: { weights },
  };
  // @ts-expect-error an output of the wrong type
  const wrongOutput = () => defineStage({ ...definition, run: () => ({ weights: 3 }) });
  // @ts-expect-error a missing output
  const noOutput = () => defineStage({ ...definition, run: () => ({}) });
  assert.equal(typeof wrongOutput, typeof noOutput);
});
