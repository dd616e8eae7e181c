/** The GPU of a run: opened once, described, and lent to stages. @module */
import { type AdapterFacts, type Device, openDevice } from "../../kernels/device.ts";
import { parseSharing } from "../../kernels/sharing.ts";
import type { Tuning } from "../../kernels/tuning/tuning.ts";
import type { OpenResource } from "../../pipeline/mod.ts";
import { setDriverVariables } from "../host/driver.ts";
import { outputOf } from "../host/environment.ts";
import { sharingVariable } from "../host/variables.ts";
import { isConnected } from "../host/requests.ts";
import { provideDriver } from "./gpu_driver.ts";
import { adapterMemory } from "./gpu_memory.ts";
import { HeldMemory } from "./held_memory.ts";
import type { Output } from "../output.ts";
import { TuningFile, tuningLine } from "./tuning_file.ts";

/** A driver was installed that this process cannot see: the command is to be started again. */
export class DriverInstalled extends Error {
  /** Class name, for logs. */
  override readonly name = "DriverInstalled";
}

/** Facts about an adapter as they are recorded with results, under `gpu.`. */
export type GpuFacts =
  & Readonly<Record<"adapter" | "driver" | "features" | "subgroups" | "software", string>>
  & { readonly sharing?: string; readonly tuning?: string };

/** One line for the top of a run. */
export function adapterLine(facts: Readonly<Record<string, string | undefined>>): string {
  const { adapter = "unknown", driver, features, software, sharing, tuning } = facts;
  const kind = software === "yes" ? "software" : "hardware";
  return `adapter: ${adapter}; ${kind}${driver ? `, driver ${driver}` : ""}; features: ${features || "none"}${
    sharing ? `; kernels share by ${sharing}, as told` : ""
  }${tuning ? `; tuned for ${tuning}` : ""}`;
}

async function driverOf({ name, vendor }: AdapterFacts): Promise<string> {
  if (/llvmpipe/i.test(name)) return "Mesa lavapipe";
  if (/nvidia/i.test(name) || vendor === "4318") {
    const version = await outputOf("cat", ["/proc/driver/nvidia/version"]);
    return `NVIDIA ${/\s(\d+\.[\d.]+)\s/.exec(version ?? "")?.[1] ?? "of unknown version"}`;
  }
  return "";
}

/** Whether the environment names the kernels' way of sharing. */
function isSharingTold(): boolean {
  return Boolean(Deno.env.get(sharingVariable));
}

/** What is recorded of an adapter. */
export async function factsOf(facts: AdapterFacts): Promise<GpuFacts> {
  return {
    adapter: facts.name,
    driver: await driverOf(facts),
    features: [...facts.features].join(", "),
    // Kernels sum in another order for each size.
    subgroups: String(facts.subgroupSize),
    software: facts.isSoftware ? "yes" : "no",
    // So they do for each way of sharing; the adapter's own follows from the rest.
    ...(isSharingTold() && { sharing: String(facts.sharing) }),
  };
}

/** The GPU of a command or a program: opened at the first use, closed once at the end. */
export class Gpu {
  #device: Promise<Device> | undefined;
  #facts: GpuFacts | undefined;
  #held: HeldMemory | undefined;

  /**
   * @param output Where an installation is announced.
   * @param options `mayInstall: false` never installs a driver; `cache` is the folder of the cache, where it is looked up what
   *   was measured on the adapter: without it nothing is.
   */
  constructor(
    readonly output: Output,
    readonly options: { mayInstall?: boolean; cache?: string | undefined } = {},
  ) {}

  /** What the device holds; undefined before it is opened. */
  get held(): HeldMemory | undefined {
    return this.#held;
  }

  /**
   * Opens the device.
   * @throws {DriverInstalled} If a driver had to be installed first. {@linkcode DeviceError} with the remedy otherwise.
   */
  async open(): Promise<Device> {
    const device = await (this.#device ??= this.#open());
    this.#facts ??= {
      ...await factsOf(device.facts),
      ...(device.tuning.size > 0 && { tuning: tuningLine(device.tuning) }),
    };
    return device;
  }

  async #open(): Promise<Device> {
    // A launcher has set them for this process.
    if (!isConnected()) await setDriverVariables();
    const gpu = navigator.gpu as GPU | undefined;
    const sharing = parseSharing(Deno.env.get(sharingVariable), sharingVariable);
    try {
      const device = await openDevice(gpu, {
        sharing,
        memoryBytes: adapterMemory,
        tuning: (facts) => this.#remembered(facts),
      });
      this.#held = new HeldMemory(device.gpu);
      return device;
    } catch (error) {
      if (await gpu?.requestAdapter({ powerPreference: "high-performance" })) throw error;
      await provideDriver(this.output, this.options.mayInstall !== false);
      throw new DriverInstalled();
    }
  }

  async #remembered(facts: AdapterFacts): Promise<Tuning | undefined> {
    if (this.options.cache === undefined) return undefined;
    const { tuning, problem } = new TuningFile(this.options.cache, await factsOf(facts)).read();
    if (problem !== undefined) this.output.note(problem);
    return tuning;
  }

  /**
   * Opens the device and says which it is.
   * @returns What is recorded of it.
   */
  async announce(): Promise<GpuFacts> {
    await this.open();
    this.output.print(adapterLine(this.#facts!));
    return this.#facts!;
  }

  /** The device as a resource of the scheduler; several runs of one command share it. */
  async resource(): Promise<OpenResource> {
    const handle = await this.open();
    return { handle, describe: () => ({ ...this.#facts }), close: () => {} };
  }

  /** Closes the device if it was opened. */
  async close(): Promise<void> {
    const opened = await this.#device?.catch(() => undefined);
    opened?.close();
  }
}
