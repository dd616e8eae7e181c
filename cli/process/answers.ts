/**
 * What a process that evaluates an experiment may have done by the one that started it: a few programs that tell about the
 * machine, bundling, and the driver's installation. Whoever asks may be hostile: nothing here runs what it names, or writes.
 *
 * @module
 */
import { isAbsolute } from "node:path";
import { projectRoot } from "../../runtime/host/place.ts";
import { runForOutput } from "../../runtime/host/programs.ts";

/** Programs that tell about machine and project, with all their arguments. */
const told: readonly (readonly string[])[] = [
  ["git", "-C", projectRoot, "rev-parse", "--short=12", "HEAD"],
  ["git", "-C", projectRoot, "status", "--porcelain"],
  ["grep", "-m1", "MemTotal", "/proc/meminfo"],
  ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
  ["hostname"],
  ...[
    "/proc/driver/nvidia/version",
    "/proc/sys/kernel/random/boot_id",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ...Array.from({ length: 4 }, (_, i) => `/sys/class/drm/card${i}/device/mem_info_vram_total`),
  ].map((path) => ["cat", path]),
];

const given = new Map<string, Promise<unknown>>();

/** What was asked before is answered as before, so that nobody can have a thousand programs started. */
function once(question: string, answer: () => Promise<unknown>): Promise<unknown> {
  const known = given.get(question) ?? answer();
  given.set(question, known);
  return known;
}

/** The answers, by the name of the question. Each checks what it is given. */
export const answers: Readonly<Record<string, (args: readonly string[]) => Promise<unknown>>> = {
  async output([program, ...args]) {
    const wanted = [program, ...args];
    const isKnown = told.some((known) =>
      known.length === wanted.length && known.every((word, i) => word === wanted[i])
    );
    if (!isKnown) {
      throw new Error(`Cannot run "${wanted.join(" ")}" for an experiment: it is none of what tells`);
    }
    return await once(wanted.join(" "), () => runForOutput(program!, args));
  },
  async bundle([path, ...alsoHash]) {
    if (path === undefined || !isAbsolute(path)) {
      throw new Error(`Cannot bundle "${path}": it is no absolute path`);
    }
    // The bundler is kept for the next question; it ends with this process.
    const { bundleModule } = await import("../../pipeline/code/bundle.ts");
    return await bundleModule(path, alsoHash);
  },
  driver: ([mayInstall]) =>
    // Once before an installation, and once after it.
    once(`driver ${Deno.env.get("CROSSVIEW_DRIVER_INSTALLED")}`, async () => {
      const [{ installDriver }, { systemTerminal }] = await Promise.all([
        import("../../runtime/gpu/gpu_driver.ts"),
        import("../terminal/terminal.ts"),
      ]);
      if (await navigator.gpu?.requestAdapter()) {
        throw new Error("Cannot install a driver: there is an adapter");
      }
      await installDriver(systemTerminal(), mayInstall === "yes");
    }),
};
