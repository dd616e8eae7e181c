/** Which machine this is. @module */
import { sha256 } from "../plan/canonical_json.ts";
import { deputy } from "./deputy.ts";

let identity: Promise<string> | undefined;

/**
 * Tells this machine from others, since it was started where that can be told: 16 hex digits. Containers of one kernel may have
 * the same. A process that may find out nothing has one of its own.
 */
export function machineIdentity(): Promise<string> {
  return identity ??= identify();
}

async function identify(): Promise<string> {
  const boot = "/proc/sys/kernel/random/boot_id";
  const name = await contentOf(boot) ?? await output("cat", boot) ?? await contentOf("/etc/machine-id") ??
    await output("hostname") ?? crypto.randomUUID();
  return sha256(name.trim()).slice(0, 16);
}

async function contentOf(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined) || undefined;
}

/** Deno guards /proc and the host's name more closely than programs that tell them. */
async function output(program: string, ...args: string[]): Promise<string | undefined> {
  const other = deputy();
  if (other !== undefined) return await other.output(program, args);
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}
