/** Images that a method chooses by its state: what the host does between two steps. @module */
import type { Device } from "../../kernels/device.ts";
import { readBack, upload } from "../../kernels/memory.ts";
import { RandomStream } from "../../kernels/random.ts";
import type { ChoiceStep, Chosen } from "../methods/choice.ts";
import { MethodError } from "../methods/method.ts";
import type { CapturedState, CapturedTraining } from "./capture.ts";
import type { StepAddress } from "./control.ts";
import { drawnImages } from "./feed.ts";
import { DivergenceError } from "./losses.ts";
import type { Batch } from "./sampler.ts";

/** The numbers of a step that a choice draws by: those of a stream, by their index, uniform in [0, 1). */
export type ChoiceNumbers = (address: StepAddress) => ChoiceStep["uniform"];

/** Which of the micro-batches of a step. */
export interface Turn {
  readonly accumulate: number;
  readonly index: number;
}

/** How a choice is made. */
interface ChoiceOptions {
  readonly batch: number;
  readonly seed: number;
  readonly choiceNumbers?: ChoiceNumbers | undefined;
}

/** What a method's choice gives for a step, once the device is done with the one before; undefined where it has none. */
export function choiceOf(
  device: Device,
  { method, feed, state }: Pick<CapturedTraining, "method" | "feed" | "state">,
  { batch, seed, choiceNumbers = numbersOf(seed) }: ChoiceOptions,
): ((walks: Batch, address: StepAddress) => Promise<Chosen>) | undefined {
  const { choice, draws } = method;
  if (choice === undefined) return undefined;
  const tensors = choice.reads.map((name) => {
    const tensor = state.tensors[name];
    if (tensor?.dtype === "f32") return tensor;
    throw new MethodError(
      `Cannot choose images by state "${name}": ${
        tensor
          ? `it is ${tensor.dtype}, and f32 is read`
          : `the method has ${Object.keys(state.tensors).join(", ")}`
      }`,
    );
  });
  return async (walks, address) => {
    const read = await readBack(device, tensors);
    const seen = choice.reads.map((name, i) => {
      const count = tensors[i]!.shape.reduce((product, extent) => product * extent, 1);
      const values = read[i]!.subarray(0, count);
      if (values.every(Number.isFinite)) return [name, values] as const;
      throw new DivergenceError(
        `Cannot go on training: state "${name}", which images are chosen by, holds NaN or infinity after ${address.step} ` +
          "steps. Lower the learning rate (co-train.baseRate) or the weights of the method's terms",
      );
    });
    const { labeled, unlabeled, others = [] } = walks, { sizes } = feed;
    const uniform = choiceNumbers(address), images = { labeled, unlabeled, others };
    const chosen = choice.choose(Object.fromEntries(seen), { images, sizes, uniform });
    for (const [name, { set, images, share = 1 }] of Object.entries(draws)) {
      if (images === "chosen") {
        checkImages(name, chosen.images[name], drawnImages(name, share, batch), sizes[set]);
      }
    }
    return chosen;
  };
}

/** Numbers of the run's seed: each is of a stream of its own. */
function numbersOf(seed: number): ChoiceNumbers {
  return ({ epoch, step }) => (stream, index) =>
    new RandomStream({ seed, stream: `choice/${stream}`, epoch, step, sample: index }).uniform();
}

function checkImages(draw: string, images: readonly number[] | undefined, count: number, most: number): void {
  const bad = images?.find((place) => !(Number.isInteger(place) && place >= 0 && place < most));
  if (images?.length === count && bad === undefined) return;
  throw new MethodError(
    `Cannot take a step: of draw "${draw}" ${
      images === undefined ? "nothing" : bad === undefined ? `${images.length} images` : `image ${bad}`
    } was chosen; it takes ${count} of ${most}, from 0`,
  );
}

/** Of each list the part that is of a micro-batch. */
export function dealt(
  lists: Readonly<Record<string, readonly number[]>>,
  { accumulate, index }: Turn,
): Record<string, readonly number[]> {
  return Object.fromEntries(
    Object.entries(lists).map(([name, all]) => {
      const count = all.length / accumulate;
      return [name, all.slice(index * count, (index + 1) * count)];
    }),
  );
}

/**
 * Writes what a choice gives to the state.
 *
 * @throws {MethodError} If the numbers are neither as many as a state holds, nor as many for each micro-batch.
 */
export function writeState(
  device: Device,
  { tensors }: Pick<CapturedState, "tensors">,
  written: NonNullable<Chosen["state"]>,
  turn: Turn,
): void {
  for (const [name, values = []] of Object.entries(written)) {
    const tensor = tensors[name], count = tensor?.shape.reduce((product, extent) => product * extent, 1);
    const isDealt = values.length === (count ?? 0) * turn.accumulate;
    if (tensor?.dtype !== "f32" || (values.length !== count && !isDealt)) {
      throw new MethodError(
        `Cannot write ${values.length} numbers to state "${name}": ${
          tensor === undefined
            ? `the method has ${Object.keys(tensors).join(", ")}`
            : `it is ${tensor.dtype} and holds ${count}, or so many for each of ${turn.accumulate} micro-batches; f32 is written`
        }`,
      );
    }
    const own = isDealt ? dealt({ [name]: values }, turn)[name]! : values;
    upload(device, tensor, Float32Array.from(own));
  }
}
