import assert from "node:assert/strict";
import { WeightsError } from "../../../models/errors.ts";
import { encodeSafetensors } from "../../../models/safetensors.ts";
import { checkpointKind, openCheckpoint, writeCheckpoint } from "../../../stages/weights/checkpoint.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import { describePair } from "../../../stages/weights/pair.ts";
import { readerOf, roundTrip, withFolder } from "../../support/stage_run.ts";

const network = describePair({ backbone: "resnet14", outputStride: 8, classes: shapesClasses }, [{}, {
  mapping: { norm: true, dropout: 0.5 },
}]);
const state = new Map([
  ["branch1.a", { shape: [2, 1, 1, 1], values: Float32Array.of(0.1, -0) }],
  ["branch2.b", { shape: [1], values: Float32Array.of(3e-40) }],
]);

Deno.test(
  "a checkpoint reads back the network and the bits of its weights",
  withFolder(async (folder) => {
    const checkpoint = await writeCheckpoint(`${folder}/w.safetensors`, network, state);
    assert.equal(checkpoint.path, `${folder}/w.safetensors`);
    assert.deepEqual(await checkpoint.read(), { network, state });
    assert.deepEqual(await openCheckpoint(checkpoint.path).read(), { network, state });
  }),
);

Deno.test(
  "a checkpoint of the time when there were two branches alone reads as one of networks by name",
  withFolder(async (folder) => {
    const { backbone, outputStride, classes } = network;
    const mappings = [null, { norm: true, dropout: 0.5 }];
    const bytes = encodeSafetensors(state, {
      network: JSON.stringify({ backbone, outputStride, classes, mappings }),
    });
    await Deno.writeFile(`${folder}/w.safetensors`, bytes);
    assert.deepEqual(await openCheckpoint(`${folder}/w.safetensors`).read(), { network, state });
  }),
);

Deno.test(
  "a checkpoint is one file as an artifact, with the bytes that were written",
  withFolder(async (folder) => {
    const checkpoint = await writeCheckpoint(`${folder}/scratch.safetensors`, network, state);
    const bytes = Deno.readFileSync(checkpoint.path);
    const stored = await roundTrip(checkpointKind, checkpoint, `${folder}/artifact`);
    assert.deepEqual(readerOf(`${folder}/artifact`).names(), ["weights.safetensors"]);
    assert.deepEqual(Deno.readFileSync(stored.path), bytes);
    assert.deepEqual(await stored.read(), { network, state });
  }),
);

Deno.test(
  "files that are no checkpoints are WeightsErrors that name the file",
  withFolder(async (folder) => {
    const contents: Record<string, readonly [Uint8Array, RegExp]> = {
      "text": [
        new TextEncoder().encode("these are no weights"),
        /Cannot read weights from ".*text": it is neither/,
      ],
      "bare": [
        encodeSafetensors(state),
        /Cannot tell which network ".*bare" holds: it has no "branch1.classifier.weight"/,
      ],
      "torn": [encodeSafetensors(state, { network: "{" }), /".*torn" holds: its metadata is not JSON/],
      "cut": [encodeSafetensors(state, { network: "{}" }).slice(0, -1), /Cannot read weights from ".*cut"/],
    };
    for (const [name, [bytes, message]] of Object.entries(contents)) {
      Deno.writeFileSync(`${folder}/${name}`, bytes);
      await assert.rejects(
        openCheckpoint(`${folder}/${name}`).read(),
        (error) => error instanceof WeightsError && message.test(error.message),
      );
    }
  }),
);
