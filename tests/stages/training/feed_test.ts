import assert from "node:assert/strict";
import { Graph } from "../../../kernels/graph.ts";
import { readBack } from "../../../kernels/memory.ts";
import { compile } from "../../../kernels/program/program.ts";
import { makeFeed } from "../../../stages/training/feed.ts";
import { labeled, pseudoLabeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";
import { shapesViews } from "../../support/training.ts";

const draws = {
  labeled: labeled({ image: weak() }),
  first: pseudoLabeled({ image: weak() }),
  second: pseudoLabeled({ image: weak() }, { images: "others" }),
};
const views = shapesViews();
/** Pseudo-labels that say which image they are of. */
const pseudoLabels = {
  ...views.labeled,
  length: 8,
  ids: views.unlabeled.ids,
  size: views.unlabeled.size,
  mask: (i: number) => new Uint8Array(40 * 40).fill(i % 5),
};

gpuTest(
  "a draw of pseudo-labeled images is of both sets, each with its labels, and says whose they are",
  async (device) => {
    const feed = makeFeed(device, { ...views, pseudoLabels }, { batch: 3, seed: 1, draws });
    const graph = new Graph(device.facts.sharing), { first, second } = feed.capture(graph);
    const kept = [first!.labels, first!.clean, first!.validity, second!.labels, second!.clean].map((map) =>
      graph.keep(map!)
    );
    const program = compile(device, graph);
    assert.equal(feed.sets, 2, "the second walk is of other images; the labeled draw is not read");
    // Of 4 labeled and 8 unlabeled images.
    const batch = { labeled: [0], unlabeled: [], pseudoLabeled: [2, 4, 7], otherPseudoLabeled: [11, 10, 0] };
    feed.fill(batch, { epoch: 0, step: 0 });
    program.run();
    const read = await readBack(device, kept.map((map) => program.locate(map)));
    const [labels, clean, validity, otherLabels, otherClean] = read.map(({ buffer }) => {
      const words = new Uint32Array(buffer), size = 32 * 32;
      return [0, 1, 2].map((n) => words.subarray(n * size, (n + 1) * size));
    });
    const only = (words: Uint32Array) => [...new Set(words)].sort((a, b) => a - b);
    assert.deepEqual(clean!.map(only), [[1], [0], [0]]);
    assert.deepEqual(otherClean!.map(only), [[0], [0], [1]]);
    for (
      const [words, label] of [[labels![1]!, 0], [labels![2]!, 3], [otherLabels![0]!, 2], [
        otherLabels![1]!,
        1,
      ]] as const
    ) {
      assert.ok(only(words).every((value) => value === label || value === 255), `${only(words)}`);
      assert.ok(words.includes(label));
    }
    assert.ok(labels![1]!.every((value, i) => (value === 255) === (validity![1]![i] === 0)));
    assert.ok(only(labels![0]!).length > 1, "people's labels of a scene are of several classes");
    for (const held of [program, feed]) held.free();
  },
);
