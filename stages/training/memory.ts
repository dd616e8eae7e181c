/** How much a training takes on a device, known before anything is asked of it. @module */
import { blueprint } from "../../kernels/program/blueprint.ts";
import type { Device } from "../../kernels/device.ts";
import { DeviceError, KernelError, ShapeError } from "../../kernels/errors.ts";
import { operandTexture } from "../../kernels/program/binding.ts";
import { checkBindings } from "../../kernels/program/parts.ts";
import { schedule } from "../../kernels/program/schedule.ts";
import { largestTexture, textureBytes } from "../../kernels/shader/texture_operand.ts";
import type { Views } from "../augment.ts";
import { type CaptureOptions, captureTraining, isSynchronized, ofMember, sizesOf } from "./capture.ts";
import { MethodError } from "../methods/method.ts";
import type { TrainingConfig } from "./config/config.ts";
import { SettingsError } from "./errors.ts";

/** Settings of a training that decide how much it takes. */
export interface MemorySettings extends CaptureOptions, Pick<TrainingConfig, "recompute"> {
  readonly views: Views;
}

/** What a training holds on a device, bytes. */
export interface TrainingMemory {
  readonly parameterBytes: number;
  readonly gradientBytes: number;
  readonly momentBytes: number;
  readonly statisticBytes: number;
  /** What the method keeps from step to step; with micro-batches, where they are brought together, too. */
  readonly stateBytes: number;
  /** Images and tables of a step, running losses. */
  readonly inputBytes: number;
  /** Activations, their gradients and what else lives within a step, as planned. */
  readonly workspaceBytes: number;
  /** What is alive at the busiest moment: no plan of the workspace can need less. */
  readonly lowerBoundBytes: number;
  /** All of it. Scores along the way come on top, by the size of the images that are scored. */
  readonly peakBytes: number;
  /** Launches that are repeated in a step to save memory; 0 where outputs are kept. */
  readonly repeated: number;
}

/** A training's memory, held against a device. */
export interface PlannedTraining {
  readonly memory: TrainingMemory;
  /** Why the device cannot hold it; absent where it can, or where nothing is known of the device's memory. */
  readonly obstacle?: string;
}

/** What is found of a training before it starts. */
export interface TrainingForecast {
  /** Absent where the capture itself fails. */
  readonly memory?: TrainingMemory;
  /** Why it cannot be trained. */
  readonly obstacle?: string;
  /** What could be, where the device sets the bounds. */
  readonly whatFits?: string;
}

/** Share of a device's memory that a training may plan for: drivers and desktops hold some, and none can grant the last byte. */
export const USABLE = 0.95;

/** Bytes as people read them. */
function shown(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/**
 * Captures a training without the device's memory, and plans it. Nothing is compiled.
 *
 * @throws {ShapeError} If the settings leave a layer without pixels.
 * @throws {DeviceError} If a parameter, or the images of a step, are larger than a buffer that the device grants.
 *   {@linkcode KernelError} if a kernel cannot work on maps so large.
 */
export function planTraining(device: Device, settings: MemorySettings): PlannedTraining {
  const captured = captureTraining(blueprint(device), ofMember(settings));
  // Micro-batches that are synchronized are held side by side, each whole.
  const members = isSynchronized(settings) ? settings.accumulate / (settings.share?.size ?? 1) : 1;
  const graphs = Object.values(captured.phases).flatMap(({ programs }) => programs.map(({ graph }) => graph));
  const held = captured.parameters.sizes;
  const inputBytes = captured.feed.bytes + captured.control.bytes;
  const stateBytes = captured.state.bytes + (captured.folding?.bytes ?? 0);
  const measure = (recompute: boolean): PlannedTraining => {
    const schedules = graphs.map((graph) => schedule(graph, device.facts, { recompute }));
    // The phases take turns in the same arenas and texture.
    const arenas = Math.max(...schedules.map(({ plan }) => plan.arenas.length));
    const workspaceBytes = Array.from(
      { length: arenas },
      (_, i) => Math.max(...schedules.map(({ plan }) => plan.arenas[i] ?? 0)),
    ).reduce((sum, bytes) => sum + bytes, 0) +
      textureBytes(largestTexture(schedules.map(({ dispatches }) => operandTexture(device, dispatches))));
    const memory = {
      parameterBytes: members * held.values,
      gradientBytes: members * held.gradients,
      momentBytes: members * held.moments,
      statisticBytes: members * held.statistics,
      stateBytes: members * stateBytes,
      inputBytes: members * inputBytes,
      workspaceBytes: members * workspaceBytes,
      lowerBoundBytes: members * Math.max(...schedules.map(({ plan }) => plan.lowerBound)),
      peakBytes: members * (captured.parameters.bytes + stateBytes + inputBytes + workspaceBytes),
      repeated: Math.max(...schedules.map(({ repeated }) => repeated)),
    };
    const obstacle = excess(device, memory) ?? unbound(device, schedules);
    return { memory, ...(obstacle !== undefined && { obstacle }) };
  };
  if (settings.recompute === "always") return measure(true);
  const kept = measure(false);
  const isNeeded = settings.recompute === "when-needed" && excess(device, kept.memory) !== undefined;
  return isNeeded ? measure(true) : kept;
}

/** The same without errors: what stands in the way, and what would fit. */
export function forecast(device: Device, settings: MemorySettings): TrainingForecast {
  if (settings.precision === "f16" && !hasHalves(device)) {
    return {
      obstacle:
        `precision f16 needs shader-f16, which "${device.facts.name}" does not grant. Set co-train.precision=f32`,
    };
  }
  try {
    const planned = planTraining(device, settings);
    return planned.obstacle === undefined ? planned : { ...planned, whatFits: whatFits(device, settings) };
  } catch (error) {
    if (error instanceof ShapeError) return { obstacle: error.message };
    if (!isLimit(error)) throw error;
    return { obstacle: error.message, whatFits: whatFits(device, settings) };
  }
}

/**
 * The memory of a training that is about to start.
 *
 * @throws {SettingsError} If it cannot fit, or the settings leave a layer without pixels; with what would fit.
 */
export function planFitting(device: Device, settings: MemorySettings): TrainingMemory {
  const { memory, obstacle, whatFits } = forecast(device, settings);
  if (memory !== undefined && obstacle === undefined) return memory;
  const { views: { policy: { crop } }, batch, network: { backbone } } = settings;
  const subject = `Cannot train ${backbone} at crop ${crop} in batches of ${batch}`;
  throw new SettingsError(
    `${subject}: ${[obstacle, whatFits].filter((part) => part !== undefined).join(". ")}`,
  );
}

/** Whether a limit of the device or of its kernels is in the way. */
function isLimit(error: unknown): error is DeviceError | KernelError {
  return error instanceof DeviceError || error instanceof KernelError;
}

function hasHalves({ facts }: Device): boolean {
  return facts.features.includes("shader-f16");
}

/** Crops that are tried differ from the one asked for by multiples of this: an odd one leads to odd ones. */
const CROP_STEP = 16;

/** What would fit a device that cannot hold a training: found by captures. */
function whatFits(device: Device, settings: MemorySettings): string {
  const { batch, accumulate, views } = settings, { crop } = views.policy;
  const fits = (change: Partial<MemorySettings> & { crop?: number }) => {
    const policy = { ...views.policy, crop: change.crop ?? crop };
    try {
      const changed: MemorySettings = { ...settings, ...change, views: { ...views, policy } };
      return planTraining(device, changed).obstacle === undefined;
    } catch (error) {
      // A method may refuse what is tried, as a batch of one image.
      if (error instanceof ShapeError || error instanceof MethodError || isLimit(error)) return false;
      throw error;
    }
  };
  const found: string[] = [];
  if (settings.recompute === "never" && fits({ recompute: "always" })) {
    found.push("co-train.recompute=always");
  }
  if (settings.precision !== "f16" && hasHalves(device) && fits({ precision: "f16" })) {
    found.push("co-train.precision=f16");
  }
  // Micro-batches of one image are left out: their batch norm has a single value where features are pooled.
  const parts = divisors(batch).filter((k) => k > accumulate && batch / k > 1);
  const micro = parts.find((k) => fits({ accumulate: k }));
  if (micro !== undefined) {
    found.push(`co-train.accumulate=${micro}, micro-batches of ${batch / micro}`);
  }
  const most = largest(1, batch / accumulate - 1, (n) => fits({ batch: n * accumulate }));
  if (most !== undefined) found.push(`co-train.batch=${most * accumulate} at crop ${crop}`);
  const steps = Math.ceil(crop / CROP_STEP) - 1;
  const less = largest(1, steps, (n) => fits({ crop: crop - CROP_STEP * (steps + 1 - n) }));
  if (less !== undefined) {
    found.push(`augment.crop=${crop - CROP_STEP * (steps + 1 - less)} in batches of ${batch}`);
  }
  if (found.length === 0) {
    const kept = Object.keys(settings.method.state(sizesOf(settings)));
    return `No smaller batch and no smaller crop fits; use a smaller backbone${
      kept.length > 0 ? `, or make the method's state smaller (${kept.join(", ")})` : ""
    }`;
  }
  return `What fits: ${found.join("; or ")}`;
}

/** The largest whole number from `low` to `high` for which a predicate that turns false at some point holds. */
function largest(low: number, high: number, holds: (value: number) => boolean): number | undefined {
  let found: number | undefined;
  while (low <= high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) [found, low] = [middle, middle + 1];
    else high = middle - 1;
  }
  return found;
}

function divisors(value: number): number[] {
  return Array.from({ length: value }, (_, i) => i + 1).filter((k) => value % k === 0);
}

function excess({ facts }: Device, memory: TrainingMemory): string | undefined {
  const { peakBytes, parameterBytes, gradientBytes, momentBytes, statisticBytes, stateBytes } = memory;
  if (facts.memoryBytes === undefined || peakBytes <= USABLE * facts.memoryBytes) return undefined;
  const parameters = parameterBytes + gradientBytes + momentBytes + statisticBytes + stateBytes;
  return `it takes ${peakBytes} bytes (${shown(parameters)} for parameters, ${
    shown(memory.workspaceBytes)
  } for ` +
    `the workspace, ${
      shown(memory.inputBytes)
    } for images), and "${facts.name}" has ${facts.memoryBytes}, of which ` +
    `${Math.floor(USABLE * facts.memoryBytes)} may be planned for`;
}

function unbound(
  device: Device,
  schedules: readonly { dispatches: Parameters<typeof checkBindings>[1] }[],
): string | undefined {
  try {
    for (const { dispatches } of schedules) checkBindings(device, dispatches);
    return undefined;
  } catch (error) {
    if (error instanceof DeviceError) return error.message;
    throw error;
  }
}
