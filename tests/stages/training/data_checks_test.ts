import { doesNotThrow, throws } from "node:assert/strict";
import type { SampleSet } from "../../../stages/datasets/samples.ts";
import { assertOneRange } from "../../../stages/training/data_checks.ts";
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
