import assert from "node:assert/strict";
import { figure, median, table, weightedMean } from "./report.ts";
import { asPart, withSection } from "./results.ts";

Deno.test("a geometric mean is weighted by work", () => {
  const mean = weightedMean([{ rate: 10, weight: 3 }, { rate: 1000, weight: 1 }]);
  assert.ok(Math.abs(mean - 10 ** 1.5) < 1e-9, String(mean));
});

Deno.test("medians and figures", () => {
  assert.equal(median([5, 1, 9]), 5);
  assert.equal(median([4, 1, 9, 5]), 4);
  assert.deepEqual([0.012345, 1.2345, 45.678, 1234.5].map(figure), ["0.012", "1.23", "45.7", "1235"]);
  assert.equal(figure(NaN), "–");
});

Deno.test("columns of numbers are set to the right", () => {
  assert.equal(
    table(["op", "ms"], [["add", "1.5"], ["sgd", "–"]]),
    "| op  |  ms |\n| --- | --: |\n| add | 1.5 |\n| sgd |   – |",
  );
});

Deno.test("a section is put in place of the adapter's last one, and others stay", () => {
  const before =
    "# Measured\n\nWhat this is.\n\n## one GPU\n\nold\n\n### Kernels\n\nold\n\n## another\n\nkept\n";
  const after = withSection(before, "one GPU", "### Kernels\n\nnew");
  assert.equal(
    after,
    "# Measured\n\nWhat this is.\n\n## one GPU\n\n### Kernels\n\nnew\n\n## another\n\nkept\n",
  );
  assert.equal(withSection(after, "one GPU", "### Kernels\n\nnew"), after);
  assert.equal(withSection("# Measured\n", "first", "text"), "# Measured\n\n## first\n\ntext\n");
  assert.match(withSection(before, "one", "x"), /## one GPU\n\nold[^]*## another\n\nkept\n\n## one\n\nx\n$/);
});

Deno.test("a bench's text becomes a part: headings one level lower, its command above", () => {
  const part = asPart("## Kernels\n\nline\n\n### Convolutions\n\n| # a |\n", "deno task bench kernels");
  assert.equal(
    part,
    "### Kernels\n\n`deno task bench kernels`\n\nline\n\n#### Convolutions\n\n| # a |",
  );
});
