/** Keys's cubic convolution kernel with A = −3/4, at a distance in pixels. */
function cubic(distance: number): number {
  const a = -0.75, d = Math.abs(distance);
  if (d < 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0;
}

/**
 * CPU twin of `ops/view/stretch_image.wgsl`, in f64, not rounded and not cut off.
 *
 * @param image height × width × channels.
 */
export function stretchImage(
  image: ArrayLike<number>,
  [height, width, channels]: readonly [height: number, width: number, channels: number],
  [outHeight, outWidth]: readonly [height: number, width: number],
): Float64Array {
  const out = new Float64Array(outHeight * outWidth * channels);
  const within = (at: number, extent: number) => Math.max(0, Math.min(extent - 1, at));
  for (let row = 0; row < outHeight; row++) {
    const y = (row + 0.5) * height / outHeight - 0.5;
    for (let column = 0; column < outWidth; column++) {
      const x = (column + 0.5) * width / outWidth - 0.5;
      for (let j = Math.floor(y) - 1; j <= Math.floor(y) + 2; j++) {
        for (let i = Math.floor(x) - 1; i <= Math.floor(x) + 2; i++) {
          const weight = cubic(y - j) * cubic(x - i);
          const from = (within(j, height) * width + within(i, width)) * channels;
          for (let c = 0; c < channels; c++) {
            out[(row * outWidth + column) * channels + c]! += weight * image[from + c]!;
          }
        }
      }
    }
  }
  return out;
}
