import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { foldMeters, foldMoved, foldSum, foldWritten } from "../../../../kernels/ops/update/fold.ts";
import { compile } from "../../../../kernels/program/program.ts";
import {
  foldMeter,
  foldMoved as movedReference,
  foldSum as sumReference,
  foldWritten as writtenReference,
  type Meter,
} from "../../../../kernels/reference/update/fold.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, uniform } from "../../../support/gpu.ts";

gpuTest("foldSum(), foldMoved() and foldWritten() match the twins, part by part", async (device, t) => {
  for (const length of [1, 7, 4099]) {
    await t.step(`${length} numbers`, async () => {
      const names = ["part", "base", "kept", "sum", "moved", "written"];
      const memory = allocate(
        device,
        "test",
        names.map((label) => ({ label, shape: [length], layout: "map" })),
      );
      const [part, base, kept, ...folded] = memory.tensors as [Tensor, Tensor, Tensor, ...Tensor[]];
      const graph = new Graph(0);
      foldSum(graph, { folded: folded[0]!, part });
      foldMoved(graph, { folded: folded[1]!, part, base }, kept);
      foldWritten(graph, { folded: folded[2]!, part, base });
      const program = compile(device, graph);
      const start = Float32Array.from(uniform(1, length, -3, 3)),
        shares = Float32Array.from(uniform(2, length, 0, 1));
      upload(device, base, start);
      upload(device, kept, shares);
      const expected = [new Float64Array(length), Float64Array.from(start), Float64Array.from(start)];
      upload(device, folded[1]!, start);
      upload(device, folded[2]!, start);
      for (let i = 0; i < 3; i++) {
        // Half of the elements stay as they were.
        const moves = uniform(3 + i, length, -1, 1);
        const next = start.map((value, j) => moves[j]! < 0 ? value : value + moves[j]!);
        upload(device, part, next);
        program.run();
        sumReference({ folded: expected[0]!, part: next });
        movedReference({ folded: expected[1]!, part: next, base: start }, shares);
        writtenReference({ folded: expected[2]!, part: next, base: start });
        const read = (await readBack(device, folded)).map((values) => values.slice(0, length));
        assertClose(read[0]!, expected[0]!, { what: "sum", atol: 1e-6 });
        assertClose(read[1]!, expected[1]!, { what: "moved", atol: 1e-6 });
        assert.deepEqual(Float64Array.from(read[2]!), expected[2]);
        // Of the first part alone nothing is rounded.
        if (i === 0) assert.deepEqual(read[1], next);
      }
      program.free();
      memory.free();
    });
  }
});

gpuTest(
  "foldWritten() sees any bit, foldMoved() what is not finite in what has moved alone",
  async (device) => {
    const names = ["part", "base", "kept", "moved", "written"];
    const memory = allocate(device, "test", names.map((label) => ({ label, shape: [4], layout: "map" })));
    const [part, base, kept, moved, written] = memory.tensors as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const graph = new Graph(0);
    foldMoved(graph, { folded: moved, part, base }, kept);
    foldWritten(graph, { folded: written, part, base });
    const program = compile(device, graph);
    upload(device, kept, Float32Array.of(1, 1, 0, 1));
    upload(device, base, Float32Array.of(0, 5, 0, 1));
    upload(device, moved, Float32Array.of(0, 5, 0, 1));
    upload(device, written, Float32Array.of(0, 5, 0, 1));
    upload(device, part, Float32Array.of(-0, NaN, 7, 1));
    program.run();
    const read = await readBack(device, [moved, written]);
    for (const values of read) {
      assert.ok(
        [-0, NaN, 7, 1].every((value, i) => Object.is(values[i], value)),
        `${values}`,
      );
    }
    program.free();
    memory.free();
  },
);

gpuTest("foldMeters() notes what each has noted last", async (device) => {
  const memory = allocate(
    device,
    "test",
    ["part", "folded"].map((label) => ({ label, shape: [3 * 64], layout: "map" })),
  );
  const [part, folded] = memory.tensors as [Tensor, Tensor];
  const graph = new Graph(0);
  foldMeters(graph, { folded, part }, { count: 2, bytes: 256 });
  const program = compile(device, graph);
  let expected: Meter[] = [[0.5, 3, 0.25, 0], [1, 1, 1, 0], [9, 9, 9, 9]];
  const laid = (meters: readonly Meter[]) => {
    const values = new Float32Array(3 * 64);
    meters.forEach((meter, i) => values.set(meter, 64 * i));
    return values;
  };
  upload(device, folded, laid(expected));
  for (const parts of [[[0, 0, 2, 0], [0, 0, -1, 12]], [[0, 0, 0.5, 7], [0, 0, 3, 99]]] as Meter[][]) {
    upload(device, part, laid([...parts, [5, 5, 5, 5]]));
    program.run();
    // The third is not asked for.
    expected = expected.map((meter, i) => i < 2 ? foldMeter(meter, parts[i]!) : meter);
    assert.deepEqual((await readBack(device, [folded]))[0], laid(expected));
  }
  program.free();
  memory.free();
});

Deno.test("folds refuse tensors of other sizes, and such without a home", () => {
  const home = { buffer: {} as GPUBuffer, offset: 0 };
  const of = (length: number) => makeTensor({ label: `${length}`, shape: [length], layout: "map", home });
  assert.throws(
    () => foldSum(new Graph(0), { folded: of(8), part: of(9) }),
    /Cannot fold 9 \(48 bytes, with a home\) into 8 \(32 bytes\): equal sizes are needed/,
  );
  const homeless = makeTensor({ label: "part", shape: [8], layout: "map" });
  assert.throws(
    () => foldWritten(new Graph(0), { folded: of(8), part: homeless, base: of(8) }),
    /Cannot fold part \(32 bytes, without a home\)/,
  );
});
