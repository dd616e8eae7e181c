/** CPU twin of `ops/view/nearest.wgsl`, of one map. */
export function nearest(
  values: ArrayLike<number>,
  [height, width]: readonly [height: number, width: number],
  [outHeight, outWidth]: readonly [height: number, width: number],
): number[] {
  return Array.from({ length: outHeight * outWidth }, (_, i) => {
    const row = Math.floor(i / outWidth), column = i % outWidth;
    return values[Math.floor(row * height / outHeight) * width + Math.floor(column * width / outWidth)]!;
  });
}
