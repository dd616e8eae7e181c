import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { KernelError } from "../../../kernels/errors.ts";
import { Graph } from "../../../kernels/graph.ts";
import { defineKernel } from "../../../kernels/shader/kernel.ts";
import { compile } from "../../../kernels/program/program.ts";
import { makeTensor } from "../../../kernels/tensor.ts";
import { fitsTexture, textureBytes, textureRows } from "../../../kernels/shader/texture_operand.ts";
import { gpuTest, uniform } from "../../support/gpu.ts";

const reversed = defineKernel({
  name: "reversed",
  source: `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= extents.count) { return; }
  set_y(id.x, load_x(extents.count - 1u - id.x) * load_x(0).x + load_factor(0));
}`,
  uniforms: { count: "u32" },
  reads: { x: "vec4f", factor: "vec4f" },
  writes: { y: "vec4f" },
});

/** @param factor `x` itself unless told. */
function launch(
  graph: Graph,
  x: ReturnType<typeof makeTensor>,
  textures: readonly string[],
  factor: ReturnType<typeof makeTensor> = x,
) {
  const count = x.bytes / 16;
  const y = graph.keep(graph.tensor({ label: "y", shape: x.shape }));
  graph.launch({
    kernel: reversed,
    reads: [x, factor],
    writes: [y],
    uniforms: { count },
    groups: [Math.ceil(count / 64), 1, 1],
    textures,
    loops: 0,
  });
  return y;
}

gpuTest(
  "an operand in a texture gives the values of the array: less than a row, rows, and a row that is cut",
  async (device) => {
    // In vec4s; a row of a texture has 2048.
    for (const counts of [[1], [2047, 2048], [5 * 2048 + 1, 3, 2 * 2048]]) {
      const memory = allocate(
        device,
        "operands",
        counts.map((count) => ({ label: "x", shape: [4 * count] })),
      );
      memory.tensors.forEach((x, i) => upload(device, x, Float32Array.from(uniform(i + 1, x.bytes / 4))));
      const graph = new Graph(device.facts.sharing);
      const [other] = memory.tensors;
      const pairs = memory.tensors.flatMap((x) => {
        const array = launch(graph, x, [], other);
        return [["x"], ["factor"], ["factor", "x"]].map((names) =>
          [array, launch(graph, x, names, other)] as const
        );
      });
      const before = { ...device.created };
      const program = compile(device, graph);
      assert.equal(device.created.textures, before.textures + 1, "one texture serves all launches");
      assert.equal(
        program.texture!.height,
        textureRows(Math.max(...memory.tensors.map(({ bytes }) => bytes))),
      );
      assert.equal(program.texture!.depthOrArrayLayers, 2, "a layer for each operand of a launch");
      const arenas = program.plan.arenas.reduce((sum, bytes) => sum + bytes, 0);
      assert.equal(
        program.workspaceBytes,
        arenas + textureBytes({ rows: program.texture!.height, layers: 2 }),
      );
      const made = { ...device.created };
      program.run();
      assert.deepEqual(device.created, made, "a step makes nothing");
      for (const pair of pairs) {
        const [array, texture] = await readBack(device, pair.map((y) => program.locate(y)));
        assert.ok(array!.some((value) => value !== 0));
        assert.deepEqual(texture, array);
      }
      if (device.facts.features.includes("timestamp-query")) {
        assert.ok((await program.profile()).every((milliseconds) => milliseconds >= 0));
        const [array, texture] = await readBack(device, pairs[0]!.map((y) => program.locate(y)));
        assert.deepEqual(texture, array);
      }
      const again = compile(device, graph, undefined, { lender: program });
      assert.equal(again.texture, program.texture);
      again.free();
      program.run();
      program.free();
      memory.free();
    }
    device.check();
  },
);

gpuTest("an operand in f16 stays in its buffer", (device) => {
  const memory = allocate(device, "operands", [{ label: "x", shape: [64], dtype: "f16" }]);
  assert.equal(fitsTexture(memory.tensors[0]!), false);
  if (device.facts.features.includes("shader-f16")) {
    const graph = new Graph(device.facts.sharing);
    launch(graph, memory.tensors[0]!, ["x"]);
    const program = compile(device, graph);
    assert.equal(program.texture, undefined);
    program.free();
  }
  memory.free();
});

gpuTest("an operand that the kernel does not read is refused", (device) => {
  const memory = allocate(device, "operands", [{ label: "x", shape: [64] }]);
  const graph = new Graph(device.facts.sharing);
  launch(graph, memory.tensors[0]!, ["z"]);
  assert.throws(
    () => compile(device, graph),
    (error) =>
      error instanceof KernelError &&
      /Cannot read z of kernel "reversed".*it reads x,factor/.test(error.message),
  );
  memory.free();
});
