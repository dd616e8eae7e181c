/** Images to measure a training with. */
import { augment, type Views } from "../../../stages/augment.ts";
import { parsed, shapesSet, square } from "../../support/training.ts";

/** Generated scenes half again as large as the crop, `count` of each kind, with the published policy of views. */
export function trainingViews(crop: number, count: number): Views {
  const side = Math.ceil(1.5 * crop);
  const { length, ids, size, image } = shapesSet(square(side, count), count);
  return {
    labeled: shapesSet(square(side, count)),
    unlabeled: { length, ids, size, image },
    validation: shapesSet(square(side, 1), 2 * count),
    policy: parsed(augment, { crop }),
  };
}
