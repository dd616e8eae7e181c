import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { DataError } from "../../../stages/datasets/errors.ts";
import { assertDisjoint, formatIdList, parseIdList } from "../../../stages/datasets/id_list.ts";

const parse = (text: string, masks: "required" | "optional" = "required") =>
  parseIdList(text, "lists/a.txt", { masks });

Deno.test("LF, CRLF, a byte order mark, blank lines and a last line without an end give the same samples", () => {
  const expected = [["a", "a.jpg", "m/a.png", 1], ["b", "b.jpg", "m/b.png", 2]];
  for (const text of ["a.jpg m/a.png\nb.jpg m/b.png", "\uFEFFa.jpg m/a.png\r\nb.jpg m/b.png\r\n\r\n\n"]) {
    deepStrictEqual(
      parse(text).samples.map(({ id, image, mask, line }) => [id, image, mask, line]),
      expected,
    );
  }
  strictEqual(parse("\n\na.jpg a.png").samples[0]!.line, 3);
});

Deno.test("spaces within either path survive", () => {
  const [sample] = parse("my photos/a b.JPG my masks/a b.png").samples;
  deepStrictEqual([sample!.image, sample!.mask, sample!.id], [
    "my photos/a b.JPG",
    "my masks/a b.png",
    "my photos/a b",
  ]);
  throws(
    () => parse("a.jpg b.jpg c.png"),
    /line 1 of the id list "lists\/a.txt": it can be split into image and mask in 2 ways/,
  );
});

Deno.test("an unlabeled list may leave the masks out, a labeled one may not", () => {
  deepStrictEqual(parse("x/a.jpg\n", "optional").samples, [{ id: "x/a", image: "x/a.jpg", line: 1 }]);
  throws(() => parse("x/a.jpg\n"), /line 1 .* it names no mask/);
});

Deno.test("a path that could leave the root is refused with file and line", () => {
  for (
    const [line, reason] of [
      ["../a.jpg a.png", /"\.\.", "\." or empty segment/],
      ["a.jpg x/../../a.png", /"\.\.", "\." or empty segment/],
      ["./a.jpg a.png", /"\.\.", "\." or empty segment/],
      ["x//a.jpg a.png", /empty segment/],
      ["//etc/a.jpg a.png", /"\/etc\/a.jpg" is absolute/],
      ["/../a.jpg a.png", /"\.\.", "\." or empty segment/],
      ["a.jpg C:/a.png", /"C:\/a.png" is absolute/],
      ["x\\a.jpg a.png", /backslash/],
      ["a\0.jpg a.png", /control character/],
      ["a.jpg a\t.png", /control character/],
      ["a.txt", /names no image/],
    ] as const
  ) {
    throws(() => parse(`ok.jpg ok.png\n${line}\n`), (error: unknown) => {
      ok(
        error instanceof DataError && error.message.includes('line 2 of the id list "lists/a.txt"'),
        `${error}`,
      );
      return reason.test(error.message);
    });
  }
});

Deno.test("an id twice in one list, or in two, is refused with both lines", () => {
  throws(
    () => parse("a.jpg a.png\nb.jpg b.png\na.jpg c.png"),
    /line 3 .* the id "a" is listed already on line 1/,
  );
  const labeled = parse("a.jpg a.png\nb.jpg b.png");
  const validation = parseIdList("c.jpg c.png\nb.jpg b.png", "val.txt", { masks: "required" });
  throws(
    () => assertDisjoint(labeled, "labeled", validation, "in validation"),
    /the id "b" twice: it is labeled \("lists\/a.txt", line 2\) and in validation \("val.txt", line 2\)/,
  );
  throws(() => parse("\r\n\n"), /Cannot use the id list "lists\/a.txt": it is empty/);
});

Deno.test("a line of a million characters is refused, and not by the million", () => {
  throws(
    () => parseIdList("a.jpg ".repeat(200_000), "long.txt", { masks: "optional" }),
    /Cannot read line 1 of the id list "long\.txt": it has 1200000 characters; 8192 are read/,
  );
});

Deno.test("a list that is written is read as it was meant, or refused", () => {
  const samples = [{ image: "a b/c d.jpg", mask: "m m/c d.png" }, { image: "x.PNG" }, { image: "é.jpeg" }];
  const text = formatIdList(samples);
  strictEqual(text, "a b/c d.jpg m m/c d.png\nx.PNG\né.jpeg\n");
  deepStrictEqual(
    parse(text, "optional").samples.map(({ image, mask }) =>
      mask === undefined ? { image } : { image, mask }
    ),
    samples,
  );
  strictEqual(formatIdList([]), "");
  strictEqual(
    formatIdList([{ image: "i/7.tif" }, { image: "i/8.png" }], (image) => image.slice(2, 3)),
    "7\ni/8.png\n",
  );
  throws(
    () => formatIdList([{ image: "i/a/7.tif" }], () => "a/7"),
    /Cannot write "i\/a\/7\.tif" to an id list/,
  );
  const refused = [
    { image: "a.tif" },
    { image: "a.jpg b.jpg" },
    { image: "/a.jpg" },
    { image: "../a.jpg" },
    { image: "a\n.jpg" },
    { image: " a.jpg" },
    { image: "a.jpg", mask: "a.tif" },
  ];
  for (const sample of refused) {
    throws(
      () => formatIdList([sample]),
      /Cannot write ".*" to an id list: .* rename the file\.$/,
      sample.image,
    );
  }
});
