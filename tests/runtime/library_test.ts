/** The library as a program calls it. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openInference } from "../../stages/evaluation/inference.ts";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { openCheckpoint } from "../../stages/weights/checkpoint.ts";
import { augment, coTrain, evaluate, load, pipeline, supervised } from "../../mod.ts";
import { openNetwork, train, UserError } from "../../library.ts";
import { gpuTest } from "../support/gpu.ts";

const experiment = pipeline("few-labels", () => {
  const data = load({ dataset: "shapes", shapes: { size: 32, labeled: 4, unlabeled: 4, validation: 2 } });
  const nets = coTrain({ views: augment({ data }, { crop: 32 }) }, {
    method: supervised(),
    backbone: "resnet14",
    batch: 2,
    epochs: 1,
    stepsPerEpoch: 2,
  });
  return { score: evaluate({ nets, samples: data.validation }) };
});

/** Red, green and blue grow each in a direction of its own. */
function picture(width: number, height: number) {
  const pixel = (i: number) => [i % width * 6, Math.floor(i / width) * 10, i % 256];
  const data = new Uint8Array(Array.from({ length: width * height }, (_, i) => pixel(i)).flat());
  return { width, height, data };
}

gpuTest(
  "train() runs a pipeline, finds it in the cache again, and openNetwork() labels with it",
  async (device) => {
    const folder = await Deno.makeTempDir({ prefix: "crossview-" });
    try {
      const options = { cache: join(folder, "cache"), runs: join(folder, "runs") };
      const steps: unknown[] = [], lines: string[] = [];
      const first = await train(experiment, {
        ...options,
        set: ["co-train.baseRate=0.02"],
        onEvent: (event) =>
          event.type === "progress" && event.data.kind === "step" && steps.push(event.data.step),
        onLine: (line) => lines.push(line),
      });
      assert.equal(first.ran, 4);
      assert.deepEqual(steps, [1, 2]);
      assert.match(lines[0]!, /^adapter: /);
      assert.deepEqual(Object.keys(first.metrics!.miou), ["network"]);
      assert.ok(first.weights.last!.startsWith(first.folder) && Deno.statSync(first.weights.last!).isFile);
      const again = await train(experiment, { ...options, set: ["co-train.baseRate=0.02"] });
      assert.deepEqual([again.ran, again.metrics], [0, first.metrics]);

      await using network = await openNetwork(first.weights.last!);
      assert.deepEqual(network.classes.names.slice(0, 2), ["background", "disc"]);
      const image = picture(40, 24), file = join(folder, "picture.png");
      await Deno.writeFile(file, encodeRgbPng(image.data, 40, 24));
      const [one, two, three] = await Promise.all(
        [image, picture(16, 16), file].map((each) => network.predict(each)),
      );
      assert.deepEqual([one!.width, one!.height, two!.labels.length], [40, 24, 256]);
      assert.deepEqual(three, one);
      assert.equal(one!.labels, one!.predictions[network.headline]);
      assert.ok(one!.confidence.every((value) => value > 0 && value <= 1));
      const { inference, free } = await openInference(device, openCheckpoint(first.weights.last!));
      try {
        assert.deepEqual(one!.predictions, (await inference.predict(image.data, image)).labels);
      } finally {
        free();
      }
      await assert.rejects(
        network.predict({ ...image, width: 41 }),
        (error) =>
          error instanceof UserError && /41 × 24 pixels with 2880 bytes.*here 2952/.test(error.message),
      );
      assert.equal((await network.predict(image)).labels.length, 960, "a refused image does no harm");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("a program that may not do what training needs is told the line to type", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    const root = new URL("../../", import.meta.url);
    await Deno.writeTextFile(
      join(folder, "program.ts"),
      `import { train } from ${JSON.stringify(new URL("library.ts", root).href)};
await train({ name: "none", build: () => ({ name: "none", nodes: [], outputs: {} }) });`,
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--no-prompt",
          "--config",
          fileURLToPath(new URL("deno.json", root)),
          "--allow-read",
          "--allow-write",
        ],
        join(folder, "program.ts"),
      ],
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /Cannot train: the permission --allow-env is not granted\. Type: deno run --allow-read --allow-write --allow-env --allow-run --allow-sys FILE/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
