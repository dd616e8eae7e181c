import assert from "node:assert/strict";
import { type Batch, makeSampler, namesOf, type Sampler } from "../../../stages/training/sampler.ts";
import type { Draw, DrawnSet } from "../../../stages/views/specs.ts";

const published:
  readonly (readonly [name: string, labeled: number, unlabeled: number, steps: readonly number[]])[] = [
    // Steps of an epoch on four GPUs, with batches of 2, 4 and 6 each: ⌊⌈unlabeled / 4⌉ / batch⌋.
    ["pascal/92", 92, 10490, [1311, 655, 437]],
    ["pascal/183", 183, 10399, [1300, 650, 433]],
    ["pascal/366", 366, 10216, [1277, 638, 425]],
    ["pascal/732", 732, 9850, [1231, 615, 410]],
    ["pascal/1464", 1464, 9118, [1140, 570, 380]],
    ["pascal/1_16", 662, 9920, [1240, 620, 413]],
    ["pascal/1_8", 1323, 9259, [1157, 578, 385]],
    ["pascal/1_4", 2646, 7936, [992, 496, 330]],
    ["cityscapes/1_30", 100, 2875, [359]],
    ["cityscapes/1_16", 186, 2789, [349]],
    ["cityscapes/1_8", 372, 2603, [325]],
    ["cityscapes/1_4", 744, 2231, [279]],
  ];

Deno.test("an epoch has the published number of steps, dealt to four GPUs", () => {
  for (const [name, labeled, unlabeled, steps] of published) {
    steps.forEach((expected, i) => {
      const batch = 4 * [2, 4, 6][i]!;
      const lists = { seed: 0, labeled, unlabeled, batch, pairing: "fixed" as const };
      assert.equal(makeSampler({ ...lists, shards: 4 }).stepsPerEpoch, expected, `${name} by ${batch}`);
      // Not dealt, the lists repeat no image.
      assert.equal(makeSampler(lists).stepsPerEpoch, Math.floor(unlabeled / batch), `${name} by ${batch}`);
    });
  }
});

Deno.test("a pass that is dealt to processes ends with its first images again", () => {
  // 23 images dealt to 4: the last round lacks one.
  const sampler = makeSampler({ ...options, shards: 4 });
  assert.equal(sampler.stepsPerEpoch, 6);
  const walked = epoch(sampler, 1);
  const order = walked.flatMap(({ unlabeled }) => unlabeled);
  assert.equal(new Set(order.slice(0, 23)).size, 23);
  assert.equal(order[23], order[0]);
  assert.equal(walked[5]!.labeled[3], walked[0]!.labeled[0]);
});

const options = { seed: 3, labeled: 5, unlabeled: 23, batch: 4, pairing: "fixed" as const };

function epoch(sampler: Sampler, number: number): Batch[] {
  return Array.from({ length: sampler.stepsPerEpoch }, (_, step) => sampler.batch(number, step));
}

const pairs = (batches: readonly Batch[]) =>
  batches.flatMap(({ labeled, unlabeled }) => unlabeled.map((u, i) => [u, labeled[i]!] as const));

Deno.test("without unlabeled images an epoch is one pass over the labeled ones, a batch at least", () => {
  for (const pairing of ["fixed", "free"] as const) {
    const sampler = makeSampler({ ...options, pairing, labeled: 9, unlabeled: 0 });
    const [one, two] = [0, 1].map((number) => epoch(sampler, number));
    assert.equal(one!.length, 2);
    for (const batches of [one!, two!]) {
      assert.ok(batches.every(({ unlabeled, others }) => unlabeled.length === 0 && others === undefined));
      assert.equal(new Set(batches.flatMap(({ labeled }) => labeled)).size, 8);
    }
    assert.notDeepEqual(one, two);
  }
  const few = epoch(makeSampler({ ...options, labeled: 3, unlabeled: 0 }), 0);
  assert.equal(few.length, 1);
  assert.deepEqual([...new Set(few[0]!.labeled)].sort(), [0, 1, 2]);
  assert.throws(() => makeSampler({ ...options, labeled: 0, unlabeled: 0 }), /0 labeled and 0 unlabeled/);
});

Deno.test("an epoch sees each unlabeled image at most once, in another order than the epoch before", () => {
  const sampler = makeSampler(options);
  const orders = [0, 1].map((number) => epoch(sampler, number).flatMap(({ unlabeled }) => unlabeled));
  for (const order of orders) {
    assert.equal(order.length, 20);
    assert.equal(new Set(order).size, 20);
    assert.ok(order.every((index) => Number.isInteger(index) && index >= 0 && index < 23));
  }
  assert.notDeepEqual(orders[0], orders[1]);
});

Deno.test("the labeled list is repeated until it is no shorter, and what is over is cut at random", () => {
  const uses = (seed: number) => {
    const counts = Array(5).fill(0);
    for (const { labeled } of epoch(makeSampler({ ...options, seed, batch: 1 }), 0)) counts[labeled[0]!]++;
    return counts.toSorted();
  };
  // 5 times 5 are 25, two more than the unlabeled 23.
  const seen = new Set([3, 4, 5, 6, 7, 8].map((seed) => uses(seed).join()));
  for (const counts of seen) assert.ok(["4,4,5,5,5", "3,5,5,5,5"].includes(counts), counts);
});

Deno.test("more labeled than unlabeled images: fixed, the same few are used; free, each in its turn", () => {
  const used = (pairing: "fixed" | "free") => {
    const sampler = makeSampler({ seed: 1, labeled: 30, unlabeled: 6, batch: 3, pairing });
    return new Set(
      [0, 1, 2, 3, 4, 5, 6, 7].flatMap((e) => epoch(sampler, e).flatMap(({ labeled }) => labeled)),
    );
  };
  const fixed = used("fixed");
  assert.equal(fixed.size, 6);
  assert.ok(Math.max(...fixed) > 5, "the ones that are kept are drawn from the whole list");
  assert.ok(used("free").size > 18);
});

Deno.test("fixed pairing: an unlabeled image meets the same labeled one in every epoch; free: it does not", () => {
  const partners = (pairing: "fixed" | "free") => {
    const sampler = makeSampler({ ...options, pairing });
    const met = new Map<number, Set<number>>();
    for (let number = 0; number < 6; number++) {
      for (const [u, l] of pairs(epoch(sampler, number))) met.set(u, (met.get(u) ?? new Set()).add(l));
    }
    return [...met.values()].map(({ size }) => size);
  };
  assert.deepEqual(new Set(partners("fixed")), new Set([1]));
  assert.ok(partners("free").filter((count) => count > 1).length > 15);
});

Deno.test("more steps than a pass wrap around, in the order of the first", () => {
  const sampler = makeSampler({ ...options, stepsPerEpoch: 12 });
  assert.equal(sampler.stepsPerEpoch, 12);
  const order = epoch(sampler, 0).flatMap(({ unlabeled }) => unlabeled);
  assert.equal(new Set(order.slice(0, 23)).size, 23);
  assert.deepEqual(order.slice(23), order.slice(0, 25));
});

Deno.test("the others walk through the same set, in orders of their own", () => {
  const sampler = makeSampler(options);
  const walks = [0, 1].flatMap((number) => {
    const batches = epoch(sampler, number);
    return [batches.flatMap(({ unlabeled }) => unlabeled), batches.flatMap(({ others }) => others!)];
  });
  for (const walk of walks) {
    assert.equal(walk.length, 20);
    assert.equal(new Set(walk).size, 20);
    assert.ok(walk.every((index) => Number.isInteger(index) && index >= 0 && index < 23));
  }
  assert.equal(new Set(walks.map((walk) => walk.join())).size, 4, "no two walks are alike");
});

Deno.test("a batch larger than the list wraps around where the number of steps is given", () => {
  const sampler = makeSampler({
    seed: 0,
    labeled: 1,
    unlabeled: 3,
    batch: 7,
    pairing: "fixed",
    stepsPerEpoch: 1,
  });
  const { labeled, unlabeled } = sampler.batch(0, 0);
  assert.deepEqual(unlabeled.slice(3, 6), unlabeled.slice(0, 3));
  assert.deepEqual(labeled, Array(7).fill(0));
});

Deno.test("a batch depends on seed, epoch and step alone, not on what was asked before", () => {
  const wanted = makeSampler(options).batch(4, 2);
  const wandering = makeSampler(options);
  for (const [number, step] of [[0, 0], [4, 4], [9, 1]] as const) wandering.batch(number, step);
  assert.deepEqual(wandering.batch(4, 2), wanted);
  assert.notDeepEqual(makeSampler({ ...options, seed: 4 }).batch(4, 2), wanted);
});

Deno.test("lists that fill no batch are refused, saying what is needed", () => {
  for (const change of [{ labeled: 0 }, { unlabeled: 3 }]) {
    assert.throws(
      () => makeSampler({ ...options, ...change }),
      /at least one labeled image and 4 unlabeled ones are needed/,
    );
  }
  assert.throws(() => makeSampler({ ...options, labeled: 0, stepsPerEpoch: 2 }), { name: "ConfigError" });
});

Deno.test("labeled and pseudo-labeled images in one set are walked twice, each by an order of its own, in an epoch", () => {
  const sampler = makeSampler({ ...options, pseudoLabeled: true });
  const [one, two] = [0, 1].map((number) => epoch(sampler, number)) as [Batch[], Batch[]];
  assert.equal(sampler.stepsPerEpoch, 7, "28 images in batches of 4");
  const orders = [one, two].flatMap((batches) =>
    (["pseudoLabeled", "otherPseudoLabeled"] as const).map((walk) => batches.flatMap((batch) => batch[walk]!))
  );
  for (const order of orders) {
    assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 28 }, (_, i) => i));
  }
  assert.equal(new Set(orders.map(String)).size, 4);
  // Draws of the other sets are those that they are without it, around the end of their walk.
  const plain = makeSampler(options), { labeled, unlabeled, others } = plain.batch(1, 2);
  const beside = sampler.batch(1, 2);
  assert.deepEqual([beside.labeled, beside.unlabeled, beside.others], [labeled, unlabeled, others]);
  assert.equal(plain.batch(0, 0).pseudoLabeled, undefined);
  const none = makeSampler({ ...options, pseudoLabeled: true, unlabeled: 0 });
  assert.deepEqual(Object.keys(none.batch(0, 0)), ["labeled", "unlabeled"], "labels alone are learned from");
});

Deno.test("a message names the images of a batch by what the method draws", () => {
  const ids = (prefix: string, length: number) => ({
    ids: Array.from({ length }, (_, i) => `${prefix}${i}`),
  });
  const sets = { labeled: ids("l", 2), unlabeled: ids("u", 3) } as never;
  const batch = { labeled: [1], unlabeled: [0], others: [2], pseudoLabeled: [1], otherPseudoLabeled: [4] };
  const draw = (set: DrawnSet, more: object = {}) => ({ set, views: {}, ...more });
  const named = (...draws: Draw[]) => namesOf(batch, sets, { draws: { ...draws } as never });
  assert.equal(named(draw("labeled"), draw("unlabeled")), 'labeled "l1"; unlabeled "u0"');
  assert.equal(named(draw("unlabeled", { images: "others" })), 'labeled "l1"; unlabeled "u0", "u2"');
  assert.equal(named(draw("pseudo-labeled")), '"l1"');
  assert.equal(named(draw("pseudo-labeled"), draw("pseudo-labeled", { images: "others" })), '"l1", "u2"');
});
