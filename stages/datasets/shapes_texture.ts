/** Procedural textures and smooth noise for the generated data set. */
import type { RandomStream } from "../../kernels/random.ts";

/** Red, green, blue, 0–1. */
export type Color = readonly [number, number, number];

/** A color at a point; coordinates in pixels. */
export type Texture = (x: number, y: number) => Color;

/** Standard normal, by Box–Muller: another way to draw it would change every picture. */
export function gaussianNoise(random: RandomStream): number {
  const radius = Math.sqrt(-2 * Math.log((random.uint32() + 1) * 2 ** -32));
  return radius * Math.cos(2 * Math.PI * random.uint32() * 2 ** -32);
}

/** Values at random lattice points, joined smoothly; a sum of octaves with halving amplitude, in about [−1, 1]. */
export function smoothNoise(
  random: RandomStream,
  cell: number,
  octaves: number,
): (x: number, y: number) => number {
  const size = 16;
  const lattices = Array.from(
    { length: octaves },
    () => Float64Array.from({ length: size * size }, () => random.uniformBetween(-1, 1)),
  );
  const ease = (t: number) => t * t * (3 - 2 * t);
  const wrap = (i: number) => ((i % size) + size) % size;
  return (x, y) => {
    let sum = 0, amplitude = 1, total = 0, scale = 1 / cell;
    for (const lattice of lattices) {
      const u = x * scale, v = y * scale;
      const column = Math.floor(u), row = Math.floor(v);
      const s = ease(u - column), t = ease(v - row);
      const top = wrap(row) * size, bottom = wrap(row + 1) * size;
      const left = wrap(column), right = wrap(column + 1);
      const above = lattice[top + left]! * (1 - s) + lattice[top + right]! * s;
      const below = lattice[bottom + left]! * (1 - s) + lattice[bottom + right]! * s;
      sum += amplitude * (above * (1 - t) + below * t);
      total += amplitude;
      amplitude /= 2;
      scale *= 2;
    }
    return sum / total;
  };
}

/** Where colors are drawn from: hue, saturation and value apart. */
export interface Palette {
  /** Hues on a circle of 6: red 0, green 2, blue 4. `spread` is the standard deviation; left out, every hue is alike. */
  readonly hue?: { readonly center: number; readonly spread: number };
  readonly saturation: readonly [low: number, high: number];
  readonly value: readonly [low: number, high: number];
}

/** Grays, pastels and dark tones of every hue. */
export const anyColor: Palette = { saturation: [0.05, 0.95], value: [0.25, 0.95] };

/** A random color of a palette. */
export function randomColor(random: RandomStream, palette: Palette = anyColor): Color {
  const { center, spread } = palette.hue ?? { center: 6 * random.uniform(), spread: 0 };
  const hue = (((center + spread * gaussianNoise(random)) % 6) + 6) % 6;
  const saturation = random.uniformBetween(...palette.saturation);
  const value = random.uniformBetween(...palette.value);
  const part = (offset: number) => {
    const k = (offset + hue) % 6;
    return value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [part(5), part(3), part(1)];
}

/** A blend of two colors. */
export function mix(a: Color, b: Color, share: number): Color {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** A step from 0 to 1 that is `width` wide, so that edges within a texture are not jagged. */
function softStep(value: number, width: number): number {
  return Math.max(0, Math.min(1, value / width + 0.5));
}

/**
 * Draws a texture: plain, stripes, checks, dots or noise, in two related or unrelated colors.
 *
 * @param period Typical length of a repetition, in pixels.
 * @param contrast 0–1: how far apart the two colors may be.
 * @param palette Of both colors.
 */
export function randomTexture(
  random: RandomStream,
  period: number,
  contrast: number,
  palette: Palette = anyColor,
): Texture {
  const base = randomColor(random, palette);
  const second = mix(base, randomColor(random, palette), contrast * random.uniformBetween(0.25, 0.9));
  const angle = random.uniformBetween(0, Math.PI);
  const cos = Math.cos(angle), sin = Math.sin(angle);
  const length = period * random.uniformBetween(0.7, 1.6), phase = random.uniformBetween(0, length);
  const share = random.uniformBetween(0.3, 0.7);
  const noise = smoothNoise(random, length, 3);
  const kind = random.integer(0, 4);
  const soft = 1 / length;
  const fraction = (value: number) => value - Math.floor(value);
  /** 1 inside a band of `share` of each period, with soft edges. */
  const band = (value: number) => {
    const distance = Math.abs(fraction(value) - 0.5);
    return softStep(share / 2 - distance, soft);
  };
  return (x, y) => {
    const u = (x * cos + y * sin + phase) / length, v = (y * cos - x * sin + phase) / length;
    const grain = 0.06 * noise(x, y);
    let amount: number;
    if (kind === 0) amount = 0.25 + 1.5 * grain;
    else if (kind === 1) amount = band(u);
    else if (kind === 2) {
      const a = softStep(Math.abs(fraction(u / 2) - 0.5) - 0.25, soft / 2);
      const b = softStep(Math.abs(fraction(v / 2) - 0.5) - 0.25, soft / 2);
      amount = a + b - 2 * a * b;
    } else if (kind === 3) {
      const radius = Math.sqrt((fraction(u) - 0.5) ** 2 + (fraction(v) - 0.5) ** 2);
      amount = softStep(0.2 + 0.25 * share - radius, soft);
    } else amount = softStep(noise(x, y) + share - 0.5, 0.5);
    const [red, green, blue] = mix(base, second, amount);
    return [red + grain, green + grain, blue + grain];
  };
}
