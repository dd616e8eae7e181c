import { MAX_GROUPS } from "./shader/kernel.ts";

/** Invocations of a workgroup in kernels that give each invocation one element. */
export const WORKGROUP = 64;

/**
 * Workgroups for a kernel with one invocation an element.
 *
 * One axis of a dispatch is limited, so long ones fold into rows of `stride` invocations: element = y · stride + x.
 */
export function elementwise(count: number): { groups: [number, number, number]; stride: number } {
  const groups = Math.ceil(count / WORKGROUP);
  const columns = Math.min(groups, MAX_GROUPS);
  return { groups: [columns, Math.ceil(groups / columns), 1], stride: columns * WORKGROUP };
}
