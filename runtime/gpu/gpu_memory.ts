/** How much memory an adapter has: WebGPU does not tell, the system does. @module */
import { ALIGNMENT } from "../../kernels/tensor.ts";
import { outputOf } from "../host/environment.ts";
import { bytes } from "../units.ts";

/** Runs a program and gives its output, or undefined if it is missing, fails, or may not be run. */
type Ask = typeof outputOf;

/** What tells adapters apart. */
export type AdapterName = Pick<GPUAdapterInfo, "description" | "vendor">;

const software = /llvmpipe|swiftshader/i;
const nvidiaVendor = "4318", amdVendor = "4098";

/**
 * Bytes of the memory that an adapter computes in, or undefined where nothing tells.
 *
 * Software computes in the machine's memory, or in what a container may take of it.
 */
export async function adapterMemory(info: AdapterName, ask: Ask = outputOf): Promise<number | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  if (software.test(info.description)) return await machineMemory(ask);
  if (info.vendor === nvidiaVendor || /nvidia/i.test(info.description)) return await nvidiaMemory(info, ask);
  if (info.vendor === amdVendor) return await amdMemory(ask);
  return undefined;
}

/** What stands beside the largest buffer that an adapter grants: what it claims, if that is more. */
export function grantedNote(
  { bufferBytes, maxBufferSize }: { readonly bufferBytes: number; readonly maxBufferSize: number },
): string {
  return maxBufferSize - bufferBytes < ALIGNMENT
    ? ""
    : `granted, of ${bytes(maxBufferSize)} claimed; what is larger lies in several`;
}

async function machineMemory(ask: Ask): Promise<number | undefined> {
  // Deno guards /proc itself; a program may read it.
  const total = /^MemTotal:\s+(\d+) kB$/.exec(await ask("grep", ["-m1", "MemTotal", "/proc/meminfo"]) ?? "");
  const limits = await Promise.all(
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
      .map((path) => ask("cat", [path])),
  );
  return least([total && 1024 * Number(total[1]), ...limits.map(whole)]);
}

/** Of several cards of one name the smallest: which one was opened is not told. */
async function nvidiaMemory({ description }: AdapterName, ask: Ask): Promise<number | undefined> {
  const query = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
  const cards = (await ask("nvidia-smi", query) ?? "").split("\n").flatMap((line) => {
    const [name = "", mebibytes] = line.split(", ");
    const size = whole(mebibytes);
    return size === undefined ? [] : [{ name, bytes: size * 2 ** 20 }];
  });
  const named = cards.filter(({ name }) => description.includes(name));
  return least((named.length > 0 ? named : cards).map(({ bytes }) => bytes));
}

async function amdMemory(ask: Ask): Promise<number | undefined> {
  const cards = Array.from({ length: 4 }, (_, i) => `/sys/class/drm/card${i}/device/mem_info_vram_total`);
  return least((await Promise.all(cards.map((path) => ask("cat", [path])))).map(whole));
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function least(values: readonly (number | undefined | null)[]): number | undefined {
  const known = values.filter((value) => typeof value === "number" && value > 0) as number[];
  return known.length > 0 ? Math.min(...known) : undefined;
}
