/** Tiny stages and temporary places for the tests of the pipeline. @module */
import { join } from "node:path";
import { z } from "zod";
import {
  Cache,
  defineKind,
  defineStage,
  Events,
  type Graph,
  jsonKind,
  type PipelineEvent,
  run,
  type RunOptions,
  type RunResult,
  type SourceFile,
  type StageContext,
} from "../../pipeline/mod.ts";

/** A number, as an artifact. */
export const number = jsonKind<number>("number", 1);

/** Gives a number. */
export const start = defineStage({
  name: "start",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({
    at: z.number().default(1),
    label: z.string().default("").meta({ location: true }),
  }),
  inputs: {},
  outputs: { value: number },
  run: ({ config }) => ({ value: config.at }),
});

/** A stage of a test's own, without inputs and settings: what it runs gives the number `value`. */
export function giving(
  name: string,
  run: (context: StageContext) => number | Promise<number>,
  sources: readonly SourceFile[] = [],
) {
  return defineStage({
    name,
    version: 1,
    module: import.meta.url,
    config: z.strictObject({}),
    inputs: {},
    outputs: { value: number },
    ...(sources.length > 0 && { sources: () => sources }),
    run: async ({ context }) => ({ value: await run(context) }),
  });
}

/** Halves, rounding down: different inputs may give equal outputs. */
export const halve = defineStage({
  name: "halve",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: { value: number },
  outputs: { value: number },
  run: ({ inputs }) => ({ value: Math.floor(inputs.value / 2) }),
});

/** Adds. */
export const add = defineStage({
  name: "add",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({
    by: z.number().default(1),
    deep: z.strictObject({ leaf: z.string().default("x") }).prefault({}),
  }),
  inputs: { value: number },
  outputs: { value: number },
  run: ({ inputs, config }) => ({ value: inputs.value + config.by }),
});

const numbers = { a: number, b: number, c: number };

/** Gives three numbers, a quarter apart. */
export const three = defineStage({
  name: "three",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ at: z.number().default(1) }),
  inputs: {},
  outputs: numbers,
  run: ({ config: { at } }) => ({ a: at, b: at + 0.25, c: at + 0.5 }),
});

/** Gives what it is given. */
export const handOn = defineStage({
  name: "hand-on",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: numbers,
  outputs: numbers,
  run: ({ inputs }) => inputs,
});

/** A file of bytes, as an artifact. */
export const bulk = defineKind<string>({
  name: "bulk",
  version: 1,
  write: (path, out) => out.adopt("bulk.bin", path),
  read: (source) => source.path("bulk.bin"),
});
/** Some megabytes. */
export const grow = defineStage({
  name: "grow",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ megabytes: z.number().default(1), fill: z.number().default(1) }),
  inputs: { value: number },
  outputs: { bulk },
  run: async ({ inputs, config, context }) => {
    const path = context.scratch("bulk");
    await Deno.writeFile(path, new Uint8Array(config.megabytes * 1e6).fill(inputs.value * config.fill));
    return { bulk: path };
  },
});
/** Runs `body` with a temporary directory. */
export async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-" }));
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs a graph and records its events; every call opens the cache afresh, as another process would. */
export async function record<R>(
  graph: Graph<R>,
  root: string,
  options: Partial<RunOptions> = {},
): Promise<{ result: RunResult<R>; events: PipelineEvent[]; ran: string[] }> {
  const events = new Events();
  const seen: PipelineEvent[] = [];
  events.on((event) => seen.push(event));
  const result = await run(graph, { cache: new Cache(root), ...options, events });
  return {
    result,
    events: seen,
    ran: result.nodes.filter((node) => node.state === "ran").map((node) => node.id),
  };
}

/** The `why` lines of a node's miss. */
export function whyOf(events: readonly PipelineEvent[], node: string): readonly string[] {
  const miss = events.find((event) => event.type === "miss" && event.node === node);
  return miss?.type === "miss" ? miss.why : [];
}

/** Writes a file with a time of change in the past, as a file that was there before has. */
export async function writeOld(
  directory: string,
  name: string,
  text: string,
  secondsAgo = 100,
): Promise<string> {
  const path = join(directory, name);
  await Deno.writeTextFile(path, text);
  const then = new Date(Date.now() - secondsAgo * 1000);
  await Deno.utime(path, then, then);
  return path;
}
