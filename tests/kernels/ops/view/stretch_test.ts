/** Images stretched to a size, and maps brought back to theirs. */
import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { nearest } from "../../../../kernels/ops/view/nearest.ts";
import { stretchImage } from "../../../../kernels/ops/view/stretch_image.ts";
import { nearest as nearestTwin } from "../../../../kernels/reference/view/nearest.ts";
import { stretchImage as stretchTwin } from "../../../../kernels/reference/view/stretch_image.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const sizes = [
  [[1, 1], [5, 3]],
  [[7, 5], [7, 5]],
  [[5, 9], [16, 16]],
  [[70, 33], [16, 67]],
  [[2, 3], [1, 1]],
] as const;

gpuTest(
  "stretchImage() matches the twin to half a level, and sides of an image that stays stay",
  async (device, t) => {
    for (const [size, out] of sizes) {
      await t.step(`${size.join(" × ")} to ${out.join(" × ")}`, async () => {
        const batch = 2, [height, width] = size, pixels = height * width;
        // Hard edges: cubic weights overshoot, and are cut off.
        const channels = uniform(1, batch * pixels * 3, 0, 4).map((v) =>
          v < 1 ? 0 : v < 2 ? 255 : Math.floor(64 * v)
        );
        const words = Array.from(
          { length: batch * pixels },
          (_, i) => channels[3 * i]! | (channels[3 * i + 1]! << 8) | (channels[3 * i + 2]! << 16),
        );
        const { outputs } = await runOp(
          device,
          { image: { shape: [batch, height, width], layout: "map", dtype: "u32", values: words } },
          (graph, { image }) => [stretchImage(graph, image, { height: out[0], width: out[1] })],
        );
        for (let b = 0; b < batch; b++) {
          const own = channels.subarray(b * pixels * 3, (b + 1) * pixels * 3);
          const wanted = stretchTwin(own, [height, width, 3], out);
          for (let i = 0; i < out[0] * out[1]; i++) {
            const word = outputs[0]![b * out[0] * out[1] + i]!;
            assert.equal(word >>> 24, 0);
            for (let c = 0; c < 3; c++) {
              const found = (word >>> (8 * c)) & 255, level = Math.max(0, Math.min(255, wanted[3 * i + c]!));
              assert.ok(
                Math.abs(found - level) <= 0.5 + 1e-3,
                `${found} at ${i}, ${c} of ${b}, and not ${level}`,
              );
            }
          }
        }
        if (`${size}` === `${out}`) assert.deepEqual([...outputs[0]!], words);
      });
    }
  },
);

gpuTest("nearest() matches the twin, labels and numbers", async (device, t) => {
  for (const [size, out] of sizes) {
    for (const dtype of ["u32", "f32"] as const) {
      await t.step(`${size.join(" × ")} to ${out.join(" × ")}, ${dtype}`, async () => {
        const batch = 2, pixels = size[0] * size[1];
        const values = uniform(3, batch * pixels, 0, 200).map((v) => dtype === "u32" ? Math.floor(v) : v);
        const { outputs } = await runOp(
          device,
          { map: { shape: [batch, ...size], layout: "map", dtype, values } },
          (graph, { map }) => [nearest(graph, map, { height: out[0], width: out[1] })],
        );
        const wanted = [0, 1].flatMap((b) =>
          nearestTwin(values.subarray(b * pixels, (b + 1) * pixels), size, out)
        );
        assert.deepEqual([...outputs[0]!], wanted);
      });
    }
  }
});

Deno.test("what is no image, no map or no size is refused", () => {
  const map = (shape: number[], dtype: "f32" | "u32" = "u32") =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  const size = { height: 4, width: 4 };
  const refused: readonly (readonly [run: (graph: Graph) => unknown, message: RegExp])[] = [
    [
      (graph) => stretchImage(graph, map([1, 2, 2], "f32"), size),
      /Cannot stretch map \[1,2,2\] .* packed RGB is needed/,
    ],
    [
      (graph) => stretchImage(graph, map([1, 2, 2]), { height: 0, width: 4 }),
      /to 0 × 4: extents must be integers/,
    ],
    [(graph) => nearest(graph, map([2, 2]), size), /Cannot resize map \[2,2\] .* map \[N, H, W\] is needed/],
    [
      (graph) => nearest(graph, map([1, 2, 2]), { height: 4, width: 40_000 }),
      /to 4 × 40000: .* in \[1, 32768\]/,
    ],
  ];
  for (const [run, message] of refused) {
    assert.throws(
      () => run(new Graph(0)),
      (error) => error instanceof ShapeError && message.test(error.message),
    );
  }
});
