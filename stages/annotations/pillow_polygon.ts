/**
 * Polygons, rectangles and wide lines as Pillow's `ImageDraw` fills them (libImaging, Draw.c, of Pillow 12), which LabelMe calls.
 *
 * Coordinates are cut to whole numbers. A pixel is covered between the crossings of its row with the edges, taken in pairs from
 * left to right (even–odd); a row is crossed by an edge from its upper to its lower end, both included. Pillow computes in
 * single precision, and so do we, as the last bit decides which pixel a crossing rounds to.
 *
 * @module
 */
import type { Point } from "./annotation.ts";

/** What is drawn on. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** height × width values. */
  readonly data: Uint8Array;
  /** What covered pixels become. */
  readonly value: number;
}

interface Edge {
  readonly x0: number;
  readonly y0: number;
  readonly xMin: number;
  readonly xMax: number;
  readonly yMin: number;
  readonly yMax: number;
  /** Columns a row. */
  readonly slope: number;
}

const single = Math.fround;
/** Halves away from zero. */
const nearest = (value: number) => Math.sign(value) * Math.floor(single(Math.abs(value) + 0.5));
/** Halves toward zero. */
const nearestInward = (value: number) => Math.sign(value) * Math.ceil(single(Math.abs(value) - 0.5));

/** Covers `from` to `to`, both included, as far as they lie on the canvas. */
export function coverSpan(
  { width, height, data, value }: Canvas,
  row: number,
  from: number,
  to: number,
): void {
  if (row < 0 || row >= height || from >= width || to < 0) return;
  data.fill(value, row * width + Math.max(0, from), row * width + Math.min(width - 1, to) + 1);
}

/** `ImageDraw.polygon(points, fill=1)`: three points or more, closed by itself. */
export function coverPolygon(canvas: Canvas, points: readonly Point[]): void {
  const corners = points.map(([x, y]) => [Math.trunc(x), Math.trunc(y)] as const);
  const first = corners[0]!, last = corners.at(-1)!;
  const isClosed = first[0] === last[0] && first[1] === last[1];
  const ring = isClosed ? corners : [...corners, first];
  coverEdges(canvas, ring.slice(1).map((to, index) => edgeOf(ring[index]!, to)));
}

/** `ImageDraw.rectangle(corners, fill=1)`, whichever corners are given. */
export function coverRectangle(canvas: Canvas, [[x0, y0], [x1, y1]]: readonly [Point, Point]): void {
  const [left, right] = [Math.trunc(Math.min(x0, x1)), Math.trunc(Math.max(x0, x1))];
  const [top, bottom] = [Math.trunc(Math.min(y0, y1)), Math.trunc(Math.max(y0, y1))];
  for (let row = Math.max(0, top); row <= Math.min(bottom, canvas.height - 1); row++) {
    coverSpan(canvas, row, left, right);
  }
}

/** `ImageDraw.line(points, fill=1, width)`, of a width over 1: one four-sided piece a segment, without joints. */
export function coverLine(canvas: Canvas, points: readonly Point[], width: number): void {
  for (let index = 1; index < points.length; index++) {
    coverSegment(canvas, points[index - 1]!, points[index]!, width);
  }
}

function coverSegment(canvas: Canvas, from: Point, to: Point, width: number): void {
  const [x0, y0, x1, y1] = [...from, ...to].map(Math.trunc) as [number, number, number, number];
  const dx = x1 - x0, dy = y1 - y0, half = (width - 1) / 2;
  if (dx === 0 && dy === 0) return coverSpan(canvas, y0, x0, x0);
  // An even width is one pixel more on one side.
  const length = Math.sqrt(dx * dx + dy * dy);
  const more = Math.floor(half + 0.5) / length, less = Math.ceil(half - 0.5) / length;
  const inward = (value: number) => Math.sign(value) * Math.ceil(Math.abs(value) - 0.5);
  const corners = [
    [x0 - inward(less * dy), y0 + inward(more * dx)],
    [x1 - inward(less * dy), y1 + inward(more * dx)],
    [x1 + inward(more * dy), y1 - inward(less * dx)],
    [x0 + inward(more * dy), y0 - inward(less * dx)],
  ] as const;
  coverEdges(canvas, corners.map((corner, index) => edgeOf(corner, corners[(index + 1) % 4]!)));
}

function edgeOf([x0, y0]: Point, [x1, y1]: Point): Edge {
  const [xMin, xMax] = x0 <= x1 ? [x0, x1] : [x1, x0], [yMin, yMax] = y0 <= y1 ? [y0, y1] : [y1, y0];
  return { x0, y0, xMin, xMax, yMin, yMax, slope: y0 === y1 ? 0 : single((x1 - x0) / (y1 - y0)) };
}

function coverEdges(canvas: Canvas, edges: readonly Edge[]): void {
  for (const { yMin, yMax, xMin, xMax } of edges) if (yMin === yMax) coverSpan(canvas, yMin, xMin, xMax);
  const sloped = edges.filter(({ yMin, yMax }) => yMin !== yMax);
  const lowest = Math.min(canvas.height, edges.reduce((most, { yMax }) => Math.max(most, yMax), 0));
  const top = edges.reduce((least, { yMin }) => Math.min(least, yMin), canvas.height - 1);
  for (let row = Math.max(0, top); row <= lowest; row++) {
    const crossings = crossingsOf(sloped.filter(({ yMin, yMax }) => yMin <= row && row <= yMax), row, lowest);
    for (let i = 1; i < crossings.length; i += 2) {
      coverSpan(canvas, row, nearest(crossings[i - 1]!), nearestInward(crossings[i]!));
    }
  }
}

/** Where a row crosses edges that reach it, from left to right. */
function crossingsOf(active: readonly Edge[], row: number, lowest: number): Float32Array {
  const crossings: number[] = [];
  active.forEach((edge, index) => {
    const x = columnAt(edge, row);
    // Twice at its lower end, where another edge goes on from: so the pairs stay pairs, and the corner is covered.
    if (row === edge.yMax && row < lowest) crossings.push(x, x);
    else crossings.push(endsAt(edge, row) ? joined(edge, active.slice(0, index), row, x) : x);
  });
  return Float32Array.from(crossings).sort();
}

function columnAt({ x0, y0, slope }: Edge, row: number): number {
  return single(single((row - y0) * slope) + x0);
}

function endsAt({ yMin, yMax, slope }: Edge, row: number): boolean {
  return (row === yMin || row === yMax) && slope !== 0;
}

/**
 * Where two flat edges meet in a spike, its row is covered as far as the next row is not: the spike's tip is not cut off from
 * the rest.
 */
function joined(edge: Edge, others: readonly Edge[], row: number, x: number): number {
  const next = row + (row === edge.yMax ? -1 : 1);
  const other = others.find((other) =>
    endsAt(other, row) && nearest(x) === nearest(columnAt(other, row)) && other.yMin <= next &&
    next <= other.yMax
  );
  if (other === undefined) return x;
  const a = columnAt(edge, next), b = columnAt(other, next);
  if (x > single(a + 1) && x > single(b + 1)) return nearest(Math.max(a, b)) + 1;
  if (x < single(a - 1) && x < single(b - 1)) return nearest(Math.min(a, b)) - 1;
  return x;
}
