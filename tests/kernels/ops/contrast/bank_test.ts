import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { allocate, asUint32, readBack, upload } from "../../../../kernels/memory.ts";
import { bankSpec, foldBank, pushKeys } from "../../../../kernels/ops/contrast/bank.ts";
import { positions } from "../../../../kernels/ops/contrast/positions.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { pushed, unrolled } from "../../../../kernels/reference/contrast/bank.ts";
import { positions as places } from "../../../../kernels/reference/contrast/positions.ts";
import { makeTensor, type Precision } from "../../../../kernels/tensor.ts";
import { gpuTest, halfTest, uniform } from "../../../support/gpu.ts";

const shape = [2, 3, 5, 8], features = 8, split = 30, columns = 60;

/** Pushes step by step, and compares the queues with arrays. */
async function compareQueues(device: Device, precision: Precision): Promise<void> {
  // One of a single key, ones that fill up at once, in steps, and not at all.
  const sizes = [1, 7, 25, 60, 1000], classes = sizes.length;
  const specs = bankSpec({ features, sizes, precision });
  const memory = allocate(device, "test", [
    { label: "x", shape },
    { label: "u", shape },
    { label: "flags", shape: [1, classes, columns], dtype: "u32", layout: "map" },
    { label: "cursors", ...specs.cursors },
    { label: "pushed", ...specs.pushed },
    ...specs.queues.map((queue, c) => ({ label: `queue ${c}`, ...queue })),
  ]);
  const [x, u, flags, cursors, counted, ...queues] = memory.tensors;
  const graph = new Graph(device.facts.sharing);
  pushKeys(
    graph,
    { cursors: cursors!, pushed: counted!, queues },
    { x: x!, u: u! },
    positions(graph, flags!, 4),
  );
  const program = compile(device, graph);
  const stored = (values: number[]) => precision === "f16" ? [...Float16Array.from(values)] : values;
  let expected: number[][][] = sizes.map(() => []);
  const sums = sizes.map(() => 0);
  for (let step = 0; step < 4; step++) {
    const [own, other] = [0, 1].map((batch) =>
      Float32Array.from(uniform(10 * step + batch, split * features))
    );
    const keys = uniform(10 * step + 2, classes * columns, 0, 1).map((value, i) =>
      // Step 2 has none.
      step !== 2 && value < [0.3, 0.5, 0.2, 1, 0.1][Math.floor(i / columns)]! ? 4 : 3
    );
    upload(device, x!, own!);
    upload(device, u!, other!);
    upload(device, flags!, Uint32Array.from(keys));
    program.run();
    const rows = Array.from({ length: classes }, (_, c) => keys.slice(c * columns, (c + 1) * columns));
    const all = [...own!, ...other!];
    expected = places(rows, 4).map((pixels, c) =>
      pushed(
        expected[c]!,
        pixels.map((pixel) => stored(all.slice(pixel * features, (pixel + 1) * features))),
        sizes[c]!,
      )
    );
    sums.forEach((_, c) => sums[c]! += rows[c]!.filter((flag) => flag === 4).length);
    const [read, counts, ...held] = await readBack(device, [cursors!, counted!, ...queues]);
    assert.deepEqual([...asUint32(counts!)].slice(0, classes), sums);
    const ends = asUint32(read!);
    held.forEach((words, c) => {
      const values = precision === "f16" ? new Float16Array(words.buffer) : words;
      const found = unrolled(values.subarray(0, sizes[c]! * features), features, [
        ends[2 * c]!,
        ends[2 * c + 1]!,
      ]);
      assert.deepEqual(found, expected[c], `class ${c}, step ${step}`);
    });
  }
  program.free();
  memory.free();
}

gpuTest("pushKeys() keeps the newest keys of each class, in order", (device) => compareQueues(device, "f32"));

halfTest("pushKeys() rounds them where the bank is of f16", (device) => compareQueues(device, "f16"));

gpuTest(
  "foldBank() gives what pushing the same keys one batch after another gives, to the place",
  async (device) => {
    // Each batch pushes up to 60 keys of a class: more than some queues hold, and in one class none.
    const sizes = [1, 7, 25, 60, 1000], classes = sizes.length, parts = 3;
    const specs = bankSpec({ features, sizes });
    const bankSpecs = (name: string) => [
      { label: `${name} cursors`, ...specs.cursors },
      { label: `${name} pushed`, ...specs.pushed },
      ...specs.queues.map((queue, c) => ({ label: `${name} queue ${c}`, ...queue })),
    ];
    const memory = allocate(device, "test", [
      { label: "x", shape },
      { label: "u", shape },
      { label: "flags", shape: [1, classes, columns], dtype: "u32", layout: "map" },
      ...["one", "part", "base", "folded"].flatMap(bankSpecs),
    ]);
    const [x, u, flags, ...rest] = memory.tensors;
    const tensorsOf = (i: number) => rest.slice(i * (2 + classes), (i + 1) * (2 + classes));
    const bankOf = (i: number) => {
      const [cursors, pushed, ...queues] = tensorsOf(i);
      return { cursors: cursors!, pushed: pushed!, queues };
    };
    const [one, part, base, folded] = [0, 1, 2, 3].map(bankOf);
    const pushing = (bank: typeof one) => {
      const graph = new Graph(device.facts.sharing);
      pushKeys(graph, bank!, { x: x!, u: u! }, positions(graph, flags!, 4));
      return compile(device, graph);
    };
    const graph = new Graph(device.facts.sharing);
    foldBank(graph, folded!, part!, base!);
    const [toOne, toPart, folding] = [pushing(one), pushing(part), compile(device, graph)];
    const copy = async (from: number, to: number) => {
      const values = await readBack(device, tensorsOf(from));
      tensorsOf(to).forEach((tensor, i) => upload(device, tensor, values[i]!));
    };
    for (let step = 0; step < 3; step++) {
      await copy(0, 2);
      await copy(0, 3);
      for (let i = 0; i < parts; i++) {
        await copy(2, 1);
        const seed = 100 * step + 10 * i;
        upload(device, x!, Float32Array.from(uniform(seed, split * features)));
        upload(device, u!, Float32Array.from(uniform(seed + 1, split * features)));
        const keys = uniform(seed + 2, classes * columns, 0, 1).map((value, i) =>
          value < [0.3, 0.5, 0.2, 1, 0][Math.floor(i / columns)]! ? 4 : 3
        );
        upload(device, flags!, Uint32Array.from(keys));
        toPart.run();
        folding.run();
        toOne.run();
      }
      const [expected, found] = [await readBack(device, tensorsOf(0)), await readBack(device, tensorsOf(3))];
      assert.deepEqual(found, expected, `step ${step}`);
    }
    for (const owner of [toOne, toPart, folding, memory]) owner.free();
  },
);

Deno.test("bankSpec() says how many bytes a bank takes", () => {
  const bytes = (precision?: Precision) => {
    const { cursors, queues } = bankSpec({
      features: 256,
      sizes: [50_000, 30_000],
      ...(precision && { precision }),
    });
    return [cursors, ...queues].map((spec) => makeTensor({ label: "", ...spec }).bytes);
  };
  assert.deepEqual(bytes(), [16, 51_200_000, 30_720_000]);
  assert.deepEqual(bytes("f16"), [16, 25_600_000, 15_360_000]);
  assert.throws(() => bankSpec({ features: 6, sizes: [1] }), /a multiple of 4 and a class are needed/);
  assert.throws(() => bankSpec({ features: 8, sizes: [] }), /a multiple of 4 and a class are needed/);
});

Deno.test("pushKeys() refuses what does not suit", () => {
  const map = (
    shape: number[],
    dtype: "u32" | "f32" = "u32",
    home = { buffer: {} as GPUBuffer, offset: 0 },
  ) => makeTensor({ label: "map", shape, dtype, layout: "map", home });
  const image = makeTensor({ label: "features", shape });
  const keys = { places: map([1, 2, columns]), counts: map([1, 1, 2]) };
  const queue = map([1, 9, 8], "f32");
  const of = (cursors = map([1, 2, 2]), queues = [queue, queue], pushed = map([1, 2])) =>
    pushKeys(new Graph(0), { cursors, pushed, queues }, { x: image, u: image }, keys);
  of();
  assert.throws(() => of(map([1, 3, 2])), /a u32 map \[1,2,2\] is needed/);
  assert.throws(() => of(undefined, [queue]), /one of each of the 2 classes is needed/);
  assert.throws(() => of(undefined, [queue, map([1, 9, 12], "f32")]), /a f32 map \[1,9,8\] is needed/);
  assert.throws(() => of(undefined, [queue, map([1, 9, 8])]), /of f32 or f16/);
  assert.throws(() => of(undefined, undefined, map([1, 3])), /a u32 map \[1,2\] is needed/);
});
