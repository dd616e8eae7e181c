import { KernelError } from "./errors.ts";
import { checkLoops, type Kernel, MAX_GROUPS } from "./shader/kernel.ts";
import type { Sharing } from "./sharing.ts";
import { makeTensor, type Precision, type Tensor, type TensorSpec } from "./tensor.ts";
import type { Candidate, Choice } from "./tuning/tuning.ts";

/** One launch of a kernel, as captured. */
export interface Dispatch extends Omit<Candidate, "name" | "loops"> {
  /** Its inputs, in the kernel's order. */
  readonly reads: readonly Tensor[];
  /** Its outputs, in the kernel's order. */
  readonly writes: readonly Tensor[];
  /** Values of the uniform struct's fields. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** Useful multiply-adds times two, for benches; 0 where bytes are the cost. */
  readonly flops: number;
  /** Other ways to do the same, to the same bits; kernel, constants and groups are those of the first. */
  readonly choice?: Choice;
  /** See {@linkcode Launch.gathers}. */
  readonly gathers?: boolean;
}

/** What an op asks for when it launches. */
export interface Launch {
  /** What runs. */
  kernel: Kernel;
  /** Its inputs, in the kernel's order. */
  reads: readonly Tensor[];
  /** Its outputs, in the kernel's order; no input among them, unless the kernel works in place. */
  writes: readonly Tensor[];
  /** Values of the uniform struct's fields. */
  uniforms?: Record<string, number>;
  /** Values of `override`s and of names in `#unroll` blocks; each distinct set is a pipeline. */
  constants?: Record<string, number>;
  /** Workgroups along x, y and z, each axis from 1 to 65,535 unless it is `divisible`. */
  groups: readonly [number, number, number];
  /** The axis along which it may be launched in parts (parts.ts); the uniform `first_group` says where a part begins. */
  divisible?: 0 | 1 | 2 | undefined;
  /** Names of the inputs that are read from a texture (texture_operand.ts), where they can be. */
  textures?: readonly string[];
  /** Loop iterations of the busiest invocation, held under the bound that every driver honors. */
  loops: number;
  /** Useful multiply-adds times two, for benches; 0 unless told. */
  flops?: number;
  /** Other ways to do the same, to the same bits. */
  choice?: Choice;
  /**
   * Whether its one output, [size, …], is complete only when the host has brought what the graphs beside this one have written,
   * each in the row of its rank; for graphs with a {@linkcode Share}.
   */
  gathers?: boolean;
}

/** Which of several graphs, or processes, that have parts of the same to do, one is. */
export interface Share {
  /** From 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
}

/** A scalar to minimize: its value on the device, and how its gradient enters the graph. */
export interface Loss {
  /** What errors and memory plans call it. */
  readonly label: string;
  /** [1], a home to read it from; the unweighted value. */
  readonly value: Tensor;
  /** Launches ∂(weight · value)/∂input for each input and returns the pairs. */
  backward(graph: Graph, weight: number): readonly GradientPair[];
}

/** A tensor, and ∂loss/∂tensor in its shape. */
export type GradientPair = readonly [input: Tensor, gradient: Tensor];

/** How an op gives the gradients of its inputs, from that of its output. */
export type Backward = (gradient: Tensor) => readonly GradientPair[];

/** The same for an op of several outputs; undefined where no gradient has come. */
export type JointBackward = (gradients: readonly (Tensor | undefined)[]) => readonly GradientPair[];

interface TapeEntry {
  readonly outputs: readonly Tensor[];
  readonly backward: JointBackward;
}

/**
 * A step being written down: ops append launches, and a tape of how to go back.
 *
 * Nothing runs while a graph is built. `compile` (program.ts) plans its memory and replays it.
 */
export class Graph {
  /** What has been launched so far, in order. */
  readonly dispatches: Dispatch[] = [];
  /** Tensors that can be read after a run; see {@linkcode Graph.keep}. */
  readonly kept: Set<Tensor> = new Set();
  #tape: TapeEntry[] = [];
  /** Tensors that {@linkcode Graph.gradient} follows, and what they stand for. */
  readonly #followed = new Map<Tensor, Tensor>();
  #inner = false;
  readonly #derived = new Map<Tensor, Tensor>();
  readonly #written = new Set<Tensor>();
  #recording = true;
  #precision: Precision;

  /**
   * A graph without launches.
   *
   * @param sharing How the device that the graph is meant for shares what is fetched; 0 runs everywhere.
   * @param options.precision What activations are stored as, and with them their gradients; f32 unless told.
   * @param options.share Which of the graphs this one is whose batches are one batch to what is normalized by it; it is alone
   *   unless told.
   */
  constructor(
    readonly sharing: Sharing,
    readonly options: { readonly precision?: Precision; readonly share?: Share } = {},
  ) {
    this.#precision = options.precision ?? "f32";
  }

  /** A tensor of the workspace. */
  tensor(spec: TensorSpec & { tracked?: boolean }): Tensor {
    return makeTensor(spec);
  }

  /**
   * An op's output: tracked if any of `inputs` is and gradients are being recorded; an activation, stored in the graph's
   * precision, unless it is a map or says its type.
   */
  output(spec: TensorSpec, inputs: readonly Tensor[]): Tensor {
    const { dtype = (spec.layout ?? "channels") === "channels" ? this.#precision : "f32" } = spec;
    return makeTensor({
      ...spec,
      dtype,
      tracked: this.#recording && inputs.some((input) => input.tracked),
    });
  }

  /** Room for the gradient of a tensor, stored as it is. */
  gradientLike({ label, shape, dtype, layout }: Tensor): Tensor {
    return makeTensor({ label: `d ${label}`, shape, dtype, layout });
  }

  /**
   * Appends a launch.
   *
   * @throws {KernelError} If it does not suit the kernel's interface, or is more than every device can run.
   */
  launch(launch: Launch): void {
    const {
      kernel,
      reads,
      writes,
      uniforms = {},
      constants = {},
      groups,
      divisible,
      textures = [],
      loops,
      flops = 0,
      choice,
      gathers = false,
    } = launch;
    const [inputs, outputs] = [kernel.reads, kernel.writes].map((bindings) => Object.keys(bindings).length);
    if (reads.length !== inputs || writes.length !== outputs) {
      throw new KernelError(
        `Cannot launch kernel "${kernel.name}" with ${reads.length} inputs and ${writes.length} outputs: ` +
          `it has ${inputs} and ${outputs}`,
      );
    }
    const own = (tensor: Tensor) => this.#followed.get(tensor) ?? tensor;
    const isTooMany = (n: number, axis: number) => n > MAX_GROUPS && axis !== divisible;
    if (groups.some((n, axis) => !Number.isInteger(n) || n < 1 || isTooMany(n, axis))) {
      throw new KernelError(
        `Cannot launch kernel "${kernel.name}" on [${groups}] workgroups: each axis takes 1 to ${MAX_GROUPS}`,
      );
    }
    checkLoops(kernel.name, loops);
    this.dispatches.push({
      kernel,
      reads: reads.map(own),
      writes,
      uniforms,
      constants,
      groups,
      flops,
      ...(divisible !== undefined && { divisible }),
      ...(textures.length > 0 && { textures }),
      ...(choice && { choice }),
      ...(gathers && { gathers }),
    });
  }

  /** Tells how to go back from `output`; ignored where no gradient is wanted. */
  record(output: Tensor, backward: Backward): void {
    this.recordAll([output], ([gradient]) => backward(gradient!));
  }

  /** The same for an op of several outputs, which goes back once, when all that came after has. */
  recordAll(outputs: readonly Tensor[], backward: JointBackward): void {
    if (outputs.some(({ tracked }) => tracked)) this.#tape.push({ outputs, backward });
  }

  /** Runs `body` without recording: its outputs are constants to every gradient. */
  withoutGradients<T>(body: () => T): T {
    const before = this.#recording;
    this.#recording = false;
    try {
      return body();
    } finally {
      this.#recording = before;
    }
  }

  /** Runs `body` with its activations stored in another precision than the graph's. */
  inPrecision<T>(precision: Precision, body: () => T): T {
    const before = this.#precision;
    this.#precision = precision;
    try {
      return body();
    } finally {
      this.#precision = before;
    }
  }

  /** Makes `tensor` live to the end of the program, so that it can be read after a run. */
  keep<T extends Tensor>(tensor: T): T {
    this.kept.add(tensor);
    return tensor;
  }

  /** What is derived of a tensor, made once a step, however many ops ask for it. */
  derived(of: Tensor, make: () => Tensor): Tensor {
    let tensor = this.#derived.get(of);
    if (!tensor) this.#derived.set(of, tensor = make());
    return tensor;
  }

  /**
   * Where an op sums a parameter's gradient.
   *
   * @returns `accumulate` is false for the first writer of the step, which overwrites what the last step left.
   */
  gradientOf(parameter: Tensor): { tensor: Tensor; accumulate: boolean } {
    const tensor = parameter.gradient;
    if (!tensor) throw new KernelError(`Cannot differentiate by ${parameter.label}: it is not a parameter`);
    if (this.#inner) {
      throw new KernelError(
        `Cannot differentiate by ${parameter.label} in the middle of a step: its gradient is that of the step's losses; ` +
          "pass it untracked",
      );
    }
    const accumulate = this.#written.has(tensor);
    this.#written.add(tensor);
    return { tensor, accumulate };
  }

  /** True once a launch has written the parameter's gradient in this step. */
  hasGradient(parameter: Tensor): boolean {
    return parameter.gradient !== undefined && this.#written.has(parameter.gradient);
  }

  /**
   * Appends the backward pass.
   *
   * @param seeds Gradients of outputs, or of losses' inputs; several for one tensor are added, in this order.
   * @param add Launches the sum of two gradients.
   * @returns The gradient of each tracked tensor that is not an op's output (an input under test).
   */
  backward(seeds: readonly GradientPair[], add: (a: Tensor, b: Tensor) => Tensor): Map<Tensor, Tensor> {
    const gradients = new Map<Tensor, Tensor>();
    const accumulate = (pairs: readonly GradientPair[]) => {
      for (const [tensor, gradient] of pairs) {
        if (!tensor.tracked) continue;
        const before = gradients.get(tensor);
        gradients.set(tensor, before ? add(before, gradient) : gradient);
      }
    };
    accumulate(seeds);
    for (const { outputs, backward } of this.#tape.toReversed()) {
      const found = outputs.map((output) => gradients.get(output));
      if (found.every((gradient) => gradient === undefined)) continue;
      for (const output of outputs) gradients.delete(output);
      accumulate(backward(found));
    }
    this.#tape.length = 0;
    return gradients;
  }

  /**
   * Appends a computation and its way back, wherever a program stands: ∂(Σ seeds)/∂at, for those that come after to read. It has
   * a tape of its own. What is made within is constant outside, and no parameter gets a gradient.
   *
   * @param at What is differentiated by; a constant to all else.
   * @param body Computes from what stands for `at`; returns the seeds, as for {@linkcode Graph.backward}.
   * @param add Launches the sum of two gradients.
   * @returns Shaped and stored as `at`.
   * @throws {KernelError} If the seeds do not depend on `at`, or depend on a tracked parameter.
   */
  gradient(
    at: Tensor,
    body: (at: Tensor) => readonly GradientPair[],
    add: (a: Tensor, b: Tensor) => Tensor,
  ): Tensor {
    const followed = makeTensor({ ...at, tracked: true });
    this.#followed.set(followed, this.#followed.get(at) ?? at);
    const [tape, recording, inner] = [this.#tape, this.#recording, this.#inner];
    [this.#tape, this.#recording, this.#inner] = [[], true, true];
    try {
      const found = this.backward(body(followed), add).get(followed);
      if (found) return found;
    } finally {
      [this.#tape, this.#recording, this.#inner] = [tape, recording, inner];
    }
    throw new KernelError(`Cannot differentiate by ${at.label}: the loss does not depend on it`);
  }
}
