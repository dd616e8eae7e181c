/** Which multiply-adds of a convolution meet pixels, and which only padding. */

/** How a launch walks: result pixel o and tap t meet source pixel (o · scale + t · step + offset) / divisor. */
interface Walk {
  readonly scale: number;
  readonly step: number;
  readonly offset: number;
  readonly divisor: number;
}

/**
 * The share of a launch's multiply-adds whose source pixel exists: what a launch must compute, over what is counted as is
 * customary. 1 for launches that are no convolutions.
 *
 * @throws {RangeError} If the launch is a convolution that says nothing of its walk.
 */
export function usefulShare(
  { kernel: { name }, uniforms }: {
    readonly kernel: { readonly name: string };
    readonly uniforms: Readonly<Record<string, number>>;
  },
): number {
  if (!name.startsWith("convolution") || uniforms.taps === 1) return 1;
  const number = (field: string): number => {
    const value = uniforms[field];
    if (value === undefined) throw new RangeError(`Cannot count the work of "${name}": it has no "${field}"`);
    return value;
  };
  const isWeight = name.startsWith("convolution_weight_gradient");
  const walk: Walk = isWeight
    ? { scale: number("stride"), step: number("dilation"), offset: -number("padding"), divisor: 1 }
    : {
      scale: number("scale"),
      step: number("tap_step"),
      offset: number("offset"),
      divisor: number("divisor"),
    };
  const isGradient = name.startsWith("convolution_input_gradient");
  const taps = number("taps");
  const share = (source: number, result: number) =>
    meetings(walk, { source, result, taps }) / (taps * (isGradient ? source : result));
  return share(number("height"), number("out_height")) * share(number("width"), number("out_width"));
}

/** Pairs of a result pixel and a tap that meet a source pixel, along one axis. */
function meetings(
  { scale, step, offset, divisor }: Walk,
  { source, result, taps }: { source: number; result: number; taps: number },
): number {
  let count = 0;
  for (let o = 0; o < result; o++) {
    for (let t = 0; t < taps; t++) {
      const at = o * scale + t * step + offset;
      if (at % divisor === 0 && at >= 0 && at / divisor < source) count++;
    }
  }
  return count;
}
