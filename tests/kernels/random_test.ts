import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { fnv1a32, normalQuantile, philox, RandomStream, type Words2 } from "../../kernels/random.ts";

/** Known answers of Random123 1.14 (tests/kat_vectors, philox4x32 10): counter, key, output. */
const knownAnswers: readonly [number[], Words2, number[]][] = [
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

function drawn(counter: readonly number[], key: Words2): number[] {
  const block = Uint32Array.from(counter);
  philox(block, key);
  return [...block];
}

Deno.test("philox gives the known answers of Random123", () => {
  for (const [counter, key, output] of knownAnswers) deepStrictEqual(drawn(counter, key), output);
});

Deno.test("fnv1a32 gives the published values", () => {
  strictEqual(fnv1a32(""), 0x811c9dc5);
  strictEqual(fnv1a32("a"), 0xe40c292c);
  strictEqual(fnv1a32("foobar"), 0xbf9cf968);
});

Deno.test("draw n of a stream is word n & 3 of the block n >> 2, as the layout says", () => {
  const stream = new RandomStream({ seed: 7, stream: "crop", epoch: 2, step: 3, sample: 5 });
  for (let n = 0; n < 11; n++) {
    strictEqual(stream.uint32(), drawn([n >> 2, 2, 3, 5], [7, fnv1a32("crop")])[n & 3]);
  }
});

Deno.test("every part of the address changes the numbers", () => {
  const draws = (address: Partial<ConstructorParameters<typeof RandomStream>[0]>) => {
    const stream = new RandomStream({ seed: 1, stream: "a", ...address });
    return Array.from({ length: 4 }, () => stream.uint32());
  };
  for (const address of [{ seed: 2 }, { stream: "b" }, { epoch: 1 }, { step: 1 }, { sample: 1 }]) {
    notDeepStrictEqual(draws(address), draws({}));
  }
  deepStrictEqual(draws({ epoch: 0, step: 0, sample: 0 }), draws({}));
});

Deno.test("uniform and normal have the moments of their laws", () => {
  const stream = new RandomStream({ seed: 3, stream: "moments" });
  const count = 40_000;
  let sum = 0, squares = 0;
  for (let n = 0; n < count; n++) {
    const value = stream.uniform();
    ok(value >= 0 && value < 1 && Math.fround(value) === value);
    sum += value;
  }
  ok(Math.abs(sum / count - 0.5) < 0.006, `mean ${sum / count}`); // 4 standard errors
  sum = 0;
  for (let n = 0; n < count; n++) {
    const value = stream.normal();
    sum += value;
    squares += value * value;
  }
  ok(Math.abs(sum / count) < 0.02, `mean ${sum / count}`);
  ok(Math.abs(squares / count - 1) < 0.03, `variance ${squares / count}`);
});

Deno.test("normalQuantile() gives the percentage points of tables, and is odd about the middle", () => {
  // Python's statistics.NormalDist().inv_cdf, which is the same algorithm; 0.975 and 0.995 are in every table.
  const points = [
    [0.5, 0],
    [0.6, 0.2533471031357998],
    [0.975, 1.9599639845400536],
    [0.995, 2.5758293035489],
    [1e-5, -4.2648907939228256],
    [2 ** -33, -6.337957754553789],
  ] as const;
  for (const [probability, value] of points) strictEqual(normalQuantile(probability), value);
  for (const probability of [2 ** -33, 2 ** -20, 0.0625, 0.25, 0.4375]) {
    strictEqual(normalQuantile(1 - probability), -normalQuantile(probability));
  }
  ok(normalQuantile(0.0749999999) < normalQuantile(0.0750000001), "it rises where two pieces meet");
});

Deno.test("integer reaches both ends and nothing outside, evenly", () => {
  const stream = new RandomStream({ seed: 4, stream: "dice" });
  const counts = new Map<number, number>();
  for (let n = 0; n < 6000; n++) {
    const value = stream.integer(-2, 3);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  deepStrictEqual([...counts.keys()].sort((a, b) => a - b), [-2, -1, 0, 1, 2, 3]);
  for (const count of counts.values()) ok(count > 880 && count < 1120, `count ${count}`);
  strictEqual(stream.integer(9, 9), 9);
  ok(stream.integer(0, 0xffffffff) >= 0);
  throws(() => stream.integer(2, 1), /Cannot draw an integer in \[2, 1\]/);
  throws(() => stream.integer(0.5, 1), RangeError);
});

Deno.test("shuffle permutes, and differs from the identity", () => {
  const order = new RandomStream({ seed: 5, stream: "order" }).shuffle(100);
  deepStrictEqual([...order].sort((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index));
  notDeepStrictEqual([...order], Array.from({ length: 100 }, (_, index) => index));
  strictEqual(new RandomStream({ seed: 5, stream: "order" }).shuffle(0).length, 0);
});

Deno.test("an address outside u32 is refused by name", () => {
  throws(() => new RandomStream({ seed: -1, stream: "a" }), /seed is -1/);
  throws(() => new RandomStream({ seed: 1, stream: "a", step: 2 ** 32 }), /step is 4294967296/);
  throws(() => new RandomStream({ seed: 1.5, stream: "a" }), /seed is 1.5/);
});
