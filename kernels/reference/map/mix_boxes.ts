/**
 * CPU twin of `ops/label/mix_boxes.wgsl`: [batch, height, width, channels], dense; boxes [batch, 4 · count + 4] as x0, y0, x1, y1 of
 * each, then the partner.
 */
export function mixBoxes(
  input: ArrayLike<number>,
  [batch, height, width, channels]: readonly [number, number, number, number],
  boxes: ArrayLike<number>,
  inner: ArrayLike<number> = input,
): Float64Array {
  const words = boxes.length / batch, count = words / 4 - 1;
  return Float64Array.from({ length: input.length }, (_, i) => {
    const c = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / (channels * width)) % height;
    const n = Math.floor(i / (channels * width * height));
    const inside = Array.from({ length: count }, (_, k) => {
          const [x0, y0, x1, y1] = [0, 1, 2, 3].map((word) => boxes[words * n + 4 * k + word]!) as [
            number,
            number,
            number,
            number,
          ];
          return x >= x0 && x < x1 && y >= y0 && y < y1;
        }).filter((inside) => inside).length % 2 === 1;
    const partner = boxes[words * n + 4 * count]!;
    return inside ? inner[((partner * height + y) * width + x) * channels + c]! : input[i]!;
  });
}
