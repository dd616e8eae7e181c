/** What the values of masks show to be wrong. @module */
import assert from "node:assert/strict";
import { cityscapesClasses, type ClassList, pascalClasses } from "../../../stages/datasets/classes.ts";
import { indexLabeling } from "../../../stages/datasets/labeling.ts";
import { findings } from "../../../stages/survey/findings.ts";
import { type DataRole, RoleSurvey } from "../../../stages/survey/role_survey.ts";

const five: ClassList = {
  names: ["background", "cat", "dog", "cow", "owl"],
  colors: [[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9], [9, 9, 0]],
};

/** A role with masks of one row each. */
function role(
  name: DataRole,
  classes: ClassList,
  masks: readonly (readonly number[])[],
  palette?: Uint8Array,
): RoleSurvey {
  const survey = new RoleSurvey(name, masks.length, classes), labeling = indexLabeling(classes, []);
  masks.forEach((row, i) => {
    const mask = {
      width: row.length,
      height: 1,
      channels: 1,
      bits: 8,
      orientation: 1,
      data: Uint8Array.from(row),
      ...(palette && { palette }),
    } as const;
    survey.addSamples(mask);
    const labels = labeling(mask);
    if (labels instanceof Uint8Array) survey.labels.add(`mask ${i}`, labels);
  });
  return survey;
}

function found(surveys: readonly RoleSurvey[], dataset = "pascal", byIndex = true): string[] {
  return findings(surveys, { dataset, classes: surveys[0]!.labels.classes, byIndex, complete: true })
    .map(({ isProblem, message }) => `${isProblem ? "problem" : "warning"}: ${message}`);
}

Deno.test("0 and 255 alone train on nothing, which is said once for all roles, with what to write", () => {
  const masks = [[0, 255], [0, 0]];
  const [only, ...more] = found([
    role("labeled", pascalClasses, masks),
    role("validation", pascalClasses, masks),
  ]);
  assert.match(
    only!,
    /^problem: the masks of labeled and validation hold 0 and 255 alone.*\{ background: 0, object: 255 \}/,
  );
  assert.deepEqual(more, []);
  assert.deepEqual(found([role("labeled", five, [[0, 1, 2, 3, 4, 255]])]), []);
});

Deno.test("labels from 1 to N are told from labels that merely lack 0", () => {
  assert.match(
    found([role("labeled", five, [[1, 2], [4, 5, 255]])])[0]!,
    /^problem: .*hold the values 1 to 5.*"background": 1/,
  );
  assert.deepEqual(found([role("labeled", five, [[1, 2], [3, 4]])]), [
    "warning: 1 of 5 classes are in no labeled mask, and cannot be learned: background",
  ]);
});

Deno.test("Cityscapes' label ids are told from its train ids", () => {
  const ids = role("labeled", cityscapesClasses, [[7, 8, 11, 26, 33]]);
  assert.match(found([ids], "cityscapes")[0]!, /^problem: .*values up to 33.*csCreateTrainIdLabelImgs/);
  const train = role("labeled", cityscapesClasses, [Array.from({ length: 19 }, (_, i) => i)]);
  assert.deepEqual(found([train], "cityscapes"), []);
});

Deno.test("a palette with the classes' colors at other indices is told, one color by chance is not", () => {
  const swapped = Uint8Array.from([...[0, 0, 0], ...[0, 9, 0], ...[9, 0, 0], ...[0, 0, 9], ...[9, 9, 0]]);
  const masks = [[0, 1, 2, 3, 4]];
  assert.match(
    found([role("labeled", five, masks, swapped)])[0]!,
    /^warning: .*1 is #000900, the color of "dog" \(2\); 2 is #090000, the color of "cat" \(1\)/,
  );
  const right = Uint8Array.from(five.colors.flat());
  assert.deepEqual(found([role("labeled", five, masks, right)]), []);
  const one = Uint8Array.from([...[0, 0, 0], ...[0, 9, 0], ...[1, 1, 1], ...[0, 0, 9], ...[9, 9, 0]]);
  assert.deepEqual(found([role("labeled", five, masks, one)]), []);
});

Deno.test("masks without a pixel that counts, some or all, and classes that are scored and never labeled", () => {
  const some = role("labeled", five, [[255, 255], [0, 1, 2, 3]]);
  const scored = role("validation", five, [[0, 4]]);
  assert.deepEqual(found([some, scored], "folder", false), [
    "warning: in 1 of 2 labeled masks no pixel counts, as all are ignored: mask 0",
    "warning: 1 of 5 classes are in no labeled mask, and cannot be learned: owl",
    "warning: scored, and in no labeled mask: owl",
  ]);
  assert.match(
    found([role("labeled", five, [[2, 2], [2, 255]])], "folder", false)[0]!,
    /^warning: the labeled masks hold the class "dog" alone, and 25\.0 % of their pixels are ignored/,
  );
  const all = role("labeled", five, [[255], [255, 255]]);
  assert.match(found([all], "folder", false)[0]!, /^problem: in all 2 masks of labeled.*no pixel counts/);
});

Deno.test("a role's histogram counts pixels and images by class, and ignored ones apart", () => {
  const survey = role("labeled", five, [[0, 1, 1, 255], [1, 9, 9]]);
  assert.deepEqual(survey.labels.histogram.slice(0, 2), [
    { name: "background", pixels: 1, images: 1 },
    { name: "cat", pixels: 2, images: 1 },
  ]);
  assert.deepEqual([survey.labels.ignored, survey.labels.pixels, survey.labels.masks], [1, 4, 1]);
});
