/** Runs one stage by itself, without scheduler or cache, in a folder that the test owns. */
import type { ArtifactKind, ArtifactReader, ArtifactWriter } from "../../pipeline/language/artifact.ts";
import type { StageContext } from "../../pipeline/language/definition.ts";
import { FolderCheckpoints } from "../../pipeline/checkpoints/folder_checkpoints.ts";
import { readFileWhole } from "../../pipeline/files/read_file.ts";

/** A context whose scratch files and checkpoints lie in `folder`; progress events are collected. */
export function testContext(
  folder: string,
  signal?: AbortSignal,
  { seed = 0, resources = {}, checkpointEvery }: {
    seed?: number;
    resources?: Readonly<Record<string, unknown>>;
    checkpointEvery?: number;
  } = {},
): StageContext & { readonly events: Record<string, unknown>[] } {
  const events: Record<string, unknown>[] = [];
  return {
    seed,
    signal: signal ?? new AbortController().signal,
    read: (path, most = Infinity) => readFileWhole(path, most),
    scratch: (name) => `${folder}/${name}`,
    checkpoints: new FolderCheckpoints(`${folder}/checkpoints`, { every: checkpointEvery }),
    progress: (event) => events.push(event),
    fact: (name, value) => events.push({ kind: "fact", [name]: value }),
    resource: <T>(name: string) =>
      name in resources
        ? Promise.resolve(resources[name] as T)
        : Promise.reject(new Error(`This test gives no resource "${name}"`)),
    events,
  };
}

/** Writes a value as an artifact into `folder` and reads it back: what the cache does, without the cache. */
export async function roundTrip<T>(kind: ArtifactKind<T>, value: T, folder: string): Promise<T> {
  await Deno.mkdir(folder, { recursive: true });
  const path = (name: string) => `${folder}/${name}`;
  const out: ArtifactWriter = {
    file: path,
    bytes: (name, data) => Deno.writeFile(path(name), data),
    json: (name, data) => Deno.writeTextFile(path(name), JSON.stringify(data)),
    adopt: (name, from) => Deno.rename(from, path(name)),
  };
  await kind.write(value, out);
  return await kind.read(readerOf(folder));
}

/** Reads the files of a folder as an artifact. */
export function readerOf(folder: string): ArtifactReader {
  const path = (name: string) => `${folder}/${name}`;
  return {
    names: () => [...Deno.readDirSync(folder)].map((entry) => entry.name).sort(),
    digest: (name) => name,
    size: (name) => Deno.statSync(path(name)).size,
    path: (name) => Promise.resolve(path(name)),
    bytes: (name) => Deno.readFile(path(name)),
    json: async (name) => JSON.parse(await Deno.readTextFile(path(name))),
  };
}

/** Gives a test a temporary folder, and removes it afterwards. */
export function withFolder(run: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await run(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}
