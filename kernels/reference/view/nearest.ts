/** CPU twin of `ops/view/nearest.ts`: a map [N, H, W] at another size. */
export function nearest(
  map: ArrayLike<number>,
  [batch, inHeight, inWidth]: readonly [number, number, number],
  height: number,
  width: number,
): Float64Array {
  return Float64Array.from({ length: batch * height * width }, (_, i) => {
    const [x, y, image] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    const row = Math.floor(y * inHeight / height), column = Math.floor(x * inWidth / width);
    return map[(image * inHeight + row) * inWidth + column]!;
  });
}
