import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { DeviceError } from "../../../kernels/errors.ts";
import { Graph } from "../../../kernels/graph.ts";
import { defineKernel } from "../../../kernels/shader/kernel.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { batchNorm } from "../../../kernels/ops/norm/batch_norm.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { maxPool } from "../../../kernels/ops/feature/max_pool.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import { compile } from "../../../kernels/program/program.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import { gpuTest, openTestDevice, store, uniform } from "../../support/gpu.ts";

Deno.test("a launch that would bind more windows than there are bindings is refused, with the figures", async () => {
  const device = await openTestDevice({ bindingBytes: 1000 });
  try {
    assert.equal(device.facts.bindingBytes, 768);
    const limit = device.gpu.limits.maxStorageBuffersPerShaderStage;
    const kernel = defineKernel({
      name: "wide",
      source: "",
      uniforms: {},
      reads: {},
      writes: { y: "vec4f" },
    });
    const graph = new Graph(0);
    const y = graph.keep(graph.tensor({ label: "y", shape: [192 * (limit + 1)] }));
    graph.launch({ kernel, reads: [], writes: [y], groups: [1, 1, 1], loops: 0 });
    const { buffers } = device.created;
    assert.throws(
      () => compile(device, graph),
      (error) =>
        error instanceof DeviceError && error.message.includes('"wide" on y [') &&
        error.message.includes(`${768 * (limit + 1)} bytes`) && error.message.includes("binds 768 at once") &&
        error.message.includes(`${limit + 1} bindings are more than its ${limit};`),
    );
    assert.equal(device.created.buffers, buffers, "nothing is allocated before the check");
  } finally {
    device.close();
  }
});

/**
 * A small net and its gradients on a device: convolution, batch norms, sum, pooling, on maps that are larger than what goes in and
 * out; with the number of places of the largest map.
 *
 * @param taps Of the convolution, per axis. Where nothing is shared, the partial sums of 3 × 3 weights are larger than so small maps.
 */
async function smallNet(device: Device, taps: 1 | 3): Promise<{ values: Float32Array[]; places: number }> {
  const image = [2, 8, 8, 16];
  const specs = [
    { label: "x", shape: image },
    { label: "w", shape: [taps, taps, 16, 16], layout: "kernel" as const },
    { label: "dw", shape: [taps, taps, 16, 16], layout: "kernel" as const },
    { label: "dy", shape: image },
    ...["weight", "bias", "mean", "variance"].map((label) => ({ label, shape: [16] })),
  ];
  const held = allocate(device, "inputs", specs);
  specs.forEach(({ shape, layout }, i) => {
    const length = shape.reduce((product, extent) => product * extent, 1);
    upload(device, held.tensors[i]!, store(uniform(i, length), shape, layout ?? "channels"));
  });
  type Held = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const [x, w, dw, dy, weight, bias, runningMean, runningVariance] = held.tensors as Held;
  const graph = new Graph(device.facts.sharing);
  const z = convolution(
    graph,
    resizeBilinear(graph, makeTensor({ ...x, tracked: true }), 48, 48),
    makeTensor({ ...w, tracked: true, gradient: dw }),
    { padding: (taps - 1) / 2 },
  );
  const normed = batchNorm(graph, z, { weight, bias, runningMean, runningVariance }, {
    training: true,
    relu: true,
  });
  const again = batchNorm(graph, normed, { weight, bias, runningMean, runningVariance }, {
    training: true,
    relu: true,
    residual: z,
  });
  const y = graph.keep(
    resizeBilinear(graph, maxPool(graph, add(graph, again, z), { size: 3, stride: 2, padding: 1 }), 8, 8),
  );
  const gradients = [...graph.backward([[y, dy]], (a, b) => add(graph, a, b)).values()];
  for (const gradient of gradients) graph.keep(gradient);
  const program = compile(device, graph);
  program.run();
  const values = await readBack(device, [
    ...[y, ...gradients].map((tensor) => program.locate(tensor)),
    dw,
    runningMean,
    runningVariance,
  ]);
  for (const it of [program, held]) it.free();
  return { values, places: program.plan.places.get(z)!.length };
}

gpuTest(
  "what is bound in windows gives the bits of what is bound whole, whether they lie in one buffer or in several",
  async (device) => {
    const { sharing } = device.facts;
    const whole = { 1: await smallNet(device, 1), 3: await smallNet(device, 3) };
    for (const { values } of Object.values(whole)) {
      assert.equal(values.length, 5);
      assert.ok(values.every((values) => values.some((value) => value !== 0)));
    }
    // The maps take 294,912 bytes each: four windows, or three, of which a device with the guaranteed limits binds 8 at once.
    for (
      const [limit, places, windowBytes] of [
        [{ bindingBytes: 80_000 }, 1, 79_872],
        [{ bufferBytes: 80_000 }, 4, 79_872],
        [{ bindingBytes: 100_000, guaranteed: true }, 1, 99_840],
        [{ bufferBytes: 100_000, guaranteed: true }, 3, 99_840],
      ] as const
    ) {
      // Blocks take more workgroup memory than is guaranteed.
      if ("guaranteed" in limit && sharing === "workgroup") continue;
      const limited = await openTestDevice({ ...limit, sharing });
      try {
        assert.equal(limited.facts.windowBytes, windowBytes);
        const taps = limited.gpu.limits.maxStorageBuffersPerShaderStage > 24 ? 3 : 1;
        assert.deepEqual(await smallNet(limited, taps), { values: whole[taps].values, places });
        limited.check();
      } finally {
        limited.close();
      }
    }
  },
);
