import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { allocate, asUint32, readBack, upload } from "../../../../kernels/memory.ts";
import { foldHalves, packHalves, unpackHalves } from "../../../../kernels/ops/update/halves.ts";
import { compile } from "../../../../kernels/program/program.ts";
import {
  foldHalves as foldReference,
  packHalves as packReference,
  unpackHalves as unpackReference,
} from "../../../../kernels/reference/update/halves.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { gpuTest, uniform } from "../../../support/gpu.ts";

/** Any bits of 16, NaN among them. */
const EVERY = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
/** Finite and not negative. */
const FINITE = [...new Float16Array(EVERY.buffer).slice(0, 0x7c00)];

gpuTest("packHalves() takes every half for itself", async (device) => {
  const values = Float32Array.from(unpackReference(new Float16Array(EVERY.buffer)));
  assertHalves(await packed(device, values), EVERY, values);
});

gpuTest("packHalves() rounds to the nearest half, ties to even", async (device) => {
  const middles = Float32Array.from(FINITE.slice(0, -1), (value, i) => (value + FINITE[i + 1]!) / 2);
  // The middle itself, and the f32s next to it.
  const near = [-1, 0, 1].flatMap((
    step,
  ) => [...new Float32Array(asUint32(middles).map((bits) => bits + step).buffer)]);
  const lower = (i: number) => i % middles.length, ties = (i: number) => lower(i) + lower(i) % 2;
  for (const sign of [1, -1]) {
    const values = Float32Array.from(near, (value) => sign * value);
    const expected = Uint16Array.from(values, (_, i) => {
      const magnitude = [lower(i), ties(i), lower(i) + 1][Math.floor(i / middles.length)]!;
      return magnitude + (sign < 0 ? 0x8000 : 0);
    });
    assertHalves(await packed(device, values), expected, values);
  }
});

gpuTest(
  "packHalves() goes over to infinity and to 0 where the nearest is that, and keeps NaN",
  async (device) => {
    const cases: readonly (readonly [value: number, half: number])[] = [
      [0, 0],
      [65504, 0x7bff],
      [65519.99, 0x7bff],
      [65520, 0x7c00],
      [65536, 0x7c00],
      [1e6, 0x7c00],
      [3.4028234663852886e38, 0x7c00],
      [Infinity, 0x7c00],
      // Half of the least half, and the f32 after it.
      [2 ** -25, 0],
      [2 ** -25 + 2 ** -48, 1],
      [2 ** -26, 0],
      [2 ** -24, 1],
      // Up to the least normal half.
      [2 ** -14 - 2 ** -25, 0x400],
      [2 ** -14 - 2 ** -25 - 2 ** -38, 0x3ff],
      [2 ** -126, 0],
      [2 ** -127, 0],
      [2 ** -149, 0],
      [1, 0x3c00],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
    ];
    const values = Float32Array.from(cases.flatMap(([value]) => [value, -value]));
    const expected = Uint16Array.from(cases.flatMap(([, half]) => [half, half + 0x8000]));
    assertHalves(await packed(device, values), expected, values);
    // Quiet or not, with a sign or without.
    const bits = Uint32Array.of(0x7f800001, 0x7fc00000, 0xff801fff, 0xffffffff);
    for (const half of await packed(device, new Float32Array(bits.buffer))) {
      assert.equal(half & 0x7fff, 0x7e00);
    }
  },
);

gpuTest(
  "packHalves() matches the twin at awkward sizes, and writes no more than its halves",
  async (device) => {
    for (const length of [4, 12, 260, 4100]) {
      const values = Float32Array.from(
        uniform(7, length, -1, 1).map((value, i) => value * 2 ** (i % 45 - 26)),
      );
      assertHalves(await packed(device, values), new Uint16Array(packReference(values).buffer), values);
    }
  },
);

gpuTest("unpackHalves() gives the exact value of every half", async (device) => {
  const { values, run, free } = halvesTo(device, EVERY.length);
  assertBits(await run(EVERY, values), Float32Array.from(unpackReference(new Float16Array(EVERY.buffer))));
  free();
});

gpuTest("unpackHalves() and foldHalves() match the twins at awkward sizes, part by part", async (device) => {
  for (const length of [4, 12, 260, 4100]) {
    const { values, folded, run, free } = halvesTo(device, length);
    const start = Float32Array.from(uniform(1, length, -3, 3)), sums = Float64Array.from(start);
    upload(device, folded, start);
    for (let part = 0; part < 3; part++) {
      const halves = packReference(uniform(2 + part, length, -9, 9));
      const read = await run(new Uint16Array(halves.buffer), values);
      assertBits(read, Float32Array.from(unpackReference(halves)));
      foldReference({ folded: sums, halves });
      // The next part is added to what was rounded.
      sums.forEach((sum, i) => sums[i] = Math.fround(sum));
      assertBits((await readBack(device, [folded]))[0]!, Float32Array.from(sums));
    }
    free();
  }
});

gpuTest("foldHalves() adds every half, subnormal or infinite, and keeps what is NaN", async (device) => {
  const halves = new Float16Array(EVERY.buffer);
  for (const start of [0, 2 ** -14, -1, 65504, Infinity, -Infinity, NaN]) {
    const { values, folded, run, free } = halvesTo(device, EVERY.length);
    upload(device, folded, new Float32Array(EVERY.length).fill(start));
    await run(EVERY, values);
    const sums = new Float64Array(EVERY.length).fill(start);
    foldReference({ folded: sums, halves });
    assertBits((await readBack(device, [folded]))[0]!, Float32Array.from(sums));
    free();
  }
});

gpuTest("halves go from one range of an arena to one of another", async (device) => {
  // Between two ranges stands what must stay.
  const memory = allocate(device, "test", [
    ...["before", "values", "after"].map((label) => ({ label, shape: [68], layout: "map" }) as const),
    ...["before", "halves", "after"].map((label) =>
      ({ label, shape: [34], layout: "map", dtype: "u32" }) as const
    ),
  ]);
  const [, values, , , halves] = memory.tensors as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const given = memory.tensors.map((_, i) => Float32Array.from(uniform(i, i < 3 ? 68 : 34, 1, 2)));
  memory.tensors.forEach((tensor, i) => upload(device, tensor, given[i]!));
  const graph = new Graph(0);
  packHalves(graph, { values, halves });
  unpackHalves(graph, { values, halves });
  const program = compile(device, graph);
  program.run();
  const read = await readBack(device, memory.tensors);
  for (const i of [0, 2, 3, 5]) assert.deepEqual(read[i]!.slice(0, given[i]!.length), given[i]);
  assertBits(read[1]!, Float32Array.from(packReference(given[1]!)));
  program.free();
  memory.free();
});

Deno.test("halves refuse tensors that do not fit, and such without a home", () => {
  const home = { buffer: {} as GPUBuffer, offset: 0 };
  const of = (label: string, length: number, dtype: "f32" | "u32") =>
    makeTensor({ label, shape: [length], layout: "map", dtype, home });
  const values = of("values", 12, "f32"), halves = of("halves", 6, "u32"), graph = new Graph(0);
  const message =
    /Cannot pack values as halves: values \(48 bytes of f32, with a home\) and halves \(48 bytes of u32, with a home\) are given, and f32 and half as many bytes of u32 are needed, with homes/;
  assert.throws(() => packHalves(graph, { values, halves: of("halves", 12, "u32") }), {
    name: "ShapeError",
    message,
  });
  assert.throws(
    () => unpackHalves(graph, { values, halves: of("halves", 6, "f32") }),
    /Cannot unpack halves into values: .* halves \(32 bytes of f32, with a home\)/,
  );
  const homeless = makeTensor({ label: "sums", shape: [12], layout: "map" });
  assert.throws(
    () => foldHalves(graph, { folded: homeless, halves }),
    /Cannot fold halves into sums: sums \(48 bytes of f32, without a home\)/,
  );
  assert.equal(graph.dispatches.length, 0);
});

/** What values become, two to a word. */
async function packed(
  device: Device,
  given: Float32Array<ArrayBuffer>,
): Promise<Uint16Array<ArrayBuffer>> {
  const length = Math.ceil(given.length / 4) * 4;
  const memory = allocate(device, "test", [
    { label: "values", shape: [length], layout: "map" },
    { label: "halves", shape: [length / 2], layout: "map", dtype: "u32" },
  ]);
  const [values, halves] = memory.tensors as [Tensor, Tensor];
  upload(device, values, given);
  upload(device, halves, new Uint32Array(halves.bytes / 4).fill(0x12345678));
  const graph = new Graph(0);
  packHalves(graph, { values, halves });
  const program = compile(device, graph);
  program.run();
  const read = new Uint16Array((await readBack(device, [halves]))[0]!.buffer);
  program.free();
  memory.free();
  // Past the last half memory may go on to a whole vec4, which is another's.
  for (let i = length; i < read.length; i += 2) assert.equal(read[i], 0x5678);
  return read.slice(0, given.length);
}

/** A program from halves to their values, and to what they are added to. */
function halvesTo(device: Device, length: number) {
  const memory = allocate(device, "test", [
    { label: "halves", shape: [length / 2], layout: "map", dtype: "u32" },
    { label: "values", shape: [length], layout: "map" },
    { label: "folded", shape: [length], layout: "map" },
  ]);
  const [halves, values, folded] = memory.tensors as [Tensor, Tensor, Tensor];
  const graph = new Graph(0);
  unpackHalves(graph, { values, halves });
  foldHalves(graph, { folded, halves });
  const program = compile(device, graph);
  return {
    values,
    folded,
    async run(given: Uint16Array<ArrayBuffer>, read: Tensor): Promise<Float32Array<ArrayBuffer>> {
      upload(device, halves, new Uint32Array(given.buffer));
      program.run();
      return (await readBack(device, [read]))[0]!;
    },
    free() {
      program.free();
      memory.free();
    },
  };
}

/** The same bits; of NaN, whichever. */
function assertHalves(actual: Uint16Array, expected: Uint16Array, values: Float32Array): void {
  assert.equal(actual.length, expected.length);
  const isNaN = (half: number) => (half & 0x7fff) > 0x7c00;
  const at = actual.findIndex((half, i) => half !== expected[i] && !(isNaN(half) && isNaN(expected[i]!)));
  assert.equal(
    at,
    -1,
    `${values[at]} [${at}] is ${actual[at]?.toString(16)}, not ${expected[at]?.toString(16)}`,
  );
}

/** The same bits; of NaN, whichever. */
function assertBits(actual: Float32Array<ArrayBuffer>, expected: Float32Array<ArrayBuffer>): void {
  assert.equal(actual.length, expected.length);
  const at = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  assert.equal(at, -1, `[${at}] is ${actual[at]}, not ${expected[at]}`);
}
