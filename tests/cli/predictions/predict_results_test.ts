/** What `predict` writes holds what its masks hold, and is what `evaluate` counts. @module */
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { confusion } from "../../../kernels/reference/label/confusion.ts";
import { readCoco } from "../../../stages/annotations/coco.ts";
import { readLabelMe } from "../../../stages/annotations/labelme.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";
import { pascalClasses } from "../../../stages/datasets/classes.ts";
import { pythonWith, runPython } from "../../support/python.ts";
import { skip } from "../../support/skip.ts";
import { indices, vocTest } from "./voc.ts";

const names = ["branch1", "branch2", "average"] as const;

vocTest(
  "what evaluate counts is what predict wrote, under every protocol",
  async (place, { root, weights, out }) => {
    const python = pythonWith("numpy", "PIL");
    if (python === undefined) skip("no Python with numpy and PIL, which counts once more");
    const seen = new Set<string>();
    for (const protocol of ["original", "center_crop", "sliding_window", "sliding_window_shifted"]) {
      const how = protocol === "original" ? [] : ["--protocol", protocol, "--crop", "24"];
      const scored = await place.command("evaluate", weights, root, ...how, "--json", "--cache", place.cache);
      assert.equal(scored.status, 0, scored.notes);
      const metrics = JSON.parse(scored.out.at(-1)!);
      const label = protocol === "original" ? protocol : `${protocol}_24`;
      assert.equal(metrics.protocol, label);
      assert.match(scored.notes, new RegExp(`percent, ${label} `));
      const predicted = await place.command(
        "predict",
        weights,
        "--data",
        root,
        "--all",
        ...how,
        "--out",
        out,
      );
      assert.equal(predicted.status, 0, predicted.notes);
      const index = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
      assert.deepEqual([index.protocol, index.classes, index.headline, index.images.length], [
        label,
        pascalClasses.names,
        "average",
        3,
      ]);

      const sums = names.map(() => new Array<number>(21 * 21).fill(0));
      for (const { files, truth: path } of index.images) {
        const mask = await indices(path);
        assert.deepEqual(
          await Deno.readFile(join(out, files.mask)),
          await Deno.readFile(join(out, files.predictions.average)),
        );
        for (const [i, name] of names.entries()) {
          const { width, height, data } = await indices(join(out, files.predictions[name]));
          const left = Math.floor((mask.width - width) / 2), top = Math.floor((mask.height - height) / 2);
          const truth = Array.from(
            data,
            (_, p) => mask.data[(top + Math.floor(p / width)) * mask.width + left + p % width]!,
          );
          confusion(data, truth, 21).forEach((count, cell) => sums[i]![cell]! += count);
        }
      }
      names.forEach((name, i) =>
        assert.deepEqual(metrics.confusions[name].flat(), sums[i], `${protocol}, ${name}`)
      );
      assert.deepEqual(metrics.confusion, metrics.confusions.average);
      seen.add(JSON.stringify(metrics.confusion));
      if (python === undefined) continue;
      const counted = await runPython(python, new URL("../../acceptance/confusion.py", import.meta.url), out);
      for (const name of names) {
        assert.deepEqual(counted[name].confusion, metrics.confusions[name]);
        assert.ok(Math.abs(counted[name].miou - metrics.miou[name]) < 1e-9, `${name}: ${metrics.miou[name]}`);
        assert.ok(Math.abs(counted[name].pixelAccuracy - metrics.pixelAccuracy[name]) < 1e-9);
      }
      counted.average.iou.forEach((iou: number, i: number) =>
        assert.ok(Math.abs(iou - metrics.perClass[i].iou) < 1e-9)
      );
    }
    assert.equal(seen.size, 4, "the protocols count differently");
  },
);

vocTest("overlays, montage, legend and tables show what the masks hold", async (place, paths) => {
  const { root, weights, out } = paths;
  const { status, notes } = await place.command(
    "predict",
    weights,
    join(root, "JPEGImages"),
    "--overlay",
    "--montage",
    "--out",
    out,
  );
  assert.equal(status, 0, notes);
  const { images, classes, colors } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
  assert.deepEqual([classes[15], colors[15]], ["person", "#c08080"]);
  for (const { image, files, areas, width, height } of images) {
    const mask = await indices(join(out, files.mask)), photograph = await indices(image);
    const tinted = await indices(join(out, files.overlay));
    const counts = new Array<number>(21).fill(0);
    mask.data.forEach((label, pixel) => {
      counts[label]!++;
      const same = [0, 1, 2].every((c) => tinted.data[3 * pixel + c] === photograph.data[3 * pixel + c]);
      if (label === 0) assert.ok(same, "background stays as it is");
    });
    assert.deepEqual(classes.map((name: string) => areas[name].pixels), counts);
    assert.ok(Math.abs(areas.background.share - counts[0]! / (width * height)) < 1e-12);
  }
  assert.ok(
    images.some(({ areas }: { areas: Record<string, { pixels: number }> }) =>
      areas.background!.pixels < 1000
    ),
  );
  const [head, ...rows] = (await Deno.readTextFile(join(out, "summary.csv"))).trimEnd().split("\r\n");
  assert.match(head!, /^image,width,height,background \(pixels\),background \(share\),aeroplane \(pixels\),/);
  assert.equal(rows.length, 5);
  assert.equal(rows[0]!.split(",")[3], String(images[0].areas.background.pixels));
  for (const name of ["legend.svg", "montage.svg"]) {
    const svg = await Deno.readTextFile(join(out, name));
    assert.match(svg, /^<svg xmlns=/);
    for (const text of classes) assert.ok(svg.includes(`>${text}</text>`), `${name}: ${text}`);
  }
  const montage = await Deno.readTextFile(join(out, "montage.svg"));
  assert.equal(montage.match(/<image /g)!.length, 10);
});

vocTest("what is written for LabelMe and COCO is the mask again", async (place, { root, weights, out }) => {
  const values = new Map(pascalClasses.names.map((name, value) => [name, value]));
  const folder = join(root, "JPEGImages");
  for (const to of ["labelme", "coco"] as const) {
    const { status, notes } = await place.command(
      "predict",
      weights,
      folder,
      "--to",
      to,
      "--tolerance",
      "0",
      "--out",
      out,
    );
    assert.equal(status, 0, notes);
    const { images } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
    const coco = to === "coco" && readCoco(await Deno.readTextFile(join(out, "coco.json")), "coco.json");
    for (const { image, files } of images) {
      const { data, ...size } = await indices(join(out, files.mask));
      const path = files.labelme && join(out, files.labelme);
      const annotation = coco ? coco.get(basename(image))! : readLabelMe(await Deno.readTextFile(path), path);
      assert.deepEqual(rasterize(annotation, values, 0, size), data);
      if (coco) continue;
      // LabelMe finds the photograph by its path from the JSON.
      const { imagePath } = JSON.parse(await Deno.readTextFile(path));
      assert.equal(join(dirname(path), imagePath), image);
    }
  }
});
