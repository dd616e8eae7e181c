import { deepStrictEqual, rejects } from "node:assert/strict";
import { DataError } from "../../../stages/datasets/errors.ts";
import { readIdList, resolveLists } from "../../../stages/datasets/layouts.ts";
import { testWithShared } from "../../support/shared_data.ts";
import { withFolder } from "../../support/stage_run.ts";

const lines = ["JPEGImages/a.jpg SegmentationClass/a.png", "JPEGImages/b ü.jpg SegmentationClass/b ü.png"];
const expected = [
  ["JPEGImages/a", "JPEGImages/a.jpg", "SegmentationClass/a.png", 1],
  ["JPEGImages/b ü", "JPEGImages/b ü.jpg", "SegmentationClass/b ü.png", 2],
];

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * text.length), view = new DataView(bytes.buffer);
  [...text].forEach((letter, i) => view.setUint16(2 * i, letter.charCodeAt(0), littleEndian));
  return bytes;
}

const utf8 = (text: string) => new TextEncoder().encode(text);
/** The same list as projects, and editors, write it. */
const forms: Readonly<Record<string, Uint8Array>> = {
  "a space (CPS, ST++, UniMatch, CCVC)": utf8(lines.join("\n")),
  "a tab (TorchSemiSeg)": utf8(lines.map((line) => line.replace(" S", "\tS")).join("\n") + "\n"),
  "several spaces and tabs": utf8(lines.map((line) => ` ${line.replace(" S", " \t  S")}\t`).join("\n")),
  "leading slashes (PS-MT)": utf8(lines.map((line) => "/" + line.replace(" S", " /S")).join("\n")),
  "CRLF": utf8(lines.join("\r\n") + "\r\n"),
  "CR alone": utf8(lines.join("\r") + "\r"),
  "a byte order mark": utf8("\uFEFF" + lines.join("\n")),
  "UTF-16, low byte first": utf16("\uFEFF" + lines.join("\r\n"), true),
  "UTF-16, high byte first": utf16("\uFEFF" + lines.join("\n"), false),
};

for (const [form, bytes] of Object.entries(forms)) {
  Deno.test(
    `a list is read with ${form}`,
    withFolder(async (folder) => {
      await Deno.writeFile(`${folder}/list.txt`, bytes);
      for (const dataset of ["pascal", "cityscapes"] as const) {
        const { samples } = await readIdList(`${folder}/list.txt`, "required", { dataset, root: folder });
        deepStrictEqual(samples.map(({ id, image, mask, line }) => [id, image, mask, line]), expected);
      }
    }),
  );
}

Deno.test(
  "ids alone (U²PL, the VOC devkit) stand for PASCAL's files, as far as these are there",
  withFolder(async (folder) => {
    const read = async (masks: "required" | "optional") => {
      const { samples } = await readIdList(`${folder}/list.txt`, masks, { dataset: "pascal", root: folder });
      return samples.map(({ id, image, mask }) => [id, image, mask]);
    };
    for (const name of ["JPEGImages", "SegmentationClass", "SegmentationClassAug"]) {
      await Deno.mkdir(`${folder}/${name}`);
    }
    const present = ["JPEGImages/2007_000032.jpg", "SegmentationClass/2007_000032.png", "JPEGImages/b.1.png"];
    for (const name of [...present, "SegmentationClassAug/b.1.png", "SegmentationClassAug/2007_000032.png"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "");
    }
    await Deno.writeTextFile(`${folder}/list.txt`, "2007_000032\r\nb.1\nnone\n");
    const found = [
      ["JPEGImages/2007_000032", "JPEGImages/2007_000032.jpg", "SegmentationClass/2007_000032.png"],
      ["JPEGImages/b.1", "JPEGImages/b.1.png", "SegmentationClassAug/b.1.png"],
    ];
    deepStrictEqual(await read("required"), [
      ...found,
      ["JPEGImages/none", "JPEGImages/none.jpg", "SegmentationClass/none.png"],
    ]);
    deepStrictEqual(await read("optional"), [...found, [
      "JPEGImages/none",
      "JPEGImages/none.jpg",
      undefined,
    ]]);
  }),
);

const refused: Readonly<Record<string, readonly [content: Uint8Array, message: RegExp]>> = {
  "UTF-16 without a byte order mark": [
    utf16(lines.join("\n"), true),
    /it holds zero bytes, as UTF-16 without a byte order mark does, .*\. Save it as UTF-8/,
  ],
  "another encoding": [Uint8Array.of(0x61, 0xfc, 0x0a), /it is no text in UTF-8\. Save it as UTF-8/],
  "half a character of UTF-16": [
    utf16("\uFEFFa.jpg", true).subarray(0, 5),
    /it is no text in UTF-16LE\. Save it as UTF-8/,
  ],
  "an id and a flag, as of the devkit's classes": [
    utf8("2007_000032 -1\n"),
    /line 1 .*"2007_000032 -1" names no image .* or the id of an image alone/,
  ],
  "a path without an extension": [
    utf8("JPEGImages/2007_000032\n"),
    /line 1 .* names no image .* or the id of/,
  ],
};

for (const [name, [content, message]] of Object.entries(refused)) {
  Deno.test(
    `a list with ${name} is refused with what it is and what to do`,
    withFolder(async (folder) => {
      await Deno.writeFile(`${folder}/list.txt`, content);
      await rejects(
        readIdList(`${folder}/list.txt`, "required", { dataset: "pascal", root: folder }),
        (error) => error instanceof DataError && message.test(error.message),
      );
    }),
  );
}

testWithShared(
  "field",
  "lists with tabs, and of ids alone, are read with the files they are of",
  async (field) => {
    const options = {
      root: `${field}/masks_1bit_gray`,
      partitions: "",
      allLabeled: false,
      labeledEvery: 8,
      evaluateOn: "validation",
    };
    for (const form of ["lists_tab", "lists_ids"]) {
      const at = (role: string) => `${field}/${form}/${role}.txt`;
      const lists = { labeled: at("labeled"), unlabeled: at("unlabeled"), validation: at("val") };
      const found = await resolveLists({ ...options, dataset: "pascal", evaluateOn: "validation", lists });
      deepStrictEqual(found.labeled.samples.map(({ image, mask }) => [image, mask]), [
        ["JPEGImages/i0.jpg", "SegmentationClass/i0.png"],
        ["JPEGImages/i1.jpg", "SegmentationClass/i1.png"],
      ]);
      deepStrictEqual([found.unlabeled.samples.length, found.validation.samples.length], [4, 2]);
    }
  },
);

Deno.test(
  "all images are labeled where that is asked for, by the masks of both lists; one without is told",
  withFolder(async (folder) => {
    const line = (name: string) => `JPEGImages/${name}.jpg SegmentationClass/${name}.png`;
    const lists = {
      labeled: `${folder}/l.txt`,
      unlabeled: `${folder}/u.txt`,
      validation: `${folder}/v.txt`,
    };
    await Deno.writeTextFile(lists.labeled, line("a"));
    await Deno.writeTextFile(lists.unlabeled, `${line("b")}\n${line("c")}`);
    await Deno.writeTextFile(lists.validation, line("d"));
    const options = {
      dataset: "pascal",
      root: folder,
      partitions: "",
      labeledEvery: 8,
      evaluateOn: "validation",
      lists,
    } as const;
    const found = await resolveLists({ ...options, allLabeled: true });
    deepStrictEqual(found.labeled.samples.map(({ id, mask }) => [id, mask]), [
      ["JPEGImages/a", "SegmentationClass/a.png"],
      ["JPEGImages/b", "SegmentationClass/b.png"],
      ["JPEGImages/c", "SegmentationClass/c.png"],
    ]);
    deepStrictEqual([found.unlabeled.samples, found.validation.samples.length], [[], 1]);
    deepStrictEqual((await resolveLists({ ...options, allLabeled: false })).unlabeled.samples.length, 2);
    await Deno.writeTextFile(lists.unlabeled, `${line("b")}\nJPEGImages/c.jpg`);
    await rejects(
      resolveLists({ ...options, allLabeled: true }),
      (error) =>
        error instanceof DataError &&
        /^Cannot label all images: ".*u\.txt", line 2 names no mask of "JPEGImages\/c"\. Set load\.allLabeled to false/
          .test(error.message),
    );
  }),
);
