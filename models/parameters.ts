import { allocate, type Device, readBack, upload } from "../kernels/device.ts";
import { ALIGNMENT, makeTensor, roundUp, type Tensor } from "../kernels/tensor.ts";
import { deviceShape, fromDevice, toDevice } from "./layout.ts";
import type { ParameterGroup, ParameterSpec, Registry } from "./registry.ts";
import { checkStateDict, type StateDict } from "./state_dict.ts";

/** A contiguous part of the flat arenas: parameters, their gradients and momenta, at the same offsets. */
export interface ParameterRange {
  readonly group: ParameterGroup;
  /** Whether it holds convolutions' weights, and not vectors: norms' and biases. */
  readonly convolutions: boolean;
  readonly start: number;
  /** Bytes. */
  readonly end: number;
}

/** A network's state on the device. */
export interface Parameters {
  /** The tensor of a parameter or running statistic, by its PyTorch name. */
  readonly tensor: (name: string) => Tensor;
  readonly ranges: readonly ParameterRange[];
  readonly buffers: {
    readonly values: GPUBuffer;
    readonly gradients?: GPUBuffer;
    readonly momenta?: GPUBuffer;
  };
  /** All that a training changes and the next step reads, padding included: what a checkpoint must hold. */
  readonly state: readonly Tensor[];
  /** Bytes held on the device, in all and by what is held. */
  readonly bytes: number;
  readonly sizes: {
    readonly values: number;
    readonly gradients: number;
    readonly momenta: number;
    readonly statistics: number;
  };
  /** @throws {WeightsError} If the names or shapes are not those of the network. */
  load(
    state: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>,
  ): void;
  /** Reads everything back, in the order of the state dict. */
  read(): Promise<StateDict>;
  free(): void;
}

/**
 * Makes room for a network: one flat arena for all parameters (backbones first, and in each group convolutions' weights, so
 * that each learning rate and each weight decay covers one range), and for training two more for gradients and momenta.
 */
export function allocateParameters(
  device: Device,
  registry: Registry,
  { training }: { training: boolean },
): Parameters {
  const ordered = [...registry.parameters].sort((a, b) => rank(a) - rank(b));
  const specs = ordered.map(({ name, shape }) => ({
    label: name,
    shape: deviceShape(shape),
    layout: isConvolution(shape) ? "kernel" as const : "channels" as const,
  }));
  const values = allocate(device, "parameters", specs);
  const gradients = training ? allocate(device, "gradients", specs) : undefined;
  const momenta = training ? allocate(device, "momenta", specs) : undefined;
  const statistics = allocate(
    device,
    "running statistics",
    registry.statistics.map(({ name, shape }) => ({ label: name, shape })),
  );
  const tensors = new Map<string, Tensor>(statistics.tensors.map((tensor) => [tensor.label, tensor]));
  values.tensors.forEach((tensor, i) =>
    tensors.set(
      tensor.label,
      makeTensor({ ...tensor, tracked: training, ...(gradients && { gradient: gradients.tensors[i]! }) }),
    )
  );
  const everything = [...registry.parameters, ...registry.statistics];
  const held = [values, gradients, momenta, statistics].filter((arena) => arena !== undefined);
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new Error(`Cannot find "${name}" among the network's parameters`);
    return found;
  };
  return {
    tensor,
    ranges: ranges(ordered, values.tensors),
    buffers: {
      values: values.buffer,
      ...(gradients && momenta && { gradients: gradients.buffer, momenta: momenta.buffer }),
    },
    state: [values, momenta, statistics].filter((arena) => arena !== undefined).map(({ buffer, bytes }, i) =>
      makeTensor({ label: `state ${i}`, shape: [bytes / 4], layout: "map", home: { buffer, offset: 0 } })
    ),
    bytes: held.reduce((sum, arena) => sum + arena.bytes, 0),
    sizes: {
      values: values.bytes,
      gradients: gradients?.bytes ?? 0,
      momenta: momenta?.bytes ?? 0,
      statistics: statistics.bytes,
    },
    load(state) {
      checkStateDict(
        new Map([...state].map(([name, t]) => [name, { ...t, values: new Float32Array() }])),
        everything,
      );
      for (const { name, shape } of everything) {
        upload(device, tensor(name), toDevice(state.get(name)!.values, shape));
      }
    },
    async read() {
      const stored = await readBack(device, everything.map(({ name }) => tensor(name)));
      return new Map(
        everything.map(({ name, shape }, i) => [name, { shape, values: fromDevice(stored[i]!, shape) }]),
      );
    },
    free() {
      for (const arena of held) arena.free();
    },
  };
}

function rank({ group, shape }: ParameterSpec): number {
  return (group === "backbone" ? 0 : 2) + (isConvolution(shape) ? 0 : 1);
}

function isConvolution(shape: readonly number[]): boolean {
  return shape.length === 4;
}

function ranges(specs: readonly ParameterSpec[], tensors: readonly Tensor[]): ParameterRange[] {
  const out: { group: ParameterGroup; convolutions: boolean; start: number; end: number }[] = [];
  specs.forEach(({ group, shape }, i) => {
    const convolutions = isConvolution(shape);
    const start = tensors[i]!.home!.offset;
    const end = start + roundUp(tensors[i]!.bytes, ALIGNMENT);
    const last = out.at(-1);
    if (last?.group === group && last.convolutions === convolutions) last.end = end;
    else out.push({ group, convolutions, start, end });
  });
  return out;
}
