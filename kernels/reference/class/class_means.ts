/** CPU twin of `ops/class/class_means.wgsl`. */
export function classMeans(
  values: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): { means: number[]; pixels: number[] } {
  const of = Array.from({ length: classes }, (_, k) => Array.from(values).filter((_, i) => labels[i] === k));
  return {
    means: of.map((own) => own.length === 0 ? 0 : own.reduce((sum, value) => sum + value, 0) / own.length),
    pixels: of.map(({ length }) => length),
  };
}
