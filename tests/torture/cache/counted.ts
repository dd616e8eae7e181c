/** A cheap experiment whose every byte is known: for torture that is done a thousand times. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import {
  Cache,
  defineKind,
  defineStage,
  Events,
  jsonKind,
  pipeline,
  type PipelineEvent,
  type Remote,
  RemoteCache,
  run,
} from "../../../pipeline/mod.ts";

const number = jsonKind<number>("number", 1);
const common = { version: 1, module: import.meta.url } as const;

/** Bytes that a number tells, in two files. */
const bytes = defineKind<{ readonly seed: number; readonly data: Uint8Array }>({
  name: "bytes",
  version: 1,
  async write({ seed, data }, out) {
    await out.json("seed.json", seed);
    await out.bytes("data/bytes.bin", data);
  },
  async read(source) {
    const seed = await source.json("seed.json") as number;
    const data = await source.bytes("data/bytes.bin");
    assert.deepEqual(data, bytesOf(seed), "wrong bytes were read");
    return { seed, data };
  },
});

function bytesOf(seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 500 + seed }, (_, i) => (i * i * seed + i) & 255);
}

const count = defineStage({
  ...common,
  name: "count",
  config: z.strictObject({ to: z.number() }),
  inputs: {},
  outputs: { number },
  run: ({ config }) => ({ number: config.to }),
});
const spread = defineStage({
  ...common,
  name: "spread",
  config: z.strictObject({}),
  inputs: { number },
  outputs: { bytes },
  run: ({ inputs }) => ({ bytes: { seed: inputs.number, data: bytesOf(inputs.number) } }),
});
const total = defineStage({
  ...common,
  name: "total",
  config: z.strictObject({}),
  inputs: { parts: { one: bytes, two: bytes } },
  outputs: { number },
  run: ({ inputs: { parts } }) => ({
    number: [parts.one, parts.two].reduce((sum, { data }) => sum + data.reduce((a, b) => a + b, 0), 0),
  }),
});

const experiment = pipeline("counted", () => {
  const one = spread(count({ to: 3 }), {}, { as: "spread-one" });
  const two = spread(count({ to: 5 }, { as: "count-two" }), {}, { as: "spread-two" });
  return { one, two, sum: total({ parts: { one, two } }) };
});

/** What is right. */
export const counted = {
  values: {
    sum: [3, 5].reduce((sum, seed) => sum + bytesOf(seed).reduce((a, b) => a + b, 0), 0),
    seeds: [3, 5],
  },
};

/** What a run came to. */
export interface CountedResult {
  readonly values: typeof counted.values;
  /** Content digest of every output of every node. */
  readonly digests: Readonly<Record<string, string>>;
  /** Digests of the blobs of what the experiment returns. */
  readonly returnedBlobs: ReadonlySet<string>;
  /** Ids of the nodes that were run, not taken from the cache. */
  readonly ran: readonly string[];
  readonly events: readonly PipelineEvent[];
}

/** Runs the experiment as a process of its own would, with leases that are taken over soon; with a remote cache if one is given. */
export async function runCounted(root: string, remote?: Remote): Promise<CountedResult> {
  const seen: PipelineEvent[] = [];
  const events = new Events();
  events.on((event) => seen.push(event));
  const cache = new Cache(root, { beat: 10, stale: 60 });
  const { outputs, nodes } = await run(experiment.build(), {
    cache,
    events,
    remote: remote && new RemoteCache(cache, remote),
  });
  const returned = [outputs.one.bytes, outputs.two.bytes, outputs.sum.number];
  return {
    values: {
      sum: await outputs.sum.number.read(),
      seeds: [(await outputs.one.bytes.read()).seed, (await outputs.two.bytes.read()).seed],
    },
    digests: Object.fromEntries(
      nodes.flatMap(({ id, outputs }) =>
        Object.entries(outputs).map(([name, { digest }]) => [`${id}.${name}`, digest])
      ),
    ),
    returnedBlobs: new Set(returned.flatMap(({ files }) => files.names().map((name) => files.digest(name)))),
    ran: nodes.filter(({ state }) => state === "ran").map(({ id }) => id),
    events: seen,
  };
}
