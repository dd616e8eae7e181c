/**
 * `deno task clients`: the scripts and styles of pages, bundled of TypeScript and CSS into a `client.json` beside each folder
 * `client/`. They are kept in the tree: a page is written where there is no bundler and no network.
 *
 * @module
 */
import { build, type Plugin, stop } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "../runtime/pages/page.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The folders whose `main.ts` runs in a page, relative to the project. */
export const clients: readonly string[] = [
  "runtime/comparison/client",
  "runtime/network_page/client",
  "runtime/report/client",
];

/** The file that a client's bundle is kept in. */
export function bundleFile(client: string): string {
  return join(root, dirname(client), "client.json");
}

/** Packages as the project's lock has them. */
const packages: Plugin = {
  name: "packages",
  setup(building) {
    building.onResolve(
      { filter: /^[^./]/ },
      ({ path, kind }) =>
        kind === "entry-point" ? undefined : { path: fileURLToPath(import.meta.resolve(path)) },
    );
  },
};

/** Bundles a client. */
export async function bundleClient(client: string): Promise<Client> {
  const { outputFiles } = await build({
    entryPoints: [join(root, client, "main.ts")],
    outdir: "/",
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    legalComments: "inline",
    loader: { ".wgsl": "text" },
    tsconfigRaw: {},
    plugins: [packages],
  });
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? "";
  return { script: textOf(".js"), style: textOf(".css") };
}

if (import.meta.main) {
  for (const client of clients) {
    const text = JSON.stringify(await bundleClient(client), null, 2) + "\n";
    await Deno.writeTextFile(bundleFile(client), text);
    console.log(`${bundleFile(client)}: ${text.length} characters`);
  }
  await stop();
}
