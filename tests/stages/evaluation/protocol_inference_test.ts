import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, upload } from "../../../kernels/memory.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { imageNetStatistics } from "../../../kernels/ops/view/normalize.ts";
import { confusion } from "../../../kernels/reference/label/confusion.ts";
import { convolution as convolutionTwin } from "../../../kernels/reference/convolution/convolution.ts";
import { nearest } from "../../../kernels/reference/view/nearest.ts";
import { normalize } from "../../../kernels/reference/view/normalize.ts";
import { stretchImage } from "../../../kernels/reference/view/stretch_image.ts";
import { imageExtents } from "../../../kernels/tensor.ts";
import type { Network } from "../../../models/deeplabv3plus.ts";
import { Inference, openInference } from "../../../stages/evaluation/inference.ts";
import { rowBands } from "../../../stages/evaluation/inference_program.ts";
import type { Predictions } from "../../../stages/evaluation/predictions.ts";
import { type Protocol, protocolPlan } from "../../../stages/evaluation/protocols.ts";
import type { ImageSize, SampleSet } from "../../../stages/datasets/samples.ts";
import { gpuTest, openTestDevice, store, uniform } from "../../support/gpu.ts";
import { withFolder } from "../../support/stage_run.ts";
import { shapesSet, testCheckpoint } from "../../support/training.ts";

const CLASSES = 7, TAPS = 3;
const predictions: Predictions = {
  branch1: ["branch1"],
  branch2: ["branch2"],
  average: ["branch1", "branch2"],
  all: ["branch1", "branch2", "third"],
};
const PREDICTIONS = Object.keys(predictions);
const weights = [1, 2, 3].map((seed) => uniform(seed, TAPS * TAPS * 3 * CLASSES, -1.5, 1.5));

/** Three networks of one convolution each: their zero padding makes a pixel's logits depend on the window it is seen in. */
function openConvolutions(device: Device, mostBytes?: number): { inference: Inference; free(): void } {
  const shape = [TAPS, TAPS, 3, CLASSES];
  const memory = allocate(
    device,
    "weights",
    weights.map((_, i) => ({ label: `weight ${i}`, shape, layout: "kernel" as const })),
  );
  weights.forEach((values, i) => upload(device, memory.tensors[i]!, store(values, shape, "kernel")));
  const network = (i: number): Network => ({
    backbone(_, image) {
      const { height, width } = imageExtents(image);
      return { kind: "taps", low: image, middle: image, high: image, size: { height, width } };
    },
    features: (_, taps) => ({ kind: "features", values: taps.low, taps, size: taps.size }),
    predict({ graph }, features) {
      const { values, size } = features;
      const logits = convolution(graph, values, memory.tensors[i]!, { padding: 1 });
      return [{ logits, size, features, heads: {} }];
    },
    modules: {},
  });
  const inference = new Inference(device, {
    networks: { byName: { branch1: network(0), branch2: network(1), third: network(2) } },
    tensor: () => memory.tensors[0]!,
    classes: CLASSES,
    predictions,
    headline: "average",
  }, mostBytes);
  return {
    inference,
    free() {
      inference.free();
      memory.free();
    },
  };
}

/** The same in f64, written down from the specification: what each prediction sums up, per scored pixel and class. */
function scores(protocol: Protocol, image: Uint8Array, size: ImageSize): Record<string, Float64Array> {
  if (protocol.name === "stretched") return stretchedScores(protocol.crop, image, size);
  const { scored, windows } = protocolPlan(protocol, size);
  const { mean, std } = imageNetStatistics;
  const sums = Object.fromEntries(
    PREDICTIONS.map((name) => [name, new Float64Array(scored.width * scored.height * CLASSES)]),
  );
  for (const { x, y, width, height } of windows) {
    const bytes = new Uint8Array(3 * width * height);
    for (let row = 0; row < height; row++) {
      const from = 3 * ((y + row) * size.width + x);
      bytes.set(image.subarray(from, from + 3 * width), 3 * row * width);
    }
    const shape = {
      x: [1, height, width, 3] as const,
      taps: TAPS,
      outputs: CLASSES,
      stride: 1,
      padding: 1,
      dilation: 1,
    };
    const [one, two, three] = weights.map((weight) =>
      convolutionTwin(normalize(bytes, mean, std), weight, undefined, shape)
    ) as [Float64Array, Float64Array, Float64Array];
    const logits: Record<string, Float64Array> = {
      branch1: one,
      branch2: two,
      average: one.map((value, i) => (value + two[i]!) / 2),
      all: one.map((value, i) => (value + two[i]! + three[i]!) / 3),
    };
    for (const name of PREDICTIONS) {
      for (let pixel = 0; pixel < width * height; pixel++) {
        const row = y - scored.y + Math.floor(pixel / width), column = x - scored.x + pixel % width;
        const own = logits[name]!.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
        const total = own.reduce((sum, logit) => sum + Math.exp(logit), 0);
        own.forEach((logit, c) =>
          sums[name]![(row * scored.width + column) * CLASSES + c]! += Math.exp(logit) / total
        );
      }
    }
  }
  return sums;
}

/** Those of the square, brought back. */
function stretchedScores(side: number, image: Uint8Array, { width, height }: ImageSize) {
  const square = stretchImage(image, [height, width, 3], [side, side]);
  const bytes = Uint8Array.from(square, (value) => Math.max(0, Math.min(255, Math.floor(value + 0.5))));
  const seen = scores({ name: "original" }, bytes, { width: side, height: side });
  const pixels = nearest(Array.from({ length: side * side }, (_, i) => i), [side, side], [height, width]);
  return Object.fromEntries(
    Object.entries(seen).map(([name, sums]) => [
      name,
      Float64Array.from(
        pixels.flatMap((pixel) => [...sums.subarray(pixel * CLASSES, (pixel + 1) * CLASSES)]),
      ),
    ]),
  );
}

const protocols: Protocol[] = [
  { name: "original" },
  { name: "center_crop", crop: 10 },
  { name: "sliding_window", crop: 10 },
  { name: "sliding_window_shifted", crop: 10 },
  { name: "stretched", crop: 12 },
];
const sizes = [
  { width: 16, height: 13 },
  { width: 11, height: 11 }, // one pixel larger than the window
  { width: 7, height: 9 }, // smaller than it
  { width: 40, height: 5 },
];

gpuTest("labels and confidences are those of windows summed in f64, at awkward sizes", async (device, t) => {
  const { inference, free } = openConvolutions(device);
  const set = shapesSet(sizes);
  const different = new Set<string>();
  try {
    for (const protocol of protocols) {
      await t.step(protocol.name, async () => {
        for (const [i, size] of sizes.entries()) {
          const image = set.image(i);
          const expected = scores(protocol, image, size);
          const found = await inference.predict(image, size, protocol);
          const { scored } = protocolPlan(protocol, size);
          for (const name of PREDICTIONS) {
            assert.equal(found.labels[name]!.length, scored.width * scored.height);
            found.labels[name]!.forEach((label, pixel) => {
              const sums = expected[name]!.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
              const windows = sums.reduce((a, b) => a + b, 0);
              const largest = Math.max(...sums);
              // Where two classes are level, rounding decides.
              assert.ok(
                sums[label]! >= largest - 1e-5,
                `${name} at ${pixel} of ${size.width} × ${size.height}`,
              );
              if (name !== "average") return;
              const error = Math.abs(found.confidence[pixel]! - largest / windows);
              assert.ok(error < 1e-5, `confidence at ${pixel}: ${found.confidence[pixel]}`);
            });
          }
          if (i === 0) different.add([...found.labels.average!].join());
        }
      });
    }
    // The test could not tell the protocols apart if all gave the same labels.
    assert.equal(different.size, protocols.length);
  } finally {
    free();
  }
});

/** Truth of the scored part. */
function truthOf(set: SampleSet, i: number, protocol: Protocol): number[] {
  const { width } = set.size(i), mask = set.mask(i);
  const { scored } = protocolPlan(protocol, set.size(i));
  return Array.from(
    { length: scored.width * scored.height },
    (_, p) => mask[(scored.y + Math.floor(p / scored.width)) * width + scored.x + p % scored.width]!,
  );
}

gpuTest(
  "score() counts what predict() says under every protocol, and bands change nothing",
  async (device) => {
    const whole = openConvolutions(device);
    // Two rows of the widest image: every image has several bands.
    const banded = openConvolutions(device, 2 * 40 * 8 * 4);
    const set = shapesSet([...sizes, sizes[0]!, sizes[0]!]);
    try {
      for (const protocol of protocols) {
        const sums = PREDICTIONS.map(() => new Array<number>(CLASSES ** 2).fill(0));
        for (let i = 0; i < set.length; i++) {
          const said = await whole.inference.predict(set.image(i), set.size(i), protocol), { labels } = said;
          assert.deepEqual(await banded.inference.predict(set.image(i), set.size(i), protocol), said);
          const truth = truthOf(set, i, protocol);
          PREDICTIONS.forEach((name, p) =>
            confusion(labels[name]!, truth, CLASSES).forEach((count, cell) => sums[p]![cell]! += count)
          );
        }
        for (const { inference } of [whole, banded]) {
          const found = await inference.score(set, { protocol });
          PREDICTIONS.forEach((name, p) => {
            const cells = Array.from({ length: CLASSES ** 2 }, (_, cell) => found[name]!.matrix[cell]!);
            assert.deepEqual(cells, sums[p], `${protocol.name}, ${name}`);
          });
        }
      }
    } finally {
      whole.free();
      banded.free();
    }
  },
);

/** One scene, many times. */
function repeated(side: number, times: number): SampleSet {
  const set = shapesSet([{ width: side, height: side }]);
  return {
    length: times,
    ids: Array.from({ length: times }, (_, i) => `${i}`),
    classes: set.classes,
    size: () => set.size(0),
    image: () => set.image(0),
    mask: () => set.mask(0),
  };
}

gpuTest("counts are taken along the way, and none is lost or counted twice", async (device) => {
  const { inference, free } = openConvolutions(device);
  try {
    const [one, many] = [await inference.score(repeated(256, 1)), await inference.score(repeated(256, 37))];
    for (const name of PREDICTIONS) {
      assert.deepEqual(
        [...Array.from(many[name]!.matrix)],
        Array.from(one[name]!.matrix, (count) => 37 * count),
      );
    }
  } finally {
    free();
  }
});

gpuTest("scoring stops in the middle of a set", async (device) => {
  const { inference, free } = openConvolutions(device);
  const stop = new AbortController();
  const seen: number[] = [];
  // As a user's Ctrl-C: not by the loop itself, but when the loop lets others run.
  setTimeout(() => stop.abort(new Error("stopped by the user")), 0);
  try {
    await assert.rejects(
      inference.score(repeated(256, 200), { signal: stop.signal, progress: (done) => seen.push(done) }),
      /stopped by the user/,
    );
    assert.ok(seen.length < 100, `after ${seen.length}`);
  } finally {
    free();
  }
});

gpuTest("an image too large for the device is refused with a way out", async () => {
  const limited = await openTestDevice({ bindingBytes: 20_000 });
  const { inference, free } = openConvolutions(limited);
  // More windows of 20 kB than a kernel may bind.
  const size = { width: 256, height: 512 };
  try {
    await assert.rejects(
      inference.predict(new Uint8Array(3 * size.width * size.height), size),
      /Cannot predict 256 × 512 pixels at once: .* A protocol with smaller windows takes less memory/,
    );
  } finally {
    free();
    limited.close();
  }
});

gpuTest("a whole network sees slivers of one pixel", (device) =>
  withFolder(async (folder) => {
    const { inference, free } = await openInference(device, await testCheckpoint(`${folder}/w.safetensors`));
    try {
      // Stride 16: the last row and the last column of windows are one pixel wide.
      const size = { width: 33, height: 17 };
      const set = shapesSet([size]);
      for (const name of ["sliding_window", "sliding_window_shifted"] as const) {
        const { confidence, labels: { average } } = await inference.predict(set.image(0), size, {
          name,
          crop: 24,
        });
        assert.ok(average!.every((label) => label < 7));
        assert.ok(confidence.every((value) => value >= 1 / 7 - 1e-6 && value <= 1 + 1e-6));
        const { branch1 } = await inference.score(set, { protocol: { name, crop: 24 } });
        const counts = Array.from({ length: 49 }, (_, cell) => branch1!.matrix[cell]!);
        assert.equal(counts.reduce((a, b) => a + b), 33 * 17);
      }
    } finally {
      free();
    }
  })());

Deno.test("rowBands() divides all rows, one row a band at least", () => {
  assert.deepEqual(rowBands(5, 2), [{ y: 0, height: 2 }, { y: 2, height: 2 }, { y: 4, height: 1 }]);
  assert.deepEqual(rowBands(4, 100), [{ y: 0, height: 4 }]);
  assert.deepEqual(rowBands(2, 0), [{ y: 0, height: 1 }, { y: 1, height: 1 }]);
});
