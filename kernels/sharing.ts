import { DeviceError } from "./errors.ts";

/**
 * How the invocations of a device best share what they fetch: what the kernels that multiply most are cut for.
 *
 * - `8` or `16`: subgroups of so many lanes, by broadcasts. On a processor that is one permutation of a register.
 * - `"workgroup"`: through workgroup memory, as a GPU has it. Software emulates it at a thirtieth of the speed.
 * - `0`: not at all; every invocation fetches for itself. Runs everywhere.
 */
export type Sharing = typeof WAYS[number];

const WAYS = [0, 8, 16, "workgroup"] as const;

/** Bytes of workgroup memory and invocations that the largest block of a convolution takes. */
const BLOCK_BYTES = 17 * 1024, BLOCK_INVOCATIONS = 256;

/** What of an adapter decides. */
export interface SharingAdapter {
  readonly isSoftware: boolean;
  /** 0 where subgroups are refused or vary in size. */
  readonly subgroupSize: number;
  readonly workgroupBytes: number;
  readonly workgroupInvocations: number;
}

/**
 * The way of an adapter.
 *
 * @param wanted Another one than its fastest. Each sums in an order of its own, so it is part of what bits depend on.
 * @throws {DeviceError} If the adapter cannot run that.
 */
export function chooseSharing(
  { isSoftware, subgroupSize, workgroupBytes, workgroupInvocations }: SharingAdapter,
  wanted?: Sharing,
): Sharing {
  const lanes = WAYS.filter((way) => way === 8 || way === 16).filter((way) => way === subgroupSize);
  const isRoomy = workgroupBytes >= BLOCK_BYTES && workgroupInvocations >= BLOCK_INVOCATIONS;
  const blocks = isRoomy ? ["workgroup" as const] : [];
  const ways: readonly Sharing[] = isSoftware ? [...lanes, 0, ...blocks] : [...blocks, 0, ...lanes];
  if (wanted === undefined) return ways[0]!;
  if (ways.includes(wanted)) return wanted;
  throw new DeviceError(
    `Cannot cut kernels for sharing ${wanted}: this adapter runs ${ways.join(", ")} (its subgroups have ` +
      `${subgroupSize || "no known number of"} lanes, its workgroups ${workgroupBytes} bytes and ` +
      `${workgroupInvocations} invocations)`,
  );
}

/**
 * A way as it is written in the environment.
 *
 * @param text Nothing, for the adapter's own, or a way.
 * @param name What it is called there, for the message.
 * @throws {DeviceError} If it is none.
 */
export function parseSharing(text: string | undefined, name: string): Sharing | undefined {
  if (!text) return undefined;
  const way = WAYS.find((way) => String(way) === text);
  if (way !== undefined) return way;
  throw new DeviceError(
    `Cannot cut kernels for ${name}=${text}: it is one of ${
      WAYS.join(", ")
    }, or not set, for the adapter's fastest`,
  );
}
