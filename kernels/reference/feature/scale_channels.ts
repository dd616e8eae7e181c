/** CPU twin of `ops/feature/scale_channels.wgsl`: x [batch, pixels, channels], dense, factors [batch, channels]; so is the gradient. */
export function scaleChannels(x: Float64Array, factors: ArrayLike<number>, channels: number): Float64Array {
  const image = x.length / factors.length * channels;
  return x.map((value, i) => value * factors[Math.floor(i / image) * channels + (i % channels)]!);
}
