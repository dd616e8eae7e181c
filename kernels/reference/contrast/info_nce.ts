/** What the twin is told; see `ops/contrast/info_nce.ts`. */
export interface InfoNceCase {
  /** Of all pixels, one after another. */
  readonly features: ArrayLike<number>;
  readonly channels: number;
  /** Sure pixels of each class. */
  readonly sure: readonly number[];
  /** Pixels that anchors of each class are drawn from. */
  readonly anchors: readonly (readonly number[])[];
  readonly means: readonly (readonly number[])[];
  /** Keys of each class, oldest first. */
  readonly queues: readonly (readonly number[])[][];
  /** By turn: numbers in [0, 1) for each anchor, and for each of its keys. */
  readonly draws: { readonly anchors: readonly number[][]; readonly negatives: readonly number[][] };
  readonly temperature: number;
  readonly pairs: "by class" | "by turn";
}

/** A class's share in the loss. */
export interface ContrastedClass {
  readonly turn: number;
  readonly queue: number;
  /** Mean over its anchors. */
  readonly term: number;
}

const EPSILON = 1e-8;

/** CPU twin of `ops/contrast/info_nce_*.wgsl`, in f64, anchor by anchor; draws are numbered as the device's f32 does. */
export function infoNce(
  given: InfoNceCase,
): { value: number; terms: ContrastedClass[]; gradient: Float64Array } {
  const { features, channels, sure, anchors, means, queues, draws, temperature } = given;
  const valid = sure.flatMap((count, c) => count > 0 ? [c] : []);
  const gradient = new Float64Array(features.length), terms: ContrastedClass[] = [];
  let value = 0;
  if (valid.length <= 1) return { value, terms, gradient };
  const drawn = (u: number, count: number) =>
    Math.min(Math.floor(Math.fround(Math.fround(u) * count)), count - 1);
  valid.forEach((queue, turn) => {
    const own = given.pairs === "by class" ? queue : turn, keys = queues[queue]!;
    if (anchors[own]!.length === 0 || keys.length === 0) return;
    const count = draws.anchors[turn]!.length, negatives = draws.negatives[turn]!.length / count;
    let term = 0;
    for (let a = 0; a < count; a++) {
      const pixel = anchors[own]![drawn(draws.anchors[turn]![a]!, anchors[own]!.length)]!;
      const vector = Array.from({ length: channels }, (_, c) => features[pixel * channels + c]!);
      const others = [
        means[own]!,
        ...draws.negatives[turn]!.slice(a * negatives, (a + 1) * negatives)
          .map((u) => keys[drawn(u, keys.length)]!),
      ];
      const length = norm(vector);
      const cosines = others.map((other) =>
        dot(vector, other) / Math.max(length, EPSILON) / Math.max(norm(other), EPSILON)
      );
      const peak = Math.max(...cosines);
      const powers = cosines.map((cosine) => Math.exp((cosine - peak) / temperature));
      const sum = powers.reduce((total, power) => total + power, 0);
      term += (Math.log(sum) + (peak - cosines[0]!) / temperature) / count;
      others.forEach((other, j) => {
        const slope = (powers[j]! / sum - (j === 0 ? 1 : 0)) / temperature / count / valid.length;
        const across = Math.max(length, EPSILON) * Math.max(norm(other), EPSILON);
        const along = length > EPSILON ? cosines[j]! / length ** 2 : 0;
        for (let c = 0; c < channels; c++) {
          gradient[pixel * channels + c]! += slope * (other[c]! / across - along * vector[c]!);
        }
      });
    }
    terms.push({ turn, queue, term });
    value += term / valid.length;
  });
  return { value, terms, gradient };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function norm(a: readonly number[]): number {
  return Math.sqrt(dot(a, a));
}
