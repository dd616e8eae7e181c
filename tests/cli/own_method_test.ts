/** A method in a user's own file, outside the clone, by the public surface and the command line alone. @module */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { fixture, type Place, placeTest } from "./support.ts";

const experiment = `import { augment, coTrain, evaluate, load, pipeline } from "@crossview/crossview";
import meanTeacher from "./mean_teacher.ts";

export default pipeline("mine", () => {
  const shapes = { size: 32, labeled: 4, unlabeled: 8, validation: 2 };
  const data = load({ dataset: "shapes", shapes });
  const views = augment({ data }, { crop: 32 });
  const nets = coTrain({ views }, {
    method: meanTeacher({ threshold: 0.5 }),
    backbone: "resnet14",
    batch: 2,
    epochs: 2,
    stepsPerEpoch: 5,
    baseRate: 0.01,
  });
  return { score: evaluate({ nets, samples: data.validation }) };
});
`;

const method = (place: Place) => join(place.folder, "mean_teacher.ts");
const text = Deno.readTextFileSync(fixture("mean_teacher"));

/** Both files, as a user has them; gives the experiment's. */
async function write(place: Place): Promise<string> {
  const inside = relative(fileURLToPath(new URL("../../", import.meta.url)), place.folder);
  assert.ok(inside.startsWith(".."), "outside the clone");
  await Deno.writeTextFile(method(place), text);
  await Deno.writeTextFile(join(place.folder, "experiment.ts"), experiment);
  return join(place.folder, "experiment.ts");
}

/** Runs a command in the user's folder. */
const there = (place: Place, ...args: string[]) => place.process(args, { INIT_CWD: place.folder });

const json = (place: Place, name: string) => {
  const path = place.files().findLast((path) => path.endsWith(name))!;
  return JSON.parse(Deno.readTextFileSync(join(place.runs, path)));
};

placeTest(
  "a Mean Teacher of one's own trains, scores student and teacher, and trains again when its code changes",
  async (place) => {
    await write(place);
    const first = await there(place, "train", "./experiment.ts");
    assert.equal(first.status, 0, first.notes);
    const last = first.out.find((line) => line.includes("step 10/10"));
    assert.match(last!, / ce \d.* consistency \d/);
    const { headline, miou, best } = json(place, "metrics.json");
    assert.equal(headline, "teacher");
    for (const scores of [miou, best.miou]) assert.deepEqual(Object.keys(scores), ["student", "teacher"]);
    assert.ok(miou.student > 0 && miou.teacher > 0 && miou.student !== miou.teacher, JSON.stringify(miou));
    const plan = async () => JSON.parse((await there(place, "plan", "./experiment.ts", "--json")).out[0]!);
    const training = async () =>
      (await plan()).nodes.find(({ id }: { id: string }) => id === "co-train") as {
        readonly state: string;
        readonly parts: Readonly<Record<string, unknown>>;
        readonly modules: Readonly<Record<string, string>>;
        readonly why: readonly string[];
      };
    const before = await training();
    assert.equal(before.state, "hit");
    // Its code is part of the key with what it uses of the library, and no other method's.
    assert.ok("code.also:mean_teacher.ts" in before.parts && "code.npm:zod" in before.parts);
    const modules = Object.keys(before.modules);
    assert.ok(modules.includes("mean_teacher.ts") && modules.includes("stages/methods/parts.ts"));
    assert.ok(
      !modules.some((name) => /methods\/(ccvc|cps|unimatch|supervised)/.test(name)),
      modules.join(" "),
    );

    await Deno.writeTextFile(method(place), `// Nothing new.\n${text}`);
    assert.equal((await training()).state, "hit");
    await Deno.writeTextFile(method(place), text.replace('"ce", seen.image, labels), weight: 1', "$&.5"));
    const edited = await training();
    assert.equal(edited.state, "miss");
    assert.match(edited.why.join("\n"), /mean_teacher\.ts/);
  },
);

placeTest("its options are leaves like any other's: set, guessed, explained", async (place) => {
  const path = await write(place);
  const set = await place.command("plan", path, "--json", "--set", "co-train.method.threshold=0.9");
  const node = JSON.parse(set.out[0]!).nodes.find(({ id }: { id: string }) => id === "co-train");
  assert.deepEqual(node.config.method, { name: "mean-teacher", decay: 0.99, threshold: 0.9, weight: 1 });
  const wrong = await place.command("train", path, "--set", "co-train.method.treshold=0.9");
  assert.equal(wrong.status, 2);
  assert.match(wrong.notes, /unknown key "co-train\.method\.treshold"\. Did you mean "threshold"\?/);
  const { out } = await place.command("train", path, "--explain");
  const at = out.indexOf("  method.threshold = 0.5 (probability)  [experiment, instead of 0.97]");
  assert.equal(
    out[at + 1],
    "      Confidence from which a label counts. Source of the default: French et al., BMVC 2020.",
  );
  assert.ok(out.includes("  method.decay = 0.99 (factor)  [default]"));
});

placeTest("compare takes it by its file", async (place) => {
  await write(place);
  const compared = await there(
    place,
    ...["compare", "./experiment.ts", "--seeds", "0", "--methods", "supervised,./mean_teacher.ts", "--json"],
  );
  assert.equal(compared.status, 0, compared.notes);
  const { methods } = JSON.parse(compared.out.at(-1)!);
  assert.deepEqual(methods.map(({ name }: { name: string }) => name), ["supervised", "mean-teacher"]);
  assert.deepEqual(Object.keys(methods[0].summary.mean.miou), ["network"]);
});

Deno.test("the documentation shows this method and this experiment", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/methods.md", import.meta.url));
  for (const [name, file] of [["mean_teacher.ts", text], ["experiment.ts", experiment]] as const) {
    assert.ok(page.includes(file), `docs/methods.md does not show ${name} as it is tested`);
  }
});
