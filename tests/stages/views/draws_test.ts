import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { RandomStream } from "../../../kernels/random.ts";
import { areaShare } from "../../../stages/views/specs.ts";
import {
  drawCutMixBox,
  drawGeometry,
  drawPartners,
  drawPhotometric,
  strongPhotometric,
} from "../../../stages/views/draws.ts";

const stream = (sample: number, name = "test") =>
  new RandomStream({ seed: 7, stream: name, epoch: 2, sample });
const COUNT = 4000;
const samples = Array.from({ length: COUNT }, (_, i) => i);
const options = { width: 50, height: 37, crop: 32, scale: [0.5, 2] as const };

/** Expected share within five standard deviations of a binomial. */
function assertShare(hits: number, share: number, what: string): void {
  const spread = 5 * Math.sqrt((share * (1 - share)) / COUNT);
  ok(Math.abs(hits / COUNT - share) < spread, `${what}: ${hits} of ${COUNT}, and ${share} is expected`);
}

Deno.test("a draw depends on its stream's address and on nothing else", () => {
  for (const draw of [drawGeometry, (s: RandomStream) => drawPhotometric(s), drawCutMixBox] as const) {
    deepStrictEqual(draw(stream(3), options), draw(stream(3), options));
    ok(JSON.stringify(draw(stream(3), options)) !== JSON.stringify(draw(stream(4), options)));
    ok(JSON.stringify(draw(stream(3), options)) !== JSON.stringify(draw(stream(3, "other"), options)));
  }
});

Deno.test("the long side takes every integer from half to double, ends included, and the short one keeps the ratio", () => {
  const seen = new Set<number>();
  for (const i of samples) {
    const { width, height } = drawGeometry(stream(i), options);
    seen.add(width);
    strictEqual(height, Math.floor((37 * width) / 50 + 0.5));
  }
  deepStrictEqual([Math.min(...seen), Math.max(...seen), seen.size], [25, 100, 76]);
  for (const i of samples.slice(0, 200)) {
    const tall = drawGeometry(stream(i), { ...options, width: 37, height: 51 });
    ok(tall.height >= 25 && tall.height <= 102); // int(25.5) … 102
    strictEqual(tall.width, Math.floor((37 * tall.height) / 51 + 0.5));
    const square = drawGeometry(stream(i), { ...options, width: 41, height: 41 });
    strictEqual(square.width, square.height);
  }
});

Deno.test("the crop's corner takes every valid offset, and half of the views are flipped", () => {
  const fixed = { width: 40, height: 30, crop: 32, scale: [1, 1] as const };
  const drawn = samples.map((i) => drawGeometry(stream(i), fixed));
  const xs = [...new Set(drawn.map(({ x }) => x))].sort((a, b) => a - b);
  deepStrictEqual(xs, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  for (const x of xs) assertShare(drawn.filter((d) => d.x === x).length, 1 / 9, `x = ${x}`);
  ok(drawn.every(({ y }) => y === 0), "an image that is lower than the crop is padded below");
  assertShare(drawn.filter(({ flip }) => flip).length, 0.5, "flipped");
});

Deno.test("an image of one pixel has views, and an empty one is refused", () => {
  const { width, height } = drawGeometry(stream(1), { ...options, width: 1, height: 1, scale: [0.5, 0.9] });
  deepStrictEqual([width, height], [1, 1]);
  throws(
    () => drawGeometry(stream(1), { ...options, width: 0 }),
    /Cannot draw a crop of 32 from an image of 0 × 37/,
  );
});

Deno.test("colors change as often and as strongly as told", () => {
  const drawn = samples.map((i) => drawPhotometric(stream(i)));
  assertShare(drawn.filter(({ jitter }) => jitter).length, 0.8, "jittered");
  assertShare(drawn.filter(({ gray }) => gray).length, 0.2, "gray");
  assertShare(drawn.filter(({ blur }) => blur !== undefined).length, 0.5, "blurred");
  const orders = new Set(drawn.flatMap(({ jitter }) => jitter ? [jitter.order.join("")] : []));
  strictEqual(orders.size, 24);
  for (const { jitter, blur = 1 } of drawn) {
    ok(blur >= 0.1 && blur < 2);
    if (!jitter) continue;
    for (const factor of [jitter.brightness, jitter.contrast, jitter.saturation]) {
      ok(factor >= 0.5 && factor <= 1.5 && Number.isInteger(factor * 2 ** 14), `${factor}`);
    }
    ok(Math.abs(jitter.hue) <= 0.25);
  }
});

Deno.test("what is switched off does not move what else is drawn", () => {
  const never = { ...strongPhotometric, jitter: { ...strongPhotometric.jitter, probability: 0 } };
  for (const i of samples.slice(0, 100)) {
    const { jitter: _, ...rest } = drawPhotometric(stream(i));
    deepStrictEqual(drawPhotometric(stream(i), never), rest);
  }
});

Deno.test("boxes lie within the crop and have the area and aspect told", () => {
  const crop = 512;
  const areas = samples.map((i) => {
    const { x0, y0, x1, y1 } = drawCutMixBox(stream(i), { crop });
    ok(x0 >= 0 && y0 >= 0 && x1 <= crop && y1 <= crop && x1 > x0 && y1 > y0);
    const aspect = (y1 - y0) / (x1 - x0);
    ok(aspect > 0.29 && aspect < 3.5, `aspect ${aspect}`);
    return ((x1 - x0) * (y1 - y0)) / crop ** 2;
  });
  ok(Math.min(...areas) > 0.019 && Math.max(...areas) <= 0.4);
  const mean = areas.reduce((sum, area) => sum + area, 0) / COUNT;
  ok(Math.abs(mean - 0.21) < 0.01, `mean area ${mean}`);
});

Deno.test("boxes are drawn as often as told, and an impossible one is refused", () => {
  const drawn = samples.map((i) => drawCutMixBox(stream(i), { crop: 64, probability: 0.5 }));
  assertShare(drawn.filter(({ x1 }) => x1 > 0).length, 0.5, "boxes");
  throws(() => drawCutMixBox(stream(1), { crop: 64, area: [2, 3] }), /Cannot place a CutMix box/);
});

Deno.test("partners are as the rule says; those of a permutation are each image once, and anew each step", () => {
  const partners = (partner: Parameters<typeof drawPartners>[1], step = 0, count = 5) => [
    ...Array.from(drawPartners(new RandomStream({ seed: 7, stream: "partners", step }), partner, count)),
  ];
  deepStrictEqual(partners("reversed"), [4, 3, 2, 1, 0]);
  deepStrictEqual(partners("next"), [1, 2, 3, 4, 0]);
  deepStrictEqual(partners("same place"), [0, 1, 2, 3, 4]);
  deepStrictEqual(partners("next", 0, 1), [0]);
  const drawn = Array.from({ length: 20 }, (_, step) => partners("permutation", step));
  for (const each of drawn) deepStrictEqual(each.toSorted(), [0, 1, 2, 3, 4]);
  ok(new Set(drawn.map((each) => each.join())).size > 10);
  deepStrictEqual(partners("permutation", 3), drawn[3]);
});

Deno.test("boxes by area share have their share of the crop, lie in it, and reach all of it", () => {
  const crop = 100, law = areaShare(0.25, 0.5);
  const drawn = samples.map((sample) => law(stream(sample), crop, 3));
  const areas = drawn.map(({ x0, y0, x1, y1 }) => (x1 - x0) * (y1 - y0));
  ok(
    drawn.every(({ x0, y0, x1, y1 }) => x0 >= 0 && y0 >= 0 && x1 <= crop && y1 <= crop && x1 > x0 && y1 > y0),
  );
  // Sides are rounded: by half a pixel, of 14 at least.
  ok(areas.every((area) => area > 0.94 * 2500 / 3 && area < 1.06 * 5000 / 3), `${Math.min(...areas)}`);
  const mean = areas.reduce((a, b) => a + b) / COUNT;
  ok(Math.abs(mean / 1250 - 1) < 0.02, `${mean}`);
  // The log of the height is uniform: half of the boxes are higher than wide.
  assertShare(drawn.filter(({ x0, y0, x1, y1 }) => y1 - y0 > x1 - x0).length, 0.5, "higher than wide");
  ok(drawn.some(({ x0 }) => x0 === 0) && drawn.some(({ x1 }) => x1 === crop));
  const nothing = areaShare(0, 1)({ uniform: () => 0 }, 320, 1);
  deepStrictEqual((nothing.x1 - nothing.x0) * (nothing.y1 - nothing.y0), 0);
  const whole = areaShare(0.5)(stream(1), 320, 1);
  ok(Math.abs((whole.x1 - whole.x0) * (whole.y1 - whole.y0) / 320 ** 2 - 0.5) < 0.01);
});
