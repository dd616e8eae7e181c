/** CPU twin of `ops/map/paste.wgsl`: [pixels, channels], dense. */
export function paste(own: ArrayLike<number>, inner: ArrayLike<number>, mask: ArrayLike<number>): number[] {
  const channels = own.length / mask.length;
  return Array.from(own, (value, i) => mask[Math.floor(i / channels)] === 0 ? value : inner[i]!);
}
