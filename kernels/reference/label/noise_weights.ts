/**
 * CPU twin of `ops/label/noise_weights.wgsl`, in f64.
 *
 * @param clean Of each image, whether people have labeled it.
 */
export function noiseWeights(
  confidence: ArrayLike<number>,
  clean: readonly boolean[],
  { sure, shared }: { sure: number; shared: boolean },
): { trust: Float64Array; distrust: Float64Array } {
  const pixels = confidence.length / clean.length;
  const own = Array.from(confidence, (value) => value > sure ? 1 : value);
  const noisy = [...clean.keys()].filter((n) => !clean[n]), scale = clean.length / noisy.length;
  const trust = new Float64Array(own.length), distrust = new Float64Array(own.length);
  for (const n of noisy) {
    for (let place = 0; place < pixels; place++) {
      const of = (image: number) => own[image * pixels + place]!;
      const w = shared ? noisy.reduce((sum, image) => sum + of(image), 0) / noisy.length : of(n);
      trust[n * pixels + place] = scale * w;
      distrust[n * pixels + place] = scale * (1 - w);
    }
  }
  return { trust, distrust };
}
