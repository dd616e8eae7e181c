import { strict as assert } from "node:assert";
import { add } from "../../../../kernels/ops/feature/add.ts";
import { convolution } from "../../../../kernels/ops/convolution/convolution.ts";
import {
  convolution as reference,
  convolutionGradients,
  convolutionOutput,
  type ConvolutionShape,
} from "../../../../kernels/reference/convolution/convolution.ts";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import type { Sharing } from "../../../../kernels/sharing.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const plain = { stride: 1, padding: 1, dilation: 1 };
const cases: [string, ConvolutionShape][] = [
  ["one pixel", { x: [1, 1, 1, 1], taps: 1, outputs: 1, ...plain, padding: 0 }],
  ["stem, 3 channels, stride 2", { x: [2, 17, 13, 3], taps: 3, outputs: 21, ...plain, stride: 2 }],
  ["7×7 stem", { x: [2, 17, 13, 3], taps: 7, outputs: 21, stride: 2, padding: 3, dilation: 1 }],
  ["3 channels, few outputs, more pixels than a tile", { x: [2, 23, 19, 3], taps: 3, outputs: 6, ...plain }],
  ["2 channels, dilation 2", { x: [1, 9, 7, 2], taps: 3, outputs: 40, stride: 1, padding: 2, dilation: 2 }],
  ["3×3 stride 3", { x: [2, 10, 11, 12], taps: 3, outputs: 9, ...plain, stride: 3 }],
  ["3×3 on primes", { x: [2, 7, 11, 37], taps: 3, outputs: 70, ...plain }],
  ["1×1 to many channels", { x: [3, 5, 5, 48], taps: 1, outputs: 130, ...plain, padding: 0 }],
  ["1×1 stride 2, even extents", { x: [1, 8, 6, 20], taps: 1, outputs: 12, ...plain, padding: 0, stride: 2 }],
  ["3×3 stride 2, even extents", { x: [2, 10, 8, 16], taps: 3, outputs: 33, ...plain, stride: 2 }],
  ["dilation 2", { x: [1, 9, 9, 16], taps: 3, outputs: 16, stride: 1, padding: 2, dilation: 2 }],
  ["1×1 of many inputs", { x: [1, 4, 5, 200], taps: 1, outputs: 9, ...plain, padding: 0 }],
  ["3×3 without padding", { x: [2, 6, 7, 36], taps: 3, outputs: 68, ...plain, padding: 0 }],
  ["1×1 in padding", { x: [2, 3, 4, 32], taps: 1, outputs: 36, ...plain, padding: 2 }],
  ["taps that see part of the map", {
    x: [3, 9, 7, 64],
    taps: 3,
    outputs: 72,
    stride: 1,
    padding: 6,
    dilation: 6,
  }],
  ["stride 2 and dilation 3", {
    x: [2, 11, 8, 76],
    taps: 3,
    outputs: 24,
    stride: 2,
    padding: 3,
    dilation: 3,
  }],
  ["taps that see nothing", {
    x: [2, 4, 3, 64],
    taps: 3,
    outputs: 40,
    stride: 1,
    padding: 18,
    dilation: 18,
  }],
  ["dilation beyond the map", { x: [2, 5, 6, 8], taps: 3, outputs: 5, stride: 1, padding: 18, dilation: 18 }],
];

/** Those for workgroup memory and for nothing shared run everywhere. */
const ways: Record<string, Sharing | undefined> = {
  "the device's own way": undefined,
  "sharing nothing": 0,
  "a GPU's workgroups": "workgroup",
};

/** Software takes seconds to compile a shader with barriers: a case for each walk, and all shapes of a block. */
const blockedCases = [
  "stem, 3 channels, stride 2",
  "7×7 stem",
  "3×3 on primes",
  "1×1 to many channels",
  "3×3 stride 2, even extents",
];

for (const [name, sharing] of Object.entries(ways)) {
  gpuTest(
    `convolution() tiled for ${name} and its gradients match the twin at awkward sizes`,
    async (device, t) => {
      for (const [name, shape] of cases) {
        if (sharing === "workgroup" && !blockedCases.includes(name)) continue;
        await t.step(name, async () => {
          const output = convolutionOutput(shape);
          const count = (extents: readonly number[]) => extents.reduce((a, b) => a * b, 1);
          const weightShape = [shape.taps, shape.taps, shape.x[3], shape.outputs];
          const x = uniform(1, count(shape.x));
          const w = uniform(2, count(weightShape));
          const bias = uniform(3, shape.outputs);
          const gradient = uniform(4, count(output));
          const run = await runOp(
            device,
            {
              x: { shape: shape.x, values: x, tracked: "input" },
              w: { shape: weightShape, values: w, layout: "kernel", tracked: "parameter" },
              bias: { shape: [shape.outputs], values: bias, tracked: "parameter" },
            },
            (graph, { x, w, bias }) => [convolution(graph, x, w, { ...shape, bias })],
            gradient,
            sharing === undefined ? {} : { sharing },
          );
          const expected = convolutionGradients(x, w, gradient, shape);
          assertClose(run.outputs[0]!, reference(x, w, bias, shape), { atol: 1e-5, rtol: 1e-5, what: "y" });
          assertClose(run.gradients.x!, expected.x, { atol: 2e-5, what: "dx" });
          assertClose(run.gradients.w!, expected.w, { atol: 2e-5, what: "dw" });
          assertClose(run.gradients.bias!, expected.bias, { atol: 2e-5, what: "dbias" });
        });
      }
    },
  );
}

gpuTest("convolution() adds the gradients of two uses of one weight", async (device) => {
  const shape: ConvolutionShape = { x: [2, 6, 5, 8], taps: 3, outputs: 12, ...plain };
  const [x1, x2] = [uniform(1, 480), uniform(5, 480)];
  const w = uniform(2, 9 * 8 * 12), gradient = uniform(3, 2 * 6 * 5 * 12);
  const run = await runOp(
    device,
    {
      x1: { shape: shape.x, values: x1 },
      x2: { shape: shape.x, values: x2 },
      w: { shape: [3, 3, 8, 12], values: w, layout: "kernel", tracked: "parameter" },
    },
    (
      graph,
      { x1, x2, w },
    ) => [add(graph, convolution(graph, x1, w, shape), convolution(graph, x2, w, shape))],
    gradient,
  );
  const [one, two] = [x1, x2].map((x) => convolutionGradients(x, w, gradient, shape).w);
  assertClose(run.gradients.w!, one!.map((value, i) => value + two![i]!), { atol: 4e-5, what: "dw" });
});

Deno.test("convolution() refuses shapes that do not fit, naming both", () => {
  const graph = new Graph(0);
  const x = makeTensor({ label: "x", shape: [1, 4, 4, 8] });
  const w = makeTensor({ label: "w", shape: [3, 3, 4, 8], layout: "kernel" });
  assert.throws(() => convolution(graph, x, w), {
    name: ShapeError.name,
    message: "Cannot convolve x [1,4,4,8] with w [3,3,4,8]: the weights must be [k, k, 8, out]",
  });
  const wide = makeTensor({ label: "w", shape: [3, 3, 8, 8], layout: "kernel" });
  assert.throws(() => convolution(graph, x, wide, { dilation: 2 }), /leave 0 × 0 pixels/);
});
