/**
 * CPU twin of `ops/contrast/member_means.wgsl`, in f64.
 *
 * @param features Of all pixels, one after another, `channels` each.
 * @param members Pixels of each class.
 */
export function memberMeans(
  features: ArrayLike<number>,
  channels: number,
  members: readonly (readonly number[])[],
): number[][] {
  return members.map((pixels) =>
    Array.from(
      { length: channels },
      (_, c) =>
        pixels.reduce((sum, pixel) => sum + features[pixel * channels + c]!, 0) / Math.max(pixels.length, 1),
    )
  );
}
