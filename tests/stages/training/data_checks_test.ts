import { deepEqual, doesNotThrow, strictEqual, throws } from "node:assert/strict";
import type { SampleSet } from "../../../stages/datasets/samples.ts";
import { assertOneRange, warmUpFor } from "../../../stages/training/data_checks.ts";
import { type Draws, labeled, unlabeled, weak } from "../../../stages/views/specs.ts";
import { shapesSet } from "../../support/training.ts";

const set = shapesSet([{ width: 8, height: 8 }]), empty = shapesSet([]);
const ranged = (range?: readonly [number, number]): SampleSet => ({ ...set, range });

Deno.test("the sets of a training have one range, but those that are empty", () => {
  const views = { labeled: ranged([1, 9]), unlabeled: ranged([1, 9]), validation: ranged([1, 9]) };
  doesNotThrow(() => assertOneRange(views));
  doesNotThrow(() => assertOneRange({ ...views, unlabeled: empty, validation: empty }));
  doesNotThrow(() => assertOneRange({ labeled: set, unlabeled: set, validation: set }));
  throws(
    () => assertOneRange({ ...views, unlabeled: ranged([2, 9]) }),
    /labeled images were read with the range \[1,9\], the images of unlabeled with \[2,9\]\. Give both stages load one range/,
  );
  throws(
    () => assertOneRange({ ...views, validation: set }),
    /the images of validation with 8 bits as they are/,
  );
});

Deno.test("a warm-up that leaves no epoch to the method is said, and recorded", () => {
  const facts: string[] = [], told: string[] = [];
  const context = {
    progress: ({ message }: Record<string, unknown>) => void told.push(String(message)),
    fact: (_: string, value: unknown) => void facts.push(String(value)),
  };
  const views = { unlabeled: set, validation: set };
  const warmUp = (epochs: number, warmUpEpochs: number, draw: Draws[string] = unlabeled({ image: weak() })) =>
    warmUpFor({ epochs, warmUpEpochs }, views, { draws: { draw } }, context);
  strictEqual(warmUp(3, 2), 2);
  strictEqual(warmUp(1, 3, labeled({ image: weak() })), 3, "labels alone have no method to come");
  deepEqual([told, facts], [[], []]);
  strictEqual(warmUp(3, 3), 3);
  deepEqual(told, [
    "the warm-up's epochs, 3, are all of 3: the networks learn from labels alone. " +
    "Set co-train.warmUpEpochs below co-train.epochs to have the method begin",
  ]);
  deepEqual(facts, ["labels alone: all epochs are the warm-up's"]);
  strictEqual(warmUp(1, 3), 3);
  strictEqual(told.length, 2);
});
