import assert from "node:assert/strict";
import { type Device, openDevice } from "../../kernels/device.ts";
import { allocate, asUint32, readBack, upload } from "../../kernels/memory.ts";
import { DeviceError } from "../../kernels/errors.ts";
import { Graph } from "../../kernels/graph.ts";
import { defineKernel } from "../../kernels/shader/kernel.ts";
import { compile } from "../../kernels/program/program.ts";
import { ALIGNMENT, makeTensor } from "../../kernels/tensor.ts";
import { gpuTest, openTestDevice, withDevice } from "../support/gpu.ts";
import { skip } from "../support/skip.ts";

const isDeviceError = (message: RegExp) => (error: unknown) =>
  error instanceof DeviceError && message.test(error.message);

Deno.test("openDevice() says what to install where there is no adapter", async () => {
  await assert.rejects(
    openDevice(undefined),
    isDeviceError(/no WebGPU adapter was found.*mesa-vulkan-drivers/),
  );
  const none = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  await assert.rejects(openDevice(none), isDeviceError(/no WebGPU adapter/));
});

Deno.test("openDevice() says which adapter refuses, and why", async () => {
  const adapter = {
    info: { description: "Stubborn" },
    limits: {},
    features: new Set(),
    requestDevice: () => Promise.reject(new Error("not today")),
  };
  const gpu = { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU;
  await assert.rejects(openDevice(gpu), isDeviceError(/Cannot open adapter "Stubborn": Error: not today/));
});

gpuTest(
  "openDevice() asks for the adapter's own limits, and does without subgroups where told to",
  async (device) => {
    const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
    assert.equal(device.gpu.limits.maxStorageBufferBindingSize, adapter!.limits.maxStorageBufferBindingSize);
    assert.equal(device.gpu.limits.maxBufferSize, adapter!.limits.maxBufferSize);
    const plain = await openDevice(navigator.gpu, { subgroups: false });
    assert.equal(plain.facts.subgroupSize, 0);
    assert.ok(!plain.facts.features.includes("subgroups"));
    plain.close();
    const guaranteed = await openDevice(navigator.gpu, { guaranteed: true });
    const { limits } = guaranteed.gpu;
    assert.deepEqual(
      [limits.maxStorageBuffersPerShaderStage, limits.maxComputeWorkgroupStorageSize, limits.maxBufferSize],
      [8, 16_384, 256 * 2 ** 20],
    );
    assert.deepEqual(
      [limits.maxComputeInvocationsPerWorkgroup, limits.maxStorageBufferBindingSize],
      [256, 128 * 2 ** 20],
    );
    guaranteed.close();
  },
);

gpuTest(
  "texts enable subgroups where the adapter lists them, as browsers' do: Deno's does not, and its compiler refuses that",
  async (device) => {
    if (device.facts.subgroupSize === 0) return skip("the adapter has no subgroups");
    const listing = {
      async requestAdapter() {
        const adapter = (await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }))!;
        const { info, limits } = adapter;
        const features = new Set([...adapter.features, "subgroups"]);
        return {
          info,
          limits,
          features,
          requestDevice: (asked: GPUDeviceDescriptor) => adapter.requestDevice(asked),
        };
      },
    } as unknown as GPU;
    const strict = await openDevice(listing);
    const kernel = defineKernel({
      name: "empty",
      source: "@compute @workgroup_size(1) fn main() {}",
      uniforms: {},
      reads: {},
      writes: { y: "vec4f" },
    });
    strict.pipeline(kernel, {});
    await strict.gpu.queue.onSubmittedWorkDone();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.throws(() => strict.check(), isDeviceError(/kernel "empty".*"enable subgroups;".*extension/));
    strict.close();
    device.pipeline(kernel, {});
    device.check();
  },
);

gpuTest(
  "a shader that WebGPU refuses surfaces as a DeviceError that names the kernel",
  () =>
    withDevice({}, async (device) => {
      const kernel = defineKernel({
        name: "misspelled",
        file: "other.wgsl",
        source: "// a number that is no integer\n@compute @workgroup_size(1) fn main() { let x: u32 = 1.5; }",
        uniforms: {},
        reads: {},
        writes: { y: "vec4f" },
      });
      const graph = new Graph(0);
      const y = graph.keep(graph.tensor({ label: "y", shape: [4] }));
      graph.launch({ kernel, reads: [], writes: [y], groups: [1, 1, 1], loops: 0 });
      const broken = isDeviceError(
        /^Cannot compile kernel "misspelled": other\.wgsl, line 2, "@compute.*": .*AbstractFloat/,
      );
      await assert.rejects(async () => {
        const program = compile(device, graph);
        program.run();
        await readBack(device, [program.locate(y)]);
      }, broken);
      // It stays known: nothing that follows is trusted.
      assert.throws(() => device.check(), broken);
      assert.throws(() => compile(device, new Graph(0)), broken);
    }),
);

gpuTest("a lost device surfaces as a DeviceError; one that was closed does not", async () => {
  const lost = await openTestDevice();
  lost.gpu.destroy();
  await lost.gpu.lost;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.throws(() => lost.check(), isDeviceError(/was lost/));
  const closed = await openTestDevice();
  closed.close();
  await closed.gpu.lost;
  await new Promise((resolve) => setTimeout(resolve, 0));
  closed.check();
});

gpuTest("what a lost device cannot read back says that it was lost", async () => {
  const device = await openTestDevice();
  const { tensors } = allocate(device, "t", [{ label: "t", shape: [4] }]);
  device.gpu.destroy();
  await assert.rejects(readBack(device, tensors), isDeviceError(/^The device was lost/));
  await assert.rejects(readBack(device, tensors), isDeviceError(/^The device was lost/));
});

gpuTest("a device that is out of memory says so, with the largest buffers asked for", async () => {
  class GPUOutOfMemoryError {
    readonly message = "not enough memory left";
  }
  const device = await openTestDevice();
  device.buffer("workspace 0", 3000);
  device.buffer("workspace 0", 2000);
  device.buffer("control", 16);
  device.gpu.dispatchEvent(Object.assign(new Event("uncapturederror"), { error: new GPUOutOfMemoryError() }));
  assert.throws(
    () => device.check(),
    isDeviceError(
      /out of memory \(not enough memory left\); .* "workspace 0" of 3000 bytes, "control" of 16 bytes, and it granted \d+ bytes .*\. Use a smaller crop/,
    ),
  );
  device.close();
});

gpuTest(
  "buffer() refuses more than the adapter allows, saying what was asked and what is allowed",
  (device) => {
    const limit = device.gpu.limits.maxBufferSize;
    const { buffers } = device.created;
    assert.throws(
      () => device.buffer("workspace 0", limit + 1),
      isDeviceError(
        new RegExp(`Cannot allocate ${limit + 1} bytes for workspace 0: ".+" allows ${limit} a buffer`),
      ),
    );
    assert.equal(device.created.buffers, buffers);
  },
);

gpuTest("upload() lets the device copy what was uploaded whenever that is 16 MiB", async (device) => {
  const MIB = 2 ** 20, words = 10 * MIB / 4;
  const { tensors, free } = allocate(
    device,
    "five",
    Array.from({ length: 5 }, () => ({ label: "t", shape: [words] })),
  );
  const written: number[] = [];
  let submitted = 0;
  const queue = {
    writeBuffer(...[buffer, offset, data, from, size]: Parameters<GPUQueue["writeBuffer"]>) {
      written.push(4 * size!);
      device.gpu.queue.writeBuffer(buffer, offset, data, from, size);
    },
    submit: () => submitted++,
  };
  const watched = { ...device, gpu: { queue } } as unknown as Device;
  tensors.forEach((tensor, i) => upload(watched, tensor, new Float32Array(words).fill(i + 1)));
  assert.deepEqual(written.map((bytes) => bytes / MIB), [10, 6, 4, 10, 2, 8, 8, 2]);
  assert.equal(submitted, 3);
  for (const [i, values] of (await readBack(device, tensors)).entries()) {
    assert.ok(values.length === words && values.every((value) => value === i + 1));
  }
  free();
});

gpuTest("memory lies in as many buffers as it takes, and is read back in as many waits", async () => {
  const device = await openTestDevice({ bufferBytes: 4096 + 100 });
  try {
    assert.equal(device.facts.bufferBytes, 4096);
    const sizes = [512, 300, 500, 1024, 4, 4];
    const specs = sizes.map((length, i) => ({ label: `t${i}`, shape: [length] }));
    const { buffers, bytes, tensors, free } = allocate(device, "six", specs);
    assert.deepEqual(
      tensors.map(({ home }) => [buffers.findIndex((b) => b.buffer === home!.buffer), home!.offset]),
      [
        [0, 0],
        [0, 2048],
        [1, 0],
        [2, 0],
        [3, 0],
        [3, 256],
      ],
    );
    assert.deepEqual(buffers.map(({ bytes }) => bytes), [2048 + 1280, 2048, 4096, 512]);
    assert.equal(bytes, 2048 + 1280 + 2048 + 4096 + 512);
    tensors.forEach((tensor, i) => upload(device, tensor, new Float32Array(sizes[i]!).fill(i + 1)));
    const before = device.created.buffers, read = await readBack(device, tensors);
    assert.deepEqual(
      read.map((values) => [values.length, values[0], values.at(-1)]),
      sizes.map((n, i) => [n, i + 1, i + 1]),
    );
    assert.equal(device.created.buffers - before, 4);
    assert.throws(
      () => allocate(device, "two", [...specs.slice(0, 1), { label: "large", shape: [1028] }]),
      isDeviceError(
        /Cannot allocate 4112 bytes for large of two: ".+" grants 4096 a buffer, of the \d+ that it claims$/,
      ),
    );
    free();
  } finally {
    device.close();
  }
});

gpuTest("pipeline() compiles a kernel once for each set of constants", (device) => {
  const kernel = defineKernel({
    name: "constant",
    source: "@compute @workgroup_size(1) fn main() { set_y(0, ${A}u + ${B}u); }",
    uniforms: {},
    reads: {},
    writes: { y: "u32" },
  });
  const before = device.created.pipelines;
  const one = device.pipeline(kernel, { A: 1, B: 2 });
  assert.equal(device.pipeline(kernel, { B: 2, A: 1 }), one);
  assert.notEqual(device.pipeline(kernel, { A: 2, B: 1 }), one);
  assert.equal(device.created.pipelines, before + 2);
});

gpuTest("allocate() gives zeroed tensors at aligned offsets, apart from each other", async (device) => {
  const shapes = [[1], [65], [3, 3]];
  const { tensors, bytes, free } = allocate(device, "three", shapes.map((shape) => ({ label: "t", shape })));
  assert.deepEqual(tensors.map(({ home }) => home!.offset), [0, ALIGNMENT, 3 * ALIGNMENT]);
  assert.equal(bytes, 4 * ALIGNMENT);
  assert.ok((await readBack(device, tensors)).every((values) => values.every((value) => value === 0)));
  upload(device, tensors[1]!, new Float32Array(65).fill(7));
  const [before, written, after] = await readBack(device, tensors);
  assert.deepEqual([...written!.subarray(0, 66)], [...Array(65).fill(7), 0]);
  assert.ok([...before!, ...after!].every((value) => value === 0));
  free();
});

gpuTest("upload() takes no bytes at all, and refuses too many and tensors without a home", (device) => {
  const { tensors: [tensor], free } = allocate(device, "t", [{ label: "t", shape: [4] }]);
  upload(device, tensor!, new Float32Array());
  upload(device, tensor!, new Float32Array(4));
  assert.throws(
    () => upload(device, tensor!, new Float32Array(5)),
    isDeviceError(/upload 20 bytes to t: it holds 16/),
  );
  const homeless = makeTensor({ label: "h", shape: [4] });
  assert.throws(
    () => upload(device, homeless, new Float32Array(4)),
    isDeviceError(/to h: it lives in a workspace/),
  );
  free();
});

gpuTest(
  "readBack() reads tensors in the order asked, none where none are asked, and none without a home",
  async (device) => {
    const specs = ["a", "b"].map((label) => ({
      label,
      shape: [1, 1, 4],
      dtype: "u32" as const,
      layout: "map" as const,
    }));
    const { tensors: [a, b], free } = allocate(device, "two", specs);
    upload(device, a!, Uint32Array.of(1, 2, 3, 4));
    upload(device, b!, Uint32Array.of(5, 6, 7, 0xffffffff));
    const read = await readBack(device, [b!, a!, b!]);
    assert.deepEqual(read.map((values) => [...asUint32(values)]), [
      [5, 6, 7, 0xffffffff],
      [1, 2, 3, 4],
      [5, 6, 7, 0xffffffff],
    ]);
    assert.deepEqual(await readBack(device, []), []);
    await assert.rejects(
      readBack(device, [makeTensor({ label: "h", shape: [4] })]),
      isDeviceError(/Cannot read h: it lives in a workspace/),
    );
    free();
  },
);
