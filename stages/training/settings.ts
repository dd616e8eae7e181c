/** What a training is captured with, of all that its stage is told. @module */
import type { Views } from "../augment.ts";
import { bindMethod } from "../methods/bound_method.ts";
import type { AnyMethod } from "../methods/method.ts";
import type { NamedOptions } from "../methods/binding/with_method.ts";
import { weightsOfClasses } from "./config/class_weights.ts";
import type { TrainingConfig } from "./config/config.ts";
import type { MemorySettings } from "./memory.ts";
import { optimizerOf } from "./config/optimizer_config.ts";

/** What `coTrain` gets. */
export interface CoTrainConfig extends TrainingConfig {
  /** The method's name and its switches. */
  readonly method: NamedOptions;
}

/** What a config's training is captured with. */
export function trainingSettings(
  trained: AnyMethod,
  config: CoTrainConfig,
  views: Views,
  seed: number,
): MemorySettings {
  const { method: { name: _, ...options }, backbone, outputStride } = config;
  const { batch, accumulate, synchronized, exchange, recompute, precision, lossScale } = config;
  const method = bindMethod(trained, options), { networks, predictions, headline } = method;
  const { classes: { names, colors }, range } = views.labeled;
  const network = { backbone, outputStride, networks, predictions, headline, classes: { names, colors } };
  return {
    network: { ...network, ...(range && { range }) },
    method,
    views,
    batch,
    accumulate,
    synchronized,
    exchange,
    recompute,
    precision,
    lossScale,
    seed,
    optimizer: optimizerOf(config),
    classWeights: weightsOfClasses(config.classWeights, views.labeled),
    warmUp: config.warmUpEpochs > 0,
  };
}
