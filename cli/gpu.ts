/** The GPU as the commands use it: opened once, described on the terminal, and lent to stages. @module */
import { type AdapterFacts, type Device, openDevice } from "../kernels/device.ts";
import type { OpenResource } from "../pipeline/mod.ts";
import { outputOf, setDriverVariables } from "./environment.ts";
import { installDriver } from "./gpu_driver.ts";
import { adapterMemory } from "./gpu_memory.ts";
import type { Terminal } from "./terminal.ts";

/** A driver was installed that this process cannot see: the command is to be started again. */
export class DriverInstalled extends Error {
  /** Class name, for logs. */
  override readonly name = "DriverInstalled";
}

/** Facts about an adapter as they are recorded with results, under `gpu.`. */
export type GpuFacts = Readonly<
  Record<"adapter" | "driver" | "features" | "subgroups" | "software", string>
>;

/** One line for the top of a run. */
export function adapterLine(facts: Readonly<Record<string, string | undefined>>): string {
  const { adapter = "unknown", driver, features, software } = facts;
  const kind = software === "yes" ? "software" : "hardware";
  return `adapter: ${adapter}; ${kind}${driver ? `, driver ${driver}` : ""}; features: ${features || "none"}`;
}

async function driverOf({ name, vendor }: AdapterFacts): Promise<string> {
  if (/llvmpipe/i.test(name)) return "Mesa lavapipe";
  if (/nvidia/i.test(name) || vendor === "4318") {
    const version = await outputOf("cat", ["/proc/driver/nvidia/version"]);
    return `NVIDIA ${/\s(\d+\.[\d.]+)\s/.exec(version ?? "")?.[1] ?? "of unknown version"}`;
  }
  return "";
}

/** The GPU of a command: opened at the first use, closed once at the end. */
export class Gpu {
  #device: Promise<Device> | undefined;
  #facts: GpuFacts | undefined;

  /**
   * @param terminal Where an installation is announced.
   * @param options `mayInstall: false` never installs a driver.
   */
  constructor(readonly terminal: Terminal, readonly options: { mayInstall?: boolean } = {}) {}

  /**
   * Opens the device.
   * @throws {DriverInstalled} If a driver had to be installed first. {@linkcode DeviceError} with the remedy otherwise.
   */
  async open(): Promise<Device> {
    const device = await (this.#device ??= this.#open());
    this.#facts ??= {
      adapter: device.facts.name,
      driver: await driverOf(device.facts),
      features: [...device.facts.features].join(", "),
      // Kernels sum in another order for each size.
      subgroups: String(device.facts.subgroupSize),
      software: device.facts.isSoftware ? "yes" : "no",
    };
    return device;
  }

  async #open(): Promise<Device> {
    await setDriverVariables();
    const gpu = navigator.gpu as GPU | undefined;
    try {
      return await openDevice(gpu, { memoryBytes: adapterMemory });
    } catch (error) {
      if (await gpu?.requestAdapter({ powerPreference: "high-performance" })) throw error;
      await installDriver(this.terminal, this.options.mayInstall !== false);
      throw new DriverInstalled();
    }
  }

  /**
   * Opens the device and says which it is.
   * @returns What is recorded of it.
   */
  async announce(): Promise<GpuFacts> {
    await this.open();
    this.terminal.print(adapterLine(this.#facts!));
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
