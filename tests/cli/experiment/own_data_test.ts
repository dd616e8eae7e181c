/** Data of a stage of one's own: `data`, `evaluate` and `predict` find it by what it gives, not by the name `load`. @module */
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { type Place, placeTest } from "../support.ts";

const page = Deno.readTextFileSync(new URL("../../../docs/library.md", import.meta.url));
/** The stage that the document shows: `photos`. */
const stage = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map((match) => match[1]!)
  .find((code) => code.includes("export const photos"))!;
const experiment = `import { augment, coTrain, evaluate, pipeline, supervised } from "@crossview/crossview";
import { photos } from "./photos.ts";

export default pipeline("leaves", () => {
  const data = photos({ root: "photographs" });
  const training = { method: supervised(), backbone: "resnet14", batch: 2, epochs: 1, stepsPerEpoch: 1 } as const;
  const nets = coTrain({ views: augment({ data }, { crop: 32 }) }, training);
  return { score: evaluate({ nets, samples: data.validation }) };
});
`;

async function write({ folder }: Place): Promise<string> {
  const width = 12, height = 8;
  await Deno.mkdir(join(folder, "photographs"));
  for (const [i, name] of ["a", "b", "c"].entries()) {
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
      const x = Math.floor(at / 3) % width;
      return [100, x < 4 + i ? 180 : 10, 50][at % 3]!;
    });
    await Deno.writeFile(join(folder, "photographs", `${name}.png`), encodeRgbPng(pixels, width, height));
  }
  await Deno.writeTextFile(join(folder, "photos.ts"), stage);
  await Deno.writeTextFile(join(folder, "experiment.ts"), experiment);
  return join(folder, "experiment.ts");
}

placeTest("a stage called photos trains, and is found by data, evaluate and predict", async (place) => {
  const path = await write(place), out = join(place.folder, "labeled");
  const places = ["--cache", place.cache, "--runs", place.runs];
  const looked = await place.process(["data", path]);
  assert.equal(looked.status, 0, looked.notes);
  assert.match(
    looked.out.join("\n"),
    /^photos: of its own stage "photos"\n3 source files; what the stage makes/,
  );
  const trained = await place.process(["train", path]);
  assert.equal(trained.status, 0, trained.notes);
  const file = place.files().find((file) => file.endsWith("metrics.json"))!, run = basename(dirname(file));
  const metrics = JSON.parse(Deno.readTextFileSync(join(place.runs, file)));
  // Of another method the page has the gain over these labels alone.
  const gained = await place.process(["train", path, "--set", "co-train.method=ccvc"]);
  assert.equal(gained.status, 0, gained.notes);
  const pages = place.files().filter((file) => file.endsWith("report.html"))
    .map((file) => Deno.readTextFileSync(join(place.runs, file)));
  assert.equal(pages.filter((page) => page.includes("Labels alone, on the same data")).length, 1);
  // The run's own data, again, and by what a run has set of it.
  const scored = await place.process(["evaluate", run, "--json", ...places]);
  assert.equal(scored.status, 0, scored.notes);
  assert.deepEqual(JSON.parse(scored.out.at(-1)!).miou, metrics.miou);
  const labeled = await place.process(["predict", "latest", "--data", path, "--out", out, ...places]);
  assert.equal(labeled.status, 0, labeled.notes);
  assert.match(labeled.out.at(-1)!, /^1 of 1 images labeled/);
  assert.ok(place.files(out).some((file) => /(^|\/)c(\.png|\/)/.test(file)), place.files(out).join(" "));
  const others = await place.process(
    [
      "predict",
      "latest",
      "--data",
      path,
      "--list",
      "unlabeled",
      "--out",
      join(place.folder, "others"),
      ...places,
    ],
  );
  assert.match(others.out.at(-1)!, /^1 of 1 images labeled/);
  const wrong = await place.process(["predict", "latest", "--data", path, "--list", "test", ...places]);
  assert.match(
    wrong.notes,
    /Cannot find the images "test" of stage "photos": it gives labeled, unlabeled, validation/,
  );

  await Deno.remove(join(place.folder, "photographs", "b.png"));
  const missing = await place.process(["data", path]);
  assert.equal(missing.status, 1);
  assert.match(missing.out.join("\n"), /problem: Cannot read ".*b\.png": there is no such file/);
});
