import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import type { ClassMeans } from "./class_means.ts";
import source from "./confidence_bank.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "confidence_bank",
  source,
  uniforms: { classes: "u32", keep: "f32", absent: "u32" },
  reads: { confidence: "f32", pixels: "u32" },
  writes: { bank: "f32", rates: "f32" },
});

/** How a bank moves. */
export interface BankOptions {
  /** Share of it that stays, in [0, 1]. */
  readonly keep: number;
  /** Whether a class that a batch does not hold moves towards 0, or stays. */
  readonly absent: "zero" | "kept";
}

/**
 * A class-wise confidence bank: moves it towards a batch's confidence, in place.
 *
 * @param bank f32 map [C] with a home, in [0, 1].
 * @param confidence Of the batch, in [0, 1].
 * @returns f32 map [C]: how much of each class's pixels is learned from then, (1 − bank) / max (1 − bank).
 * @throws {ShapeError} If a map is of another type or shape, or the bank has no home.
 * @throws {RangeError} If `keep` is outside [0, 1].
 */
export function moveConfidence(
  graph: Graph,
  bank: Tensor,
  { means, pixels }: ClassMeans,
  { keep, absent }: BankOptions,
): Tensor {
  const [classes = 0] = bank.shape, action = `move ${bank.label}`;
  checkMap("move a bank", bank, "f32", [classes]);
  checkMap(action, means, "f32", [classes]);
  checkMap(action, pixels, "u32", [classes]);
  if (!bank.home) throw new ShapeError(`Cannot ${action}: it has no home to outlive a run in`);
  if (!(keep >= 0 && keep <= 1)) {
    throw new RangeError(`Cannot ${action} and keep ${keep} of it: it must lie in [0, 1]`);
  }
  const rates = graph.tensor({ label: `${bank.label} rates`.slice(0, 60), shape: [classes], layout: "map" });
  graph.launch({
    kernel,
    reads: [means, pixels],
    writes: [bank, rates],
    uniforms: { classes, keep, absent: absent === "zero" ? 1 : 0 },
    groups: [1, 1, 1],
    loops: 2 * Math.ceil(classes / 64) + 64,
  });
  return rates;
}
