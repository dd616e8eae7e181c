/** The readers of annotation tools' files. @module */
import assert from "node:assert/strict";
import type { Annotation } from "../../stages/annotations/annotation.ts";
import { readCoco } from "../../stages/annotations/coco.ts";
import { readCvat } from "../../stages/annotations/cvat.ts";
import { readLabelMe } from "../../stages/annotations/labelme.ts";
import { readLabelStudio } from "../../stages/annotations/label_studio.ts";
import { rasterize } from "../../stages/annotations/rasterize.ts";
import { DataError } from "../../stages/datasets/errors.ts";
import golden from "../golden/annotations.json" with { type: "json" };
import { writeBrush } from "../stages/annotations/brush.ts";
import { mutateJsonText } from "./formats.ts";
import { below, pick, type Random } from "./mutations.ts";
import type { Reader } from "./readers.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();

const cvat = `<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><image id="0" name="a.jpg" width="37" height="29">
<polygon label="cat" points="3.3,2.2;30.6,4.1;21.4,25.8" z_order="1"></polygon>
<box label="dog" xtl="2" ytl="3" xbr="20" ybr="15.5" rotation="30.5"><attribute name="age">3</attribute></box>
<ellipse label="cat" cx="20" cy="10" rx="5.5" ry="3" z_order="2"></ellipse>
<mask label="dog" rle="2, 3, 4" left="4" top="5" width="3" height="3"></mask></image></annotations>`;

const labelStudio = JSON.stringify([{
  id: 1,
  data: { image: "/data/upload/1/0a1b2c3d-a.jpg" },
  annotations: [{
    result: [
      ["polygonlabels", { points: [[3, 3], [90, 5], [40, 80]], closed: true }],
      ["rectanglelabels", { x: 10, y: 20, width: 30, height: 20, rotation: 12 }],
      ["ellipselabels", { x: 50, y: 50, radiusX: 20, radiusY: 10, rotation: 45 }],
      ["brushlabels", { rle: writeBrush(Array.from({ length: 12 }, (_, i) => i % 3 === 0 ? 1 : 0), true) }],
    ].map(([type, value]) => ({
      id: "x",
      type,
      value: { ...value as object, [type as string]: ["cat"] },
      original_width: 4,
      original_height: 3,
    })),
  }],
}]);

/** Cuts, doubles and changes tags and numbers of XML. */
function mutateXml(text: string, random: Random): string {
  const parts = text.split(/(?<=>)|(?=[\s;,]\d)|(?<=")/);
  for (let change = 0; change <= below(random, 3); change++) {
    const at = below(random, parts.length);
    const kind = below(random, 4);
    if (kind === 0) parts.splice(at, 1);
    else if (kind === 1) parts.splice(at, 0, parts[below(random, parts.length)]!);
    else if (kind === 2) {
      parts[at] = parts[at]!.replace(
        /\d+/,
        () => pick(random, ["-1", "NaN", "1e9", "", "0", "99999", "0x7"]),
      );
    } else {parts[at] = parts[at]!.replace(/[a-z]+/, () =>
        pick(random, ["mask", "track", "image", "box", "&amp;", "&x;"]));}
  }
  return parts.join("");
}

function reader(
  name: string,
  seeds: readonly string[],
  damage: (text: string, random: Random) => string,
  read: (text: string) => Iterable<Annotation>,
): Reader {
  return {
    name,
    seeds: seeds.map((seed) => encoder.encode(seed)),
    damage: (bytes, random) => encoder.encode(damage(decoder.decode(bytes), random)),
    read(bytes) {
      for (const annotation of read(decoder.decode(bytes))) {
        const values = new Map(annotation.regions.map(({ label }) => [label, 1]));
        const mask = rasterize({ ...annotation, size: undefined }, values, 0, { width: 40, height: 30 });
        assert.ok(mask.length === 1200 && mask.every((value) => value < 2));
      }
      return Promise.resolve();
    },
    refusals: [DataError],
  };
}

const cocoTexts = [
  golden.coco.text,
  golden["coco, run lengths"].text,
  golden["coco, packed run lengths"].text,
];

/** Readers of each format. */
export const annotationReaders: readonly Reader[] = [
  reader("labelme", [golden.labelme.text], mutateJsonText, (text) => [readLabelMe(text, "fuzz.json")]),
  reader("coco", cocoTexts, mutateJsonText, (text) => readCoco(text, "fuzz.json").values()),
  reader("cvat", [cvat], mutateXml, (text) => readCvat(text, "fuzz.xml").values()),
  reader(
    "label-studio",
    [labelStudio],
    mutateJsonText,
    (text) => readLabelStudio(text, "fuzz.json").values(),
  ),
];
