import assert from "node:assert/strict";
import { allocate, asUint32, readBack } from "../../../kernels/memory.ts";
import { KernelError } from "../../../kernels/errors.ts";
import { type Dispatch, Graph } from "../../../kernels/graph.ts";
import {
  checkLoops,
  defineKernel,
  MAX_LOOP_ITERATIONS,
  packUniforms,
} from "../../../kernels/shader/kernel.ts";
import { compile } from "../../../kernels/program/program.ts";
import { gpuTest } from "../../support/gpu.ts";

const three = defineKernel({
  name: "three",
  source: "",
  uniforms: { count: "u32", shift: "i32", rate: "f32" },
  reads: {},
  writes: {},
});

Deno.test("packUniforms() lays fields out in their order, little-endian, in whole 16 bytes", () => {
  const bytes = packUniforms(three, { rate: 0.5, shift: -2, count: 4_000_000_000 });
  assert.equal(bytes.length, 16);
  const view = new DataView(bytes.buffer);
  assert.equal(view.getUint32(0, true), 4_000_000_000);
  assert.equal(view.getInt32(4, true), -2);
  assert.equal(view.getFloat32(8, true), 0.5);
  assert.equal(view.getUint32(12, true), 0);
  const five = { ...three, uniforms: { a: "u32", b: "u32", c: "u32", d: "u32", e: "u32" } as const };
  assert.equal(packUniforms(five, { a: 0, b: 0, c: 0, d: 0, e: 0 }).length, 32);
  assert.equal(packUniforms({ ...three, uniforms: {} }, {}).length, 16);
});

const wrong: Record<string, readonly [Record<string, number>, RegExp]> = {
  "a missing field": [{ count: 1, shift: 1 }, /"three": uniform "rate" is undefined/],
  "NaN": [{ count: 1, shift: 1, rate: NaN }, /uniform "rate" is NaN/],
  "infinity": [{ count: 1, shift: 1, rate: Infinity }, /uniform "rate" is Infinity/],
  "an unknown field": [{ count: 1, shift: 1, rate: 1, speed: 1 }, /"three": no uniform is called speed/],
  "a fraction of a u32": [{ count: 1.5, shift: 1, rate: 1 }, /"count" is 1.5, and u32 holds integers/],
  "a negative u32": [{ count: -1, shift: 1, rate: 1 }, /"count" is -1, and u32/],
  "a u32 of 33 bits": [{ count: 2 ** 32, shift: 1, rate: 1 }, /"count" is 4294967296/],
  "an i32 of 33 bits": [{ count: 1, shift: 2 ** 31, rate: 1 }, /"shift" is 2147483648, and i32/],
};

Deno.test("packUniforms() refuses values that the shader would see as others", async (t) => {
  for (const [what, [values, message]] of Object.entries(wrong)) {
    await t.step(what, () =>
      assert.throws(
        () => packUniforms(three, values),
        (error) => error instanceof KernelError && message.test(error.message),
      ));
  }
});

Deno.test("checkLoops() refuses more iterations than every driver is known to make", () => {
  checkLoops("sum", MAX_LOOP_ITERATIONS);
  assert.throws(
    () => checkLoops("sum", MAX_LOOP_ITERATIONS + 1),
    (error) =>
      error instanceof KernelError &&
      error.message ===
        'Cannot launch kernel "sum": one invocation would make 60001 loop iterations, and at most 60000 ' +
          "are safe; split the reduction",
  );
});

/** Counts by ones: what it finds tells how many iterations the driver let it make. */
const counting = defineKernel({
  name: "counting",
  source: `
@compute @workgroup_size(1)
fn main() {
  for (var i = 0u; i < extents.iterations; i++) {
    set_count(0, load_count(0) + 1u);
  }
}`,
  uniforms: { iterations: "u32" },
  reads: {},
  writes: { count: "u32" },
});

gpuTest(
  "a loop of 70,000, which a driver may cut short without a word, is refused by the guard",
  async (device, t) => {
    const memory = allocate(device, "count", [{
      label: "count",
      shape: [1, 1, 4],
      dtype: "u32",
      layout: "map",
    }]);
    const [count] = memory.tensors;
    const dispatch = (iterations: number): Dispatch => ({
      kernel: counting,
      reads: [],
      writes: [count!],
      uniforms: { iterations },
      constants: {},
      groups: [1, 1, 1],
      flops: 0,
    });
    const run = async (iterations: number): Promise<number> => {
      device.gpu.queue.writeBuffer(memory.buffers[0]!.buffer, 0, new Uint32Array(4));
      const graph = new Graph(0);
      // Past the guard of `launch`, on purpose.
      graph.dispatches.push(dispatch(iterations));
      const program = compile(device, graph);
      program.run();
      const [read] = await readBack(device, [count!]);
      program.free();
      return asUint32(read!)[0]!;
    };
    await t.step("as many as the guard allows are made", async () => {
      assert.equal(await run(MAX_LOOP_ITERATIONS), MAX_LOOP_ITERATIONS);
    });
    await t.step("where they are cut short, it is past the guard", async () => {
      const made = await run(70_000);
      // lavapipe of Mesa 22 makes 65,535; that of Mesa 25 makes all.
      assert.ok(made >= MAX_LOOP_ITERATIONS, `only ${made} iterations were made: the guard allows too many`);
    });
    await t.step("70,000 are refused", () => {
      const graph = new Graph(0);
      assert.throws(() => graph.launch({ ...dispatch(70_000), loops: 70_000 }), KernelError);
      assert.equal(graph.dispatches.length, 0);
    });
    memory.free();
  },
);
