/**
 * WebGPU as Chrome has it, Dawn, by its package for Node: it takes WGSL at its word, and needs no GPU. Deno fetches the package
 * where it is first asked for (some 50 MB), by the digests of `dawn.lock`; nothing else of the project needs it.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const VERSION = "0.6.2", OLDEST_NODE = 20;

/** What runs a module in Dawn. */
export interface Dawn {
  readonly node: string;
  /** The package's entry. */
  readonly entry: string;
}

/** Finds Node and the package; says why not, where one is lacking. */
export async function findDawn(): Promise<Dawn | { readonly lacks: string }> {
  const node = Deno.env.get("CROSSVIEW_NODE") ?? "node";
  const version = await output(node, "--version").catch(() => "");
  if (!(Number(/^v(\d+)\./.exec(version)?.[1]) >= OLDEST_NODE)) {
    return { lacks: `no Node ${OLDEST_NODE} or newer` };
  }
  const lock = fileURLToPath(new URL("./dawn.lock", import.meta.url)), name = `npm:webgpu@${VERSION}`;
  try {
    await output(Deno.execPath(), "cache", "--no-config", `--lock=${lock}`, "--frozen", name);
    const { npmCache } = JSON.parse(await output(Deno.execPath(), "info", "--no-config", "--json"));
    // A folder for each registry.
    for (const { name: registry } of Deno.readDirSync(npmCache)) {
      const entry = join(npmCache, registry, "webgpu", VERSION, "index.js");
      if (await Deno.stat(entry).catch(() => undefined)) return { node, entry };
    }
    return { lacks: `no ${name} in ${npmCache}` };
  } catch (error) {
    return { lacks: `no ${name}: ${(error as Error).message.trim().split("\n").at(-1)}` };
  }
}

/**
 * Runs a module of the project's in Node, where it is one bundle with all that it imports, and where `navigator.gpu` is Dawn's.
 *
 * @param module Its `main` is called with the input, and answers.
 * @param flags For Dawn: `backend=null` computes nothing, and checks all.
 * @throws {Error} If it fails, with what it wrote to stderr.
 */
export async function runInDawn<Input, Output>(
  { node, entry }: Dawn,
  module: URL,
  input: Input,
  flags: readonly string[] = [],
): Promise<Output> {
  const folder = await Deno.makeTempDir();
  try {
    const [bundle, given, answer] = ["bundle.mjs", "input.json", "answer.json"].map((name) =>
      join(folder, name)
    );
    await bundleFor(module, bundle!);
    await Deno.writeTextFile(given!, JSON.stringify(input));
    await Deno.writeTextFile(join(folder, "run.mjs"), RUN);
    await output(node, join(folder, "run.mjs"), entry, bundle!, given!, answer!, ...flags);
    return JSON.parse(await Deno.readTextFile(answer!));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Dawn lets no process end by itself, and writes warnings to stdout. */
const RUN = `
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [entry, bundle, given, answer, ...flags] = process.argv.slice(2);
const { create, globals } = await import(pathToFileURL(entry).href);
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, "navigator", { value: { gpu: create(flags) }, configurable: true });
const { main } = await import(pathToFileURL(bundle).href);
writeFileSync(answer, JSON.stringify(await main(JSON.parse(readFileSync(given, "utf8")))));
process.exit(0);
`;

async function bundleFor(module: URL, path: string): Promise<void> {
  try {
    await esbuild.build({
      entryPoints: [fileURLToPath(module)],
      outfile: path,
      bundle: true,
      format: "esm",
      platform: "node",
      target: `node${OLDEST_NODE}`,
      external: ["esbuild"],
      logLevel: "silent",
      // Where the engine asks for its system.
      define: { "Deno.build": JSON.stringify({ os: "browser" }) },
      plugins: [{
        name: "deno",
        setup(build) {
          build.onResolve({ filter: /^[a-z@]/ }, ({ path, kind }) => {
            if (kind === "entry-point" || /^(node:|esbuild$)/.test(path)) return undefined;
            return { path: fileURLToPath(import.meta.resolve(path)) };
          });
          build.onLoad({ filter: /.*/ }, async ({ path, with: { type } }) => {
            if (type !== "text" && type !== "bytes") return undefined;
            return { contents: await Deno.readFile(path), loader: type === "text" ? "text" : "binary" };
          });
        },
      }],
    });
  } finally {
    await esbuild.stop();
  }
}

/** What a program prints. @throws {Error} If it is missing or fails, with what it wrote to stderr. */
async function output(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${program} failed: ${text(stderr)}${text(stdout)}`);
  return text(stdout);
}
