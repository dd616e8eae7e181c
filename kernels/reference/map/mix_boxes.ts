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

/**
 * The same where each box has a partner of its own: boxes [batch, count, 8] as x0, y0, x1, y1, partner, pasted one after another
 * from `inner` as it is.
 */
export function pasteBoxes(
  input: ArrayLike<number>,
  [batch, height, width, channels]: readonly [number, number, number, number],
  boxes: ArrayLike<number>,
  inner: ArrayLike<number> = input,
): Float64Array {
  const pasted = Float64Array.from(input), count = boxes.length / batch / 8;
  for (let n = 0; n < batch; n++) {
    for (let k = 0; k < count; k++) {
      const word = (i: number) => boxes[8 * (count * n + k) + i]!;
      for (let y = word(1); y < word(3); y++) {
        for (let x = word(0); x < word(2); x++) {
          for (let c = 0; c < channels; c++) {
            const at = (image: number) => ((image * height + y) * width + x) * channels + c;
            pasted[at(n)] = inner[at(word(4))]!;
          }
        }
      }
    }
  }
  return pasted;
}
