/** CPU twin of `labelTags()` in `ops/attention/image_tags.ts`: images of `pixels` labels. */
export function labelTags(labels: ArrayLike<number>, pixels: number, classes: number): Float64Array {
  const tags = new Float64Array(labels.length / pixels * (classes - 1));
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label > 0 && label < classes) tags[Math.floor(i / pixels) * (classes - 1) + label - 1] = 1;
  }
  return tags;
}

/** CPU twin of `scoreTags()`. */
export function scoreTags(scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(scores, (score) => 1 / (1 + Math.exp(-score)) >= 0.5 ? 1 : 0);
}
