/** CPU twin of `ops/class/confidence_bank.wgsl`. */
export function moveConfidence(
  bank: ArrayLike<number>,
  confidence: ArrayLike<number>,
  pixels: ArrayLike<number>,
  { keep, absent }: { keep: number; absent: "zero" | "kept" },
): { bank: number[]; rates: number[] } {
  const moved = Array.from(
    bank,
    (value, k) => pixels[k] === 0 && absent === "kept" ? value : keep * value + (1 - keep) * confidence[k]!,
  );
  const most = Math.max(...moved.map((value) => 1 - value));
  return { bank: moved, rates: moved.map((value) => (1 - value) / (most + 1e-12)) };
}
