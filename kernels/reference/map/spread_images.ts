/** CPU twin of `ops/map/spread_images.wgsl`. */
export function spreadImages(table: ArrayLike<number>, pixels: number): number[] {
  return Array.from(table).flatMap((entry) => new Array<number>(pixels).fill(entry));
}
