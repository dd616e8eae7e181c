/** What classes weigh in supervised losses. @module */
import { z } from "zod";
import type { SampleSet } from "../../datasets/samples.ts";
import { SettingsError } from "../errors.ts";

/** All alike; the rarer the more; or a number for each class, in their order. */
export type ClassWeights = "none" | "balanced" | readonly number[];

/** The leaf of the config. */
export const classWeightsLeaf = z.union([
  z.enum(["none", "balanced"]),
  z.array(z.number().min(0)).min(1).max(255).refine((weights) => weights.some((weight) => weight > 0), {
    error: "one of the weights at least must be above 0",
  }),
]).default("none").describe(
  "What classes weigh in the losses on labeled images: none, all alike; balanced, the median frequency over the class's own, " +
    "where a class's frequency is its share of the pixels of the images that have it; or a number for each class.",
).meta({ unit: "factor", source: "published: none; Eigen, Fergus, ICCV 2015, §6.3.2: balanced" });

/**
 * The numbers that a leaf stands for; undefined where all classes weigh the same. A class that no image has weighs 1.
 *
 * @throws {SettingsError} If there are not as many as classes.
 */
export function weightsOfClasses(given: ClassWeights, labeled: SampleSet): readonly number[] | undefined {
  const { names } = labeled.classes;
  if (given === "none") return undefined;
  if (given === "balanced") return balanced(labeled, names.length);
  if (given.length === names.length) return given;
  throw new SettingsError(
    `Cannot weigh the classes: co-train.classWeights has ${given.length} numbers; the data has ${names.length} ` +
      `classes. Write one for each of ${names.join(", ")}.`,
  );
}

/** Median frequency balancing. */
function balanced(labeled: SampleSet, classes: number): readonly number[] {
  const pixels = new Float64Array(classes), around = new Float64Array(classes);
  for (let image = 0; image < labeled.length; image++) {
    const counts = new Float64Array(256);
    for (const label of labeled.mask(image)) counts[label]!++;
    const counted = counts.subarray(0, classes).reduce((sum, count) => sum + count, 0);
    for (let label = 0; label < classes; label++) {
      if (counts[label] === 0) continue;
      pixels[label]! += counts[label]!;
      around[label]! += counted;
    }
  }
  const frequencies = Array.from(pixels, (count, label) => count / around[label]!);
  const known = frequencies.filter((frequency) => frequency > 0).sort((a, b) => a - b);
  const middle = known.length >> 1;
  const median = known.length % 2 === 1 ? known[middle]! : (known[middle - 1]! + known[middle]!) / 2;
  return frequencies.map((frequency) => frequency > 0 ? median / frequency : 1);
}
