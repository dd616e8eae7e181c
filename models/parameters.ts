import type { Device } from "../kernels/device.ts";
import { allocate, type Allocation, readBack, upload } from "../kernels/memory.ts";
import { ALIGNMENT, makeTensor, roundUp, type Tensor, type TensorSpec } from "../kernels/tensor.ts";
import { deviceShape, fromDevice, toDevice } from "./layout.ts";
import {
  networkOf,
  type ParameterGroup,
  type ParameterKind,
  type ParameterSpec,
  type Registry,
} from "./registry.ts";
import { checkStateDict, type StateDict } from "./state_dict.ts";

/** Bytes of a buffer, from a start to an end that is outside. */
export interface ArenaRange {
  readonly buffer: GPUBuffer;
  readonly start: number;
  readonly end: number;
}

/** A contiguous part of the trained parameters, with what belongs to them: of equal size and order. */
export interface ParameterRange {
  readonly group: ParameterGroup;
  readonly kind: ParameterKind;
  /** Whether weight decay pulls at it. */
  readonly decays: boolean;
  readonly values: ArenaRange;
  /** For training: those of a micro-batch. */
  readonly gradients?: ArenaRange;
  /** The sums of all micro-batches' gradients, where there is room for them. */
  readonly sums?: ArenaRange;
  /** What the optimizer remembers of earlier gradients. */
  readonly moments: readonly ArenaRange[];
  /** What the values were at the start, where there is room for it. */
  readonly start?: ArenaRange;
  /** Whether it is of averages, which learn in the warm-up alone. */
  readonly learnsInWarmUp: boolean;
}

/** What two networks of one shape have alike: ranges of equal size and order. */
export interface TwinRange {
  readonly what: "parameters" | "statistics";
  readonly one: ArenaRange;
  readonly other: ArenaRange;
}

/** The state of networks on the device. */
export interface Parameters {
  /** The tensor of a parameter or running statistic, by its PyTorch name. */
  readonly tensor: (name: string) => Tensor;
  /** Of the trained networks, then of averages that learn in the warm-up; each lies in one buffer. */
  readonly ranges: readonly ParameterRange[];
  /** Pairs off all that two networks of one shape hold. */
  twins(one: string, other: string): readonly TwinRange[];
  /** All that a training changes and the next step reads, padding included: what a checkpoint must hold. */
  readonly state: readonly Tensor[];
  /** All running statistics among it, padding included. */
  readonly statistics: readonly Tensor[];
  /** Bytes held on the device, in all and by what is held. */
  readonly bytes: number;
  readonly sizes: {
    /** Of trained networks, and of averages; and of the start, where it is kept. */
    readonly values: number;
    /** And their sums, where there is room for them. */
    readonly gradients: number;
    readonly moments: number;
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

/** What there is room for besides parameters and statistics. */
export interface ParameterOptions {
  /** Whether networks learn: gradients and moments. */
  readonly training: boolean;
  /** What the optimizer remembers of each parameter; 1 unless told. */
  readonly moments?: number;
  /** Whether there is room for sums of gradients, for steps of several micro-batches. Default false. */
  readonly sums?: boolean;
  /** Whether there is room for what was at the start; no part of what a checkpoint holds. Default false. */
  readonly starts?: boolean;
  /** Networks that do not learn by gradients; none unless told. */
  readonly averages?: ReadonlySet<string>;
  /** Those of them that do in the warm-up; none unless told. */
  readonly learners?: ReadonlySet<string>;
}

/**
 * Makes room for networks: one flat arena for all trained parameters (backbones first, and in each part convolutions' weights,
 * norms, biases, so that each learning rate and each weight decay covers one range), for training others for gradients and
 * moments; and one for the parameters of averages. Averages that learn in the warm-up lie behind what is trained. An arena is one buffer where the device grants one so large, else several.
 */
export function allocateParameters(
  device: Device,
  registry: Registry,
  options: ParameterOptions,
): Parameters {
  const arenas = allocateArenas(device, registry, options);
  const { ordered, values, gradients, sums, moments, starts, averages, statistics } = arenas;
  const tensors = tensorsIn(arenas, options.training);
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new Error(`Cannot find "${name}" among the network's parameters`);
    return found;
  };
  const everything = [...registry.parameters, ...registry.statistics];
  const changed = [values, ...moments, ...(averages ? [averages] : []), statistics];
  const held = [
    ...changed,
    ...(gradients ? [gradients] : []),
    ...(sums ? [sums] : []),
    ...(starts ? [starts] : []),
  ];
  const wholes = (label: string, arenas: readonly Allocation[]) =>
    arenas.flatMap(({ buffers }) => buffers).map(({ buffer, bytes }, i) =>
      makeTensor({ label: `${label} ${i}`, shape: [bytes / 4], layout: "map", home: { buffer, offset: 0 } })
    );
  return {
    tensor,
    ranges: trainedRanges(arenas),
    twins(one, other) {
      const parameters = pairsOf(ordered, one, other, tensor);
      const untyped = registry.statistics.map(({ name }) => ({ name, group: undefined, kind: undefined }));
      const statistics = pairsOf(untyped, one, other, tensor);
      return [
        ...parameters.map((pair) => ({ what: "parameters", ...pair }) as const),
        ...statistics.map((pair) => ({ what: "statistics", ...pair }) as const),
      ];
    },
    state: wholes("state", changed),
    statistics: wholes("statistics", [statistics]),
    bytes: held.reduce((sum, arena) => sum + arena.bytes, 0),
    sizes: {
      values: values.bytes + (averages?.bytes ?? 0) + (starts?.bytes ?? 0),
      gradients: (gradients?.bytes ?? 0) + (sums?.bytes ?? 0),
      moments: moments.reduce((sum, { bytes }) => sum + bytes, 0),
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

/** A parameter as it lies in an arena. */
type Placed = ParameterSpec & Pick<TensorSpec, "label" | "layout">;

/** The memory of networks. */
interface Arenas {
  /** All parameters, as they lie. */
  readonly ordered: readonly Placed[];
  /** Those that learn, in the order of `values`, `gradients`, `sums`, each of `moments` and `starts`. */
  readonly trained: readonly Placed[];
  /** How many of those are of averages, the last ones. */
  readonly learners: number;
  readonly values: Allocation;
  readonly gradients: Allocation | undefined;
  readonly sums: Allocation | undefined;
  readonly moments: readonly Allocation[];
  readonly starts: Allocation | undefined;
  /** The parameters of averages. */
  readonly averages: Allocation | undefined;
  readonly statistics: Allocation;
}

function allocateArenas(
  device: Device,
  registry: Registry,
  { training, moments = 1, sums = false, starts = false, averages = new Set(), learners = new Set() }:
    ParameterOptions,
): Arenas {
  const ordered = [...registry.parameters].sort((a, b) => rankOf(a) - rankOf(b)).map((spec) => ({
    ...spec,
    label: spec.name,
    shape: deviceShape(spec.shape),
    layout: spec.kind === "convolutions" ? "kernel" as const : "channels" as const,
  }));
  const of = (belongs: (network: string) => boolean) =>
    ordered.filter(({ name }) => belongs(networkOf(name)));
  const learning = of((network) => learners.has(network));
  const trained = [...of((network) => !averages.has(network)), ...learning];
  const averaged = of((network) => averages.has(network) && !learners.has(network));
  return {
    ordered,
    trained,
    learners: learning.length,
    values: allocate(device, "parameters", trained),
    gradients: training ? allocate(device, "gradients", trained) : undefined,
    sums: training && sums ? allocate(device, "sums of gradients", trained) : undefined,
    moments: Array.from(
      { length: training ? moments : 0 },
      (_, i) => allocate(device, moments === 1 ? "momenta" : `moments ${i + 1}`, trained),
    ),
    starts: starts ? allocate(device, "the start", trained) : undefined,
    averages: averaged.length > 0 ? allocate(device, "averages", averaged) : undefined,
    statistics: allocate(
      device,
      "running statistics",
      registry.statistics.map(({ name, shape }) => ({ label: name, shape })),
    ),
  };
}

/** The tensors of an arena, by name; those that learn with the place of their gradients. */
function tensorsIn(
  { values, gradients, averages, statistics }: Arenas,
  training: boolean,
): ReadonlyMap<string, Tensor> {
  const learning = values.tensors.map((tensor, i) =>
    makeTensor({ ...tensor, tracked: training, ...(gradients && { gradient: gradients.tensors[i]! }) })
  );
  const all = [...statistics.tensors, ...averages?.tensors ?? [], ...learning];
  return new Map(all.map((tensor) => [tensor.label, tensor]));
}

function trainedRanges(
  { trained, learners, values, gradients, sums, moments, starts }: Arenas,
): ParameterRange[] {
  const optional = [gradients, sums, starts].flatMap((arena) => arena ? [arena] : []);
  const arenas = [values, ...optional, ...moments];
  const placed = trained.map((spec, i) => ({ ...spec, tensors: arenas.map(({ tensors }) => tensors[i]!) }));
  const ranges = (specs: typeof placed, learnsInWarmUp: boolean) =>
    runs(specs).map(({ group, kind, decays = true, ranges: [values, ...others] }) => ({
      group,
      kind,
      decays,
      values: values!,
      ...(gradients && { gradients: others.shift()! }),
      ...(sums && { sums: others.shift()! }),
      ...(starts && { start: others.shift()! }),
      moments: others,
      learnsInWarmUp,
    }));
  const first = trained.length - learners;
  return [...ranges(placed.slice(0, first), false), ...ranges(placed.slice(first), true)];
}

/** What two networks of one shape hold, tensor by tensor; neighbors as one. */
function pairsOf<G, K>(
  specs: readonly Typed<G, K>[],
  one: string,
  other: string,
  tensor: (name: string) => Tensor,
): Pick<TwinRange, "one" | "other">[] {
  const of = (network: string) => specs.filter(({ name }) => networkOf(name) === network);
  const others = of(other);
  const pairs = of(one).map((spec, i) => ({
    ...spec,
    tensors: [tensor(spec.name), tensor(others[i]!.name)],
  }));
  return runs(pairs).map(({ ranges: [one, other] }) => ({ one: one!, other: other! }));
}

const KINDS: readonly ParameterKind[] = ["convolutions", "norms", "biases"];

function rankOf({ group, kind }: { readonly group: ParameterGroup; readonly kind: ParameterKind }): number {
  return (group === "backbone" ? 0 : KINDS.length) + KINDS.indexOf(kind);
}

/** What tells apart what an optimizer treats apart. */
interface Typed<G, K> {
  readonly name: string;
  readonly group: G;
  readonly kind: K;
  readonly decays?: boolean;
}

/** Tensors of equal size in several arenas: neighbors in all of them that are of one part and kind, as ranges. */
function runs<G, K>(
  specs: readonly (Typed<G, K> & { readonly tensors: readonly Tensor[] })[],
): (Omit<Typed<G, K>, "name"> & { ranges: ArenaRange[] })[] {
  const out: (Omit<Typed<G, K>, "name"> & { ranges: { buffer: GPUBuffer; start: number; end: number }[] })[] =
    [];
  for (const { group, kind, decays, tensors } of specs) {
    const ranges = tensors.map(({ home, bytes }) => {
      const { buffer, offset } = home!;
      return { buffer, start: offset, end: offset + roundUp(bytes, ALIGNMENT) };
    });
    const last = out.at(-1);
    const follows = last !== undefined && last.group === group && last.kind === kind &&
      last.decays === decays &&
      last.ranges.every(({ buffer, end }, i) => buffer === ranges[i]!.buffer && end === ranges[i]!.start);
    if (follows) last.ranges.forEach((range, i) => range.end = ranges[i]!.end);
    else out.push({ group, kind, ...(decays !== undefined && { decays }), ranges });
  }
  return out;
}
