import assert from "node:assert/strict";
import type { NetworkDescription } from "../../../stages/weights/network.ts";
import { readEarlier, StartError } from "../../../stages/weights/earlier.ts";
import { withFolder } from "../../support/stage_run.ts";
import { testCheckpoint } from "../../support/training.ts";

const single: Partial<NetworkDescription> = {
  networks: { network: {} },
  predictions: { network: ["network"] },
  headline: "network",
};

/** The described networks of a checkpoint, some of them called otherwise. */
async function described(path: string, change: Partial<NetworkDescription>) {
  const checkpoint = await testCheckpoint(path, { change });
  return { checkpoint, ...await checkpoint.read() };
}

Deno.test(
  "a network starts from that of its name, or an only one from the headline's, and an average from none",
  withFolder(async (folder) => {
    const { checkpoint, network, state } = await described(`${folder}/w`, single);
    assert.deepEqual(await readEarlier(checkpoint, network, { averages: {} }), state);
    const networks = { student: {}, teacher: {} }, predictions = { student: ["student"] } as const;
    const other = { ...network, networks, predictions, headline: "student" };
    const start = await readEarlier(checkpoint, other, { averages: { teacher: "student" } });
    assert.equal(start.size, state.size);
    for (const [name, tensor] of state) {
      assert.deepEqual(start.get(name.replace("network.", "student.")), tensor);
    }
  }),
);

Deno.test(
  "weights of another backbone, of other classes or of networks that are not told apart are refused",
  withFolder(async (folder) => {
    const { checkpoint, network } = await described(`${folder}/w`, single);
    const { names, colors } = network.classes;
    const wrong: [change: Partial<NetworkDescription>, message: RegExp][] = [
      [{ backbone: "resnet50" }, /they are of backbone resnet14, co-train\.backbone is resnet50/],
      [
        { classes: { names: names.slice(1), colors: colors.slice(1) } },
        /their classes are background, .*, the data's are (?!background)/,
      ],
      [{ networks: { one: {}, two: {} } }, /none of their networks, network, is called one\. Start from/],
      [
        { networks: { network: { mapping: { norm: true, dropout: 0 } } } },
        /they hold no network\.mapping\..*\. Start from a training by a method of the same networks/,
      ],
    ];
    for (const [change, message] of wrong) {
      await assert.rejects(
        () => readEarlier(checkpoint, { ...network, ...change }, { averages: {} }),
        (error: Error) => {
          assert.ok(error instanceof StartError);
          assert.match(error.message, message);
          return true;
        },
      );
    }
    const pair = await described(`${folder}/pair`, {});
    await assert.rejects(
      () => readEarlier(pair.checkpoint, network, { averages: {} }),
      /none of their networks, branch1, branch2, is called network/,
    );
  }),
);
