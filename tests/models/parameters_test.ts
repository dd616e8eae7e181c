import assert from "node:assert/strict";
import { readBack } from "../../kernels/device.ts";
import { declareNetworks } from "../../models/networks.ts";
import { WeightsError } from "../../models/errors.ts";
import { initialize } from "../../models/initialization.ts";
import { allocateParameters } from "../../models/parameters.ts";
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
  "backbones and all else lie in ranges of the arena, convolutions' weights before vectors, with gradients beside them",
  (device) => {
    const parameters = allocateParameters(device, registry, { training: true });
    const { ranges, buffers } = parameters;
    assert.deepEqual(ranges.map(({ group, convolutions }) => [group, convolutions]), [
      ["backbone", true],
      ["backbone", false],
      ["head", true],
      ["head", false],
    ]);
    assert.deepEqual(ranges.map(({ start }) => start), [0, ...ranges.slice(0, 3).map(({ end }) => end)]);
    for (const { name, group, shape } of registry.parameters) {
      const { home, gradient, bytes, tracked } = parameters.tensor(name);
      const { start, end } = ranges.find((range) =>
        range.group === group && range.convolutions === (shape.length === 4)
      )!;
      assert.equal(home!.buffer, buffers.values);
      assert.ok(home!.offset >= start && home!.offset + bytes <= end, name);
      assert.equal(gradient!.home!.buffer, buffers.gradients);
      assert.equal(gradient!.home!.offset, home!.offset, name);
      assert.ok(tracked, name);
    }
    for (const { name } of registry.statistics) {
      assert.notEqual(parameters.tensor(name).home!.buffer, buffers.values, name);
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
  assert.deepEqual(Object.keys(inference.buffers), ["values"]);
  const arena = training.ranges.at(-1)!.end;
  assert.equal(training.bytes - inference.bytes, 2 * arena);
  training.free();
  inference.free();
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
