import assert from "node:assert/strict";
import type { Device } from "../../kernels/device.ts";
import { allocate, readBack, upload } from "../../kernels/memory.ts";
import { Graph } from "../../kernels/graph.ts";
import { resizeBilinear } from "../../kernels/ops/feature/resize_bilinear.ts";
import { compile } from "../../kernels/program/program.ts";
import { channelDropoutMask } from "../../kernels/reference/feature/channel_dropout.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { declareNetworks } from "../../models/networks.ts";
import { initialize } from "../../models/initialization.ts";
import { predict, type Prediction } from "../../models/deeplabv3plus.ts";
import { allocateParameters } from "../../models/parameters.ts";
import { gpuTest, store, uniform, unstore } from "../support/gpu.ts";
import { twinBranch, type TwinImage } from "../support/twin_network.ts";

const settings = {
  16: { dilations: { replaceStride: [false, false, true] }, rates: [6, 12, 18] },
  8: { dilations: { replaceStride: [false, true, true], multiGrid: [2, 2, 4] }, rates: [12, 24, 36] },
} as const;

/** Runs both branches on the device and with the twins, with norms that are no identities. */
async function runBoth(
  device: Device,
  { batch, size, classes, outputStride, training }: {
    batch: number;
    size: number;
    classes: number;
    outputStride: 8 | 16;
    training: boolean;
  },
) {
  const { registry, byName } = declareNetworks(
    { backbone: "resnet14", classes, ...settings[outputStride] },
    { branch1: {}, branch2: { mapping: { norm: true, dropout: 0.5 } } },
  );
  const state = initialize(registry, 3);
  [...registry.parameters, ...registry.statistics].forEach(({ name, shape }, i) => {
    if (shape.length !== 1 || name.includes("classifier")) return;
    const around = /weight|running_var/.test(name) ? 1 : 0;
    state.set(name, { shape, values: Float32Array.from(uniform(i, shape[0]!, around - 0.4, around + 0.4)) });
  });
  const image: TwinImage = {
    shape: [batch, size, size, 3],
    values: uniform(99, batch * size * size * 3, -2, 2),
  };
  const address = { seed: 5, epoch: 1, step: 2 };

  const parameters = allocateParameters(device, registry, { training });
  parameters.load(state);
  const held = allocate(device, "inputs", [
    { label: "image", shape: image.shape },
    { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
  ]);
  const [x, counters] = held.tensors as [Tensor, Tensor];
  upload(device, x, store(image.values, image.shape));
  upload(device, counters, Uint32Array.of(address.seed, address.epoch, address.step, 0));
  const graph = new Graph(device.facts.sharing);
  const forward = { graph, training, tensor: parameters.tensor, counters, parts: ["test"] };
  const wanted = Object.values(byName).flatMap((network) => {
    const [{ logits, size: { height, width }, features }] = predict(network, forward, x) as [Prediction];
    return [graph.keep(resizeBilinear(graph, logits, height, width)), graph.keep(features.values)];
  });
  const program = compile(device, graph);
  program.run();
  const read = await readBack(device, wanted.map((tensor) => program.locate(tensor)));
  const actual = read.map((stored, i) => unstore(stored, wanted[i]!.shape));
  for (const owner of [program, held, parameters]) owner.free();

  const channels = wanted[1]!.shape[3]!;
  const stream = "dropout/test/branch2.mapping";
  const dropout = channelDropoutMask(batch, channels, 0.5, { ...address, stream });
  const expected = ["branch1", "branch2"].flatMap((branch) => {
    const { logits, features } = twinBranch(state, branch, image, {
      training,
      outputStride,
      ...(training && { dropout }),
    });
    return [logits, features];
  });
  return { actual, expected, shapes: wanted.map(({ shape }) => shape) };
}

/** Largest difference, relative to the largest value. */
function deviation(actual: Float64Array, expected: Float64Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / largest;
}

const names = ["logits 1", "features 1", "logits 2", "features 2"];

// One rounding is 6e-8; a forward pass is 20 layers deep. Batch statistics of few pixels amplify that.
for (
  const { tolerance, ...options } of [
    { batch: 1, size: 33, classes: 3, outputStride: 16, training: false, tolerance: 2e-6 },
    { batch: 1, size: 33, classes: 3, outputStride: 8, training: false, tolerance: 2e-6 },
    { batch: 2, size: 33, classes: 3, outputStride: 16, training: true, tolerance: 1e-4 },
  ] as const
) {
  const { batch, size, outputStride, training } = options;
  const mode = training ? "training" : "evaluation";
  gpuTest(
    `a whole forward pass equals the twins': ${batch} × ${size} × ${size}, output stride ${outputStride}, ${mode}`,
    async (device) => {
      const { actual, expected, shapes } = await runBoth(device, options);
      names.forEach((name, i) => {
        assert.deepEqual(shapes[i], expected[i]!.shape, name);
        const found = deviation(actual[i]!, expected[i]!.values);
        assert.ok(found < tolerance, `${name} deviate by ${found}, and ${tolerance} is allowed`);
      });
      assert.notDeepEqual(actual[0], actual[2], "the branches differ");
    },
  );
}
