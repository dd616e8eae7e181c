/** How fast ops run that are bound by bytes. */
import type { Device } from "../../../kernels/device.ts";
import type { Sharing } from "../../../kernels/sharing.ts";
import { Builder } from "./builder.ts";
import type { Ceiling } from "./ceiling.ts";
import type { OpCase } from "./op_cases.ts";
import { figure, table } from "../report.ts";
import { bytesOf, timeProgram } from "./timing.ts";

/** An op, measured. */
export interface OpFigures {
  readonly name: string;
  readonly size: string;
  readonly launches: number;
  readonly milliseconds: number;
  /** GB/s of bytes that must move. */
  readonly gigabytes: number;
  /** The same, had all processors been free; on software adapters. */
  readonly free?: number;
  readonly kernels: readonly {
    readonly kernel: string;
    readonly milliseconds: number;
    readonly gigabytes: number;
  }[];
}

/** Measures one op, forward and backward. */
export async function timeOp(
  device: Device,
  { name, size, build }: OpCase,
  { rounds, sharing }: { readonly rounds: number; readonly sharing: Sharing },
): Promise<OpFigures> {
  const builder = new Builder(device, sharing);
  try {
    build(builder);
    const program = builder.compile(), { dispatches } = program;
    const { launches, total, processors } = await timeProgram(device, program, rounds);
    const bytes = dispatches.reduce((sum, launch) => sum + bytesOf(launch), 0);
    return {
      name,
      size,
      launches: dispatches.length,
      milliseconds: total,
      gigabytes: bytes / total / 1e6,
      ...(processors !== undefined && { free: bytes / processors / 1e6 }),
      kernels: launches
        ? dispatches.map((launch, i) => ({
          kernel: launch.kernel.name,
          milliseconds: launches[i]!,
          gigabytes: bytesOf(launch) / launches[i]! / 1e6,
        }))
        : [],
    };
  } finally {
    builder.free();
  }
}

/** The table of all ops. */
export function opTable(ops: readonly OpFigures[], ceiling: Ceiling): string {
  const rows = ops.map(({ name, size, launches, milliseconds, gigabytes, free }) => [
    name,
    size,
    String(launches),
    figure(milliseconds),
    figure(gigabytes),
    free === undefined ? "–" : figure(free),
    `${(100 * gigabytes / ceiling.gigabytes).toFixed(0)} %`,
  ]);
  const header = [
    "op, forward and backward",
    "size",
    "launches",
    "ms",
    "GB/s",
    "GB/s, free",
    "of ceiling",
  ];
  return table(header, rows);
}
