/** What the trainings of an experiment will hold on a device, known without data and without a step. @module */
import type { Device } from "../../kernels/device.ts";
import { type Graph, UserError } from "../../pipeline/mod.ts";
import { knownTraining, trainingNodes } from "../../stages/known_training.ts";
import type { TrainingConfig } from "../../stages/training/config/config.ts";
import { forecast, type TrainingForecast, USABLE } from "../../stages/training/memory.ts";

/** One training of an experiment. */
export interface PlannedMemory
  extends TrainingForecast, Pick<TrainingConfig, "backbone" | "batch" | "accumulate" | "recompute"> {
  /** Id of the stage. */
  readonly id: string;
  readonly crop: number;
  readonly device: {
    readonly name: string;
    /** Bytes; absent where the system does not tell. */
    readonly memoryBytes?: number;
    /** Of those, what a training may take. */
    readonly usableBytes?: number;
    readonly maxBufferSize: number;
    /** What is granted of that. */
    readonly bufferBytes: number;
    readonly maxStorageBufferBindingSize: number;
  };
  /** Whether it can be trained, as far as is known. */
  readonly fits: boolean;
}

/** Plans the memory of every training of a graph. */
export function plannedMemory(device: Device, graph: Graph, seed: number): PlannedMemory[] {
  const { facts: { name, memoryBytes, bufferBytes }, gpu: { limits } } = device;
  return trainingNodes(graph).map((node) => {
    const known = knownTraining(node, seed);
    if ("unknown" in known) {
      const { id, stage } = known.unknown;
      throw new UserError(
        `Cannot plan the memory of "${node.id}": its classes come from stage "${id}" (${stage.name}), and only ` +
          'those of "load" are known before it has run. Train it: the peak is told, and checked, before the first step.',
      );
    }
    const { id, config: { backbone, batch, accumulate, recompute }, crop, settings } = known;
    const found = forecast(device, settings);
    return {
      id,
      backbone,
      crop,
      batch,
      accumulate,
      recompute,
      ...found,
      device: {
        name,
        ...(memoryBytes !== undefined && { memoryBytes, usableBytes: Math.floor(USABLE * memoryBytes) }),
        maxBufferSize: limits.maxBufferSize,
        bufferBytes,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      },
      fits: found.obstacle === undefined,
    };
  });
}
