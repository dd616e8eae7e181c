/** Networks that were written as ONNX give the device's class scores, by ONNX Runtime. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allocate, readBack, upload } from "../../kernels/memory.ts";
import { Graph } from "../../kernels/graph.ts";
import { resizeBilinear } from "../../kernels/ops/feature/resize_bilinear.ts";
import { normalize } from "../../kernels/ops/view/normalize.ts";
import { add } from "../../kernels/ops/feature/add.ts";
import { compile } from "../../kernels/program/program.ts";
import type { Device } from "../../kernels/device.ts";
import { predict } from "../../models/deeplabv3plus.ts";
import { allocateParameters } from "../../models/parameters.ts";
import type { BackboneName } from "../../models/resnet.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { openCheckpoint, writeCheckpoint } from "../../stages/weights/checkpoint.ts";
import { buildNetworks, type NetworkDescription } from "../../stages/weights/network.ts";
import { encodeOnnx } from "../../stages/weights/onnx.ts";
import { packRgb } from "../../stages/datasets/pixels.ts";
import { shapesClasses } from "../../stages/datasets/classes.ts";
import { caseWeights } from "../../stages/parity/inputs.ts";
import { gpuTest, uniform, unstore } from "../support/gpu.ts";
import { skip } from "../support/skip.ts";
import { withFolder } from "../support/stage_run.ts";

const PACKAGE = "npm:onnxruntime-web@1.30.0/wasm";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Runs Deno, apart from the project; says why not, where it fails. */
async function deno(...args: string[]): Promise<{ readonly text: string } | { readonly failed: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  return success ? { text: out! } : { failed: err! };
}

/** Class scores of every pixel by the device, [N, H, W, C]. */
async function scores(
  device: Device,
  network: NetworkDescription,
  state: StateDict,
  image: Uint8Array,
  size: { readonly width: number; readonly height: number },
  prediction: string,
): Promise<Float32Array> {
  const { registry, byName } = buildNetworks(network);
  const parameters = allocateParameters(device, registry, { training: false });
  parameters.load(state);
  const shape = [1, size.height, size.width];
  const held = allocate(device, "image", [{ label: "image", shape, dtype: "u32", layout: "map" }]);
  upload(device, held.tensors[0]!, packRgb([image], size, { x: 0, y: 0, ...size }));
  const graph = new Graph(device.facts.sharing);
  const forward = { graph, training: false, tensor: parameters.tensor, parts: [""] };
  const x = normalize(graph, held.tensors[0]!);
  const of = network.predictions[prediction]!;
  const sum = of.map((name) => predict(byName[name]!, forward, x)[0]!.logits).reduce((a, b) =>
    add(graph, a, b)
  );
  const all = graph.keep(resizeBilinear(graph, sum, size.height, size.width));
  const program = compile(device, graph);
  program.run();
  const [read] = await readBack(device, [program.locate(all)]);
  for (const owner of [program, held, parameters]) owner.free();
  return Float32Array.from(unstore(read!, all.shape), (value) => value / of.length);
}

const cases:
  readonly (readonly [BackboneName, 8 | 16, readonly [string, ...string[]], string, number, number])[] = [
    ["resnet14", 16, ["branch1", "branch2"], "average", 65, 48],
    ["resnet14", 8, ["branch1", "branch2"], "branch2", 33, 70],
    ["resnet14", 16, ["split"], "split", 65, 48],
    ["resnet34", 16, ["network"], "network", 64, 64],
    ["torchvision-resnet50", 16, ["network"], "network", 49, 64],
    ["resnet50", 8, ["network"], "network", 64, 65],
  ];

gpuTest(
  "a network written as ONNX has the device's class scores within 1e-4 of the largest",
  async (device, t) => {
    const lock = here("../support/weights/onnx.lock");
    const cached = await deno("cache", "--no-config", `--lock=${lock}`, "--frozen", PACKAGE);
    if ("failed" in cached) return skip(`no ${PACKAGE}: ${cached.failed.split("\n").at(-1)}`);
    for (const [backbone, outputStride, names, prediction, height, width] of cases) {
      await t.step(
        `${backbone}, output stride ${outputStride}, ${prediction}, ${height} × ${width}`,
        withFolder(async (folder) => {
          const network: NetworkDescription = {
            backbone,
            outputStride,
            networks: Object.fromEntries(names.map((name, i) => [name, {
              ...(i === 1 && { mapping: { norm: true, dropout: 0.5 } }),
              // Large enough to be seen in every score.
              ...(name === "split" && {
                norms: { backbone: { epsilon: 0.1 }, head: { epsilon: 0.5 }, domains: ["weak", "strong"] },
              }),
            }])),
            predictions: {
              ...Object.fromEntries(names.map((name) => [name, [name]])),
              ...(names.length > 1 && { average: names }),
            },
            headline: prediction,
            classes: shapesClasses,
          };
          const { registry } = buildNetworks(network);
          const specs = [...registry.parameters, ...registry.statistics];
          // Residual sums grow with depth where the last norms are no smaller.
          const state = caseWeights("onnx", specs, { residualGamma: 0.25, buffers: "hash" });
          const file = join(folder, "w.safetensors");
          await writeCheckpoint(file, network, state);
          const read = await openCheckpoint(file).read();
          await Deno.writeFile(join(folder, "net.onnx"), encodeOnnx(read.network, read.state));

          const size = { height, width };
          const image = Uint8Array.from(uniform(7, 3 * height * width, 0, 256), Math.floor);
          const planes = new Float32Array(image.length);
          image.forEach((value, i) => planes[(i % 3) * height * width + Math.floor(i / 3)] = value);
          await Deno.writeFile(join(folder, "in"), new Uint8Array(planes.buffer));
          const ran = await deno(
            "run",
            "--no-config",
            `--lock=${lock}`,
            "--frozen",
            "--allow-read",
            "--allow-write",
            "--allow-env",
            "--allow-sys",
            here("../support/weights/onnx_child.ts"),
            PACKAGE,
            ...["net.onnx", "in", "out"].map((name) => join(folder, name)),
            `1,3,${height},${width}`,
          );
          assert.ok("text" in ran, JSON.stringify(ran));
          const classes = shapesClasses.names.length;
          assert.deepEqual(JSON.parse(ran.text), [1, classes, height, width]);
          const found = new Float32Array((await Deno.readFile(join(folder, "out"))).buffer);
          const expected = await scores(device, network, state, image, size, prediction);
          const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          const worst = expected.reduce((most, value, i) => {
            const pixel = Math.floor(i / classes), other = found[(i % classes) * height * width + pixel]!;
            return Math.max(most, Math.abs(value - other));
          }, 0);
          console.log(
            `largest ${largest.toPrecision(4)}, farthest ${(worst / largest).toExponential(1)} of it`,
          );
          assert.ok(largest > 0.1 && worst <= 1e-4 * largest, `${worst} of ${largest}`);
        }),
      );
    }
  },
);
