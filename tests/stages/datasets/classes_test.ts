import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  camvidClasses,
  cityscapesClasses,
  maskPalette,
  pascalClasses,
  shapesClasses,
} from "../../../stages/datasets/classes.ts";

Deno.test("class lists have the published counts, distinct names and distinct colors", () => {
  const counts = [[pascalClasses, 21], [cityscapesClasses, 19], [camvidClasses, 11], [
    shapesClasses,
    7,
  ]] as const;
  for (const [classes, count] of counts) {
    strictEqual(classes.names.length, count);
    strictEqual(new Set(classes.names).size, count);
    strictEqual(new Set(classes.colors.map(String)).size, count);
  }
});

Deno.test("PASCAL's colors are the devkit's", () => {
  deepStrictEqual(pascalClasses.colors[0], [0, 0, 0]);
  deepStrictEqual(pascalClasses.colors[1], [128, 0, 0]);
  deepStrictEqual(pascalClasses.colors[15], [192, 128, 128]); // person
  deepStrictEqual(pascalClasses.colors[20], [0, 64, 128]); // tvmonitor
  const palette = maskPalette(pascalClasses);
  deepStrictEqual([...palette.subarray(765)], [224, 224, 192]);
  deepStrictEqual([...palette.subarray(45, 48)], [192, 128, 128]);
});
