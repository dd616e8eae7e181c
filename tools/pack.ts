/**
 * `deno task pack [file]`: the package for npm. `deno pack` makes JavaScript, declarations and shaders of what is published;
 * what it leaves out is added: the command, the exact versions that this project is tested with, and the lock by which an
 * installed package gives the same keys on each machine.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { readTar, writeTar } from "./tar.ts";

interface Config {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("../", import.meta.url));
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

/**
 * Packs the project.
 *
 * @param path The archive to write.
 * @returns The archive's files and their sizes.
 * @throws {Error} If `deno pack` fails, or something would be packed that is none of the package's.
 */
export async function pack(path: string): Promise<ReadonlyMap<string, number>> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", path],
    cwd: root,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot pack: ${new TextDecoder().decode(stderr)}`);
  const config: Config = parse(Deno.readFileSync(`${root}deno.json`));
  const files = readTar(gunzipSync(Deno.readFileSync(path)));
  const manifest: Manifest = parse(files.get("package/package.json")!);
  files.set("package/package.json", json(manifestOf(manifest, config)));
  files.set("package/deno.json", json(configOf(config)));
  files.set("package/deno.lock", Deno.readFileSync(`${root}deno.lock`));
  for (const name of files.keys()) {
    // TypeScript is left where no export leads to it, such as twins that only tests ask.
    if (/(?<!\.d)\.ts$/.test(name)) files.delete(name);
    else if (/^package\/tests?\/|_test\./.test(name)) {
      throw new Error(`Cannot pack "${name}": tests stay behind`);
    }
  }
  Deno.writeFileSync(path, gzipSync(writeTar(files), { level: 9 }));
  return new Map([...files].map(([name, { length }]) => [name, length]));
}

function manifestOf(manifest: Manifest, { imports }: Config) {
  const exact = Object.keys(manifest.dependencies).map((name) => {
    const version = /@([^@]+)$/.exec(imports[name] ?? "")?.[1];
    if (version === undefined) throw new Error(`Cannot pack: deno.json names no version of "${name}"`);
    return [name, version] as const;
  });
  return {
    ...manifest,
    description: "Semantic segmentation from a few labeled and many unlabeled images, on WebGPU.",
    bin: { crossview: "./cli/main.js" },
    engines: { deno: ">=2.8" },
    dependencies: Object.fromEntries(exact),
  };
}

/** What the bundler reads of the project beside the lock: names of packages, and the package's own. */
function configOf({ name, version, exports, imports }: Config) {
  const packed = Object.entries(exports).map(([entry, path]) => [entry, path.replace(/\.ts$/, ".js")]);
  return { name, version, exports: Object.fromEntries(packed), imports };
}

if (import.meta.main) {
  const { name, version }: Config = parse(Deno.readFileSync(`${root}deno.json`));
  const path = Deno.args[0] ?? `${name.slice(1).replace("/", "-")}-${version}.tgz`;
  const files = await pack(path);
  const unpacked = [...files.values()].reduce((sum, size) => sum + size, 0);
  console.log(`${path}: ${files.size} files, ${Deno.statSync(path).size} bytes, ${unpacked} unpacked`);
}
