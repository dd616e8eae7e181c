import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { DeviceError } from "../../../kernels/errors.ts";
import { Graph } from "../../../kernels/graph.ts";
import { asUint32, readBack } from "../../../kernels/memory.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { arrayCount } from "../../../kernels/program/binding.ts";
import { checkBindings, partsOf } from "../../../kernels/program/parts.ts";
import { compile } from "../../../kernels/program/program.ts";
import { replay } from "../../../kernels/program/replay.ts";
import { defineKernel, MAX_GROUPS } from "../../../kernels/shader/kernel.ts";
import { makeTensor } from "../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform, withDevice } from "../../support/gpu.ts";

/** A stand-in for a device that binds so many arrays, of 256 bytes at once. */
const binding = (arrays: number, facts = {}) =>
  ({
    gpu: { limits: { maxStorageBuffersPerShaderStage: arrays } },
    facts: { name: "narrow", windowBytes: 256, ...facts },
  }) as unknown as Device;

const kernel = defineKernel({
  name: "sums",
  source: "",
  uniforms: {},
  reads: { a: "vec4f", b: "vec4f", small: "vec4f" },
  writes: { y: "vec4f" },
  partwise: ["a", "b", "y"],
});
const tensor = (label: string, length: number, home?: { buffer: GPUBuffer; offset: number }) =>
  makeTensor({ label, shape: [length], ...(home && { home }) });
const small = tensor("small", 4);

Deno.test("of a tensor that a launch is given twice, one is bound; what is read from a texture is no array", () => {
  const count = (reads: readonly ReturnType<typeof tensor>[], textures: readonly string[] = []) => {
    const graph = new Graph(0);
    graph.launch({
      kernel,
      reads,
      writes: [tensor("y", 192)],
      groups: [1, 1, 1],
      loops: 0,
      textures,
    });
    return arrayCount(binding(8), graph.dispatches[0]!);
  };
  const [a, b] = [tensor("a", 192), tensor("b", 192)];
  assert.equal(count([a, b, small]), 3 + 3 + 1 + 3);
  assert.equal(count([a, a, small]), 3 + 1 + 3);
  const home = { buffer: {} as GPUBuffer, offset: 0 };
  assert.equal(count([tensor("a", 192, home), tensor("b", 192, home), small]), 3 + 1 + 3);
  assert.equal(count([tensor("a", 64), b, small], ["a"]), 3 + 1 + 3);
  assert.equal(count([a, b, small], ["a"]), 3 + 3 + 1 + 3, "a texture holds no windows");
});

Deno.test("a launch of more arrays than a device binds takes the windows of its large tensors one by one", () => {
  const graph = new Graph(0), [a, b, y] = ["a", "b", "y"].map((label) => tensor(label, 192));
  const launch = { reads: [a!, b!, small], writes: [y!], groups: [1, 1, 1] as const, loops: 0 };
  graph.launch({ kernel, ...launch });
  graph.launch({ kernel: { ...kernel, partwise: [] }, ...launch });
  graph.launch({ kernel, ...launch, reads: [tensor("a", 188), b!, small] });
  graph.launch({ kernel, ...launch, reads: [a!, b!, tensor("small", 192)] });
  const [whole, other, uneven, sums] = graph.dispatches;
  assert.deepEqual(partsOf(binding(10), whole!), [whole]);
  const parts = partsOf(binding(8), whole!);
  assert.deepEqual(parts.map(({ window, constants }) => [window, constants.LATER]), [[0, 0], [1, 1], [2, 1]]);
  checkBindings(binding(8), [whole!]);
  for (const refused of [other, uneven, sums]) {
    assert.throws(
      () => checkBindings(binding(8), [refused!]),
      (error) => error instanceof DeviceError && /1[02] bindings are more than its 8;/.test(error.message),
    );
  }
  assert.throws(() => checkBindings(binding(3), [whole!]), /4 bindings are more than its 3;/);
});

Deno.test("a launch of too many workgroups, or too much work, is divided along its axis", () => {
  const graph = new Graph(0);
  const launch = (groups: readonly [number, number, number], flops: number, divisible?: 0 | 1 | 2) => {
    graph.dispatches.length = 0;
    const uniforms = { first_group: 0 };
    graph.launch({
      kernel: { ...kernel, uniforms: { first_group: "u32" }, partwise: [] },
      reads: [small, small, small],
      writes: [tensor("y", 4)],
      uniforms,
      groups,
      divisible,
      loops: 0,
      flops,
    });
    return graph.dispatches[0]!;
  };
  const parts = (flopsAtOnce: number | undefined, dispatch: ReturnType<typeof launch>) =>
    partsOf(binding(8, { flopsAtOnce }), dispatch)
      .map(({ groups, uniforms, flops }) => [groups, uniforms.first_group, flops]);
  assert.deepEqual(parts(undefined, launch([2, 2 * MAX_GROUPS + 1, 3], 0, 1)), [
    [[2, MAX_GROUPS, 3], 0, 0],
    [[2, MAX_GROUPS, 3], MAX_GROUPS, 0],
    [[2, 1, 3], 2 * MAX_GROUPS, 0],
  ]);
  assert.deepEqual(parts(100, launch([10, 2, 1], 300, 0)), [
    [[4, 2, 1], 0, 120],
    [[4, 2, 1], 4, 120],
    [[2, 2, 1], 8, 60],
  ]);
  assert.equal(parts(100, launch([10, 2, 1], 1e6, 1)).length, 2, "no finer than its groups");
  assert.equal(parts(100, launch([10, 2, 1], 300)).length, 1);
  assert.equal(parts(undefined, launch([10, 2, 1], 300, 0)).length, 1);
});

gpuTest("a launch of more workgroups than an axis takes reaches each of them once", async (device) => {
  const count = MAX_GROUPS + 5;
  const numbers = defineKernel({
    name: "numbers",
    source: "@compute @workgroup_size(1) fn main(@builtin(workgroup_id) group: vec3u) { " +
      "let i = extents.first_group + group.x; set_y(i, load_y(i) + i + 1u); }",
    uniforms: { first_group: "u32" },
    reads: {},
    writes: { y: "u32" },
  });
  const graph = new Graph(0);
  const y = graph.keep(graph.tensor({ label: "y", shape: [1, 1, count], dtype: "u32", layout: "map" }));
  const uniforms = { first_group: 0 };
  graph.launch({
    kernel: numbers,
    reads: [],
    writes: [y],
    uniforms,
    groups: [count, 1, 1],
    divisible: 0,
    loops: 0,
  });
  const program = compile(device, graph);
  program.run();
  const [read] = await readBack(device, [program.locate(y)]);
  assert.ok(asUint32(read!).subarray(0, count).every((value, i) => value === i + 1));
  assert.equal(program.dispatches.length, 1);
  if (device.facts.features.includes("timestamp-query")) assert.equal((await program.profile()).length, 1);
  program.free();
});

gpuTest("convolutions in parts, as a slow GPU takes them, give the bits of whole ones", async (device) => {
  const run = async (device: Device) => {
    const found = [];
    // Many output channels and few: tiles along channels and along pixels.
    for (
      const [channels, outputs, options] of [[5, 40, { padding: 1 }], [40, 3, {
        padding: 1,
        stride: 2,
      }]] as const
    ) {
      const size = options.padding === 1 && "stride" in options ? 13 : 25;
      found.push(
        await runOp(
          device,
          {
            x: { shape: [2, 25, 25, channels], values: uniform(1, 2 * 25 * 25 * channels), tracked: "input" },
            w: {
              shape: [3, 3, channels, outputs],
              values: uniform(2, 9 * channels * outputs),
              layout: "kernel",
              tracked: "parameter",
            },
          },
          (graph, { x, w }) => [convolution(graph, x, w, options)],
          uniform(3, 2 * size * size * outputs),
        ),
      );
    }
    return found;
  };
  const whole = await run(device);
  await withDevice({ sharing: device.facts.sharing, flopsAtOnce: 5e5 }, async (slow) => {
    const { pipelines, bindGroups } = slow.created;
    const parts = await run(slow);
    assert.deepEqual(parts, whole);
    assert.ok(slow.created.bindGroups - bindGroups > 2 * (slow.created.pipelines - pipelines));
    slow.check();
  });
});

Deno.test("replay() submits whenever a GPU has as much to do as it may be given at once", () => {
  const submitted: number[] = [];
  let recorded = 0;
  const encoder = () => ({
    beginComputePass: () => ({
      setPipeline() {},
      setBindGroup() {},
      dispatchWorkgroups: () => recorded++,
      end() {},
    }),
    finish: () => recorded,
  });
  const gpu = {
    createCommandEncoder: encoder,
    queue: { submit: ([count]: number[]) => submitted.push(count!) },
  };
  const launches = [30, 30, 50, 100, 120, 0, 10].map((flops) => ({
    pipeline: {} as GPUComputePipeline,
    bindGroup: {} as GPUBindGroup,
    groups: [1, 1, 1] as const,
    copies: [],
    flops,
  }));
  for (const flopsAtOnce of [100, undefined]) {
    replay({ gpu, facts: { flopsAtOnce } } as unknown as Device, launches);
  }
  assert.deepEqual(submitted, [2, 3, 4, 5, 7, 14]);
});
