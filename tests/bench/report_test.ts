import assert from "node:assert/strict";
import { figure, heading, median, modelIn, table, weightedMean } from "./report.ts";
import { asPart, sectionTitle, withSection } from "./results.ts";

/** One driver on one machine. */
const surroundings = {
  adapter: "llvmpipe (LLVM 19.1.7, 256 bits)",
  driver: "Mesa lavapipe",
  date: "2026-11-27 20:30",
  commit: "0a4bcc9",
  processor: "AMD EPYC 9655",
  processors: 2,
  load: 1.25,
};

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

Deno.test("a processor has a section of its own, though the driver is the same", () => {
  const intel = { ...surroundings, processor: "Intel(R) Xeon(R) 6975P-C" };
  assert.equal(sectionTitle(intel), "llvmpipe (LLVM 19.1.7, 256 bits) on Intel(R) Xeon(R) 6975P-C");
  const both = [surroundings, intel].reduce(
    (text, one) => withSection(text, sectionTitle(one), one.processor),
    "# Measured\n",
  );
  const after = withSection(both, sectionTitle(intel), "anew");
  assert.equal(
    after,
    `# Measured\n\n## ${sectionTitle(surroundings)}\n\nAMD EPYC 9655\n\n## ${sectionTitle(intel)}\n\nanew\n`,
  );
});

Deno.test("a heading says on what processor, and how a system names it does not matter", () => {
  assert.equal(
    heading(surroundings),
    "llvmpipe (LLVM 19.1.7, 256 bits), Mesa lavapipe; not tuned; 2 processors (AMD EPYC 9655), load 1.3 at the start; " +
      "2026-11-27 20:30 UTC; commit 0a4bcc9",
  );
  assert.equal(
    modelIn("model name\t: AMD EPYC 9655 96-Core Processor  \n"),
    "AMD EPYC 9655 96-Core Processor",
  );
  assert.equal(modelIn("Intel(R)  Core(TM) i7\n"), "Intel(R) Core(TM) i7");
  assert.equal(modelIn(""), "");
});

Deno.test("a bench's text becomes a part: headings one level lower, its command above", () => {
  const part = asPart("## Kernels\n\nline\n\n### Convolutions\n\n| # a |\n", "deno task bench kernels");
  assert.equal(
    part,
    "### Kernels\n\n`deno task bench kernels`\n\nline\n\n#### Convolutions\n\n| # a |",
  );
});
