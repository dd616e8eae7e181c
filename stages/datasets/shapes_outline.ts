/** The outlines of the generated data set's classes, as signed distances. */
import type { RandomStream } from "../../kernels/random.ts";

/** Signed distance to an outline of about unit radius: negative inside, positive outside. */
export type Outline = (x: number, y: number) => number;

/** Euclidean length; several times faster than Math.hypot, whose care for overflow is not needed here. */
function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** Signed distance to a closed polygon, negative inside (even–odd rule). */
function polygon(points: readonly (readonly [number, number])[]): Outline {
  return (x, y) => {
    let nearest = Infinity, inside = false;
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [ax, ay] = points[j]!, [bx, by] = points[i]!;
      const ex = bx - ax, ey = by - ay;
      const along = Math.max(0, Math.min(1, ((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey)));
      nearest = Math.min(nearest, length(x - ax - along * ex, y - ay - along * ey));
      if ((ay > y) !== (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)) inside = !inside;
    }
    return inside ? -nearest : nearest;
  };
}

/** `count` points on circles of the given radii in turn. */
function spikes(count: number, radii: readonly number[]): [number, number][] {
  return Array.from({ length: count }, (_, index) => {
    const angle = 2 * Math.PI * index / count, radius = radii[index % radii.length]!;
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });
}

/** Names of the shapes in class order; class 0 is the background. */
const outlines: readonly ((random: RandomStream) => Outline)[] = [
  // disc
  () => (x, y) => length(x, y) - 0.92,
  // square
  () => {
    const half = 0.8;
    return polygon([[-half, -half], [half, -half], [half, half], [-half, half]]);
  },
  // triangle, equilateral
  () => polygon(spikes(3, [1.15])),
  // ring: between a thin and a thick band
  (random) => {
    const hole = random.uniformBetween(0.42, 0.6), middle = (0.98 + hole) / 2;
    return (x, y) => Math.abs(length(x, y) - middle) - (0.98 - hole) / 2;
  },
  // star, five-pointed
  (random) => polygon(spikes(10, [1.15, random.uniformBetween(0.46, 0.56)])),
  // cross
  (random) => {
    const arm = random.uniformBetween(0.28, 0.38), end = 1;
    return polygon([
      [-arm, -end],
      [arm, -end],
      [arm, -arm],
      [end, -arm],
      [end, arm],
      [arm, arm],
      [arm, end],
      [-arm, end],
      [-arm, arm],
      [-end, arm],
      [-end, -arm],
      [-arm, -arm],
    ]);
  },
];

/** How many classes have an outline: 6. */
export const outlineCount = outlines.length;

/**
 * The outline of a class at a random pose: turned by any angle, squeezed to 80–100 % along one axis (so that a disc may be
 * an ellipse and a square a rectangle, but never each other).
 *
 * @param label 1 … {@linkcode outlineCount}.
 * @param radius Pixels.
 * @returns Signed distance in pixels, to within the squeeze.
 */
export function posedOutline(
  random: RandomStream,
  label: number,
  x0: number,
  y0: number,
  radius: number,
): Outline {
  const outline = outlines[label - 1]!(random);
  const angle = random.uniformBetween(0, 2 * Math.PI);
  const squeeze = random.uniformBetween(0.8, 1);
  const cos = Math.cos(angle), sin = Math.sin(angle);
  return (x, y) => {
    const u = (x - x0) / radius, v = (y - y0) / radius;
    return outline(u * cos + v * sin, (v * cos - u * sin) / squeeze) * radius;
  };
}
