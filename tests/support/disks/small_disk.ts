/** A file system of a given size, for tests that fill one. Mounting needs root: elsewhere such tests are skipped aloud. @module */
import { testUnless } from "../skip.ts";

async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const canMount = Deno.build.os === "linux" && Deno.uid() === 0 && await tryMount();

async function tryMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "crossview-disk-" });
  const mounted = await mount(folder, 64);
  if (mounted) await succeeds("umount", folder);
  await Deno.remove(folder);
  return mounted;
}

function mount(folder: string, kibibytes: number): Promise<boolean> {
  return succeeds("mount", "-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder);
}

/**
 * A test in a folder that holds so many KiB and no more.
 * @param kibibytes A multiple of 4.
 */
export function diskTest(name: string, kibibytes: number, body: (folder: string) => Promise<void>): void {
  testUnless(canMount ? undefined : "no file system can be mounted here", name, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-disk-" }));
    try {
      if (!await mount(folder, kibibytes)) throw new Error(`Cannot mount a file system at "${folder}"`);
      await body(folder);
    } finally {
      await succeeds("umount", "-l", folder);
      await Deno.remove(folder, { recursive: true });
    }
  });
}
