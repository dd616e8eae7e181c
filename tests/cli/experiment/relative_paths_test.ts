/** What a relative path means: in an experiment's file, on the command line, in a run's record. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { placeTest } from "../support.ts";

const experiment = `import { augment, load, pipeline } from "@crossview/crossview";
export default pipeline("mine", () => {
  const data = load({ dataset: "pascal", root: "photos", lists: { labeled: "lists/few.txt" } });
  return { views: augment({ data }, { crop: 32 }) };
});
`;

placeTest(
  "in the file it is relative to the file, on the command line to where it was typed",
  async (place) => {
    const path = join(place.folder, "experiments", "mine.ts"), typed = join(place.folder, "elsewhere");
    await Deno.mkdir(join(place.folder, "experiments"));
    await Deno.mkdir(typed);
    await Deno.writeTextFile(path, experiment);
    const config = async (...args: string[]) => {
      const { status, out, notes } = await place.process(
        ["train", path, "--explain", "--json", ...args],
        { INIT_CWD: typed },
      );
      assert.equal(status, 0, notes);
      const { stages } = JSON.parse(out[0]!) as {
        stages: { leaves: { name: string; value: unknown; by: string }[] }[];
      };
      return Object.fromEntries(stages[0]!.leaves.map(({ name, value }) => [name, value]));
    };
    const own = await config();
    assert.equal(own.root, join(place.folder, "experiments", "photos"));
    assert.equal(own["lists.labeled"], join(place.folder, "experiments", "lists", "few.txt"));
    assert.equal(own.partitions, "partitions/lists", "a default is no path of the experiment's");
    const set = await config("--set", "load.root=mine", "--set", "load.lists.labeled=/all.txt");
    assert.equal(set.root, join(typed, "mine"));
    assert.equal(set["lists.labeled"], "/all.txt");
  },
);
