import assert from "node:assert/strict";
import { join } from "node:path";
import { numberedClasses } from "../../../stages/datasets/classes.ts";
import { encodeStoredTensors } from "../../../models/safetensors.ts";
import { readWeights } from "../../../models/weights_file.ts";
import { testCheckpoint } from "../../support/training.ts";
import { placeTest } from "../support.ts";

placeTest("export page writes one file, and says what is in it", async (place) => {
  const at = (name: string) => join(place.folder, name);
  await testCheckpoint(at("last.safetensors"));
  const { status, out } = await place.command(
    ...["export", "page", at("last.safetensors"), "-o", at("predict.html")],
  );
  assert.equal(status, 0);
  assert.equal(
    out[0],
    "prediction average of DeepLabV3+ resnet14 (branch1, branch2), 7 classes, weights in f32",
  );
  const written = await Deno.readTextFile(at("predict.html"));
  assert.match(out[1]!, /last\.safetensors → .*predict\.html \([67]\.\d+ MB\)$/);
  assert.match(written, /<h1>Label photographs<\/h1>/);
  const halves = await place.command(
    ...["export", "page", at("last.safetensors"), "--out", at("half.html"), "--precision", "f16"],
    ...["--prediction", "branch2", "--title", "<b>Cats</b>"],
  );
  assert.match(halves.out[0]!, /^prediction branch2 of .* \(branch2\), 7 classes, weights in f16$/);
  const half = await Deno.readTextFile(at("half.html"));
  assert.match(half, /<h1>&#60;b&#62;Cats&#60;\/b&#62;<\/h1>/);
  assert.ok(half.length < written.length / 2.5, `${half.length} of ${written.length}`);
});

placeTest("export page refuses, with the way out, and writes nothing", async (place) => {
  const at = (name: string) => join(place.folder, name);
  await testCheckpoint(at("good.safetensors"));
  await testCheckpoint(at("seven.safetensors"), { classes: numberedClasses(7) });
  await Deno.writeTextFile(at("text.safetensors"), "no weights at all");
  await Deno.mkdir(at("folder.html"));
  await Deno.writeTextFile(at("there.html"), "mine");
  const { tensors, metadata } = await readWeights(await Deno.readFile(at("good.safetensors")), "good");
  const network = JSON.parse(metadata["network"]!);
  const write = (name: string, change: object, left = tensors) =>
    Deno.writeFile(
      at(`${name}.safetensors`),
      encodeStoredTensors(left, { network: JSON.stringify({ ...network, ...change }) }),
    );
  await write("strange", { backbone: "vgg16" });
  await write("larger", { backbone: "resnet18" });
  await write("void", { networks: { branch1: null } });
  await write("norms", { networks: { branch1: { mapping: 7 }, branch2: { norms: { domains: "x" } } } });
  await write("nameless", { classes: { names: [], colors: [] } });
  await write("lost", {}, new Map([...tensors].filter(([name]) => name !== "branch1.classifier.weight")));
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [["good.safetensors", "-o", at("folder.html")], 1, /Cannot write ".*folder\.html": it is a folder\. /],
    [["good.safetensors", "-o", at("there.html")], 1, /: it exists\. Name another file, or remove it\.$/],
    [["good.safetensors", "--prediction", "avrage"], 1, /it has no prediction "avrage"\. .*average/],
    [["good.safetensors", "--precision", "f8"], 2, /Cannot hold weights as "f8": .* f32 or f16$/],
    [["good.safetensors", "--title", " "], 2, /Cannot title a page "": --title must say something/],
    [["good.safetensors", "-o", at("new.png")], 2, /Cannot write a page to ".*new\.png": .* end in \.html/],
    [["none.safetensors"], 2, /Cannot find the weights ".*none\.safetensors": there is no file/],
    [["text.safetensors"], 1, /error: Cannot read .*text\.safetensors/],
    [["strange.safetensors"], 1, /as a page: its backbone is "vgg16", and known are resnet50, /],
    [["larger.safetensors"], 1, /as a page: its tensors are not those of its networks: .* missing /],
    [["void.safetensors"], 1, /its description does not name networks and predictions/],
    [["norms.safetensors"], 1, /as a page: /],
    [["nameless.safetensors"], 1, /its description does not name 1 to 255 classes/],
    [["lost.safetensors"], 1, /1 missing \(branch1\.classifier\.weight\)/],
  ];
  for (const [[file, ...options], status, message] of cases) {
    const out = options.includes("-o") ? [] : ["-o", at("new.html")];
    const found = await place.command("export", "page", at(file!), ...options, ...out);
    assert.match(found.notes, message);
    assert.equal(found.status, status, found.notes);
    assert.doesNotMatch(found.notes, /\n\s+at /);
  }
  await assert.rejects(Deno.lstat(at("new.html")));
  assert.equal(await Deno.readTextFile(at("there.html")), "mine");
});
