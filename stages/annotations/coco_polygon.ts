/**
 * Polygons as pycocotools makes masks of them (`frPoly` of its maskApi), which COCO's scores are of.
 *
 * The ring is walked on a grid of five by five places a pixel; where the walk passes the middle of a column of pixels, that
 * column changes between outside and inside, from the next pixel on downward. So insides are even–odd, and the rings of one
 * annotation are united.
 *
 * @module
 */
import type { Point } from "./annotation.ts";
import type { Canvas } from "./pillow_polygon.ts";

/** Places a pixel. */
const scale = 5;

/** Covers what one ring encloses; three points or more, closed by itself. */
export function coverRing({ width, height, data, value }: Canvas, ring: readonly Point[]): void {
  const fine = ring.map((point) => point.map((at) => Math.trunc(scale * at + 0.5)) as [number, number]);
  const columns = fine.map(([x]) => Math.floor(x / scale));
  const first = Math.max(0, columns.reduce((least, column) => Math.min(least, column)));
  const last = Math.min(width - 1, columns.reduce((most, column) => Math.max(most, column)));
  if (first > last) return;
  // One place more: a column may change below its last pixel, which is the next column's first.
  const changes = new Uint8Array((last - first + 1) * height + 1);
  let before: Point | undefined;
  fine.forEach((from, index) => {
    for (const place of walk(from, fine[(index + 1) % fine.length]!)) {
      if (before !== undefined && place[0] !== before[0]) change(before, place);
      before = place;
    }
  });
  let inside = 0;
  for (let column = first; column <= last; column++) {
    for (let row = 0; row < height; row++) {
      inside ^= changes[(column - first) * height + row]!;
      if (inside === 1) data[row * width + column] = value;
    }
  }

  function change([x0, y0]: Point, [x1, y1]: Point): void {
    const column = (Math.min(x0, x1) + 0.5) / scale - 0.5;
    if (!Number.isInteger(column) || column < first || column > last) return;
    const row = (Math.min(y0, y1) + 0.5) / scale - 0.5;
    changes[(column - first) * height + Math.ceil(Math.max(0, Math.min(height, row)))]! ^= 1;
  }
}

/** The places of an edge, both ends included, one a step of its longer direction. */
function* walk([x0, y0]: Point, [x1, y1]: Point): Generator<Point> {
  const dx = Math.abs(x1 - x0), dy = Math.abs(y1 - y0), steps = Math.max(dx, dy);
  const isWide = dx >= dy;
  // The slope is taken from the end with the lesser coordinate, wherever the walk begins: both ways pass the same places.
  const isTurned = isWide ? x0 > x1 : y0 > y1;
  const [x, y] = isTurned ? [x1, y1] : [x0, y0];
  const [endX, endY] = isTurned ? [x0, y0] : [x1, y1];
  const slope = steps === 0 ? 0 : isWide ? (endY - y) / dx : (endX - x) / dy;
  for (let step = 0; step <= steps; step++) {
    const along = isTurned ? steps - step : step;
    const aside = (from: number) => Math.trunc(from + slope * along + 0.5);
    yield isWide ? [x + along, aside(y)] : [aside(x), y + along];
  }
}
