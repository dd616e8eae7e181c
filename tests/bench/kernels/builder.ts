/** Makes what a bench gives to an op. */
import type { Device } from "../../../kernels/device.ts";
import { allocate, upload } from "../../../kernels/memory.ts";
import { Graph, type Loss } from "../../../kernels/graph.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { compile, type Program } from "../../../kernels/program/program.ts";
import type { Sharing } from "../../../kernels/sharing.ts";
import { type Layout, makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import { uniform } from "../../support/gpu.ts";

/** A graph with tensors that have homes and contents. */
export class Builder {
  readonly graph: Graph;
  readonly #held: { free(): void }[] = [];

  /** @param sharing What the ops' kernels are cut for; the device's way unless told. */
  constructor(readonly device: Device, sharing: Sharing = device.facts.sharing) {
    this.graph = new Graph(sharing);
  }

  /** f32 numbers in [−1, 1). */
  input(label: string, shape: readonly number[], { tracked = true, layout = "channels" as Layout } = {}) {
    return makeTensor({ ...this.#homed(label, shape, layout, "f32"), tracked });
  }

  /** A trained tensor, with the place of its gradient. */
  parameter(label: string, shape: readonly number[], layout: Layout = "channels"): Tensor {
    const gradient = this.#homed(`d ${label}`, shape, layout, "f32");
    return makeTensor({ ...this.#homed(label, shape, layout, "f32"), tracked: true, gradient });
  }

  /** A u32 map of numbers below `below`. */
  map(label: string, shape: readonly number[], below: number): Tensor {
    return this.#homed(label, shape, "map", "u32", below);
  }

  /** Appends the backward pass of an op whose output is `output`. */
  backward(output: Tensor): void {
    this.graph.keep(output);
    this.#differentiate([[output, this.#homed("gradient", output.shape, output.layout, "f32")]]);
  }

  /** Appends the backward pass of a loss. */
  backwardOf(loss: Loss): void {
    this.#differentiate(loss.backward(this.graph, 1));
  }

  /** Frees `resource` with the rest. */
  hold<T extends { free(): void }>(resource: T): T {
    this.#held.push(resource);
    return resource;
  }

  compile(): Program {
    return this.hold(compile(this.device, this.graph));
  }

  free(): void {
    for (const held of this.#held) held.free();
  }

  #differentiate(seeds: Parameters<Graph["backward"]>[0]): void {
    for (const gradient of this.graph.backward(seeds, (a, b) => add(this.graph, a, b)).values()) {
      this.graph.keep(gradient);
    }
  }

  #homed(label: string, shape: readonly number[], layout: Layout, dtype: "f32" | "u32", below = 1): Tensor {
    const memory = this.hold(allocate(this.device, label, [{ label, shape, layout, dtype }]));
    const tensor = memory.tensors[0]!;
    const numbers = uniform(
      label.length,
      tensor.bytes / 4,
      dtype === "u32" ? 0 : -1,
      dtype === "u32" ? below : 1,
    );
    upload(this.device, tensor, dtype === "u32" ? Uint32Array.from(numbers) : Float32Array.from(numbers));
    return tensor;
  }
}
