import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { KernelError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { componentBoxes, mostComponents } from "../../../../kernels/ops/component/component_boxes.ts";
import { componentBox, components } from "../../../../kernels/reference/component/component_boxes.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

/** Images of one size, [N][H · W]; the box of each where no component is large enough is [1, 2, 3, 4]. */
async function boxesOf(
  device: Device,
  images: readonly (readonly number[])[],
  width: number,
  { wanted, share, draws }: { wanted: readonly number[]; share: number; draws: readonly ArrayLike<number>[] },
): Promise<number[][]> {
  const count = images.length, height = images[0]!.length / width, most = mostComponents(height, width);
  const partner = (n: number) => (n + 1) % count;
  const { outputs: [table] } = await runOp(
    device,
    {
      labels: { shape: [count, height, width], values: images.flat(), dtype: "u32", layout: "map" },
      wanted: { shape: [count], values: wanted, layout: "map" },
      draws: { shape: [count, most], values: draws.flatMap((own) => [...Array.from(own)]), layout: "map" },
      otherwise: {
        shape: [1, count, 8],
        values: images.flatMap((_, n) => [1, 2, 3, 4, partner(n), 0, 0, 0]),
        dtype: "u32",
        layout: "map",
      },
    },
    (graph, { labels, ...options }) => [componentBoxes(graph, labels, { ...options, share })],
  );
  return images.map((_, n) => {
    const words = [...table!.slice(8 * n, 8 * n + 8)];
    assert.deepEqual(words.slice(4), [partner(n), 0, 0, 0]);
    return words.slice(0, 4);
  });
}

/** The same by the twin. */
function expectedBoxes(
  images: readonly (readonly number[])[],
  width: number,
  { wanted, share, draws }: { wanted: readonly number[]; share: number; draws: readonly ArrayLike<number>[] },
): number[][] {
  return images.map((labels, n) =>
    componentBox(labels, width, { wanted: wanted[n]!, share, draws: draws[n]! }) ?? [1, 2, 3, 4]
  );
}

const lines = (...rows: string[]) => rows.join("").split("").map((c) => c === "#" ? 1 : 0);

/** Each image by its own draws, the same for device and twin. */
function drawsFor(count: number, height: number, width: number): Float32Array[] {
  return Array.from(
    { length: count },
    (_, n) => Float32Array.from(uniform(90 + n, mostComponents(height, width))),
  );
}

gpuTest("boxes are the twin's on random maps of all densities and awkward sizes", async (device) => {
  for (const [height, width] of [[1, 1], [1, 9], [9, 1], [2, 2], [5, 7], [33, 31], [64, 65]] as const) {
    const densities = [0.1, 0.3, 0.45, 0.6, 0.9, 1.1];
    const images = densities.map((density, i) =>
      [...uniform(i + 1, height * width)].map((x) => x < density ? 3 : i % 3)
    );
    const wanted = densities.map((_, i) => i === 4 ? 1 : 3), draws = drawsFor(images.length, height, width);
    for (const share of [0, 0.002, 0.02, 0.5]) {
      const options = { wanted, share, draws };
      assert.deepEqual(await boxesOf(device, images, width, options), expectedBoxes(images, width, options));
    }
  }
});

/** A path of one pixel's width that winds inwards, a pixel of space between its turns. */
function spiral(side: number): number[] {
  const map = new Array<number>(side * side).fill(0),
    isSet = (x: number, y: number) => map[y * side + x] === 1;
  const within = (x: number, y: number) => x >= 0 && y >= 0 && x < side && y < side;
  let x = 0, y = 0, dx = 1, dy = 0;
  map[0] = 1;
  for (let turns = 0; turns < 2;) {
    const [nextX, nextY] = [x + dx, y + dy], [farX, farY] = [x + 2 * dx, y + 2 * dy];
    if (within(nextX, nextY) && !isSet(nextX, nextY) && !(within(farX, farY) && isSet(farX, farY))) {
      [x, y, turns] = [nextX, nextY, 0];
      map[y * side + x] = 1;
    } else [dx, dy, turns] = [-dy, dx, turns + 1];
  }
  return map;
}

gpuTest("what winds, forks or touches at corners alone is one component", async (device) => {
  const side = 37,
    at = (inside: (x: number, y: number) => boolean) =>
      Array.from({ length: side * side }, (_, i) => inside(i % side, Math.floor(i / side)) ? 1 : 0);
  const images = [
    spiral(side),
    spiral(side).toReversed(),
    // Teeth of a comb that hang together in the last row, and ones that do in the first.
    at((x, y) => x % 2 === 0 || y === side - 1),
    at((x, y) => x % 2 === 0 || y === 0),
    // Corners alone, in both directions.
    at((x, y) => x === y || x === side - 1 - y),
    at((x, y) => (x + y) % 2 === 0),
    // A snake of rows, joined at alternating ends.
    at((x, y) => y % 2 === 0 || x === (y % 4 === 1 ? side - 1 : 0)),
  ];
  for (const map of images) assert.equal(components(map, side, 1).length, 1);
  const wanted = images.map(() => 1), draws = drawsFor(images.length, side, side);
  // A component that was cut in two would be no larger than half of what it is.
  for (const [n, map] of images.entries()) {
    const size = map.filter((label) => label === 1).length, options = { wanted: [1], draws: [draws[n]!] };
    const shared = (pixels: number) => ({ ...options, share: pixels / side ** 2 });
    assert.deepEqual(await boxesOf(device, [map], side, shared(size - 0.5)), [[0, 0, side, side]]);
    assert.deepEqual(await boxesOf(device, [map], side, shared(size + 0.5)), [[1, 2, 3, 4]]);
  }
  // And what it leaves free is what the twin says, whatever it is.
  const free = { wanted: wanted.map(() => 0), share: 0.001, draws };
  assert.deepEqual(await boxesOf(device, images, side, free), expectedBoxes(images, side, free));
});

gpuTest("a spiral as large as a crop of 257 is one component", async (device) => {
  const side = 257, map = spiral(side), size = map.filter((label) => label === 1).length;
  const draws = drawsFor(1, side, side);
  const box = (pixels: number) =>
    boxesOf(device, [map], side, { wanted: [1], share: pixels / side ** 2, draws });
  assert.ok(size > 30_000);
  assert.deepEqual(await box(size - 0.5), [[0, 0, side, side]]);
  assert.deepEqual(await box(size + 0.5), [[1, 2, 3, 4]]);
});

gpuTest(
  "the draws are in the order of first pixels, more than the share is needed, equal draws give the first",
  async (device) => {
    const map = lines(
      "##..#",
      "....#",
      "#....",
      "#..##",
      "#..##",
    );
    const draws = (...own: number[]) => [Float32Array.from([...own, ...new Array(9 - own.length).fill(0)])];
    const box = (share: number, own: readonly Float32Array[]) =>
      boxesOf(device, [map], 5, { wanted: [1], share, draws: own });
    // Sizes: 2, 2, 3, 4.
    assert.deepEqual(await box(0.04, draws(0.5, 0.2, 0.6, 0.7)), [[4, 0, 5, 2]]);
    assert.deepEqual(await box(0.04, draws(0.5, 0.5, 0.6, 0.7)), [[0, 0, 2, 1]]);
    assert.deepEqual(await box(0.08, draws(0, 0, 0.6, 0.7)), [[0, 2, 1, 5]]);
    assert.deepEqual(await box(0.12, draws(0, 0, 0, 0.7)), [[3, 3, 5, 5]]);
    assert.deepEqual(await box(0.16, draws(0, 0, 0, 0)), [[1, 2, 3, 4]]);
  },
);

Deno.test("what cannot be joined, and shares that are none, are refused", () => {
  const open = (side: number, share = 0.1) => {
    const map = (label: string, shape: number[], dtype: "f32" | "u32" = "f32") =>
      makeTensor({ label, shape, dtype, layout: "map" });
    return componentBoxes(new Graph(0), map("labels", [1, side, side], "u32"), {
      wanted: map("wanted", [1]),
      share,
      draws: map("draws", [1, mostComponents(side, side)]),
      otherwise: map("boxes", [1, 1, 8], "u32"),
    });
  };
  assert.doesNotThrow(() => open(2400));
  assert.throws(() => open(2800), KernelError);
  assert.throws(() => open(8, 1.5), /Cannot box the components of labels of more than a share of 1.5/);
});
