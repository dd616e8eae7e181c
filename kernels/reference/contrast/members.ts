/** What the twin is told; see `ops/contrast/members.ts`. */
export interface MembersCase {
  readonly batch: number;
  /** Stored pixels and the image's. */
  readonly stored: readonly [height: number, width: number];
  readonly image: readonly [height: number, width: number];
  readonly classes: number;
  /** Of an unlabeled batch: its map and the two thresholds. */
  readonly unsure?: { readonly entropy: ArrayLike<number>; readonly low: number; readonly high: number };
  readonly planes: "first image" | "each image";
  readonly keys: "of the class" | "any";
  readonly lowRank: number;
  readonly highRank: number;
  readonly anchor: number;
  readonly negative: number;
}

/**
 * CPU twin of `ops/contrast/members.wgsl`, in f64, pixel by pixel and class by class.
 *
 * @returns By class, then pixel: 1 sure and of the class, 2 an anchor, 4 a key, added.
 */
export function members(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  given: MembersCase,
): number[][] {
  const { batch, stored: [h, w], image: [height, width], classes, unsure } = given;
  const flags = Array.from({ length: classes }, () => new Array<number>(batch * h * w).fill(0));
  for (let b = 0; b < batch; b++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const pixel = (b * h + y) * w + x;
        const place = Math.floor(y * height / h) * width + Math.floor(x * width / w);
        const labelOf = (image: number) => labels[image * height * width + place]!;
        const own = labelOf(b);
        const scores = Array.from({ length: classes }, (_, c) => logits[pixel * classes + c]!);
        const order = scores.map((_, c) => c).sort((a, b) => scores[b]! - scores[a]! || a - b);
        const peak = Math.max(...scores), sum = scores.reduce((total, z) => total + Math.exp(z - peak), 0);
        const entropy = unsure?.entropy[b * height * width + place];
        const isSure = unsure ? entropy! <= unsure.low : own !== 255;
        const isUnsure = unsure ? entropy! >= unsure.high : own !== 255;
        for (let c = 0; c < classes; c++) {
          const isOf = given.planes === "each image" ? own === c : b === 0 && own !== 255 &&
            Array.from({ length: batch }, (_, n) => labelOf(n) === 255 ? 0 : labelOf(n)).includes(c);
          const p = Math.exp(scores[c]! - peak) / sum, rank = order.indexOf(c);
          const isRanked = unsure ? rank >= given.lowRank && rank < given.highRank : rank < given.lowRank;
          const ofClass = given.keys === "any" || isOf;
          const isMeant = unsure ? own !== 255 && ofClass : own !== 255 && !isOf && ofClass;
          flags[c]![pixel] = (isOf && isSure ? 1 : 0) + (isOf && isSure && p > given.anchor ? 2 : 0) +
            (isMeant && isUnsure && isRanked && p < given.negative ? 4 : 0);
        }
      }
    }
  }
  return flags;
}
