/**
 * How the invocations of a device best share what they fetch: what the kernels that multiply most are cut for.
 *
 * - `8` or `16`: subgroups of so many lanes, by broadcasts. On a processor that is one permutation of a register.
 * - `"workgroup"`: through workgroup memory, as a GPU has it. Software emulates it at a thirtieth of the speed.
 * - `0`: not at all; every invocation fetches for itself. Runs everywhere.
 */
export type Sharing = 0 | 8 | 16 | "workgroup";

/** Bytes of workgroup memory and invocations that the largest block of a convolution takes. */
const BLOCK_BYTES = 17 * 1024, BLOCK_INVOCATIONS = 256;

/** The way of an adapter. */
export function chooseSharing(
  { isSoftware, subgroupSize, workgroupBytes, workgroupInvocations }: {
    readonly isSoftware: boolean;
    /** 0 where subgroups are refused or vary in size. */
    readonly subgroupSize: number;
    readonly workgroupBytes: number;
    readonly workgroupInvocations: number;
  },
): Sharing {
  if (isSoftware) return subgroupSize === 8 || subgroupSize === 16 ? subgroupSize : 0;
  return workgroupBytes >= BLOCK_BYTES && workgroupInvocations >= BLOCK_INVOCATIONS ? "workgroup" : 0;
}
