import assert from "node:assert/strict";
import { declareNetworks } from "../../models/networks.ts";
import { initialize } from "../../models/initialization.ts";
import { encodeSafetensors } from "../../models/safetensors.ts";

const { registry } = declareNetworks({
  backbone: "resnet14",
  classes: 5,
  dilations: { replaceStride: [false, false, true] },
  rates: [6, 12, 18],
}, { branch1: {}, branch2: { mapping: { norm: true, dropout: 0.5 } } });

const state = initialize(registry, 7);

function moments(values: Float32Array): { mean: number; variance: number; fourth: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  const fourth = values.reduce((sum, v) => sum + (v - mean) ** 4, 0) / values.length;
  return { mean, variance, fourth };
}

Deno.test("initialize() fills every parameter and statistic, in its shape", () => {
  const all = [...registry.parameters, ...registry.statistics];
  assert.deepEqual([...state.keys()], all.map(({ name }) => name));
  for (const { name, shape } of all) {
    const { shape: given, values } = state.get(name)!;
    assert.deepEqual(given, shape);
    assert.equal(values.length, shape.reduce((a, b) => a * b, 1));
    assert.ok(values.every(Number.isFinite), name);
  }
});

Deno.test("initialize() draws backbone convolutions from a normal of variance 2 / (out · kh · kw)", () => {
  const kernels = registry.parameters.filter(({ group, shape }) =>
    group === "backbone" && shape.length === 4
  );
  assert.ok(kernels.length > 30);
  for (const { name, shape } of kernels) {
    const { values } = state.get(name)!;
    if (values.length < 2000) continue;
    const expected = 2 / (shape[0]! * shape[2]! * shape[3]!);
    const { mean, variance, fourth } = moments(values);
    // Five standard errors: σ/√n for the mean, √(2/n)·σ² for the variance.
    assert.ok(Math.abs(mean) < 5 * Math.sqrt(expected / values.length), `mean of ${name}`);
    assert.ok(Math.abs(variance / expected - 1) < 5 * Math.sqrt(2 / values.length), `variance of ${name}`);
    // A normal's kurtosis is 3, a uniform's 1.8.
    assert.ok(
      Math.abs(fourth / variance ** 2 - 3) < 5 * Math.sqrt(24 / values.length),
      `kurtosis of ${name}`,
    );
  }
});

Deno.test("initialize() draws head convolutions and biases uniformly within ±1/√fanIn", () => {
  const drawn = registry.parameters.filter(({ initialization }) =>
    initialization.distribution === "uniform-fan-in"
  );
  const weights = drawn.filter(({ shape }) => shape.length === 4);
  assert.ok(drawn.every(({ group }) => group === "head"));
  assert.ok(weights.length >= 2 * 9);
  for (const { name, shape } of weights) {
    const { values } = state.get(name)!;
    const bound = 1 / Math.sqrt(shape[1]! * shape[2]! * shape[3]!);
    assert.ok(values.every((value) => Math.abs(value) <= bound), name);
    assert.ok(Math.max(...values.subarray(0, 300)) > 0.9 * bound, `${name} reaches up to its bound`);
    assert.ok(Math.min(...values.subarray(0, 300)) < -0.9 * bound, `${name} reaches down to its bound`);
    if (values.length < 2000) continue;
    const { mean, variance, fourth } = moments(values);
    assert.ok(Math.abs(mean) < 5 * Math.sqrt(bound ** 2 / 3 / values.length), `mean of ${name}`);
    assert.ok(
      Math.abs(variance / (bound ** 2 / 3) - 1) < 5 / Math.sqrt(values.length),
      `variance of ${name}`,
    );
    assert.ok(Math.abs(fourth / variance ** 2 - 1.8) < 10 / Math.sqrt(values.length), `kurtosis of ${name}`);
  }
  const biases = drawn.filter(({ shape }) => shape.length === 1);
  assert.deepEqual(biases.map(({ name }) => name), ["branch1.classifier.bias", "branch2.classifier.bias"]);
  for (const { name } of biases) {
    const { values } = state.get(name)!;
    // The fan-in of the classifier: 32 channels.
    assert.ok(values.every((value) => Math.abs(value) <= 1 / Math.sqrt(32) && value !== 0), name);
  }
});

Deno.test("initialize() starts norms as the identity: γ 1, β 0, mean 0, variance 1", () => {
  const norms = registry.parameters.filter(({ initialization }) =>
    initialization.distribution === "constant"
  );
  assert.equal(norms.length, registry.statistics.length);
  for (const { name } of norms) {
    const expected = name.endsWith(".weight") ? 1 : 0;
    assert.ok(state.get(name)!.values.every((value) => value === expected), name);
  }
  for (const { name } of registry.statistics) {
    const expected = name.endsWith(".running_var") ? 1 : 0;
    assert.ok(state.get(name)!.values.every((value) => value === expected), name);
  }
});

Deno.test("initialize() gives the branches and all tensors within them different numbers", () => {
  const drawn = registry.parameters.filter(({ initialization }) =>
    initialization.distribution !== "constant"
  );
  const firsts = drawn.map(({ name, initialization, shape }) => {
    // Numbers of one law and size would be equal if their streams were.
    const { values } = state.get(name)!;
    return JSON.stringify([initialization, shape, [...values.subarray(0, 4)]]);
  });
  assert.equal(new Set(firsts).size, drawn.length);
  const [one, two] = ["branch1", "branch2"].map((b) => state.get(`${b}.backbone.conv1.0.weight`)!.values);
  assert.ok(one!.every((value, i) => value !== two![i]));
});

Deno.test("initialize() gives the same bytes for the same seed, and others for another", () => {
  const bytes = encodeSafetensors(state);
  assert.deepEqual(encodeSafetensors(initialize(registry, 7)), bytes);
  const other = initialize(registry, 8);
  for (const { name, initialization } of registry.parameters) {
    if (initialization.distribution === "constant") continue;
    assert.notDeepEqual(other.get(name)!.values, state.get(name)!.values, name);
  }
});
