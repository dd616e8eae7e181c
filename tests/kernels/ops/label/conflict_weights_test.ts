import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { conflictWeights } from "../../../../kernels/ops/label/conflict_weights.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { conflictWeights as reference } from "../../../../kernels/reference/label/conflict_weights.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const named = ([a, b, c, d]: readonly number[]) => ({
  agreeConfident: a!,
  agreeUnconfident: b!,
  conflictConfident: c!,
  conflictUnconfident: d!,
});

function someMaps(shape: number[]) {
  const pixels = shape.reduce((a, b) => a * b, 1);
  const labels = (seed: number) => uniform(seed, pixels, 0, 3).map(Math.floor);
  const confidence = uniform(3, pixels, 0, 1);
  confidence[0] = 0.5; // at the threshold: not above it
  const map = { shape, layout: "map" as const };
  return {
    labels: { ...map, dtype: "u32" as const, values: labels(1) },
    otherLabels: { ...map, dtype: "u32" as const, values: labels(2) },
    confidence: { ...map, values: confidence },
  };
}

gpuTest("conflictWeights() tells the four cases apart", async (device, t) => {
  const weights = [0.25, 0.5, 2, 4] as const;
  for (const shape of [[1, 1, 1], [2, 7, 5], [1, 31, 67]]) {
    await t.step(`[${shape}]`, async () => {
      const maps = someMaps(shape);
      const { outputs } = await runOp(
        device,
        maps,
        (graph, maps) => [conflictWeights(graph, maps, { threshold: 0.5, weights: named(weights) })],
      );
      const { labels, otherLabels, confidence } = maps;
      const expected = reference(labels.values, otherLabels.values, confidence.values, 0.5, weights);
      assert.deepEqual([...outputs[0]!], expected);
      if (expected.length > 30) assert.equal(new Set(expected).size, 4);
    });
  }
});

gpuTest("conflictWeights() follows a threshold that moves between runs", async (device) => {
  const shape = [1, 9, 11], maps = someMaps(shape);
  const names = ["labels", "otherLabels", "confidence"] as const;
  const memory = allocate(device, "test", [
    ...names.map((label) => ({ ...maps[label], label })),
    { label: "thresholds", shape: [1, 1, 4], layout: "map" },
  ]);
  const [labels, otherLabels, confidence, thresholds] = memory.tensors as [Tensor, Tensor, Tensor, Tensor];
  upload(device, labels, Uint32Array.from(maps.labels.values));
  upload(device, otherLabels, Uint32Array.from(maps.otherLabels.values));
  upload(device, confidence, Float32Array.from(maps.confidence.values));
  const graph = new Graph(0);
  const weights = [1, 2, 3, 4] as const;
  const result = graph.keep(conflictWeights(graph, { labels, otherLabels, confidence }, {
    threshold: { tensor: thresholds, index: 2 },
    weights: named(weights),
  }));
  const program = compile(device, graph);
  for (const threshold of [0.25, 0.75]) {
    upload(device, thresholds, Float32Array.of(9, -9, threshold, 9));
    program.run();
    const [values] = await readBack(device, [program.locate(result)]);
    assert.deepEqual(
      [...values!].slice(0, 99),
      reference(maps.labels.values, maps.otherLabels.values, maps.confidence.values, threshold, weights),
    );
  }
  program.free();
  memory.free();
});

Deno.test("conflictWeights() refuses maps of different shapes and a threshold that is not there", () => {
  const map = (dtype: "u32" | "f32", shape = [1, 5, 4]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  const options = { threshold: 0.5, weights: named([1, 1, 2, 1]) };
  const maps = { labels: map("u32"), otherLabels: map("u32"), confidence: map("f32") };
  assert.throws(
    () => conflictWeights(new Graph(0), { ...maps, otherLabels: map("u32", [1, 4, 5]) }, options),
    /a u32 map \[1,5,4\] is needed/,
  );
  assert.throws(
    () => conflictWeights(new Graph(0), { ...maps, confidence: map("u32") }, options),
    /a f32 map \[1,5,4\] is needed/,
  );
  const threshold = { tensor: map("f32", [1, 1, 4]), index: 4 };
  assert.throws(
    () => conflictWeights(new Graph(0), maps, { ...options, threshold }),
    /Cannot look up the threshold 4 of map \[1,1,4\]: it holds 4, from 0/,
  );
});
