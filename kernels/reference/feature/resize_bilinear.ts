/**
 * CPU twin of `ops/feature/resize_bilinear.wgsl` and its gradient, in f64: x [batch, height, width, channels], dense; corners
 * aligned. The gradient scatters, where the kernels gather.
 */
export function resizeBilinear(
  x: Float64Array,
  shape: readonly [batch: number, height: number, width: number, channels: number],
  outHeight: number,
  outWidth: number,
): { y: Float64Array; gradient: (dy: Float64Array) => Float64Array } {
  const [batch, height, width, channels] = shape;
  const rows = shares(height, outHeight), columns = shares(width, outWidth);
  /** Calls `visit` with every pair of an output and an input value, and the input's share in it. */
  const each = (visit: (to: number, from: number, share: number) => void) => {
    for (let n = 0; n < batch; n++) {
      rows.forEach((sources, oy) => {
        for (const [iy, rowShare] of sources) {
          columns.forEach((sources, ox) => {
            for (const [ix, columnShare] of sources) {
              const to = ((n * outHeight + oy) * outWidth + ox) * channels;
              const from = ((n * height + iy) * width + ix) * channels;
              for (let c = 0; c < channels; c++) visit(to + c, from + c, rowShare * columnShare);
            }
          });
        }
      });
    }
  };
  const y = new Float64Array(batch * outHeight * outWidth * channels);
  each((to, from, share) => y[to]! += share * x[from]!);
  const gradient = (dy: Float64Array) => {
    const dx = new Float64Array(x.length);
    each((to, from, share) => dx[from]! += share * dy[to]!);
    return dx;
  };
  return { y, gradient };
}

/** For each output of an axis, the one or two inputs it is made of. */
function shares(inputs: number, outputs: number): [input: number, share: number][][] {
  return Array.from({ length: outputs }, (_, output) => {
    const position = outputs === 1 ? 0 : output * (inputs - 1) / (outputs - 1);
    const low = Math.floor(position), rest = position - low;
    return rest === 0 ? [[low, 1]] : [[low, 1 - rest], [low + 1, rest]];
  });
}
