/** What the experiments give, once their networks are trained. @module */
import { evaluate, pseudoLabel } from "../../mod.ts";

type Trained = Parameters<typeof evaluate>[0]["nets"] & Parameters<typeof pseudoLabel>[0]["nets"];

/** The images that they are asked about. */
interface Images {
  readonly unlabeled: Parameters<typeof pseudoLabel>[0]["images"];
  readonly validation: Parameters<typeof evaluate>[0]["samples"];
}

/**
 * Labels for the unlabeled images, and the score on the validation images.
 *
 * @param protocol How the networks see the images that they are scored on; without one, whole.
 */
export function outcome(nets: Trained, images: Images, protocol: Parameters<typeof evaluate>[1] = {}) {
  const labels = pseudoLabel({ nets, images: images.unlabeled });
  return { labels, score: evaluate({ nets, samples: images.validation }, protocol) };
}
