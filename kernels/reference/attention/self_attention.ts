/** Sizes of a self-attention. */
export interface AttentionShape {
  readonly batch: number;
  /** Positions of an image. */
  readonly count: number;
  /** Channels of queries and keys. */
  readonly depth: number;
  /** Channels of values. */
  readonly channels: number;
}

/**
 * CPU twin of `ops/attention/self_attention.ts`, in f64; all dense.
 *
 * @param validity Of each position of each image.
 */
export function selfAttention(
  { query, key, values }: Readonly<Record<"query" | "key" | "values", Float64Array>>,
  validity: ArrayLike<number>,
  { batch, count, depth, channels }: AttentionShape,
): {
  attended: Float64Array;
  weights: Float64Array;
  gradients: (dy: Float64Array) => Record<"query" | "key" | "values", Float64Array>;
} {
  const weights = new Float64Array(batch * count * count),
    attended = new Float64Array(batch * count * channels);
  const each = (visit: (image: number, i: number, row: number) => void) => {
    for (let row = 0; row < batch * count; row++) {
      const image = Math.floor(row / count) * count;
      visit(image, row - image, row);
    }
  };
  each((image, _, row) => {
    const own = weights.subarray(row * count, (row + 1) * count);
    if (!validity[row]) return void own.fill(1 / count);
    const scores = Array.from(own, (_, j) => {
      if (!validity[image + j]) return -Infinity;
      let sum = 0;
      for (let d = 0; d < depth; d++) sum += query[row * depth + d]! * key[(image + j) * depth + d]!;
      return sum / Math.sqrt(depth);
    });
    const peak = Math.max(...scores), powers = scores.map((score) => Math.exp(score - peak));
    const total = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, j) => own[j] = power / total);
  });
  each((image, _, row) => {
    for (let j = 0; j < count; j++) {
      for (let c = 0; c < channels; c++) {
        attended[row * channels + c]! += weights[row * count + j]! * values[(image + j) * channels + c]!;
      }
    }
  });
  return {
    attended,
    weights,
    gradients(dy) {
      const gradients = {
        query: new Float64Array(query.length),
        key: new Float64Array(key.length),
        values: new Float64Array(values.length),
      };
      each((image, _, row) => {
        const byWeight = Array.from({ length: count }, (_, j) => {
          let sum = 0;
          for (let c = 0; c < channels; c++) {
            sum += dy[row * channels + c]! * values[(image + j) * channels + c]!;
            gradients.values[(image + j) * channels + c]! += weights[row * count + j]! *
              dy[row * channels + c]!;
          }
          return sum;
        });
        if (!validity[row]) return;
        const mean = byWeight.reduce((sum, value, j) => sum + value * weights[row * count + j]!, 0);
        byWeight.forEach((value, j) => {
          const slope = weights[row * count + j]! * (value - mean) / Math.sqrt(depth);
          for (let d = 0; d < depth; d++) {
            gradients.query[row * depth + d]! += slope * key[(image + j) * depth + d]!;
            gradients.key[(image + j) * depth + d]! += slope * query[row * depth + d]!;
          }
        });
      });
      return gradients;
    },
  };
}
