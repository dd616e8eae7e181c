import assert from "node:assert/strict";
import {
  coverage,
  missingCrop,
  type Protocol,
  protocolLabel,
  protocolOf,
  type ProtocolPlan,
  protocolPlan,
  PROTOCOLS,
  type Window,
} from "../../../stages/evaluation/protocols.ts";
import type { ImageSize } from "../../../stages/datasets/samples.ts";

const sizes: ImageSize[] = [
  { width: 2048, height: 1024 },
  { width: 1, height: 1 },
  { width: 9, height: 7 }, // smaller than every window but one
  { width: 10, height: 10 },
  { width: 11, height: 11 }, // one pixel larger than the window
  { width: 16, height: 16 }, // one stride larger
  { width: 33, height: 17 },
  { width: 5, height: 40 },
];

const plans = (name: Exclude<Protocol["name"], "original">, crops: readonly number[]) =>
  sizes.flatMap((size) =>
    // Thousands of windows tell no more than tens.
    crops.filter((crop) => size.width * size.height < 1e4 * crop ** 2).map((crop) => ({
      size,
      crop,
      plan: protocolPlan({ name, crop }, size),
      what: `${name} ${crop}`,
    }))
  );

/** Counts pixel by pixel, window by window. */
function counted({ scored, windows }: ProtocolPlan): number[] {
  return Array.from({ length: scored.width * scored.height }, (_, i) => {
    const x = scored.x + i % scored.width, y = scored.y + Math.floor(i / scored.width);
    const over = ({ x: left, y: top, width, height }: Window) =>
      x >= left && x < left + width && y >= top && y < top + height;
    return windows.filter(over).length;
  });
}

function assertInside({ windows, scored }: ProtocolPlan, { width, height }: ImageSize, what: string): void {
  for (const { x, y, width: w, height: h } of [...windows, scored]) {
    assert.ok([x, y, w, h].every(Number.isInteger) && x >= 0 && y >= 0 && w >= 1 && h >= 1, what);
    assert.ok(x + w <= width && y + h <= height, `${what}: ${x}, ${y}, ${w} × ${h} of ${width} × ${height}`);
  }
}

Deno.test("original sees each image whole", () => {
  for (const size of sizes) {
    const whole = { x: 0, y: 0, ...size };
    assert.deepEqual(protocolPlan({ name: "original" }, size), {
      scored: whole,
      windows: [whole],
      sums: false,
    });
  }
});

Deno.test("sliding_window lays the published windows over Cityscapes: truncated, with slivers", () => {
  const size = { width: 2048, height: 1024 };
  const layout = (crop: number) => {
    const { windows } = protocolPlan({ name: "sliding_window", crop }, size);
    const rows = new Map(windows.map(({ y, height }) => [y, height]));
    const columns = new Map(windows.map(({ x, width }) => [x, width]));
    return { count: windows.length, rows: [...rows], columns: [...columns] };
  };
  assert.deepEqual(layout(712), {
    count: 15,
    rows: [[0, 712], [474, 550], [948, 76]],
    columns: [[0, 712], [474, 712], [948, 712], [1422, 626], [1896, 152]],
  });
  assert.equal(layout(801).count, 8);
  const slivers = layout(512);
  assert.equal(slivers.count, 28);
  assert.deepEqual([slivers.rows.at(-1), slivers.columns.at(-1)], [[1023, 1], [2046, 2]]);
});

Deno.test("sliding_window is the published loop at awkward sizes", () => {
  for (const { plan, size, crop, what } of plans("sliding_window", [2, 3, 10, 16, 900])) {
    const expected: Window[] = [];
    const step = Math.trunc(crop * 2 / 3);
    let y = 0;
    while (y < size.height) {
      let x = 0;
      while (x < size.width) {
        const right = Math.min(size.width, x + crop), bottom = Math.min(size.height, y + crop);
        expected.push({ x, y, width: right - x, height: bottom - y });
        x += step;
      }
      y += step;
    }
    assert.deepEqual(plan.windows, expected, what);
    assert.ok(plan.sums);
    assertInside(plan, size, what);
  }
});

Deno.test("sliding_window_shifted has whole windows alone, no more of them than are needed", () => {
  for (const { plan, size, crop, what } of plans("sliding_window_shifted", [2, 3, 10, 16, 900])) {
    const stride = Math.trunc(crop * 2 / 3);
    const along = (extent: number) => Math.max(0, Math.ceil((extent - crop) / stride)) + 1;
    assert.equal(plan.windows.length, along(size.width) * along(size.height), what);
    for (const { width, height } of plan.windows) {
      assert.deepEqual([width, height], [Math.min(crop, size.width), Math.min(crop, size.height)], what);
    }
    assertInside(plan, size, what);
  }
  const { windows } = protocolPlan({ name: "sliding_window_shifted", crop: 712 }, sizes[0]!);
  assert.deepEqual([...new Set(windows.map(({ x }) => x))], [0, 474, 948, 1336]);
  assert.deepEqual([...new Set(windows.map(({ y }) => y))], [0, 312]);
});

Deno.test("coverage() is the number of windows over each pixel, and no pixel is left out", () => {
  for (const name of ["sliding_window", "sliding_window_shifted", "center_crop"] as const) {
    for (const { plan, size, what } of plans(name, [2, 10])) {
      if (size.width > 100) continue;
      assert.deepEqual([...coverage(plan)], counted(plan), `${what} of ${size.width} × ${size.height}`);
      assert.ok(coverage(plan).every((count) => count >= 1), what);
    }
  }
});

Deno.test("center_crop scores the middle alone, an odd pixel more to the right and below", () => {
  const crop = (width: number, height: number, side: number) => {
    const plan = protocolPlan({ name: "center_crop", crop: side }, { width, height });
    assert.deepEqual(plan.windows, [plan.scored]);
    assert.equal(plan.sums, false);
    const { x, y, width: w, height: h } = plan.scored;
    return [x, y, w, h];
  };
  assert.deepEqual(crop(2048, 1024, 712), [668, 156, 712, 712]);
  assert.deepEqual(crop(2048, 1024, 801), [623, 111, 801, 801]);
  assert.deepEqual(crop(11, 12, 10), [0, 1, 10, 10]);
  assert.deepEqual(crop(9, 30, 10), [0, 10, 9, 10]);
  assert.deepEqual(crop(9, 7, 10), [0, 0, 9, 7]);
});

Deno.test("stretched sees each image whole, as a square", () => {
  for (const size of sizes) {
    const whole = { x: 0, y: 0, ...size };
    assert.deepEqual(protocolPlan({ name: "stretched", crop: 24 }, size), {
      scored: whole,
      windows: [whole],
      sums: false,
      stretchedTo: { width: 24, height: 24 },
    });
  }
});

Deno.test("a protocol's label tells it from every other, its window included", () => {
  const all = PROTOCOLS.flatMap((name): Protocol[] =>
    name === "original" ? [{ name }] : [{ name, crop: 512 }, { name, crop: 712 }]
  );
  const labels = all.map(protocolLabel);
  assert.equal(new Set(labels).size, all.length);
  assert.deepEqual(labels.slice(0, 2), ["original", "center_crop_512"]);
});

Deno.test("windows need a side, images whole need none and ignore one", () => {
  assert.deepEqual(protocolOf({ protocol: "original", crop: 9 }), { name: "original" });
  assert.deepEqual(protocolOf({ protocol: "center_crop", crop: 9 }), { name: "center_crop", crop: 9 });
  assert.throws(() => protocolOf({ protocol: "sliding_window" }), RangeError);
  assert.equal(missingCrop(["original", undefined]), undefined);
  assert.equal(missingCrop(["sliding_window"], 9), undefined);
  assert.match(missingCrop(["original", "center_crop"])!, /"center_crop" needs the side of its windows/);
  assert.match(missingCrop(["stretched"])!, /"stretched" needs the side of its square/);
});
