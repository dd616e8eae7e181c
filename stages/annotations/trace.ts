/** Outlines of the regions of a mask: pixels of one value that hang together by their sides. @module */
import type { Point } from "./annotation.ts";

/** A region with its outlines: rings along the sides of pixels, corners only, first not repeated. */
export interface TracedRegion {
  /** The mask's value. */
  readonly value: number;
  /** Pixels. */
  readonly area: number;
  /** Clockwise, as it is seen. */
  readonly outer: readonly Point[];
  /** Around what it encloses, counterclockwise. */
  readonly holes: readonly (readonly Point[])[];
}

/** Right, down, left, up. */
const steps = [[1, 0], [0, 1], [-1, 0], [0, -1]] as const;

/**
 * Finds the regions of a mask, from its upper left corner on, row by row.
 *
 * @param mask height × width values.
 */
export function traceRegions(mask: Uint8Array, width: number, height: number): TracedRegion[] {
  const { regions, values, areas } = regionsOf(mask, width, height);
  const found = values.map((value, region) => ({
    value,
    area: areas[region]!,
    outer: [] as Point[],
    holes: [] as Point[][],
  }));
  const isSeen = new Uint8Array(width * height);
  for (let at = 0; at < mask.length; at++) {
    const region = regions[at]!, isUpperSide = at < width || regions[at - width] !== region;
    if (!isUpperSide || isSeen[at] === 1) continue;
    const ring = walk(at, region), { outer, holes } = found[region]!;
    // The first that is met is the outer one, as nothing of a region lies above its first pixel.
    if (outer.length === 0) outer.push(...ring);
    else holes.push(ring);
  }
  return found;

  /** Goes along a ring with the region to its right, from the upper side of a pixel on. */
  function walk(start: number, region: number): Point[] {
    const ring: Point[] = [], x0 = start % width, y0 = Math.floor(start / width);
    const isInside = (x: number, y: number) =>
      x >= 0 && y >= 0 && x < width && y < height && regions[y * width + x] === region;
    let x = x0, y = y0, direction = 0;
    do {
      if (direction === 0) isSeen[y * width + x] = 1;
      const [dx, dy] = steps[direction]!;
      [x, y] = [x + dx, y + dy];
      // The two pixels ahead: of the four around the corner those that lie in the way.
      const [ahead, aheadLeft] = pixelsAhead(x, y, direction);
      const turn = !isInside(...ahead) ? 1 : isInside(...aheadLeft) ? 3 : 0;
      if (turn === 0) continue;
      ring.push([x, y]);
      direction = (direction + turn) % 4;
    } while (x !== x0 || y !== y0 || direction !== 0);
    return ring;
  }
}

/** Pixels beyond a corner, to the right and to the left of the way. */
function pixelsAhead(x: number, y: number, direction: number): [right: Pixel, left: Pixel] {
  const around: Pixel[] = [[x, y], [x - 1, y], [x - 1, y - 1], [x, y - 1]];
  return [around[direction]!, around[(direction + 3) % 4]!];
}
type Pixel = [x: number, y: number];

/** Numbers the regions in the order of their first pixels. */
function regionsOf(mask: Uint8Array, width: number, height: number) {
  const regions = new Int32Array(mask.length).fill(-1), values: number[] = [], areas: number[] = [];
  const waiting: number[] = [];
  const take = (at: number, region: number) => {
    if (regions[at] !== -1 || mask[at] !== values[region]) return;
    regions[at] = region;
    areas[region]!++;
    waiting.push(at);
  };
  for (let first = 0; first < mask.length; first++) {
    if (regions[first] !== -1) continue;
    const region = values.push(mask[first]!) - 1;
    areas.push(0);
    take(first, region);
    while (waiting.length > 0) {
      const at = waiting.pop()!, column = at % width;
      if (column > 0) take(at - 1, region);
      if (column < width - 1) take(at + 1, region);
      if (at >= width) take(at - width, region);
      if (at < width * (height - 1)) take(at + width, region);
    }
  }
  return { regions, values, areas };
}

/** Twice the area of a ring, positive for a clockwise one. */
export function doubleArea(ring: readonly Point[]): number {
  return ring.reduce((sum, [x, y], index) => {
    const [u, v] = ring[(index + 1) % ring.length]!;
    return sum + x * v - u * y;
  }, 0);
}

/** The same outline through the middles of the outermost pixels, whose coordinates are those of their upper left corners. */
export function throughPixels(ring: readonly Point[]): Point[] {
  return ring.map(([x, y], index) => {
    const before = ring.at(index - 1)!, after = ring[(index + 1) % ring.length]!;
    const dx = x - before[0] + after[0] - x, dy = y - before[1] + after[1] - y;
    // With the region to the right: under a side that goes right, over one that goes left; and so on.
    return [dy > 0 ? x - 1 : x, dx > 0 ? y : y - 1];
  });
}

/**
 * Leaves out corners of a ring that lie nearer than the tolerance to the line between those that stay (Douglas and Peucker 1973).
 *
 * @param tolerance Pixels; 0 leaves the ring as it is.
 */
export function simplified(ring: readonly Point[], tolerance: number): readonly Point[] {
  if (tolerance <= 0 || ring.length <= 3) return ring;
  const first = ring[0]!;
  const distances = ring.map((point) => (point[0] - first[0]) ** 2 + (point[1] - first[1]) ** 2);
  const farthest = distances.indexOf(Math.max(...distances));
  const stays = new Set([0, farthest]);
  const spans = [[0, farthest], [farthest, ring.length]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span as [number, number];
    let most = tolerance, split = -1;
    for (let at = from + 1; at < to; at++) {
      const distance = fromLine(ring[at]!, ring[from]!, ring[to % ring.length]!);
      if (distance > most) [most, split] = [distance, at];
    }
    if (split < 0) continue;
    stays.add(split);
    spans.push([from, split], [split, to]);
  }
  // What has no area left would be lost.
  return stays.size < 3 ? ring : ring.filter((_, index) => stays.has(index));
}

function fromLine([x, y]: Point, [x0, y0]: Point, [x1, y1]: Point): number {
  const dx = x1 - x0, dy = y1 - y0, squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / squared));
  return Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
}

/**
 * Joins an outline and its holes to one ring, by slits of no width: for formats that know no holes. Even–odd, the slits count for
 * nothing.
 */
export function withSlits(outer: readonly Point[], holes: readonly (readonly Point[])[]): readonly Point[] {
  const leftmost = (ring: readonly Point[]) =>
    ring.reduce((least, [x], at) => (x < ring[least]![0] ? at : least), 0);
  const turned = holes.map((ring) => {
    const at = leftmost(ring);
    return [...ring.slice(at), ...ring.slice(0, at)];
  });
  // From left to right: what is met to the left of a hole is the outline, or a hole that is joined already.
  turned.sort((a, b) => a[0]![0] - b[0]![0]);
  return turned.reduce<readonly Point[]>((ring, hole) => {
    const [x, y] = hole[0]!;
    let nearest = -Infinity, after = -1;
    ring.forEach(([x0, y0], index) => {
      const [x1, y1] = ring[(index + 1) % ring.length]!;
      if (y < Math.min(y0, y1) || y > Math.max(y0, y1)) return;
      const met = y0 === y1
        ? Math.max(...[x0, x1].filter((end) => end <= x))
        : x0 + (y - y0) / (y1 - y0) * (x1 - x0);
      if (met <= x && met > nearest) [nearest, after] = [met, index];
    });
    // A simplified outline may have come to lie to the right of a hole: that is then left out of it.
    if (after < 0) return ring;
    const slit: Point = [nearest, y];
    return [...ring.slice(0, after + 1), slit, ...hole, hole[0]!, slit, ...ring.slice(after + 1)];
  }, outer);
}
