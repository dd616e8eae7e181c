/** What every bench says of its surroundings, and how it prints. */
import { join } from "node:path";
import type { Device } from "../../kernels/device.ts";
import { projectRoot } from "../../runtime/host/place.ts";
import { hostFacts, outputOf } from "../../runtime/host/environment.ts";
import { Gpu } from "../../runtime/gpu/gpu.ts";
import { collectingTerminal } from "../../cli/terminal/terminal.ts";

/** Where figures were measured. */
export interface Surroundings {
  readonly adapter: string;
  readonly driver: string;
  /** What `tune` has measured here, in words; absent where it has not. */
  readonly tuning?: string;
  readonly date: string;
  readonly commit: string;
  /** What the system calls the processor: software computes on it, and every device is fed by it. */
  readonly processor: string;
  /** Processors that the program may use, and processes that wanted one in the last minute (itself included). */
  readonly processors: number;
  readonly load: number | undefined;
}

/** Opens the adapter as the commands do, so that figures are of the same driver settings and of what was tuned. */
export async function openBench(): Promise<{ device: Device; surroundings: Surroundings }> {
  const gpu = new Gpu(collectingTerminal(), { mayInstall: false, cache: join(projectRoot, ".cache") });
  const device = await gpu.open();
  const { adapter, driver, tuning } = await gpu.announce();
  const { commit = "unknown" } = await hostFacts();
  return {
    device,
    surroundings: {
      adapter,
      driver,
      ...(tuning !== undefined && { tuning }),
      date: new Date().toISOString().slice(0, 16).replace("T", " "),
      commit,
      processor: await processorModel(),
      processors: navigator.hardwareConcurrency,
      load: await loadAverage(),
    },
  };
}

/** What tells the processor's model, by system; Windows has it in the environment. */
const asking: { readonly [os in typeof Deno.build.os]?: readonly [program: string, ...args: string[]] } = {
  linux: ["grep", "-m1", "^model name", "/proc/cpuinfo"],
  darwin: ["sysctl", "-n", "machdep.cpu.brand_string"],
};

async function processorModel(): Promise<string> {
  const [program, ...args] = asking[Deno.build.os] ?? [];
  const said = program === undefined ? Deno.env.get("PROCESSOR_IDENTIFIER") : await outputOf(program, args);
  return modelIn(said ?? "") || `an unknown processor (${Deno.build.arch})`;
}

/** The model in a system's answer, where there may be a label before it; its spaces are single ones. */
export function modelIn(answer: string): string {
  return answer.replace(/^model name\s*:/, "").replaceAll(/\s+/g, " ").trim();
}

/** Linux alone tells without further permissions. */
async function loadAverage(): Promise<number | undefined> {
  try {
    const { stdout } = await new Deno.Command("cat", { args: ["/proc/loadavg"], stderr: "null" }).output();
    const load = Number.parseFloat(new TextDecoder().decode(stdout));
    return Number.isNaN(load) ? undefined : load;
  } catch {
    return undefined;
  }
}

/** The line above a table. */
export function heading(
  { adapter, driver, tuning, date, commit, processor, processors, load }: Surroundings,
): string {
  const busy = load === undefined ? "" : `, load ${load.toFixed(1)} at the start`;
  return `${adapter}${driver && `, ${driver}`}; ${
    tuning === undefined ? "not tuned" : `tuned for ${tuning}`
  }; ${processors} processors (${processor})${busy}; ${date} UTC; commit ${commit}`;
}

/** A Markdown table; columns of numbers are set to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const numeric = header.map((_, i) => rows.every((row) => /^[\d.,–−-]*( %)?$/.test(row[i] ?? "")));
  const widths = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => (row[i] ?? "").length))
  );
  const line = (cells: readonly string[]) =>
    `| ${
      widths.map((width, i) => numeric[i] ? (cells[i] ?? "").padStart(width) : (cells[i] ?? "").padEnd(width))
        .join(" | ")
    } |`;
  const rule = `| ${
    widths.map((width, i) => numeric[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)).join(" | ")
  } |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

/** Three digits, and none more than are known. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))));
  return value.toFixed(Math.min(digits, 3));
}

/** The middle value; of an even count the lower one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? NaN;
}

/** exp of the mean logarithm of rates, weighted by work. */
export function weightedMean(rates: readonly { readonly rate: number; readonly weight: number }[]): number {
  const whole = rates.reduce((sum, { weight }) => sum + weight, 0);
  return Math.exp(rates.reduce((sum, { rate, weight }) => sum + weight * Math.log(rate), 0) / whole);
}
