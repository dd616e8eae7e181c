/** Launches that are bound, and how they are run again and again. @module */
import type { Device } from "../device.ts";
import type { TextureCopy } from "../shader/texture_operand.ts";

/** A launch, bound. */
export interface Replay {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: readonly [number, number, number];
  /** What is to be done before it. */
  readonly copies: readonly TextureCopy[];
  /** Its work. */
  readonly flops: number;
}

/** Records all launches and submits them: once, or as often as the device is to have no more work at once. */
export function replay({ gpu, facts: { flopsAtOnce = Infinity } }: Device, replays: readonly Replay[]): void {
  let encoder = gpu.createCommandEncoder();
  let pass = encoder.beginComputePass();
  let bound: GPUComputePipeline | undefined;
  let recorded = 0;
  for (const { pipeline, bindGroup, groups, copies, flops } of replays) {
    if (recorded > 0 && recorded + flops > flopsAtOnce) {
      pass.end();
      gpu.queue.submit([encoder.finish()]);
      encoder = gpu.createCommandEncoder();
      pass = encoder.beginComputePass();
      bound = undefined;
      recorded = 0;
    }
    recorded += flops;
    if (copies.length > 0) {
      pass.end();
      record(encoder, copies);
      pass = encoder.beginComputePass();
      bound = undefined;
    }
    if (pipeline !== bound) pass.setPipeline(bound = pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...groups);
  }
  pass.end();
  gpu.queue.submit([encoder.finish()]);
}

function record(encoder: GPUCommandEncoder, copies: readonly TextureCopy[]): void {
  for (const { source, destination, size } of copies) encoder.copyBufferToTexture(source, destination, size);
}

/**
 * Runs once with a timestamp around each launch; gives milliseconds.
 *
 * Timestamps are written at the ends of passes, so each launch gets a pass of its own.
 */
export async function profile(device: Device, replays: readonly Replay[]): Promise<number[]> {
  const { gpu } = device;
  const times: number[] = [];
  const MOST = 1024; // queries in a set; WebGPU allows 4096
  for (let start = 0; start < replays.length; start += MOST) {
    const part = replays.slice(start, start + MOST);
    const querySet = gpu.createQuerySet({ type: "timestamp", count: 2 * part.length });
    const resolved = device.buffer(
      "timestamps",
      16 * part.length,
      GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    );
    const staging = device.buffer(
      "timestamps",
      16 * part.length,
      GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    );
    const encoder = gpu.createCommandEncoder();
    part.forEach(({ pipeline, bindGroup, groups, copies }, i) => {
      const [start, end] = [2 * i, 2 * i + 1];
      if (copies.length > 0) {
        encoder.beginComputePass({ timestampWrites: { querySet, beginningOfPassWriteIndex: start } }).end();
        record(encoder, copies);
      }
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet,
          ...(copies.length === 0 && { beginningOfPassWriteIndex: start }),
          endOfPassWriteIndex: end,
        },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...groups);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, 2 * part.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16 * part.length);
    gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    part.forEach((_, i) => times.push(Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6));
    for (const used of [querySet, resolved, staging]) used.destroy();
  }
  return times;
}
