/** Backbones apart from decoders: those of torchvision are PyTorch's, and a dilated backbone is the strided one at more pixels. */
import assert from "node:assert/strict";
import type { Device } from "../../kernels/device.ts";
import { allocate, readBack, upload } from "../../kernels/memory.ts";
import { Graph } from "../../kernels/graph.ts";
import { compile } from "../../kernels/program/program.ts";
import { allocateParameters } from "../../models/parameters.ts";
import { Registry } from "../../models/registry.ts";
import { type BackboneName, BACKBONES, type Dilations, resnet } from "../../models/resnet.ts";
import { caseImage, caseWeights, sampledPositions } from "../../stages/parity/inputs.ts";
import golden from "../golden/torchvision_resnets.json" with { type: "json" };
import { assertClose, gpuTest, unstore } from "../support/gpu.ts";

/** What replaces strides, by the output stride. */
const dilated = {
  32: { replaceStride: [false, false, false] },
  16: { replaceStride: [false, false, true] },
  8: { replaceStride: [false, true, true], multiGrid: [2, 2, 4] },
} as const satisfies Record<number, Dilations>;

/** Stage 1 and stage 4 of hashed weights on a hashed image. */
async function features(device: Device, backbone: BackboneName, dilations: Dilations, training: boolean) {
  const registry = new Registry();
  const run = resnet({ registry, prefix: "backbone", group: "backbone" }, BACKBONES[backbone], dilations);
  const parameters = allocateParameters(device, registry, { training });
  const specs = [...registry.parameters, ...registry.statistics];
  parameters.load(caseWeights("", specs, { residualGamma: 1, buffers: "hash" }));
  const { batch, size } = golden;
  const held = allocate(device, "inputs", [{ label: "image", shape: [batch, size, size, 3] }]);
  upload(device, held.tensors[0]!, caseImage("", "resnets", { batch, size }));
  const graph = new Graph(device.facts.sharing);
  const { low, high } = run(
    { graph, training, tensor: parameters.tensor, parts: [""] },
    held.tensors[0]!,
  );
  [low, high].forEach((tensor) => graph.keep(tensor));
  const program = compile(device, graph);
  program.run();
  const read = await readBack(device, [low, high].map((tensor) => program.locate(tensor)));
  const [layer1, layer4] = [low, high].map(({ shape }, i) => ({ shape, values: unstore(read[i]!, shape) }));
  for (const owner of [program, held, parameters]) owner.free();
  return { layer1: layer1!, layer4: layer4! };
}

const nets = Object.entries(golden.nets) as [
  keyof typeof golden.nets,
  (typeof golden.nets)[keyof typeof golden.nets],
][];

Deno.test("ResNets have the tensors of PyTorch's, by torchvision's names", () => {
  for (const [backbone, { tensors, parameters }] of nets) {
    const registry = new Registry();
    resnet({ registry, prefix: "", group: "backbone" }, BACKBONES[backbone], dilated[16]);
    const own = [...registry.parameters, ...registry.statistics];
    assert.deepEqual(Object.fromEntries(own.map(({ name, shape }) => [name, [...shape]])), tensors);
    const count = registry.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    assert.equal(count, parameters, backbone);
  }
});

gpuTest("their features are PyTorch's, strided or dilated", async (device, t) => {
  for (const [backbone, { cases }] of nets) {
    for (const { outputStride, mode, ...expected } of cases) {
      await t.step(`${backbone}, output stride ${outputStride}, ${mode}`, async () => {
        const training = mode === "training";
        const found = await features(device, backbone, dilated[outputStride as 16 | 8], training);
        for (const name of ["layer1", "layer4"] as const) {
          const { shape, values } = found[name];
          const { samples, largest, mean, rounding } = expected[name];
          assert.deepEqual(shape, expected[name].shape, name);
          const at = sampledPositions("", name, samples.length, values.length);
          // In single precision PyTorch itself is so far away: statistics of a few pixels amplify roundings.
          const tolerance = { rtol: 0, atol: 4 * rounding, what: name };
          assertClose(at.map((i) => values[i]!), samples, tolerance);
          assertClose([values.reduce((a, b) => a + b) / values.length], [mean], tolerance);
          assert.ok(Math.abs(Math.max(...values) - largest) <= tolerance.atol, `${name}: the largest`);
        }
      });
    }
  }
});

gpuTest("a dilated backbone computes what the strided one does, at more pixels", async (device, t) => {
  for (const backbone of ["resnet18", "resnet14"] as const) {
    await t.step(backbone, async () => {
      const { layer4: strided } = await features(device, backbone, dilated[32], false);
      const { layer4: dense } = await features(
        device,
        backbone,
        { replaceStride: [false, true, true] },
        false,
      );
      const [batch = 0, height = 0, width = 0, channels = 0] = strided.shape;
      const [, rows = 0, columns = 0] = dense.shape;
      assert.deepEqual([height, width, rows, columns], [2, 2, 5, 5]);
      const sampled = Array.from(strided.values, (_, i) => {
        const c = i % channels, x = Math.floor(i / channels) % width;
        const y = Math.floor(i / channels / width) % height, n = Math.floor(i / channels / width / height);
        return dense.values[((n * rows + 4 * y) * columns + 4 * x) * channels + c]!;
      });
      assert.equal(sampled.length, batch * height * width * channels);
      const largest = strided.values.reduce((most, value) => Math.max(most, value), 0);
      assertClose(sampled, strided.values, { rtol: 0, atol: 2e-6 * largest });
    });
  }
});
