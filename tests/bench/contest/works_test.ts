import assert from "node:assert/strict";
import { Graph } from "../../../kernels/graph.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { makeTensor } from "../../../kernels/tensor.ts";
import { gpuTest } from "../../support/gpu.ts";
import { ccvcGigaflop, forwardGigaflop, networkConvolutions } from "../kernels/convolution_shapes.ts";
import { captureSmallStep } from "./small_step.ts";
import { usefulShare } from "../kernels/useful_flops.ts";
import { convolutionGigaflop, convolutionWork, smallStepGigaflop, smallStepWork } from "./works.ts";

const near = (actual: number, wanted: number, parts = 1e-9) =>
  assert.ok(Math.abs(actual - wanted) <= parts * wanted, `${actual}, and ${wanted} is expected`);

Deno.test("the works are as large as those that peers were measured on", () => {
  near(convolutionGigaflop(convolutionWork), 0.9059, 1e-3);
  near(smallStepGigaflop(smallStepWork), 0.739, 1e-3);
});

gpuTest(
  "the small step computes what it is counted to, but for the image's gradient, and learns",
  async (device) => {
    const step = captureSmallStep(device, smallStepWork);
    const { dispatches } = step.program;
    const flops = dispatches.reduce((sum, launch) => sum + launch.flops, 0);
    const { batch, side, layers: [first] } = smallStepWork;
    const ofImage = 2 * batch * side ** 2 * 9 * first!.inputs * first!.outputs;
    near((flops + ofImage) / 1e9, smallStepGigaflop(smallStepWork));
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) {
      step.program.run();
      losses.push(await step.wait());
    }
    // As PyTorch, jax-js and TensorFlow.js have them.
    [3.0984, 3.0974, 3.0954].forEach((loss, i) => near(losses[i]!, loss, 1e-4));
    assert.ok(losses.at(-1)! < losses[0]! - 0.005, String(losses));
    step.free();
  },
);

/** Counts by walking every output pixel and tap. */
function walked({ size, taps, stride, dilation, padding }: Record<string, number>): number {
  const extent = Math.floor((size! + 2 * padding! - dilation! * (taps! - 1) - 1) / stride!) + 1;
  let met = 0;
  for (let o = 0; o < extent; o++) {
    for (let t = 0; t < taps!; t++) {
      const at = o * stride! - padding! + t * dilation!;
      if (at >= 0 && at < size!) met++;
    }
  }
  return (met / (extent * taps!)) ** 2;
}

for (
  const shape of [
    { size: 9, taps: 3, stride: 1, dilation: 12, padding: 12 },
    { size: 9, taps: 3, stride: 1, dilation: 6, padding: 6 },
    { size: 33, taps: 3, stride: 2, dilation: 1, padding: 1 },
    { size: 8, taps: 3, stride: 2, dilation: 1, padding: 1 },
    { size: 7, taps: 1, stride: 1, dilation: 1, padding: 0 },
  ]
) {
  Deno.test(`padding is left out alike in all three passes: ${JSON.stringify(shape)}`, () => {
    for (const sharing of [0, 16, "workgroup"] as const) {
      const graph = new Graph(sharing);
      const { size, taps } = shape;
      const x = makeTensor({ label: "x", shape: [2, size, size, 8], tracked: true });
      const spec = { shape: [taps, taps, 8, 12], layout: "kernel" as const };
      const gradient = makeTensor({ label: "dw", ...spec });
      const weight = makeTensor({ label: "w", ...spec, tracked: true, gradient });
      const y = convolution(graph, x, weight, shape);
      graph.backward([[y, makeTensor({ label: "dy", shape: y.shape })]], (a, b) => add(graph, a, b));
      const shares = graph.dispatches.filter(({ flops }) => flops > 0).map(usefulShare);
      assert.equal(shares.length, 3);
      for (const share of shares) near(share, walked(shape));
    }
  });
}

Deno.test("a convolution that says nothing of its walk cannot be counted", () => {
  const launch = { kernel: { name: "convolution_new" }, uniforms: { taps: 3 } };
  assert.throws(() => usefulShare(launch), /Cannot count the work of "convolution_new": it has no "scale"/);
  assert.equal(usefulShare({ kernel: { name: "add" }, uniforms: {} }), 1);
});

Deno.test("the network's convolutions: one is of the image, and a branch's sum is the published count", () => {
  const cases = networkConvolutions("resnet50", { batch: 2, crop: 512 });
  assert.deepEqual(cases.map(({ ofImage }) => ofImage), cases.map((_, i) => i === 0));
  const gmac = (branch: "branch1" | "branch2") =>
    networkConvolutions("resnet50", { batch: 2, crop: 512, branch })
      .reduce((sum, one) => sum + one.count * forwardGigaflop(one).counted / 4, 0);
  near(gmac("branch1"), 76.3, 1e-3);
  near(gmac("branch2"), 77.8, 1e-3);
});

Deno.test("a CCVC step of ResNet-50 at crop 129 is 269 GFLOP, and 211 without padding", () => {
  const { counted, useful } = ccvcGigaflop({ backbone: "resnet50", crop: 129, batch: 2 });
  near(counted, 269.02, 1e-3);
  near(useful, 211.4, 1e-3);
});
