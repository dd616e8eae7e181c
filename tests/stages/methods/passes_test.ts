import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { joinBatches } from "../../../kernels/ops/feature/batches.ts";
import { prune } from "../../../kernels/program/prune.ts";
import { compile } from "../../../kernels/program/program.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import type { HeadOutputs } from "../../../models/heads.ts";
import { initialize } from "../../../models/initialization.ts";
import { declareNetworks } from "../../../models/networks.ts";
import { allocateParameters } from "../../../models/parameters.ts";
import { makePasses } from "../../../stages/methods/passes.ts";
import type { Passing } from "../../../stages/methods/step.ts";
import { declaredTensors } from "../../support/declared_tensors.ts";
import { gpuTest, store, uniform } from "../../support/gpu.ts";

const BATCH = 2, SIZE = 17;
const names = ["x", "u", "v", "w", "z"] as const;
type Images = Readonly<Record<(typeof names)[number], Tensor>>;
type Write = (passing: Passing, images: Images, graph: Graph) => Readonly<Record<string, Prediction>>;

const headSpecs = { rep: { kind: "projection", channels: 4 }, aux: { kind: "auxiliary" } } as const;

const spec = {
  backbone: "resnet14",
  classes: 3,
  dilations: { replaceStride: [false, false, true] },
  rates: [1, 2, 3],
} as const;

/**
 * Runs each way to write passes on a network of its own, all with the same weights: logits with what the heads give, by name,
 * then running means.
 */
async function run(
  device: Device,
  ways: Readonly<Record<string, Write>>,
  together = true,
): Promise<Record<string, Record<string, Float32Array>>> {
  const networks = declareNetworks(
    spec,
    Object.fromEntries(Object.keys(ways).map((name) => [name, { heads: headSpecs }])),
  );
  const parameters = allocateParameters(device, networks.registry, { training: true });
  const state = initialize(networks.registry, 3), [first] = Object.keys(ways);
  for (const name of state.keys()) state.set(name, state.get(name.replace(/^\w+/, first!))!);
  parameters.load(state);
  const shape = [BATCH, SIZE, SIZE, 3];
  const held = allocate(device, "inputs", [
    ...names.map((label) => ({ label, shape })),
    { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
  ]);
  const [counters] = held.tensors.slice(names.length);
  names.forEach((_, i) =>
    upload(device, held.tensors[i]!, store(uniform(i, BATCH * SIZE * SIZE * 3, -2 - i, 2), shape))
  );
  const images = Object.fromEntries(names.map((name, i) => [name, held.tensors[i]!])) as unknown as Images;
  const graph = new Graph(device.facts.sharing);
  const passing = makePasses(graph, networks, { tensor: parameters.tensor, counters: counters!, together });
  /** Tensors by way and name. */
  const wanted: { readonly way: string; readonly name: string; readonly tensors: readonly Tensor[] }[] = [];
  for (const [way, write] of Object.entries(ways)) {
    // A way writes "net", and is given the network of its own.
    const own = new Proxy(passing, {
      get: (target, call: keyof Passing) =>
        call === "constant" || call === "dropChannels" || call === "uniform"
          ? target[call]
          : (_: string, ...rest: unknown[]) => (target[call] as (...all: unknown[]) => unknown)(way, ...rest),
    });
    for (const [name, { logits, heads }] of Object.entries(write(own, images, graph))) {
      const { rep, aux } = heads as HeadOutputs<typeof headSpecs>;
      wanted.push({ way, name, tensors: [logits, rep, aux.logits].map((tensor) => graph.keep(tensor)) });
    }
    const means = (layers: readonly string[]) =>
      layers.map((layer) => parameters.tensor(`${way}.${layer}.running_mean`));
    wanted.push({ way, name: "running means", tensors: means(["head.project.1"]) });
    wanted.push({ way, name: "heads' running means", tensors: means(["rep.1", "rep.4", "aux.1"]) });
  }
  const program = compile(device, graph);
  program.run();
  const read = await readBack(
    device,
    wanted.flatMap(({ tensors }) => tensors.map((tensor) => tensor.home ? tensor : program.locate(tensor))),
  );
  for (const owner of [program, held, parameters]) owner.free();
  const found: Record<string, Record<string, Float32Array>> = {};
  for (const { way, name, tensors } of wanted) {
    const values = read.splice(0, tensors.length).flatMap((each) => [...each]);
    (found[way] ??= {})[name] = Float32Array.from(values);
  }
  return found;
}

gpuTest(
  "passes written in any way give the same numbers, and an evaluation sees what it says",
  async (device) => {
    const found = await run(device, {
      together({ train, evaluate }, { x, u, v, z }) {
        const seen = train("net", { x, u, v });
        const after = (pass: Prediction) => evaluate("net", z, { after: pass });
        return { ...seen, afterX: after(seen.x), afterU: after(seen.u), end: evaluate("net", z) };
      },
      one_by_one({ train, evaluate }, { x, u, v, z }) {
        const start = evaluate("net", z);
        const first = train("net", { x }), afterX = evaluate("net", z);
        const second = train("net", { u }), afterU = evaluate("net", z);
        const third = train("net", v);
        return { ...first, ...second, v: third, start, afterX, afterU, end: evaluate("net", z) };
      },
      from_taps({ backbone, train }, { x, u, v }) {
        return train("net", backbone("net", { x, u, v }));
      },
      from_features({ features, train }, { x, u, v }) {
        return train("net", features("net", { x, u, v }));
      },
      constant({ train, constant }, { x, u, v }) {
        return constant(() => train("net", { x, u, v }));
      },
    });
    const { together: { afterX, afterU, end, ...rest }, one_by_one: { start, ...others } } = found as {
      [K in "together" | "one_by_one"]: Record<string, Float32Array>;
    };
    assert.deepEqual({ ...rest, afterX, afterU, end }, others);
    for (const way of ["from_taps", "from_features", "constant"]) assert.deepEqual(found[way], rest, way);
    // The test could not tell the moments apart if statistics did not matter.
    const seen = [start!, afterX!, afterU!, end!].map((values) => values.join());
    assert.equal(new Set(seen).size, 4);
  },
);

gpuTest("a pass in braces is one batch, and batches of unequal passes run one by one", async (device) => {
  const ways: Record<string, Write> = {
    joint({ train, evaluate }, { x, u, v, w, z }) {
      const { clean, strong } = train("net", { clean: { x, u }, strong: { v, w } });
      return { ...clean, ...strong, after: evaluate("net", z, { after: clean.u }) };
    },
    joined({ train, evaluate, features }, { x, u, v, w, z }, graph) {
      train("net", { clean: joinBatches(graph, [x, u]) });
      const after = evaluate("net", z);
      features("net", joinBatches(graph, [v, w]));
      return { after };
    },
    unequal({ train, evaluate }, { x, u, v, w, z }) {
      const { clean, strong } = train("net", { clean: { x, u }, strong: v });
      return { ...clean, v: strong, w, after: evaluate("net", z, { after: clean.x }) } as never;
    },
  };
  const { unequal, ...equal } = ways;
  const found = await run(device, equal);
  assert.deepEqual(found.joint!.after, found.joined!.after);
  assert.deepEqual(found.joint!["running means"], found.joined!["running means"]);
  // Features stop in front of the heads.
  assert.notDeepEqual(found.joint!["heads' running means"], found.joined!["heads' running means"]);
  const apart = await run(device, {
    joint: ways.joint!,
    unequal: (passing, images, graph) => {
      const { w: _, ...rest } = unequal!(passing, images, graph) as Record<string, Prediction>;
      return rest;
    },
  }, false);
  assert.deepEqual(apart.joint, found.joint);
  for (const name of ["x", "u", "after"]) {
    assert.deepEqual(apart.unequal![name], found.joint![name], name);
  }
  assert.notDeepEqual(apart.unequal!.v, found.joint!.v);
});

gpuTest(
  "channels of taps are dropped by streams of their own, and decoded with the others",
  async (device) => {
    const dropping = { probability: 0.5, stream: "one" };
    const found = await run(device, {
      taps({ backbone, train, dropChannels }, { x }) {
        const taps = backbone("net", { x }).x;
        const one = { ...taps, high: dropChannels(taps.high, dropping) };
        const two = { ...taps, high: dropChannels(taps.high, { ...dropping, stream: "two" }) };
        return train("net", { all: { clean: taps, one, two } }).all;
      },
      nothing({ backbone, train, dropChannels }, { x }) {
        const taps = backbone("net", { x }).x;
        const none = { ...taps, high: dropChannels(taps.high, { probability: 0, stream: "none" }) };
        return train("net", { all: { clean: taps, none } }).all;
      },
    });
    assert.notDeepEqual(found.taps!.one, found.taps!.clean);
    assert.notDeepEqual(found.taps!.one, found.taps!.two);
    assert.deepEqual(found.nothing!.none, found.nothing!.clean);
    // The dropped ones enter the statistics that all are normalized by.
    assert.notDeepEqual(found.taps!.clean, found.nothing!.clean);
  },
);

Deno.test("an evaluation whose taps alone are read computes no more than the backbone", () => {
  const { registry, byName } = declareNetworks(spec, { net: { heads: headSpecs } });
  const home = { buffer: {} as GPUBuffer, offset: 0 }, tensors = declaredTensors(registry, { home });
  const image = (label: string) => makeTensor({ label, shape: [BATCH, SIZE, SIZE, 3], home });
  /** Networks' parts whose weights are read for what a pass gives. */
  const parts = (read: (passing: Passing) => Tensor) => {
    const graph = new Graph(0);
    const counters = makeTensor({ label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map", home });
    const options = { tensor: (name: string) => tensors.get(name)!, counters, together: true };
    graph.keep(read(makePasses(graph, { byName }, options)));
    const found = prune(graph.dispatches, graph.kept).flatMap(({ reads }) =>
      reads.flatMap(({ label }) => /^net\.(backbone\.layer\d|\w+)/.exec(label)?.[1] ?? [])
    );
    return [...new Set(found)].sort();
  };
  const backbone = ["backbone", ...[1, 2, 3, 4].map((stage) => `backbone.layer${stage}`)];
  const decoder = ["classifier", "fuse", "head", "reduce"];
  const x = image("x"), u = image("u");
  assert.deepEqual(parts(({ evaluate }) => evaluate("net", x).logits), [...backbone, ...decoder]);
  assert.deepEqual(parts(({ evaluate }) => evaluate("net", x).features.taps.high), backbone);
  assert.deepEqual(parts(({ evaluate }) => evaluate("net", { x, u }).u.features.taps.high), backbone);
  assert.deepEqual(
    parts(({ evaluate }) => evaluate("net", x).features.taps.middle),
    backbone.slice(0, -1),
  );
});

Deno.test("passes that cannot be are errors that say why", () => {
  const graph = new Graph(0);
  const networks = { byName: { student: { modules: { tags: () => 0 } } as never, teacher: {} as never } };
  const counters = makeTensor({ label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" });
  const options = { tensor: () => assert.fail(), counters, together: true };
  const { train, evaluate, apply, dropChannels, uniform: draw } = makePasses(graph, networks, options);
  const image = makeTensor({ label: "x", shape: [2, 8, 8, 3] });
  assert.throws(() => train("studnet", image), /Cannot run network "studnet": there are student, teacher/);
  for (const none of [{}, { image, both: {} }]) {
    assert.throws(() => train("student", none), /Cannot run network "student" on no images/);
  }
  const taps = { kind: "taps" } as never;
  assert.throws(() => train("student", { image, taps }), /on images and taps in one batch/);
  assert.throws(
    () => evaluate("student", image, { after: {} as Prediction }),
    /Cannot evaluate "student" after a pass that is no training pass of it/,
  );
  assert.throws(
    () => apply("student", "tag", image),
    /Cannot apply "tag" of network "student": its own modules are tags\. Declare it: trained\({ modules: { tag: ownModule/,
  );
  const dropping = { probability: 0.5, stream: "one" };
  dropChannels(image, dropping);
  assert.throws(() => dropChannels(image, dropping), /Cannot drop channels twice by the numbers of "one"/);
  // Of another kind, the same name is another stream.
  draw("one", [2, 3]);
  assert.throws(() => draw("one", [1]), /Cannot draw the random numbers of "one" twice/);
});
