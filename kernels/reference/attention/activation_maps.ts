/** CPU twin of `ops/attention/activation_maps.ts`, in f64: images of `pixels` positions of `classes` scores, dense. */
export function activationMaps(
  scores: ArrayLike<number>,
  tags: ArrayLike<number>,
  pixels: number,
  classes: number,
): Float64Array {
  const maps = new Float64Array(scores.length);
  for (let tag = 0; tag < tags.length; tag++) {
    const image = Math.floor(tag / classes), c = tag % classes;
    const at = (pixel: number) => (image * pixels + pixel) * classes + c;
    const raw = Array.from(
      { length: pixels },
      (_, pixel) => Math.max(0, scores[at(pixel)]! / pixels) * tags[tag]!,
    );
    const largest = Math.max(...raw);
    raw.forEach((value, pixel) => maps[at(pixel)] = value / Math.max(1e-5, largest));
  }
  return maps;
}
