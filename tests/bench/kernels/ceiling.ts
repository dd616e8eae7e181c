/** What an adapter can do at the most, measured: the figures that all others are shares of. */
import type { Device } from "../../../kernels/device.ts";
import { allocate } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { defineKernel, MAX_GROUPS } from "../../../kernels/shader/kernel.ts";
import { elementwise, WORKGROUP } from "../../../kernels/launch.ts";
import { compile } from "../../../kernels/program/program.ts";
import { hasTimestamps } from "./timing.ts";

/** The most that an adapter did. */
export interface Ceiling {
  /** Of f32 multiply-adds in registers, as two operations. */
  readonly gigaflops: number;
  /** GB/s of a copy, read and written. */
  readonly gigabytes: number;
}

/** Sums that do not wait for each other, in each invocation; more would not fit in a processor's registers. */
const CHAINS = 4;
/** Multiply-adds of each chain in a turn of the loop: loops of their own cost are a share of it that vanishes. */
const DEPTH = 8;
const TURNS = 256;

const chains = Array.from({ length: CHAINS }, (_, i) => i);
const arithmetic = defineKernel({
  name: "ceiling_arithmetic",
  source: `
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(extents.factor);
  let summand = vec4f(extents.summand);
${chains.map((i) => `  var a${i} = vec4f(f32(id.x) + ${i}.0);`).join("\n")}
  for (var turn = 0u; turn < ${TURNS}u; turn++) {
${
    Array.from({ length: DEPTH }, () => chains.map((i) => `    a${i} = fma(a${i}, factor, summand);`)).flat()
      .join(
        "\n",
      )
  }
  }
  let sum = ${chains.map((i) => `a${i}`).join(" + ")};
  // Never true, which no compiler knows: results are needed, and cost nothing.
  if (sum.x == -1.0) { set_result(0, sum); }
}`,
  uniforms: { factor: "f32", summand: "f32" },
  reads: {},
  writes: { result: "vec4f" },
});
const FLOPS_OF_INVOCATION = CHAINS * DEPTH * TURNS * 4 * 2;

const copy = defineKernel({
  name: "ceiling_copy",
  source: `
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * extents.stride + id.x;
  if (i >= extents.count) { return; }
  set_result(i, load_source(i));
}`,
  uniforms: { count: "u32", stride: "u32" },
  reads: { source: "vec4f" },
  writes: { result: "vec4f" },
});

/** Runs what only computes and what only copies, and takes the best of `rounds`. */
export async function measureCeiling(device: Device, rounds: number): Promise<Ceiling> {
  const { facts: { isSoftware }, gpu: { limits } } = device;
  // Software: what a layer leaves, which a processor's caches hold, as for the ops. Else past the caches of the largest GPUs.
  const bytes = Math.min((isSoftware ? 8 : 256) * 2 ** 20, limits.maxStorageBufferBindingSize);
  // A tenth of a second in software, some milliseconds on a GPU.
  const groups = isSoftware ? 2048 : MAX_GROUPS;
  const memory = (["source", "result"] as const).map((label) =>
    allocate(device, label, [{ label, shape: [bytes / 4], layout: "map" }])
  );
  const [source, result] = memory.map(({ tensors }) => tensors[0]!);
  try {
    const computing = new Graph(0), copying = new Graph(0);
    computing.launch({
      kernel: arithmetic,
      reads: [],
      writes: [result!],
      uniforms: { factor: 0.999, summand: 0.001 },
      groups: [groups, 1, 1],
      loops: TURNS,
    });
    const count = bytes / 16;
    const { groups: copyGroups, stride } = elementwise(count);
    copying.launch({
      kernel: copy,
      reads: [source!],
      writes: [result!],
      uniforms: { count, stride },
      groups: copyGroups,
      loops: 0,
    });
    return {
      gigaflops: groups * WORKGROUP * FLOPS_OF_INVOCATION / await fastest(device, computing, rounds) / 1e6,
      gigabytes: 2 * bytes / await fastest(device, copying, rounds) / 1e6,
    };
  } finally {
    for (const held of memory) held.free();
  }
}

/** The least milliseconds of a graph with one launch. */
async function fastest(device: Device, graph: Graph, rounds: number): Promise<number> {
  const program = compile(device, graph);
  try {
    let least = Infinity;
    // Once more than measured: drivers compile at the first use.
    for (let round = 0; round <= rounds; round++) {
      const start = performance.now();
      let time: number;
      if (hasTimestamps(device)) time = (await program.profile())[0]!;
      else {
        program.run();
        await device.gpu.queue.onSubmittedWorkDone();
        time = performance.now() - start;
      }
      if (round > 0) least = Math.min(least, time);
    }
    device.check();
    return least;
  } finally {
    program.free();
  }
}
