/** Small trainings, run as the pipeline runs them. @module */
import type { Device } from "../../kernels/device.ts";
import type { CoTrainInput } from "../../stages/co_train.ts";
import type { Checkpoint } from "../../stages/weights/checkpoint.ts";
import { testContext } from "../support/stage_run.ts";
import { gpuResources, shapesViews, trainingOf } from "../support/training.ts";

/** Views of 4 labeled and 8 unlabeled scenes. */
export const views = shapesViews();
/** A training of seconds: 4 steps an epoch. */
export const small = { backbone: "resnet14", batch: 2, epochs: 2, logEvery: 3, baseRate: 0.01 } as const;

/** Trains in a folder of its own; gives the files' bytes. */
export async function train(
  device: Device,
  folder: string,
  input: CoTrainInput,
  { views: given = views, seed = 0, signal, onEvent }: {
    views?: typeof views;
    seed?: number;
    signal?: AbortSignal;
    onEvent?: (event: Record<string, unknown>) => void;
  } = {},
) {
  const scratch = await Deno.makeTempDir({ dir: folder });
  const context = testContext(scratch, signal, { seed, ...gpuResources(device) });
  const { stage, config } = trainingOf(input);
  const { history, ...nets } = await stage.definition.run({
    inputs: { views: given },
    config,
    context: {
      ...context,
      progress(event) {
        context.progress(event);
        onEvent?.(event);
      },
    },
  });
  const files = Object.fromEntries(
    Object.entries<Checkpoint>(nets).map(([name, { path }]) => [name, Deno.readFileSync(path)]),
  );
  return { last: nets.last, history, files, events: context.events };
}
