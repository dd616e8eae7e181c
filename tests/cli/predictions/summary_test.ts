import assert from "node:assert/strict";
import { areasOf, areaTable, summaryTable } from "../../../cli/predictions/summary.ts";

const classes = { names: ["road", 'tree, "big"', "7"], colors: [[0, 0, 0], [1, 1, 1], [2, 2, 2]] } as const;

Deno.test("areas are counted by class, and the table quotes what a table needs quoted", () => {
  const areas = areasOf(Uint8Array.of(0, 2, 2, 0, 0, 0), classes);
  assert.deepEqual(areas.road, { pixels: 4, share: 4 / 6 });
  assert.deepEqual(areas['tree, "big"'], { pixels: 0, share: 0 });
  const image = (name: string) => ({
    image: name,
    width: 3,
    height: 2,
    files: { mask: "m", predictions: {} },
    areas,
  });
  assert.equal(
    summaryTable([image("a.jpg"), image("=b,c.jpg")], classes),
    'image,width,height,road (pixels),road (share),"tree, ""big"" (pixels)","tree, ""big"" (share)",7 (pixels),7 (share)\r\n' +
      "a.jpg,3,2,4,0.666667,0,0,2,0.333333\r\n" +
      '"\'=b,c.jpg",3,2,4,0.666667,0,0,2,0.333333\r\n',
  );
});

Deno.test("the terminal shows what all images hold together", () => {
  const image = (...labels: number[]) => ({
    image: "a.jpg",
    width: labels.length,
    height: 1,
    files: { mask: "m", predictions: {} },
    areas: areasOf(Uint8Array.from(labels), { names: ["road", "tree"], colors: [] }),
  });
  assert.deepEqual(areaTable([image(0, 0, 0, 1), image(0, 0, 0, 0)]).split("\n").slice(2), [
    "road   87.5 %       2",
    "tree   12.5 %       1",
  ]);
});
