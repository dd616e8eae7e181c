/** CPU twin of `ops/map/class_mask.wgsl`: labels [images, pixels]. */
export function classMask(
  labels: ArrayLike<number>,
  classes: ArrayLike<number>,
  images: ArrayLike<number>,
): number[] {
  const pixels = labels.length / images.length;
  return Array.from(
    labels,
    (label, i) => (classes[label] ?? 0) !== 0 && images[Math.floor(i / pixels)] !== 0 ? 1 : 0,
  );
}
