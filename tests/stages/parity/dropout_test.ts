import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { compile } from "../../../kernels/program/program.ts";
import type { CaseSetup } from "../../../stages/parity/adapter.ts";
import { hashedDropout } from "../../../stages/parity/dropout.ts";
import { keptChannels } from "../../../stages/parity/inputs.ts";
import type { CaseSettings } from "../../../stages/parity/settings.ts";
import { gpuTest, store, uniform, unstore } from "../../support/gpu.ts";

const BATCH = 3, CHANNELS = 21, PIXELS = 10;
const shape = [BATCH, 2, 5, CHANNELS];
const settings = { salt: "s:" } as CaseSettings;
const setup = {
  dropout: {
    one: { name: (t: number) => `drop:${t}`, first: 0 },
    two: { name: (t: number) => `drop:${t}`, first: BATCH },
  },
} as unknown as CaseSetup;

gpuTest(
  "a case drops the channels of its hash, by stream and step, and scales the others",
  async (device) => {
    const values = uniform(1, BATCH * PIXELS * CHANNELS, 1, 2);
    const held = allocate(device, "inputs", [{ label: "x", shape }]);
    const [x] = held.tensors;
    upload(device, x!, store(values, shape));
    const graph = new Graph(device.facts.sharing), dropout = hashedDropout(device, settings, setup);
    const streams = ["one", "two"];
    const outputs = streams.map((stream) =>
      graph.keep(dropout.drop(graph, x!, { probability: 0.75, stream }))
    );
    const program = compile(device, graph);
    for (const t of [0, 1]) {
      dropout.fill(t);
      program.run();
      const read = await readBack(device, outputs.map((output) => program.locate(output)));
      streams.forEach((_, i) => {
        const kept = keptChannels("s:", `drop:${t}`, {
          first: i * BATCH,
          batch: BATCH,
          channels: CHANNELS,
          probability: 0.75,
        });
        const expected = values.map((value, at) => {
          const image = Math.floor(at / (PIXELS * CHANNELS));
          return kept[image * CHANNELS + at % CHANNELS] ? Math.fround(4 * Math.fround(value)) : 0;
        });
        assert.deepEqual(unstore(read[i]!, shape), expected);
      });
    }
    assert.throws(
      () => dropout.drop(graph, x!, { probability: 0.5, stream: "three" }),
      /its adapter has no dropout "three"/,
    );
    for (const owner of [program, held, dropout]) owner.free();
  },
);
