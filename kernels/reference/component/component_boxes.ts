/** A component of a class: its pixels, by their places, the first one first. */
export type Component = readonly number[];

/** Components of a class, joined along sides and at corners, in the order of their first pixels: by flooding. */
export function components(labels: ArrayLike<number>, width: number, wanted: number): Component[] {
  const height = labels.length / width, seen = new Set<number>(), found: Component[] = [];
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] !== wanted || seen.has(start)) continue;
    const own = [start];
    seen.add(start);
    for (const place of own) {
      const x = place % width, y = Math.floor(place / width);
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const nextX = x + dx, nextY = y + dy, next = nextY * width + nextX;
          if (nextX < 0 || nextX >= width || nextY < 0 || nextY >= height) continue;
          if (labels[next] !== wanted || seen.has(next)) continue;
          seen.add(next);
          own.push(next);
        }
      }
    }
    found.push(own);
  }
  return found;
}

/** CPU twin of `ops/component/component_*.wgsl`, of one image: x0, y0, x1, y1, the ends outside, or undefined. */
export function componentBox(
  labels: ArrayLike<number>,
  width: number,
  { wanted, share, draws }: { wanted: number; share: number; draws: ArrayLike<number> },
): [number, number, number, number] | undefined {
  const large = components(labels, width, wanted).map((own, number) => ({ own, draw: draws[number]! }))
    .filter(({ own }) => own.length > share * labels.length);
  // A stable sort: of equal draws the first component.
  const chosen = large.toSorted((one, other) => one.draw - other.draw)[0];
  if (chosen === undefined) return undefined;
  const columns = chosen.own.map((place) => place % width),
    rows = chosen.own.map((place) => Math.floor(place / width));
  return [Math.min(...columns), Math.min(...rows), Math.max(...columns) + 1, Math.max(...rows) + 1];
}
