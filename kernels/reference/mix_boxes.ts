/** CPU twin of `wgsl/mix_boxes.wgsl`: [batch, height, width, channels], dense; boxes [batch, 4] as x0, y0, x1, y1. */
export function mixBoxes(
  input: ArrayLike<number>,
  [batch, height, width, channels]: readonly [number, number, number, number],
  boxes: ArrayLike<number>,
): Float64Array {
  return Float64Array.from({ length: input.length }, (_, i) => {
    const c = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / (channels * width)) % height;
    const n = Math.floor(i / (channels * width * height));
    const [x0, y0, x1, y1] = [0, 1, 2, 3].map((k) => boxes[4 * n + k]!) as [number, number, number, number];
    const from = x >= x0 && x < x1 && y >= y0 && y < y1 ? batch - 1 - n : n;
    return input[((from * height + y) * width + x) * channels + c]!;
  });
}
