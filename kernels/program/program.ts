import type { Device } from "../device.ts";
import { DeviceError, KernelError } from "../errors.ts";
import type { Dispatch, Graph } from "../graph.ts";
import { packUniforms } from "../shader/kernel.ts";
import { bind, operandTexture } from "./binding.ts";
import type { MemoryPlan } from "./plan.ts";
import { checkBindings, partsOf } from "./parts.ts";
import { profile, replay } from "./replay.ts";
import { schedule, type ScheduleOptions } from "./schedule.ts";
import { type Gather, runSegments, segmentsOf } from "./together.ts";
import { type Lent, openWorkspace } from "./workspace.ts";
import { ALIGNMENT, makeTensor, type Tensor } from "../tensor.ts";
import { textureBytes } from "../shader/texture_operand.ts";
import { tuned, type Tuning } from "../tuning/tuning.ts";

/** How a graph is compiled. */
export interface CompileOptions extends ScheduleOptions {
  /** A program that never runs while this one does: of its workspace, what is large enough is used by both. */
  readonly lender?: Program | undefined;
  /** Which ways of doing an op are taken; the device's unless told. */
  readonly tuning?: Tuning;
}

/** A captured graph with its memory, ready to be replayed. */
export interface Program extends Lent {
  /** Bytes of the workspace on the device, with what another program lends. */
  readonly workspaceBytes: number;
  readonly plan: MemoryPlan;
  readonly dispatches: readonly Dispatch[];
  /** Launches that are repeated so that their outputs need not be kept; they are among `dispatches`. */
  readonly repeated: number;
  /** Records all launches and submits them; creates nothing, reads nothing back. Of a graph that gathers nothing. */
  run(): void;
  /**
   * Runs beside the programs of the other ranks of the graph's share, and waits for what it gathers of them.
   *
   * @param gather Brings it; not called where the graph gathers nothing.
   */
  runTogether(gather: Gather): Promise<void>;
  /** Runs once with a timestamp around each launch; milliseconds, in the order of `dispatches`. */
  profile(): Promise<number[]>;
  /**
   * A kept tensor with its place in the workspace as its home, so that it can be read back.
   * @throws {DeviceError} If the graph did not keep it, or it is larger than a buffer.
   */
  locate(tensor: Tensor): Tensor;
  free(): void;
}

/**
 * Plans memory, compiles every pipeline and binds every launch.
 *
 * @param onProgress Called with the count of launches prepared, as compiling shaders may take seconds.
 * @throws {DeviceError} If a launch needs more bindings than the adapter has, or the workspace a larger buffer.
 */
export function compile(
  device: Device,
  graph: Graph,
  onProgress: (done: number, total: number) => void = () => {},
  options: CompileOptions = {},
): Program {
  const { gpu } = device;
  const { plan, repeated, ...scheduled } = schedule(graph, device.facts, options);
  const dispatches = scheduled.dispatches.map((dispatch) => tuned(dispatch, options.tuning ?? device.tuning));
  checkBindings(device, dispatches);
  const parts = dispatches.flatMap((dispatch, of) => partsOf(device, dispatch).map((part) => ({ part, of })));
  const extents = operandTexture(device, dispatches);
  const workspace = openWorkspace(device, plan, extents, options.lender);
  const uniforms = device.buffer(
    "uniforms",
    Math.max(parts.length, 1) * ALIGNMENT,
    GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  );
  const table = new Uint8Array(parts.length * ALIGNMENT);
  const replays = parts.map(({ part, of }, i) => {
    const packed = packUniforms(part.kernel, part.uniforms), offset = i * ALIGNMENT;
    table.set(packed, offset);
    const bound = bind(device, part, workspace, { buffer: uniforms, offset, size: packed.byteLength });
    if (parts[i + 1]?.of !== of) onProgress(of + 1, dispatches.length);
    return bound;
  });
  // Deno ends the process on a write of no bytes.
  if (table.length > 0) gpu.queue.writeBuffer(uniforms, 0, table);
  device.check();
  const segments = segmentsOf(replays.map((replay, i) => {
    const { gathers, writes: [all] } = dispatches[parts[i]!.of]!;
    return {
      replay,
      gathered: gathers ? makeTensor({ ...all!, home: workspace.homes(all!)[0] }) : undefined,
    };
  }));

  return {
    plan,
    dispatches,
    workspaceBytes: scheduled.workspaceBytes + textureBytes(extents),
    arenas: workspace.arenas,
    texture: workspace.texture,
    repeated,
    run() {
      if (segments.length > 1) {
        throw new KernelError("Cannot run alone what gathers from other graphs: run it together with them");
      }
      device.check();
      replay(device, replays);
    },
    async runTogether(gather) {
      device.check();
      await runSegments(device, segments, graph.options.share ?? { rank: 0, size: 1 }, gather);
    },
    async profile() {
      const times = new Array<number>(dispatches.length).fill(0);
      for (const [i, time] of (await profile(device, replays)).entries()) times[parts[i]!.of]! += time;
      return times;
    },
    locate(tensor) {
      if (!tensor.home && !(graph.kept.has(tensor) && plan.places.has(tensor))) {
        throw new DeviceError(
          `Cannot locate ${tensor.label}: its memory is reused within a run; keep it in the graph before compiling`,
        );
      }
      const [home, ...others] = workspace.homes(tensor);
      if (others.length > 0) {
        throw new DeviceError(
          `Cannot locate ${tensor.label} [${tensor.shape}]: its ${tensor.bytes} bytes lie in ${
            others.length + 1
          } places, as ` +
            `"${device.facts.name}" grants ${device.facts.bufferBytes} a buffer; copy parts of it, and keep those`,
        );
      }
      return makeTensor({ ...tensor, home });
    },
    free() {
      workspace.free();
      uniforms.destroy();
    },
  };
}
