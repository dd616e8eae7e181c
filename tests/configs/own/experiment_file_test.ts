/** The file that is written for a person's folder: formatted, typed, and what it says is what it runs. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { experimentFile, type OwnExperiment } from "../../../configs/own/experiment_file.ts";
import { type Leaf, ownSettings } from "../../../configs/own/settings.ts";
import { small } from "../../../configs/families/small.ts";
import * as library from "../../../mod.ts";
import type { Pipeline } from "../../../pipeline/mod.ts";

const { ael, load, pipeline } = library;

const config = new URL("../../../deno.json", import.meta.url);

const photos: OwnExperiment = {
  name: "photos",
  about: [
    "4 labeled, 14 unlabeled images; a line that is long enough to be broken once, or even twice */ and goes on.",
  ],
  load: [
    ["images", "images", "Where the photographs are."],
    ["masks", "masks/*_mask", ""],
    ["classes", { background: 0, "traffic light": [3, { red: [1, 255] }], cat: "#ff0000" }, "The classes."],
    ["ignore", [255, "#ffffff"], ""],
    ["validation", 0.34, "How many are scored."],
  ],
  settings: ownSettings({ unlabeled: 14, side: 300, frequent: [0] }),
  hasUnlabeled: true,
  data: ".",
};

const cases: Readonly<Record<string, OwnExperiment>> = {
  photos,
  elsewhere: { ...photos, data: "../da ta" },
  lists: {
    ...photos,
    data: "../da$`ta",
    load: [
      ["classes", ["background", "cat"], ""],
      ["lists", { labeled: "a.txt", validation: "b.txt" }, ""],
    ],
  },
  names: { ...photos, load: [["classes", ["background", "cat"], ""], ["validation", null, ""]] },
  entries: {
    ...photos,
    load: [
      ["classes", [["1", 1], ["0", "else"]], ""],
      ["validation", { images: "val/images", masks: "val/masks" }, ""],
    ],
  },
  "many-names": {
    ...photos,
    load: [["classes", Array.from({ length: 30 }, (_, i) => `class number ${i}`), ""], ["validation", 3, ""]],
  },
  supervised: {
    ...photos,
    settings: ownSettings({ unlabeled: 0, side: 100, frequent: [0] }),
    hasUnlabeled: false,
  },
};

Deno.test("each file is as deno fmt leaves it, compiles, and builds what it says", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-" }));
  try {
    const files = Object.entries(cases).map(([name, experiment]) => {
      const path = join(folder, `${name}.ts`);
      Deno.writeTextFileSync(path, experimentFile(experiment));
      return path;
    });
    await succeeds("fmt", "--check", "--no-config", ...files);
    await succeeds("check", "--config", Deno.realPathSync(config), ...files);
    for (const [index, [name, experiment]] of Object.entries(cases).entries()) {
      const { default: pipeline } = await import(pathToFileURL(files[index]!).href) as { default: Pipeline };
      const { nodes } = pipeline.build([]);
      const method = experiment.hasUnlabeled ? "ael" : "supervised";
      const load = nodes.find(({ id }) => id === "load")!,
        training = nodes.find(({ id }) => id === "co-train")!;
      assert.equal((training.config as { method: { name: string } }).method.name, method, name);
      const { root, validation, lists } = load.config as {
        root: string;
        validation?: unknown;
        lists?: { labeled: string };
      };
      assert.equal(root, experiment.data);
      assert.deepEqual(validation, experiment.load.find(([leaf]) => leaf === "validation")?.[1]);
      if (name === "lists") assert.equal(lists!.labeled, "a.txt");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the settings are those that were found for few labels, wherever both have unlabeled images", () => {
  const { augment, method, coTrain } = ownSettings({ unlabeled: 14, side: 400, frequent: [0] });
  const options = (leaves: readonly Leaf[]) =>
    Object.fromEntries(leaves.map(([name, value]) => [name, value]));
  const data = { dataset: "folder", root: ".", classes: ["background", "cat"] } as const;
  const found = small("found", { data, epochs: 6, frequent: [0] });
  const own = pipeline("own", () => {
    const views = library.augment({ data: load(data) }, options(augment));
    return library.coTrain({ views }, { ...options(coTrain), method: ael(options(method.options)) });
  });
  const configOf = ({ build }: Pipeline, stage: string) =>
    build([]).nodes.find(({ id }) => id === stage)!.config;
  // Which no view of this method reads, and a reader of the file need not.
  const without = (config: unknown) => ({ ...config as object, jitter: undefined });
  assert.deepEqual(without(configOf(own, "augment")), without(configOf(found, "augment")));
  assert.deepEqual(configOf(own, "co-train"), configOf(found, "co-train"));
});

async function succeeds(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
}
