/** CPU twin of `ops/class/class_counts.wgsl` and `ops/class/class_index.wgsl`: labels [images, pixels], index [classes, total]. */
export function noteClasses(
  index: ArrayLike<number>,
  labels: ArrayLike<number>,
  images: readonly number[],
  { classes, share }: { classes: number; share: number },
): number[] {
  const noted = Array.from(index), total = index.length / classes, pixels = labels.length / images.length;
  images.forEach((image, place) => {
    for (let k = 0; k < classes; k++) {
      const count = Array.from(labels).slice(place * pixels, (place + 1) * pixels).filter((label) =>
        label === k
      ).length;
      noted[k * total + image] = count > 0 && count >= share * pixels ? 1 : 0;
    }
  });
  return noted;
}
