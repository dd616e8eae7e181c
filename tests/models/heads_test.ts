import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../kernels/memory.ts";
import { Graph } from "../../kernels/graph.ts";
import { compile } from "../../kernels/program/program.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { predict } from "../../models/deeplabv3plus.ts";
import type { HeadScores } from "../../models/heads.ts";
import { initialize } from "../../models/initialization.ts";
import { declareNetworks } from "../../models/networks.ts";
import { allocateParameters } from "../../models/parameters.ts";
import { assertClose, gpuTest, store, uniform, unstore } from "../support/gpu.ts";
import { twinBranch, type TwinImage } from "../support/twin_network.ts";

const spec = { dilations: { replaceStride: [false, false, true] }, rates: [6, 12, 18] } as const;
const heads = { rep: { kind: "projection", channels: 7 }, aux: { kind: "auxiliary" } } as const;

Deno.test("heads are called by their names, have the published layers, and come after the classifier", () => {
  const { registry } = declareNetworks({ backbone: "resnet50", classes: 21, ...spec }, {
    student: { heads: { rep: { kind: "projection", channels: 256 }, aux: { kind: "auxiliary" } } },
  });
  const names = registry.parameters.map(({ name }) => name);
  const own = registry.parameters.slice(names.indexOf("student.classifier.bias") + 1);
  assert.deepEqual(Object.fromEntries(own.map(({ name, shape }) => [name, `${shape}`])), {
    "student.rep.0.weight": "256,304,3,3",
    "student.rep.1.weight": "256",
    "student.rep.1.bias": "256",
    "student.rep.3.weight": "256,256,3,3",
    "student.rep.4.weight": "256",
    "student.rep.4.bias": "256",
    "student.rep.6.weight": "256,256,1,1",
    "student.rep.6.bias": "256",
    "student.aux.0.weight": "256,1024,3,3",
    "student.aux.1.weight": "256",
    "student.aux.1.bias": "256",
    "student.aux.3.weight": "21,256,1,1",
    "student.aux.3.bias": "21",
  });
  assert.ok(own.every(({ group }) => group === "head"));
});

for (const training of [true, false]) {
  gpuTest(
    `heads and the third stage are those of the twin, ${training ? "training" : "evaluation"}`,
    async (device) => {
      const { registry, byName } = declareNetworks({ backbone: "resnet14", classes: 5, ...spec }, {
        student: { heads },
      });
      const state = initialize(registry, 3);
      [...registry.parameters, ...registry.statistics].forEach(({ name, shape }, i) => {
        if (shape.length !== 1) return;
        const around = /\d\.weight|running_var/.test(name) ? 1 : 0;
        state.set(name, {
          shape,
          values: Float32Array.from(uniform(i, shape[0]!, around - 0.4, around + 0.4)),
        });
      });
      const image: TwinImage = { shape: [2, 33, 33, 3], values: uniform(99, 2 * 33 * 33 * 3, -2, 2) };
      const parameters = allocateParameters(device, registry, { training });
      parameters.load(state);
      const held = allocate(device, "inputs", [
        { label: "image", shape: image.shape },
        { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
      ]);
      const [x, counters] = held.tensors as [Tensor, Tensor];
      upload(device, x, store(image.values, image.shape));
      const graph = new Graph(device.facts.sharing);
      const forward = { graph, training, tensor: parameters.tensor, counters, parts: ["test"] };
      const [seen] = predict(byName["student"]!, forward, x);
      const { rep, aux } = seen!.heads as { rep: Tensor; aux: HeadScores };
      assert.deepEqual(aux.size, { height: 33, width: 33 });
      const wanted = { rep, aux: aux.logits, middle: seen!.features.taps.middle };
      for (const tensor of Object.values(wanted)) graph.keep(tensor);
      const program = compile(device, graph);
      program.run();
      const read = await readBack(device, Object.values(wanted).map((tensor) => program.locate(tensor)));
      for (const owner of [program, held, parameters]) owner.free();
      const twin = twinBranch(state, "student", image, { training, outputStride: 16 });
      for (const [i, name] of (Object.keys(wanted) as (keyof typeof wanted)[]).entries()) {
        const expected = twin[name]!, { shape } = wanted[name];
        assert.deepEqual(shape, expected.shape, name);
        assertClose(unstore(read[i]!, shape), expected.values, { rtol: 1e-4, atol: 1e-4, what: name });
      }
    },
  );
}
