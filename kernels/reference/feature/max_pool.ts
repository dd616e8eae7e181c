/** CPU twin of `ops/feature/max_pool.wgsl` and its gradient, in f64: x [batch, height, width, channels], dense. */
export function maxPool(
  x: Float64Array,
  shape: readonly [batch: number, height: number, width: number, channels: number],
  { size, stride, padding }: { size: number; stride: number; padding: number },
): { y: Float64Array; shape: number[]; gradient: (dy: Float64Array) => Float64Array } {
  const [batch, height, width, channels] = shape;
  const outHeight = Math.floor((height + 2 * padding - size) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - size) / stride) + 1;
  const y = new Float64Array(batch * outHeight * outWidth * channels).fill(-Infinity);
  const winners = new Int32Array(y.length).fill(-1);
  for (let n = 0, at = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let c = 0; c < channels; c++, at++) {
          for (let tap = 0; tap < size * size; tap++) {
            const iy = oy * stride - padding + Math.floor(tap / size);
            const ix = ox * stride - padding + (tap % size);
            if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
            const from = ((n * height + iy) * width + ix) * channels + c;
            if (winners[at]! < 0 || x[from]! > y[at]!) {
              y[at] = x[from]!;
              winners[at] = from;
            }
          }
        }
      }
    }
  }
  const gradient = (dy: Float64Array) => {
    const dx = new Float64Array(x.length);
    dy.forEach((value, at) => dx[winners[at]!]! += value);
    return dx;
  };
  return { y, shape: [batch, outHeight, outWidth, channels], gradient };
}
