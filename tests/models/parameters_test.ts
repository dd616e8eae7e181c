import assert from "node:assert/strict";
import { readBack } from "../../kernels/memory.ts";
import { declareNetworks } from "../../models/networks.ts";
import { WeightsError } from "../../models/errors.ts";
import { initialize } from "../../models/initialization.ts";
import { allocateParameters, type ParameterRange } from "../../models/parameters.ts";
import { gpuTest } from "../support/gpu.ts";

const { registry } = declareNetworks({
  backbone: "resnet14",
  classes: 5,
  dilations: { replaceStride: [false, false, true] },
  rates: [6, 12, 18],
}, { branch1: {}, branch2: { mapping: { norm: true, dropout: 0 } } });

gpuTest("parameters read back as they were loaded, in the order of the state dict", async (device) => {
  const state = initialize(registry, 1);
  const parameters = allocateParameters(device, registry, { training: false });
  parameters.load(state);
  const read = await parameters.read();
  assert.deepEqual([...read.keys()], [...state.keys()]);
  assert.deepEqual(read, state);
  parameters.free();
});

gpuTest(
  "backbones and all else lie in ranges of the arena, convolutions' weights, norms and biases apart, with gradients beside them",
  (device) => {
    const parameters = allocateParameters(device, registry, { training: true });
    const { ranges } = parameters, [{ values, gradients }] = ranges as [ParameterRange];
    assert.deepEqual(ranges.map(({ group, kind }) => [group, kind]), [
      ["backbone", "convolutions"],
      ["backbone", "norms"],
      ["head", "convolutions"],
      ["head", "norms"],
      ["head", "biases"],
    ]);
    const ends = ranges.slice(0, 4).map(({ values: { end } }) => end);
    assert.deepEqual(ranges.map(({ values: { start } }) => start), [0, ...ends]);
    for (const { name, group, kind } of registry.parameters) {
      const { home, gradient, bytes, tracked } = parameters.tensor(name);
      const { values: { start, end } } = ranges.find((range) =>
        range.group === group && range.kind === kind
      )!;
      assert.equal(home!.buffer, values.buffer);
      assert.ok(home!.offset >= start && home!.offset + bytes <= end, name);
      assert.equal(gradient!.home!.buffer, gradients!.buffer);
      assert.equal(gradient!.home!.offset, home!.offset, name);
      assert.ok(tracked, name);
    }
    for (const { name } of registry.statistics) {
      assert.notEqual(parameters.tensor(name).home!.buffer, values.buffer, name);
      assert.equal(parameters.tensor(name).tracked, false);
    }
    parameters.free();
  },
);

gpuTest("gradients and momenta start at zero; without training there are none", async (device) => {
  const training = allocateParameters(device, registry, { training: true });
  const inference = allocateParameters(device, registry, { training: false });
  const gradients = registry.parameters.map(({ name }) => training.tensor(name).gradient!);
  const read = await readBack(device, gradients);
  assert.ok(read.every((values) => values.every((value) => value === 0)));
  const { name } = registry.parameters[0]!;
  assert.equal(inference.tensor(name).gradient, undefined);
  assert.equal(inference.tensor(name).tracked, false);
  for (const { gradients, moments } of inference.ranges) {
    assert.deepEqual([gradients, moments], [undefined, []]);
  }
  const arena = training.ranges.at(-1)!.values.end;
  assert.equal(training.bytes - inference.bytes, 2 * arena);
  training.free();
  inference.free();
});

gpuTest("an average has parameters and statistics, and nothing of what learning takes", async (device) => {
  const averages = new Set(["branch1"]);
  const state = initialize(registry, 1);
  const parameters = allocateParameters(device, registry, { training: true, moments: 2, averages });
  parameters.load(state);
  assert.deepEqual(await parameters.read(), state);
  const { ranges, tensor } = parameters, { values, moments } = ranges.at(-1)!;
  for (const { name } of registry.parameters) {
    const learns = name.startsWith("branch2"), { home, gradient, tracked } = tensor(name);
    assert.deepEqual([home!.buffer === values.buffer, gradient !== undefined, tracked], [
      learns,
      learns,
      learns,
    ], name);
  }
  const arena = values.end;
  assert.equal(moments.length, 2);
  assert.equal(parameters.sizes.moments, 2 * arena);
  parameters.free();
});

gpuTest("twins() pairs each tensor of a network with that of the other", (device) => {
  const { registry } = declareNetworks({
    backbone: "resnet14",
    classes: 5,
    dilations: { replaceStride: [false, false, true] },
    rates: [6, 12, 18],
  }, { student: {}, beside: {}, teacher: {} });
  const averages = new Set(["teacher"]);
  const parameters = allocateParameters(device, registry, { training: true, averages });
  const { tensor } = parameters, twins = parameters.twins("teacher", "student");
  const place = (name: string) => {
    const { buffer, offset } = tensor(name).home!;
    const at = (side: "one" | "other") =>
      twins.findIndex(({ [side]: range }) =>
        range.buffer === buffer && range.start <= offset && offset < range.end
      );
    const side = name.startsWith("teacher") ? "one" : "other", i = at(side);
    return i < 0 ? "nowhere" : `${twins[i]!.what} ${i}: ${offset - twins[i]![side].start}`;
  };
  for (const { name } of [...registry.parameters, ...registry.statistics]) {
    if (!name.startsWith("teacher")) continue;
    assert.equal(place(name), place(name.replace("teacher", "student")), name);
    assert.equal(place(name.replace("teacher", "beside")), "nowhere");
  }
  for (const { one, other } of twins) assert.equal(one.end - one.start, other.end - other.start);
  parameters.free();
});

gpuTest(
  "load() refuses weights of another network and changes nothing; tensor() refuses other names",
  async (device) => {
    const state = initialize(registry, 1);
    const parameters = allocateParameters(device, registry, { training: false });
    parameters.load(state);
    const other = initialize(registry, 2);
    other.delete("branch1.classifier.bias");
    assert.throws(
      () => parameters.load(other),
      (error) => error instanceof WeightsError && /1 missing \(branch1.classifier.bias\)/.test(error.message),
    );
    assert.deepEqual(await parameters.read(), state);
    assert.throws(
      () => parameters.tensor("branch3.classifier.bias"),
      /Cannot find "branch3.classifier.bias"/,
    );
    parameters.free();
  },
);
