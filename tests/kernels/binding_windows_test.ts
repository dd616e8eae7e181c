import assert from "node:assert/strict";
import { bindWindows, windowBytes } from "../../kernels/binding_windows.ts";
import { allocate, type Device, openDevice, readBack, upload } from "../../kernels/device.ts";
import { DeviceError, KernelError } from "../../kernels/errors.ts";
import { Graph } from "../../kernels/graph.ts";
import { storeHalves } from "../../kernels/half_storage.ts";
import { defineKernel } from "../../kernels/kernel.ts";
import { add } from "../../kernels/ops/add.ts";
import { batchNorm } from "../../kernels/ops/batch_norm.ts";
import { convolution } from "../../kernels/ops/convolution.ts";
import { maxPool } from "../../kernels/ops/max_pool.ts";
import { resizeBilinear } from "../../kernels/ops/resize_bilinear.ts";
import { compile } from "../../kernels/program.ts";
import { makeTensor, type Tensor } from "../../kernels/tensor.ts";
import { gpuTest, store, uniform } from "../support/gpu.ts";

const header = [
  "@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;",
  "@group(0) @binding(2) var<storage, read_write> index: array<u32>;",
  "@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;",
].join("\n");

/** Windows of 256 bytes: 16 elements of x and y. */
const options = { first: 4, bytes: 256 };

Deno.test("bindWindows() leaves a shader whose tensors are bound whole as it is, to the character", () => {
  const source = `${header}\n// x[0] = 1;\ny[0] = x[0];`;
  assert.equal(bindWindows(source, [], options), source);
});

Deno.test("bindWindows() looks an element up in the window that holds it", () => {
  const windowed = [{ binding: 1, windows: 3 }, { binding: 3, windows: 2 }];
  const lines = bindWindows(`${header}\ny[j] = x[index[i] + 1].x * y[j] + x[0];`, windowed, options).split(
    "\n",
  );
  assert.deepEqual(lines.slice(0, 7), [
    "@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;",
    "@group(0) @binding(4) var<storage, read_write> x_window_1: array<vec4f>;",
    "@group(0) @binding(5) var<storage, read_write> x_window_2: array<vec4f>;",
    "@group(0) @binding(2) var<storage, read_write> index: array<u32>;",
    "@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;",
    "@group(0) @binding(6) var<storage, read_write> y_window_1: array<vec4f>;",
    "set_y_in_windows(u32(j), x_in_windows(u32(index[i] + 1)).x * y_in_windows(u32(j)) + x_in_windows(u32(0)));",
  ]);
  assert.ok(lines.includes(
    "  if (i < 16u) { value = x[i]; } else if (i < 32u) { value = x_window_1[i - 16u]; } else " +
      "{ value = x_window_2[i - 32u]; }",
  ));
  assert.ok(lines.includes("  if (i < 16u) { y[i] = value; } else { y_window_1[i - 16u] = value; }"));
});

Deno.test("bindWindows() counts the elements that a window holds, f16 among them", () => {
  const lengths = bindWindows(storeHalves(header, [1]), [{ binding: 1, windows: 2 }, {
    binding: 2,
    windows: 2,
  }], options);
  assert.match(lengths, /fn x_in_windows\(i: u32\) -> vec4<f16> \{[^}]*if \(i < 32u\)/);
  assert.match(lengths, /fn index_in_windows\(i: u32\) -> u32 \{[^}]*if \(i < 64u\)/);
  assert.equal(windowBytes(2 ** 27), 2 ** 27);
  assert.equal(windowBytes(2 ** 31 - 1), 2 ** 31 - 256);
});

Deno.test("bindWindows() refuses what cannot be looked up", () => {
  const refused = (body: string, binding: number, message: RegExp) =>
    assert.throws(
      () => bindWindows(`${header}\n${body}`, [{ binding, windows: 2 }], options),
      (error) => error instanceof KernelError && message.test(error.message),
    );
  refused("y[i] += x[i];", 3, /Cannot bind y in windows: "y\[i\] \+= x\[i\];" is no plain load or store/);
  refused("y[i].x = 1.0;", 3, /no plain load or store/);
  refused("atomicAdd(&index[i], 1u);", 2, /no plain load or store/);
  refused("", 9, /Cannot bind binding 9 in windows: it is not declared/);
  const atomic = "@group(0) @binding(4) var<storage, read_write> t: array<atomic<u32>>;";
  refused(atomic, 4, /it is t: array<atomic<u32>>, and an array of f32, u32/);
});

Deno.test("a launch that would bind more windows than there are bindings is refused, with the figures", async () => {
  const device = await openDevice(navigator.gpu, { bindingBytes: 1000 });
  try {
    assert.equal(device.facts.bindingBytes, 768);
    const limit = device.gpu.limits.maxStorageBuffersPerShaderStage;
    const kernel = defineKernel({ name: "wide", source: "", uniforms: {}, reads: [], writes: ["y"] });
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

/** A small net and its gradients on a device: convolution, batch norm, pooling, resizing, sum. */
async function smallNet(device: Device): Promise<Float32Array[]> {
  const image = [2, 16, 16, 16];
  const specs = [
    { label: "x", shape: image },
    { label: "w", shape: [3, 3, 16, 16], layout: "kernel" as const },
    { label: "dw", shape: [3, 3, 16, 16], layout: "kernel" as const },
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
    makeTensor({ ...x, tracked: true }),
    makeTensor({ ...w, tracked: true, gradient: dw }),
    { padding: 1 },
  );
  const normed = batchNorm(graph, z, { weight, bias, runningMean, runningVariance }, {
    training: true,
    relu: true,
  });
  const y = graph.keep(
    resizeBilinear(graph, maxPool(graph, normed, { size: 3, stride: 2, padding: 1 }), 16, 16),
  );
  const gradients = [...graph.backward([[y, dy]], (a, b) => add(graph, a, b)).values()];
  for (const gradient of gradients) graph.keep(gradient);
  const program = compile(device, graph);
  program.run();
  const results = await readBack(device, [
    ...[y, ...gradients].map((tensor) => program.locate(tensor)),
    dw,
    runningMean,
    runningVariance,
  ]);
  for (const it of [program, held]) it.free();
  return results;
}

gpuTest("what is bound in windows gives the bits of what is bound whole", async (device) => {
  // The images take 32,768 bytes each: two windows.
  const limited = await openDevice(navigator.gpu, { bindingBytes: 20_000 });
  try {
    const whole = await smallNet(device), parts = await smallNet(limited);
    assert.equal(whole.length, 5);
    assert.ok(whole.every((values) => values.some((value) => value !== 0)));
    assert.deepEqual(parts, whole);
    limited.check();
  } finally {
    limited.close();
  }
});
