import { RandomStream } from "../../random.ts";

/** The factor of each channel of each sample, [batch, channels]: 0 or 1 / (1 − probability). */
export function channelDropoutMask(
  batch: number,
  channels: number,
  probability: number,
  address: { seed: number; stream: string; epoch: number; step: number },
): Float64Array {
  const mask = new Float64Array(batch * channels);
  for (let sample = 0; sample < batch; sample++) {
    const random = new RandomStream({ ...address, sample });
    for (let c = 0; c < channels; c++) {
      mask[sample * channels + c] = random.uniform() >= probability ? 1 / (1 - probability) : 0;
    }
  }
  return mask;
}

/**
 * CPU twin of `ops/feature/channel_dropout.wgsl`, in f64: x [batch, pixels, channels], dense, mask [batch, channels]. The gradient
 * is the same map.
 */
export function channelDropout(x: Float64Array, mask: Float64Array, channels: number): Float64Array {
  const image = x.length / mask.length * channels;
  return x.map((value, i) => value * mask[Math.floor(i / image) * channels + (i % channels)]!);
}
