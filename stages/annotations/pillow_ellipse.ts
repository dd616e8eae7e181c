/**
 * Ellipses as Pillow's `ImageDraw` fills them (libImaging, Draw.c), which LabelMe calls for circles and points.
 *
 * The box is cut to whole numbers. From its widest row outward each row's half width is where a walk enters that row: of the
 * three pixels after it (on, on and in, in) the walk takes the one that is nearest to the curve, |a²y² + b²x² − a²b²|.
 *
 * @module
 */
import { type Canvas, coverSpan } from "./pillow_polygon.ts";

/** `ImageDraw.ellipse([left, top, right, bottom], fill=1)`. */
export function coverEllipse(
  canvas: Canvas,
  left: number,
  top: number,
  right: number,
  bottom: number,
): void {
  const [x0, y0, x1, y1] = [left, top, right, bottom].map(Math.trunc) as [number, number, number, number];
  // In half pixels from the center, so that a box of an even number of pixels has its center between two.
  const a = x1 - x0, b = y1 - y0;
  if (a < 0 || b < 0 || (a === 0 && b === 0)) return;
  let x = a, y = b % 2, row = -1;
  let offCurve = a * a * y;
  for (;;) {
    if (y !== row) {
      row = y;
      for (const side of y === 0 ? [0] : [-y, y]) {
        coverSpan(canvas, y0 + (b + side) / 2, x0 + (a - x) / 2, x0 + (a + x) / 2);
      }
    }
    if (x === a % 2 && y === b) return;
    const on = offCurve + a * a * (4 * y + 4), inward = -b * b * (4 * x - 4);
    let best = on, step: Point = [0, 2];
    if (x > 1) {
      if (Math.abs(on + inward) < Math.abs(best)) [best, step] = [on + inward, [-2, 2]];
      if (Math.abs(offCurve + inward) < Math.abs(best)) [best, step] = [offCurve + inward, [-2, 0]];
    }
    offCurve = best;
    x += step[0];
    y += step[1];
  }
}

type Point = readonly [x: number, y: number];
