import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { compile } from "../../../kernels/program/program.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { allocateNetworks, captureStep } from "../../support/captured_step.ts";
import { assertClose, gpuTest, store, uniform } from "../../support/gpu.ts";
import { bound } from "../../support/training.ts";

const batch = 2, size = 33;

gpuTest(
  "a step's passes give the same numbers together as one by one, with half the launches",
  async (device, t) => {
    for (const augmentation of ["weak", "strong"] as const) {
      await t.step(augmentation, async () => {
        const [together, apart] = [
          await step(device, augmentation, true),
          await step(device, augmentation, false),
        ];
        assert.ok(
          together.launches < 0.7 * apart.launches,
          `${together.launches} launches, and ${apart.launches} apart`,
        );
        // Forward, nothing but the batch differs: a tile never changes the order of a sum.
        assert.deepEqual(together.losses, apart.losses);
        assert.deepEqual(together.statistics, apart.statistics);
        assertClose(together.gradients, apart.gradients, {
          rtol: 1e-3,
          atol: 1e-4 * largest(apart.gradients),
        });
      });
    }
  },
);

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Losses, running statistics, gradients and launches of one step. */
async function step(device: Device, augmentation: "weak" | "strong", together: boolean) {
  const method = bound(ccvc({ augmentation, dropout: 0.4 }));
  const { networks, parameters } = allocateNetworks(device, method, 8);
  const image = (label: string) => ({ label, shape: [batch, size, size, 3] });
  const map = (label: string, dtype: "u32" | "f32" = "u32", shape = [batch, size, size]) =>
    ({ label, shape, dtype, layout: "map" }) as const;
  const held = allocate(device, "inputs", [
    image("labeled"),
    image("unlabeled"),
    image("strong"),
    map("labels"),
    map("validity"),
    map("boxes", "u32", [1, batch, 8]),
    map("counters", "u32", [1, 1, 4]),
    map("rates", "f32", [1, 1, 8]),
    ...Array.from({ length: 16 }, (_, i) => map(`meter ${i}`, "f32", [1, 1, 4])),
  ]);
  const [labeled, unlabeled, strong, labels, validity, boxes, counters, rates, ...meters] = held
    .tensors as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  [labeled, unlabeled, strong].forEach((tensor, i) =>
    upload(device, tensor, store(uniform(i, batch * size * size * 3, -2, 2), tensor.shape))
  );
  const pixels = batch * size * size, classes = shapesClasses.names.length;
  upload(device, labels, Uint32Array.from(uniform(5, pixels, 0, classes), Math.floor));
  upload(device, validity, new Uint32Array(pixels).fill(1));
  upload(device, boxes, Uint32Array.of(3, 4, 20, 15, 1, 0, 0, 0, 8, 2, 10, 25, 0, 0, 0, 0));
  upload(device, counters, Uint32Array.of(7, 1, 2, 0));
  upload(device, rates, new Float32Array(8));
  const graph = new Graph(device.facts.sharing);
  const terms = captureStep(graph, {
    together,
    networks,
    parameters,
    method,
    views: {
      labeled: { image: labeled, labels },
      unlabeled: { image: unlabeled, validity, strong, boxes },
    },
    counters,
    rates,
    meter: (i) => meters[i]!,
  });
  const program = compile(device, graph);
  program.run();
  const { registry } = networks;
  const read = await readBack(device, [
    ...terms.map((_, i) => meters[i]!),
    ...registry.statistics.map(({ name }) => parameters.tensor(name)),
    ...registry.parameters.map(({ name }) => parameters.tensor(name).gradient!),
  ]);
  const losses = read.splice(0, terms.length), statistics = read.splice(0, registry.statistics.length);
  const launches = program.dispatches.length;
  for (const owner of [program, held, parameters]) owner.free();
  return {
    losses,
    statistics,
    gradients: Float64Array.from(read.flatMap((part) => [...part])),
    launches,
  };
}
