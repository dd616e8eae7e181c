/**
 * Variables that the driver reads. Mesa's software driver, lavapipe, is told how wide its vectors are, and where it keeps what
 * it compiled: for each width in a folder of its own.
 *
 * @module
 */
import { basename, join } from "node:path";
import { exists } from "./paths.ts";
import { runForOutput } from "./programs.ts";

/** Where Linux systems that run on x86 have the driver: Debian and Ubuntu; Fedora and SUSE; Arch. */
const libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"]
  .map((folder) => `${folder}/libvulkan_lvp.so`);
/** The newest LLVM with which vectors of 512 bits were measured to be the faster ones (tests/bench/results.md). */
const newestWide = 15;
/** What the driver reads. */
const widthVariable = "LP_NATIVE_VECTOR_WIDTH", folderVariable = "MESA_SHADER_CACHE_DIR";
/** A folder so named is not the user's choice, but that of a process that started this one. */
const ownFolder = "crossview-mesa-";

/**
 * Variables that must be set before the first adapter is asked for, where the user has not set them: the launcher sets them for
 * the command that it starts, which may not.
 *
 * Without XDG_RUNTIME_DIR the drivers complain on stderr; and without a Vulkan driver a Linux system may offer OpenGL, which the
 * kernels are not made for.
 *
 * @param isBrief As for {@linkcode vectorWidth}.
 */
export async function driverVariables(isBrief = false): Promise<Record<string, string>> {
  if (Deno.build.os !== "linux") return {};
  const wanted = { XDG_RUNTIME_DIR: "/tmp", DENO_WEBGPU_BACKEND: "vulkan" };
  const missing = Object.entries(wanted).filter(([name]) => Deno.env.get(name) === undefined);
  return { ...Object.fromEntries(missing), ...(await chooseLavapipe(isBrief)).variables };
}

/** Sets {@linkcode driverVariables} in this process. */
export async function setDriverVariables(isBrief = false): Promise<void> {
  for (const [name, value] of Object.entries(await driverVariables(isBrief))) Deno.env.set(name, value);
}

/** What is asked of the driver. */
export interface LavapipeChoice {
  /** Variables to set. */
  readonly variables: Readonly<Record<string, string>>;
  /** The width that is asked for, and why, for a person. */
  readonly reason: string;
}

/**
 * The width of vectors that a driver should be asked for, bits, and why; without a width it is left the driver's own, of 256.
 *
 * @param hasWide Whether the processor has vectors of 512 bits.
 * @param llvm Major version of the driver's compiler; undefined where it is unknown.
 * @param isBrief Whether many kernels compute little, as in tests: for 512 bits they take twice as long to be compiled.
 */
export function vectorWidth(
  hasWide: boolean,
  llvm: number | undefined,
  isBrief = false,
): { width?: "512" | "256"; reason: string } {
  if (!hasWide) return { reason: "the driver's own: the processor has no vectors of 512 bits" };
  if (llvm === undefined) return { reason: "the driver's own: its LLVM was not found" };
  if (llvm > newestWide) {
    return { reason: `the driver's own: 512 bits are faster up to LLVM ${newestWide}, and this is ${llvm}` };
  }
  if (isBrief) {
    return { width: "256", reason: "256 bits: little is computed, and they are compiled for sooner" };
  }
  return { width: "512", reason: `512 bits: with LLVM ${llvm}, they are faster than the driver's own 256` };
}

/**
 * The choice on this machine. What the user has set stays.
 *
 * @param isBrief As for {@linkcode vectorWidth}.
 */
export async function chooseLavapipe(isBrief = false): Promise<LavapipeChoice> {
  const given = Deno.env.get(widthVariable) || undefined;
  const { width, reason } = given === undefined
    ? vectorWidth(await hasWideVectors(), await llvmVersion(), isBrief)
    : { width: given, reason: `${given} bits, as ${widthVariable} says` };
  const folder = shaderFolder(width ?? "own");
  return {
    variables: {
      ...(given === undefined && width !== undefined && { [widthVariable]: width }),
      ...(folder !== undefined && { [folderVariable]: folder }),
    },
    reason,
  };
}

async function hasWideVectors(): Promise<boolean> {
  // Deno guards /proc itself; a program may read it.
  return await runForOutput("grep", ["-m1", "-o", "avx512f", "/proc/cpuinfo"]) === "avx512f";
}

/** Major version of the LLVM that the driver is linked with. */
async function llvmVersion(): Promise<number | undefined> {
  for (const library of libraries) {
    const name = await runForOutput("grep", ["-a", "-o", "-m1", "libLLVM[-.so]*[0-9][0-9]*", library]);
    if (name !== undefined) return Number(/\d+/.exec(name)![0]);
  }
  return undefined;
}

/**
 * The driver's shader cache for a width; undefined where the user has named one. Mesa's keys lack the width: what LLVM 19
 * compiled for 512 bits crashes a process of 256. Mesa makes the folder, but not the one around it: where that is missing the
 * driver starts with a place of its own.
 */
function shaderFolder(width: string): string | undefined {
  const named = Deno.env.get(folderVariable);
  if (named && !basename(named).startsWith(ownFolder)) return undefined;
  const home = Deno.env.get("HOME");
  const caches = Deno.env.get("XDG_CACHE_HOME") || home && join(home, ".cache");
  if (!caches || !exists(caches)) return undefined;
  return join(caches, `${ownFolder}${width}`);
}
