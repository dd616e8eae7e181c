/** Programs that run side by side, each on its part of a batch, and bring one another what they gather. @module */
import type { Device } from "../device.ts";
import type { Share } from "../graph.ts";
import { readBytes, writeBytes } from "../memory.ts";
import { makeTensor, type Tensor } from "../tensor.ts";
import { type Replay, replay } from "./replay.ts";

/** Bytes of each program, to all, by rank; all call it equally often, with equally many. */
export type Gather = (own: Uint8Array) => Promise<readonly Uint8Array<ArrayBuffer>[]>;

/** Launches up to where the others are waited for. */
export interface Segment {
  readonly replays: readonly Replay[];
  /** What is complete when the others' rows have come: [size, …] each, with a home; nothing at the end. */
  readonly gathered: readonly Tensor[];
}

/** Cuts launches behind each run of those that gather: what stands side by side is brought at once. */
export function segmentsOf(
  launches: readonly { readonly replay: Replay; readonly gathered?: Tensor | undefined }[],
): Segment[] {
  const segments: Segment[] = [];
  let replays: Replay[] = [], gathered: Tensor[] = [];
  for (const launch of launches) {
    if (gathered.length > 0 && launch.gathered === undefined) {
      segments.push({ replays, gathered });
      [replays, gathered] = [[], []];
    }
    replays.push(launch.replay);
    if (launch.gathered) gathered.push(launch.gathered);
  }
  return [...segments, { replays, gathered }];
}

/** Runs segments; waits for the others between them. */
export async function runSegments(
  device: Device,
  segments: readonly Segment[],
  { rank }: Share,
  gather: Gather,
): Promise<void> {
  for (const { replays, gathered } of segments) {
    replay(device, replays);
    if (gathered.length === 0) continue;
    const rows = (of: number) => gathered.map((all) => rowOf(all, of));
    const all = await gather(await readBytes(device, rows(rank)));
    all.forEach((bytes, other) => {
      if (other !== rank) writeBytes(device, rows(other), bytes);
    });
  }
}

/** Where a rank's row lies. */
function rowOf({ label, shape: [size], bytes, home }: Tensor, rank: number): Tensor {
  const row = bytes / size!, { buffer, offset } = home!;
  return makeTensor({
    label,
    shape: [row / 4],
    layout: "map",
    home: { buffer, offset: offset + rank * row },
  });
}
