import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { checksFile, firstDifference, lineChecks, linesOf } from "../../partitions/line_checks.ts";
import { publishedLists } from "../../partitions/lists.ts";
import { allChecks } from "../../partitions/make_line_checks.ts";
import { testWithShared } from "../support/shared_data.ts";

Deno.test("a list's lines are told with and without an end of the last one, blank lines counted", () => {
  deepStrictEqual(linesOf("a\n\nb\n"), ["a", "", "b"]);
  deepStrictEqual(linesOf("a\n\nb"), ["a", "", "b"]);
  deepStrictEqual(linesOf(""), []);
  strictEqual(lineChecks("a\nb").length, 4);
});

Deno.test("the checks have two bytes for each published line", () => {
  const lines = publishedLists.reduce((sum, { count }) => sum + count, 0);
  strictEqual(Deno.readFileSync(checksFile).length, 2 * lines);
});

testWithShared("partitions", "the checks are those of the published lists", (folder) => {
  const wanted = allChecks(folder);
  ok(Deno.readFileSync(checksFile).every((byte, i) => byte === wanted[i]));
});

testWithShared("partitions", "the first line that differs is found, wherever it is", (folder) => {
  const list = publishedLists.find(({ path }) => path === "pascal/366/labeled.txt")!;
  const text = Deno.readTextFileSync(`${folder}/${list.path}`), lines = linesOf(text);
  strictEqual(firstDifference(list, text), undefined);
  const changed = (change: (lines: string[]) => void) => {
    const copy = [...lines];
    change(copy);
    return firstDifference(list, copy.join("\n"));
  };
  const strange = "JPEGImages/x.jpg SegmentationClass/x.png";
  deepStrictEqual(changed((at) => at[56] = strange), { line: 57, found: strange });
  deepStrictEqual(changed((at) => at.splice(100, 1)), { line: 101, found: lines[101] });
  deepStrictEqual(changed((at) => at.unshift("")), { line: 1, found: "" });
  deepStrictEqual(changed((at) => at.push(strange)), { line: 367, found: strange });
  deepStrictEqual(changed((at) => at.pop()), { line: 366, found: undefined });
});
