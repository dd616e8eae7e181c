import { deepStrictEqual, notDeepStrictEqual, throws } from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { asUint32, readBack } from "../../../kernels/memory.ts";
import { boxWords } from "../../../kernels/ops/map/mix_boxes.ts";
import { Graph } from "../../../kernels/graph.ts";
import { RandomStream } from "../../../kernels/random.ts";
import { compile } from "../../../kernels/program/program.ts";
import type { Bytes } from "../../../kernels/ops/view/view_settings.ts";
import { ViewBatch, type ViewItem } from "../../../stages/views/batch.ts";
import { augmented, drawOperations } from "../../../stages/views/rand_augment.ts";
import { strongPhotometric } from "../../../stages/views/draws.ts";
import { areaShare, boxes, cutMix, strong, weak } from "../../../stages/views/specs.ts";
import { gpuTest, uniform } from "../../support/gpu.ts";

const noise = (seed: number, width: number, height: number, channels: number): Bytes => ({
  width,
  height,
  channels,
  data: Uint8Array.from(uniform(seed, width * height * channels, 0, 256)),
});
const item = (sample: number): ViewItem => ({
  sample,
  image: noise(sample, 40 + sample, 30, 3),
  mask: noise(sample + 50, 40 + sample, 30, 1),
});
const options = {
  name: "labeled",
  batch: 3,
  crop: 33,
  scale: [0.5, 2] as const,
  maxWidth: 60,
  maxHeight: 30,
  masks: true,
  views: {
    image: weak(),
    strong: strong(),
    boxes: cutMix({ partner: "reversed" }),
    other: strong(),
    more: boxes({ law: areaShare(0.25, 0.5), count: 3 }),
  },
  photometric: strongPhotometric,
  cutMix: {},
};

/** Captures a batch once; the function returned fills it and reads weak, validity, labels, strong and boxes back. */
function capture(device: Device) {
  const batch = new ViewBatch(device, options);
  const graph = new Graph(device.facts.sharing);
  const views = batch.capture(graph);
  const outputs = [views.image, views.validity, views.labels, views.strong].map((t) => graph.keep(t!));
  const table = views.boxes!;
  const program = compile(device, graph);
  const read = async (items: readonly ViewItem[], step: number) => {
    batch.fill(items, { seed: 1, epoch: 0, step });
    program.run();
    const located = outputs.map((tensor) => program.locate(tensor));
    return await readBack(device, [...located, table]);
  };
  return { batch, read, free: () => [program, batch].forEach((held) => held.free()) };
}

gpuTest(
  "a step's views depend on the samples and the step, and steady steps create nothing",
  async (device) => {
    const { batch, read, free } = capture(device);
    const items = [item(0), item(7), item(3)];
    const first = await read(items, 0);
    const before = { ...device.created };
    batch.fill(items, { seed: 1, epoch: 0, step: 1 });
    deepStrictEqual({ ...device.created }, before);
    const second = await read(items, 1);
    for (const output of [0, 2, 3, 4]) notDeepStrictEqual(first[output], second[output]);
    deepStrictEqual(await read(items, 0), first);
    // A sample's views are the same wherever it stands in the batch.
    const turned = await read([item(7), item(3), item(0)], 0);
    const size = first[0]!.length / 3;
    deepStrictEqual(turned[0]!.subarray(0, size), first[0]!.subarray(size, 2 * size));
    free();
  },
);

gpuTest("a sample that is in a batch twice is seen in two ways", async (device) => {
  const { read, free } = capture(device);
  const [image] = await read([item(4), item(4), item(9)], 2);
  const size = image!.length / 3;
  notDeepStrictEqual(image!.subarray(0, size), image!.subarray(size, 2 * size));
  free();
});

gpuTest("a labeled sample without its mask is refused by number", (device) => {
  const { batch, free } = capture(device);
  const { mask: _, ...bare } = item(5);
  throws(
    () => batch.fill([item(1), bare, item(2)], { seed: 1, epoch: 0, step: 0 }),
    /Cannot fill the labeled batch: sample 5 has no mask/,
  );
  free();
});

gpuTest(
  "each strong view and each set of boxes is drawn anew, the first as if it were alone",
  async (device) => {
    const drawn = async (
      views: typeof options["views"] | Pick<typeof options["views"], "image" | "other">,
    ) => {
      const batch = new ViewBatch(device, { ...options, views });
      const graph = new Graph(device.facts.sharing);
      const seen = batch.capture(graph), names = Object.keys(views).filter((name) => name !== "image");
      const outputs = names.map((name) => seen[name]!.home ? seen[name]! : graph.keep(seen[name]!));
      const program = compile(device, graph);
      batch.fill([item(0), item(7), item(3)], { seed: 1, epoch: 0, step: 0 });
      program.run();
      const read = await readBack(device, outputs.map((tensor) => program.locate(tensor)));
      for (const held of [program, batch]) held.free();
      return Object.fromEntries(names.map((name, i) => [name, read[i]!]));
    };
    const all = await drawn(options.views);
    notDeepStrictEqual(all.other, all.strong);
    notDeepStrictEqual(all.more, all.boxes);
    const alone = await drawn({ image: weak(), other: strong() });
    deepStrictEqual(alone.other, all.strong);
  },
);

gpuTest("what no step reads is neither drawn nor uploaded", (device) => {
  const { queue } = device.gpu, write = queue.writeBuffer.bind(queue);
  const uploads = (read: readonly string[]) => {
    const batch = new ViewBatch(device, options), seen = batch.capture(new Graph(0));
    for (const name of read) seen[name];
    const wanted = batch.isWanted;
    let count = 0;
    queue.writeBuffer = (...all: Parameters<typeof write>) => (count++, write(...all));
    try {
      batch.fill([item(0), item(7), item(3)], { seed: 1, epoch: 0, step: 0 });
    } finally {
      queue.writeBuffer = write;
      batch.free();
    }
    return { wanted, count };
  };
  deepStrictEqual(uploads([]).wanted, false);
  const crops = uploads(["image", "labels"]);
  deepStrictEqual(crops.wanted, true);
  deepStrictEqual(uploads(["strong"]).count, crops.count + 1);
  deepStrictEqual(uploads(["strong", "other", "boxes", "more"]).count, crops.count + 4);
});

gpuTest("a view of boxes may say how often there is one, whatever the policy says", async (device) => {
  const items = Array.from({ length: 60 }, (_, sample) => item(sample % 20));
  const drawn = async (probability: number | undefined) => {
    const views = { image: weak(), boxes: boxes(probability === undefined ? {} : { probability }) };
    const batch = new ViewBatch(device, {
      ...options,
      batch: items.length,
      views,
      cutMix: { probability: 1 },
    });
    const table = batch.capture(new Graph(0)).boxes!;
    batch.fill(items, { seed: 1, epoch: 0, step: 0 });
    const [read] = await readBack(device, [table]);
    batch.free();
    const words = new Uint32Array(read!.buffer);
    const each = words.length / items.length;
    return items.map((_, n) => [...words.subarray(each * n, each * n + 5)].join());
  };
  const all = await drawn(undefined), half = await drawn(0.5), none = await drawn(0);
  const empty = (box: string) => box.startsWith("0,0,0,0,");
  deepStrictEqual(all.filter(empty), []);
  deepStrictEqual(none.filter((box) => !empty(box)), []);
  const left = half.filter((box) => !empty(box)).length;
  deepStrictEqual(left > 15 && left < 45, true, `${left} of ${items.length} have a box`);
  // The same draws are made, so that a box that is left lies where it lay.
  deepStrictEqual(half.every((box, n) => empty(box) || box === all[n]), true);
});

gpuTest("boxes may have any partners, each its own, and share numbers of the batch", async (device) => {
  const items = Array.from({ length: 20 }, (_, sample) => item(sample)), given: number[] = [];
  const views = {
    image: weak(),
    boxes: cutMix({
      partner: "any",
      count: 2,
      law(stream, crop, count, batch) {
        const shared = batch.uniform();
        given.push(shared);
        return {
          x0: Math.floor(crop * stream.uniform()),
          y0: count,
          x1: crop,
          y1: Math.floor(1000 * shared),
        };
      },
    }),
  };
  const batch = new ViewBatch(device, { ...options, batch: items.length, views });
  const table = batch.capture(new Graph(0)).boxes!;
  deepStrictEqual(table.shape, [1, 20, 2, 8]);
  const drawn = async (step: number) => {
    batch.fill(items, { seed: 1, epoch: 0, step });
    return new Uint32Array((await readBack(device, [table]))[0]!.buffer);
  };
  const words = await drawn(0);
  // The two boxes of each image are given two numbers, the same in each image.
  const [first, second] = given;
  notDeepStrictEqual(first, second);
  deepStrictEqual(given, items.flatMap(() => [first, second]));
  const boxes = Array.from({ length: 40 }, (_, i) => words.subarray(8 * i, 8 * i + 8));
  deepStrictEqual(new Set(boxes.map(([, , , y1]) => y1)).size, 2);
  deepStrictEqual(new Set(boxes.map(([x0]) => x0)).size > 10, true);
  const partners = boxes.map((box) => box[4]!);
  deepStrictEqual(partners.every((partner) => partner < 20), true);
  // With replacement, and not one for both boxes of an image.
  deepStrictEqual(new Set(partners).size > 10 && new Set(partners).size < 20, true);
  deepStrictEqual(partners.some((partner, i) => i % 2 === 0 && partner !== partners[i + 1]), true);
  deepStrictEqual(await drawn(0), words);
  notDeepStrictEqual(await drawn(1), words);
  batch.free();
});

gpuTest(
  "RandAugment changes the whole image of a strong view before it is cropped, and no other view",
  async (device) => {
    const still = {
      jitter: { ...strongPhotometric.jitter, probability: 0 },
      gray: { probability: 0 },
      blur: { ...strongPhotometric.blur, probability: 0 },
    };
    const views = { image: weak(), strong: strong(), other: strong() };
    const items = [item(0), item(7), item(3)], address = { seed: 1, epoch: 0, step: 4 };
    const seen = async (operations: number, given: readonly ViewItem[], names = Object.keys(views)) => {
      const batch = new ViewBatch(device, { ...options, views, photometric: still, operations });
      const graph = new Graph(device.facts.sharing), made = batch.capture(graph);
      const kept = names.map((name) => graph.keep(made[name]!));
      const program = compile(device, graph);
      batch.fill(given, address);
      program.run();
      const read = await readBack(device, kept.map((tensor) => program.locate(tensor)));
      for (const held of [program, batch]) held.free();
      return read;
    };
    const [weakView, plain] = await seen(0, items);
    deepStrictEqual(plain, weakView);
    const [image, first, second] = await seen(3, items);
    deepStrictEqual(image, weakView);
    for (const [view, name] of [[first, "operations"], [second, "operations other"]] as const) {
      const changed = items.map((one) => {
        const stream = new RandomStream({ ...address, stream: `labeled/${name}`, sample: one.sample });
        return { ...one, image: augmented(one.image, drawOperations(stream, 3), stream) };
      });
      deepStrictEqual(view, (await seen(0, changed))[0]);
      notDeepStrictEqual(view, weakView);
    }
    // A view that no step reads is not made, and moves no other.
    deepStrictEqual(await seen(3, items, ["other"]), [second]);
  },
);

gpuTest(
  "boxes drawn per step are there for all images or for none, and lie where they did",
  async (device) => {
    const law = areaShare(0.25, 0.5);
    const drawn = async (perStep: number | undefined) => {
      const views = { image: weak(), boxes: boxes({ law, ...(perStep !== undefined && { perStep }) }) };
      const batch = new ViewBatch(device, { ...options, views });
      const table = batch.capture(new Graph(0)).boxes!;
      const found = [];
      for (let step = 0; step < 24; step++) {
        batch.fill([item(0), item(7), item(3)], { seed: 1, epoch: 0, step });
        const [read] = await readBack(device, [table]);
        found.push([...asUint32(read!)]);
      }
      batch.free();
      return found;
    };
    const always = await drawn(undefined), some = await drawn(0.5), words = boxWords(1);
    const isEmpty = (table: readonly number[]) =>
      [0, 1, 2].every((n) => table.slice(n * words, n * words + 4).every((corner) => corner === 0));
    const empty = some.filter(isEmpty).length;
    deepStrictEqual([empty > 4, empty < 20, always.some(isEmpty)], [true, true, false]);
    some.forEach((table, step) => isEmpty(table) || deepStrictEqual(table, always[step]));
    deepStrictEqual((await drawn(0)).every(isEmpty), true);
    deepStrictEqual(await drawn(1), always);
  },
);
