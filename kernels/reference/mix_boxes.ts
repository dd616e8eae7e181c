/** CPU twin of `wgsl/mix_boxes.wgsl`: [batch, height, width, channels], dense; boxes [batch, 8] as x0, y0, x1, y1, partner. */
export function mixBoxes(
  input: ArrayLike<number>,
  [, height, width, channels]: readonly [number, number, number, number],
  boxes: ArrayLike<number>,
  inner: ArrayLike<number> = input,
): Float64Array {
  return Float64Array.from({ length: input.length }, (_, i) => {
    const c = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / (channels * width)) % height;
    const n = Math.floor(i / (channels * width * height));
    const [x0, y0, x1, y1, partner] = Array.from({ length: 5 }, (_, k) => boxes[8 * n + k]!) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const isInside = x >= x0 && x < x1 && y >= y0 && y < y1;
    return isInside ? inner[((partner * height + y) * width + x) * channels + c]! : input[i]!;
  });
}
