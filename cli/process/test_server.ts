/** The server that the tests of the remote cache use: unpacked into the project's folder, nothing of the system is changed. @module */
import { join } from "node:path";
import { projectRoot } from "../../runtime/host/place.ts";
import { outputOf } from "../../runtime/host/environment.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Where Debian's package is unpacked. No experiment may write there, as it may into the cache: its program is run. */
const folder = join(projectRoot, ".test-server");

/**
 * Sees to it that there is nginx for the tests: where there is none, on Debian and its kin, its package is got and unpacked, not
 * installed, as installing would start a server. Where that cannot be, the tests that need it say that they are skipped.
 */
export async function provideTestServer(terminal: Terminal): Promise<void> {
  const places = ["nginx", "/usr/sbin/nginx", join(folder, "usr/sbin/nginx")];
  for (const program of places) if (await outputOf(program, ["-v"]) !== undefined) return;
  if (Deno.env.get("CROSSVIEW_INSTALL") === "0") return;
  if (await outputOf("apt-get", ["--version"]) === undefined) return;
  terminal.note(`Unpacking nginx into ${folder}, for the tests of the remote cache.`);
  await Deno.mkdir(folder, { recursive: true });
  // A mirror that is out of reach must not hold up the tests, which skip without the server.
  const patience = ["-o", "Acquire::http::Timeout=10", "-o", "Acquire::Retries=0"];
  const get = () => outputOf("sh", ["-c", 'cd "$0" && apt-get download "$@" nginx', folder, ...patience]);
  // A fresh container has no lists of packages; only its root can get them.
  if (await get() === undefined && await outputOf("apt-get", ["update", ...patience]) !== undefined) {
    await get();
  }
  const found = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".deb"));
  if (found !== undefined) await outputOf("dpkg", ["-x", join(folder, found.name), folder]);
}
