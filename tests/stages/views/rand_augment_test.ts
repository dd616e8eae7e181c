import assert from "node:assert/strict";
import type { Bytes } from "../../../kernels/ops/view/view_settings.ts";
import { RandomStream } from "../../../kernels/random.ts";
import { jpegLike } from "../../../stages/views/jpeg_like.ts";
import { augmented, drawOperations, operations } from "../../../stages/views/rand_augment.ts";
import pillow from "../../golden/pillow_rand_augment.json" with { type: "json" };

const { width, height } = pillow, size = width * height;
const source = (): Bytes => ({ width, height, channels: 3, data: Uint8Array.fromBase64(pillow.source) });
const stream = (sample = 0) => new RandomStream({ seed: 3, stream: "test", sample });
/** The source after one operation. */
function after(name: string, sample = 0): Uint8Array {
  const place = operations.findIndex(([own]) => own === name);
  assert.ok(place >= 0, name);
  return augmented(source(), [place], stream(sample)).data;
}
const clip = (value: number) => Math.min(Math.max(Math.round(value), 0), 255);
/** Differences from a result of Pillow's. */
function differences(found: Uint8Array, name: keyof typeof pillow.results) {
  const wanted = Uint8Array.fromBase64(pillow.results[name]);
  const apart = [...found].map((value, i) => Math.abs(value - wanted[i]!));
  return { mean: apart.reduce((sum, value) => sum + value, 0) / apart.length, most: Math.max(...apart) };
}

Deno.test("equalization and solarization are Pillow's to the bit", () => {
  for (const name of ["equalize", "solarize"] as const) {
    assert.deepEqual(after(name), Uint8Array.fromBase64(pillow.results[name]), name);
    assert.notDeepEqual(after(name), source().data);
  }
  const flat: Bytes = { width: 4, height: 2, channels: 3, data: new Uint8Array(24).fill(77) };
  const equalize = operations.findIndex(([name]) => name === "equalize");
  assert.deepEqual(
    augmented(flat, [equalize], stream()).data,
    flat.data,
    "one value alone has nothing to be spread to",
  );
});

Deno.test("the blur is a Gaussian: its plain two-dimensional sum, and within little of Pillow's boxes", () => {
  const { data } = source(), sigma = 1.756, found = after("blur");
  for (const [x, y] of [[0, 0], [18, 14], [36, 28], [20, 0], [3, 27]] as const) {
    for (let c = 0; c < 3; c++) {
      let sum = 0, total = 0;
      for (let dy = -6; dy <= 6; dy++) {
        for (let dx = -6; dx <= 6; dx++) {
          const weight = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
          const row = Math.min(Math.max(y + dy, 0), height - 1),
            column = Math.min(Math.max(x + dx, 0), width - 1);
          sum += weight * data[3 * (row * width + column) + c]!;
          total += weight;
        }
      }
      assert.ok(Math.abs(found[3 * (y * width + x) + c]! - sum / total) < 0.51, `${x}, ${y}, ${c}`);
    }
  }
  const { mean, most } = differences(found, "blur");
  assert.ok(mean < 0.7 && most <= 4, `${mean} in the mean, ${most} at most`);
});

Deno.test("JPEG at a quality is what Pillow writes and reads, but for its integer transform", () => {
  for (const quality of [5, 10, 15] as const) {
    const image = source();
    jpegLike(image, quality);
    const { mean, most } = differences(image.data, `JPEG ${quality}`);
    assert.ok(mean < 0.5 && most <= 12, `quality ${quality}: ${mean} in the mean, ${most} at most`);
  }
  const seen = new Set(Array.from({ length: 40 }, (_, sample) => `${after("JPEG", sample)}`));
  assert.equal(seen.size, 11, "qualities from 5 to 15");
});

Deno.test("rules of single values are what the list says, rounded and clipped", () => {
  const rules: Record<string, (value: number) => number> = {
    gamma: (value) => 255 * (value / 255) ** 1.0128,
    contrast: (value) => 127 + 1.2692 * (value - 127),
    brightness: (value) => value + 15.9,
    "brightness again": (value) => value + 15.9,
    hue: (value) => value,
  };
  for (const [name, rule] of Object.entries(rules)) {
    assert.deepEqual(after(name), source().data.map((value) => clip(rule(value))), name);
  }
});

Deno.test("channels are swapped, shuffled in all six ways, and multiplied each by itself", () => {
  const { data } = source(),
    turned = (order: readonly number[]) => data.map((_, i) => data[i - i % 3 + order[i % 3]!]!);
  assert.deepEqual(after("swap red and blue"), turned([2, 1, 0]));
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].map((order) =>
    `${turned(order)}`
  );
  const shuffled = new Set(Array.from({ length: 60 }, (_, sample) => `${after("shuffle channels", sample)}`));
  assert.deepEqual([...shuffled].sort(), orders.sort());
  const multiplied = after("multiply"), draws = stream();
  const factors = [0, 1, 2].map(() => draws.uniformBetween(0.25, 2.5));
  assert.deepEqual(multiplied, data.map((value, i) => clip(value * factors[i % 3]!)));
});

Deno.test("noise is one number for all channels of a pixel, of the stated deviation or mean", () => {
  const flat: Bytes = { width: 200, height: 100, channels: 3, data: new Uint8Array(60_000).fill(128) };
  const added = (name: string) => {
    const { data } = augmented(flat, [operations.findIndex(([own]) => own === name)], stream());
    const values = Array.from({ length: 20_000 }, (_, i) => data[3 * i]! - 128);
    assert.ok(values.every((value, i) => data[3 * i + 1] === value + 128 && data[3 * i + 2] === value + 128));
    return values;
  };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const noise = added("noise");
  assert.ok(Math.abs(mean(noise)) < 0.4 && Math.abs(Math.sqrt(mean(noise.map((x) => x * x))) - 14.19) < 0.3);
  const poisson = added("Poisson noise"), sizes = poisson.map(Math.abs);
  // Of a Poisson variable the variance is the mean.
  assert.ok(Math.abs(mean(poisson)) < 0.4 && Math.abs(mean(sizes) - 12.56) < 0.1);
  assert.ok(Math.abs(mean(sizes.map((x) => (x - 12.56) ** 2)) - 12.56) < 0.6);
});

Deno.test("pixels are dropped by channel, to black or to salt and pepper, a share that is drawn each time", () => {
  const { data } = source();
  for (
    const [name, low, high, values] of [["drop", 0.2, 0.5, [0]], ["salt and pepper", 0, 0.1, [
      0,
      255,
    ]]] as const
  ) {
    const shares = Array.from({ length: 20 }, (_, sample) => {
      const found = after(name, sample);
      const changed = [...found.keys()].filter((i) => found[i] !== data[i]);
      assert.deepEqual([...new Set(changed.map((i) => found[i]!))].sort(), values.slice());
      assert.ok(changed.some((i) => found[i - i % 3] === data[i - i % 3]), "channels by themselves");
      return changed.length / (3 * size);
    });
    assert.ok(shares.every((share) => share > low - 0.03 && share < high + 0.03), `${name}: ${shares}`);
    assert.ok(Math.max(...shares) - Math.min(...shares) > (high - low) / 2);
  }
});

Deno.test("cells of a coarse grid are dropped by channel, a fifth of them", () => {
  const white: Bytes = { width: 60, height: 60, channels: 3, data: new Uint8Array(10_800).fill(255) };
  const place = operations.findIndex(([name]) => name === "drop cells");
  let dropped = 0;
  for (let sample = 0; sample < 100; sample++) {
    const { data } = augmented(white, [place], stream(sample));
    const draws = stream(sample), rows = draws.integer(2, 5), columns = draws.integer(2, 5);
    const cells = Array.from({ length: rows * columns * 3 }, () => draws.uniform() < 0.2);
    const expected = data.map((_, i) => {
      const x = Math.floor(i / 3) % 60, y = Math.floor(i / 180);
      return cells[3 * (Math.floor(y / 60 * rows) * columns + Math.floor(x / 60 * columns)) + i % 3]
        ? 0
        : 255;
    });
    assert.deepEqual(data, expected);
    dropped += data.filter((value) => value === 0).length / data.length / 100;
  }
  assert.ok(Math.abs(dropped - 0.2) < 0.02, `${dropped}`);
});

Deno.test("three operations are three, in the list's order, each as often; an image is left as it is", () => {
  assert.equal(operations.length, 17);
  const counts = new Array<number>(17).fill(0);
  for (let sample = 0; sample < 3400; sample++) {
    const drawn = drawOperations(stream(sample), 3);
    assert.ok(drawn.length === 3 && drawn[0]! < drawn[1]! && drawn[1]! < drawn[2]!);
    for (const place of drawn) counts[place]!++;
  }
  assert.ok(counts.every((count) => Math.abs(count - 600) < 100), `${counts}`);
  const image = source(), both = augmented(image, [2, 15], stream());
  assert.deepEqual(image, source());
  const brighter = source().data.map((value) => clip(value + 15.9));
  assert.deepEqual(both.data, brighter.map((value) => value < 128 ? value : 255 - value));
  assert.deepEqual(drawOperations(stream(), 0), []);
  assert.deepEqual(drawOperations(stream(), 17), Array.from({ length: 17 }, (_, i) => i));
});
