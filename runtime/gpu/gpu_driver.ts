/** What to do where no WebGPU adapter is found: install a software driver, or say what to type. @module */
import { DeviceError } from "../../kernels/errors.ts";
import { outputOf } from "../host/environment.ts";
import { isConnected, request } from "../host/requests.ts";
import type { Output } from "../output.ts";

/** What decides about the remedy. */
export interface SystemFacts {
  readonly os: typeof Deno.build.os;
  /** Content of /etc/os-release, empty where there is none. */
  readonly release: string;
  readonly isRoot: boolean;
  /** Whether the user forbids installing (CROSSVIEW_INSTALL=0). */
  readonly mayInstall: boolean;
}

/** The commands to run here, or the one line for the user to type. */
export type Remedy =
  | { readonly install: readonly (readonly string[])[] }
  | { readonly type: string };

const debianPackage = "mesa-vulkan-drivers";
/** Set in the process that goes on after an installation, so that it is tried once. */
const installedVariable = "CROSSVIEW_DRIVER_INSTALLED";

/** The remedy for a system. */
export function remedyFor({ os, release, isRoot, mayInstall }: SystemFacts): Remedy {
  if (os !== "linux") {
    return {
      type: "a driver from the maker of your graphics card (Deno needs Metal, Direct3D 12 or Vulkan)",
    };
  }
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)`, "m").exec(release)?.[1] ?? "";
  const families = `${value("ID")} ${value("ID_LIKE")}`.split(" ");
  const sudo = isRoot ? "" : "sudo ";
  if (families.some((family) => family === "debian" || family === "ubuntu")) {
    const install = [["apt-get", "update"], ["apt-get", "install", "-y", debianPackage]];
    if (isRoot && mayInstall) return { install };
    return { type: install.map((command) => sudo + command.join(" ")).join(" && ") };
  }
  if (families.some((family) => family === "fedora" || family === "rhel")) {
    return { type: `${sudo}dnf install -y mesa-vulkan-drivers` };
  }
  if (families.includes("arch")) return { type: `${sudo}pacman -S --noconfirm vulkan-swrast` };
  if (families.some((family) => family.includes("suse"))) {
    return { type: `${sudo}zypper install -y libvulkan_lvp` };
  }
  return { type: `install Mesa's Vulkan software driver ("lavapipe") with your system's package manager` };
}

async function systemFacts(mayInstall: boolean): Promise<SystemFacts> {
  return {
    os: Deno.build.os,
    release: await outputOf("cat", ["/etc/os-release"]) ?? "",
    isRoot: Deno.build.os !== "windows" && Deno.uid() === 0,
    mayInstall: mayInstall && Deno.env.get("CROSSVIEW_INSTALL") !== "0",
  };
}

/**
 * Installs a driver where that is known and allowed.
 *
 * @returns When it is installed. The present process will not see it: WebGPU looks for drivers once.
 * @throws {DeviceError} With the command to type, where it is not ours to run or has failed.
 */
export async function installDriver(output: Output, mayInstall: boolean): Promise<void> {
  const said = "Cannot open a GPU: no WebGPU adapter was found";
  if (Deno.env.get(installedVariable) !== undefined) {
    throw new DeviceError(`${said}, though ${debianPackage} was just installed. Try: vulkaninfo --summary`);
  }
  const remedy = remedyFor(await systemFacts(mayInstall));
  if ("type" in remedy) throw new DeviceError(`${said}. To get one:\n  ${remedy.type}`);
  output.note(`No WebGPU adapter was found. Installing Mesa's software driver (${debianPackage}):`);
  for (const command of remedy.install) {
    const line = command.join(" ");
    output.note(`  ${line}`);
    if (!await succeeds(command)) {
      throw new DeviceError(
        `${said}, and "${line}" failed. Mend that, then type:\n  apt-get install -y ${debianPackage}`,
      );
    }
  }
}

async function succeeds([program, ...args]: readonly string[]): Promise<boolean> {
  try {
    const child = new Deno.Command(program!, {
      args,
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    });
    return (await child.output()).success;
  } catch {
    return false;
  }
}

/**
 * As {@linkcode installDriver}, by the launcher where there is one: it starts the command again then.
 *
 * @throws {DeviceError} As that does.
 */
export async function provideDriver(output: Output, mayInstall: boolean): Promise<void> {
  if (!isConnected()) return await installDriver(output, mayInstall);
  try {
    await request("driver", mayInstall ? "yes" : "no");
  } catch (error) {
    throw new DeviceError((error as Error).message);
  }
}
