/** `doctor`: what this machine has, and the remedy for what is missing. @module */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "../terminal/command.ts";
import { isAtLeast, testedDeno } from "../process/deno_version.ts";
import { chooseLavapipe, driverVariables } from "../../runtime/host/driver.ts";
import { sharingVariable } from "../../runtime/host/variables.ts";
import { Gpu } from "../../runtime/gpu/gpu.ts";
import { grantedNote } from "../../runtime/gpu/gpu_memory.ts";
import type { Sharing } from "../../kernels/sharing.ts";
import { namedCache, shared } from "../terminal/options.ts";
import { bytes } from "../terminal/text.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { tuningLine } from "../../runtime/gpu/tuning_file.ts";
import { type Cache, messageOf } from "../../pipeline/mod.ts";

/** Less free space than this is pointed out: one data set of photographs, decoded, is of this order. */
const littleSpace = 20e9;

/** One thing looked at. */
interface Finding {
  readonly name: string;
  readonly value: string;
  /** What to do about it; none if it is in order. */
  readonly remedy?: string;
  /** Whether nothing works without it. */
  readonly fatal?: boolean;
}

/** The command. */
export const doctor: Command = {
  name: "doctor",
  summary: "look at adapter, limits, features, disk and Deno, with the remedy for what is missing",
  options: [shared.cache, shared.json],
  async run(input) {
    const cache = namedCache(input);
    const findings = [
      denoFinding(Deno.version.deno),
      ...await gpuFindings(input.terminal, cache.root),
      ...folderFindings(cache),
      ...diskFindings(cache.root),
    ];
    if (input.flag("json")) input.terminal.print(JSON.stringify(findings));
    else {
      for (const { name, value, remedy } of findings) {
        input.terminal.print(`${remedy === undefined ? "ok " : "!! "} ${name}: ${value}`);
        if (remedy !== undefined) input.terminal.print(`     ${remedy.replaceAll("\n", "\n     ")}`);
      }
    }
    return findings.some(({ fatal }) => fatal === true) ? 1 : 0;
  },
};

/** Whether a version of Deno is new enough. */
function denoFinding(version: string): Finding {
  if (isAtLeast(version, testedDeno)) return { name: "Deno", value: version };
  const wanted = testedDeno.join(".");
  return {
    name: "Deno",
    value: version,
    remedy: `The project is tested with ${wanted} and later: deno upgrade ${wanted}`,
  };
}

async function gpuFindings(terminal: Terminal, cache: string): Promise<Finding[]> {
  const variables = await driverVariables(), { reason } = await chooseLavapipe();
  const gpu = new Gpu(terminal, { mayInstall: false, cache });
  try {
    const { facts, tuning, gpu: { limits } } = await gpu.open();
    const { name, features, subgroupSize, isSoftware, sharing, bufferBytes } = facts,
      { maxBufferSize } = limits;
    const granted = grantedNote({ bufferBytes, maxBufferSize });
    return [
      {
        name: "adapter",
        value: `${name}, ${isSoftware ? "software" : "hardware"}`,
        ...(isSoftware
          ? { remedy: "It computes on the processor. For speed, use a machine with a GPU." }
          : {}),
      },
      { name: "features", value: features.join(", ") || "none" },
      {
        name: "subgroups",
        value: subgroupSize > 0 ? `of ${subgroupSize} lanes` : "not used: refused, or of varying size",
      },
      ...(/llvmpipe/i.test(name) ? [{ name: "width of vectors", value: reason }] : []),
      {
        name: "kernels share",
        value: `${
          wayOf(sharing)
        }; ${sharingVariable}=0, 8, 16 or workgroup takes others, if the adapter runs them`,
      },
      { name: "largest buffer", value: [bytes(bufferBytes), granted].filter(Boolean).join(" ") },
      { name: "largest storage binding", value: bytes(limits.maxStorageBufferBindingSize) },
      { name: "storage buffers a stage", value: String(limits.maxStorageBuffersPerShaderStage) },
      { name: "workgroup memory", value: bytes(limits.maxComputeWorkgroupStorageSize) },
      {
        name: "tuning",
        value: tuning.size > 0
          ? tuningLine(tuning)
          : 'none: "tune EXPERIMENT" measures which kernels are the fastest here',
      },
      { name: "invocations a workgroup", value: String(limits.maxComputeInvocationsPerWorkgroup) },
      {
        name: "driver variables set by the commands",
        value: Object.entries(variables).map(([key, value]) => `${key}=${value}`).join(" ") || "none",
      },
    ];
  } catch (error) {
    return [{ name: "adapter", value: "none", remedy: messageOf(error), fatal: true }];
  } finally {
    await gpu.close();
  }
}

function wayOf(sharing: Sharing): string {
  if (sharing === 0) return "nothing";
  return sharing === "workgroup" ? "by workgroup memory" : `by subgroups of ${sharing}`;
}

function folderFindings(cache: Cache): Finding[] {
  try {
    cache.check();
    return [];
  } catch (error) {
    return [{ name: "cache", value: cache.root, remedy: messageOf(error), fatal: true }];
  }
}

function diskFindings(root: string): Finding[] {
  for (let path = root;; path = dirname(path)) {
    try {
      const { bavail, bsize } = statfsSync(path);
      const free = bavail * bsize;
      const value = `${bytes(free)} free at ${root}`;
      if (free >= littleSpace) return [{ name: "cache", value }];
      const remedy =
        'Photographs are kept decoded there. Make room ("cache gc"), or name another folder with --cache.';
      return [{ name: "cache", value, remedy }];
    } catch (error) {
      // The cache's folder need not be there yet.
      if (path === dirname(path)) return [{ name: "cache", value: messageOf(error) }];
    }
  }
}
