import assert from "node:assert/strict";
import { KernelError } from "../../../kernels/errors.ts";
import { expand } from "../../../kernels/shader/expand.ts";
import convolution from "../../../kernels/ops/convolution/convolution.wgsl" with { type: "text" };

/** The expanded text. */
const unroll = (
  text: string,
  constants: Record<string, number>,
  includes: Record<string, string> = {},
): string => expand({ name: "a.wgsl", text }, constants, includes).lines.join("\n");

const evaluated = (expression: string, constants: Record<string, number> = {}) =>
  Number(unroll(`\${${expression}}`, constants));

Deno.test("expand() repeats a block for each value of its variable", () => {
  assert.equal(unroll("a\n#unroll R 3\nb${R} = ${R * 2};\n#end\nc", {}), "a\nb0 = 0;\nb1 = 2;\nb2 = 4;\nc");
});

Deno.test("expand() nests blocks, and inner ones see the variables of outer ones", () => {
  const source = "#unroll A 2\n#unroll B A + 1\n${A}-${B}\n#end\n#end";
  assert.deepEqual(unroll(source, {}).split("\n"), ["0-0", "1-0", "1-1"]);
});

Deno.test("expand() leaves out a block that is repeated 0 times, and what follows stays", () => {
  assert.equal(unroll("a\n#unroll R N\nb\n#end\nc", { N: 0 }), "a\nc");
});

Deno.test("expand() keeps what #if holds where its value is not 0", () => {
  const source = "a\n#if BIAS\nb\n#end\n#if 1 - BIAS\nc\n#end\nd";
  assert.equal(unroll(source, { BIAS: 1 }), "a\nb\nd");
  assert.equal(unroll(source, { BIAS: 0 }), "a\nc\nd");
});

Deno.test("expand() keeps what #else holds where the value is 0, each with its own #if", () => {
  const source = "#if A\na\n#if B\nab\n#else\na!b\n#end\n#else\n!a\n#end\nend";
  assert.equal(unroll(source, { A: 1, B: 1 }), "a\nab\nend");
  assert.equal(unroll(source, { A: 1, B: 0 }), "a\na!b\nend");
  assert.equal(unroll(source, { A: 0, B: 1 }), "!a\nend");
});

Deno.test("expand() puts in what it includes, and says of each line where it is from", () => {
  const { lines, origins } = expand(
    { name: "a.wgsl", text: "one\n#include b.wgsl\n#unroll R 2\nlast${R}\n#end" },
    { N: 3 },
    { "b.wgsl": "// of b\nb${N}" },
  );
  assert.deepEqual(lines, ["one", "// of b", "b3", "last0", "last1"]);
  assert.deepEqual(origins, [
    "a.wgsl, line 1",
    "b.wgsl, line 1",
    "b.wgsl, line 2",
    "a.wgsl, line 4",
    "a.wgsl, line 4",
  ]);
});

Deno.test("expand() skips blocks inside a block that is left out, up to the right #end", () => {
  assert.equal(unroll("#if 0\na\n#unroll R 2\nb\n#end\nc\n#end\nd", {}), "d");
});

Deno.test("expand() allows indents and comments on directives, and leaves other text alone", () => {
  const source = "  #unroll R 2 // rows\n  let a = b % 2; // ${R}\n  #end // of rows";
  assert.equal(unroll(source, {}), "  let a = b % 2; // 0\n  let a = b % 2; // 1");
});

Deno.test("expand() computes with integers: precedence, parentheses, division rounded down", () => {
  assert.equal(evaluated("2 + 3 * 4"), 14);
  assert.equal(evaluated("(2 + 3) * 4"), 20);
  assert.equal(evaluated("20 - 3 - 4"), 13);
  assert.equal(evaluated("7 / 2"), 3);
  assert.equal(evaluated("7 % 4 + 1"), 4);
  assert.equal(evaluated("24 / 4 / 3"), 2);
  assert.equal(evaluated("ROWS / SPREAD", { ROWS: 32, SPREAD: 16 }), 2);
});

const wrong: readonly (readonly [what: string, source: string, message: RegExp])[] = [
  [
    "a block that is not closed",
    "a\n#unroll R 2\nb",
    /Cannot expand a\.wgsl: the block of line 2 is not closed/,
  ],
  ["an inner block that is not closed", "#if 1\n#unroll R 2\nb\n#end", /line 1 is not closed/],
  ["an #end of nothing", "a\n#end\nb", /a\.wgsl, line 2: "#end" closes no block/],
  ["an #else of nothing", "a\n#else\nb\n#end", /line 2: "#else" closes no block/],
  ["an #else of a repeated block", "#unroll R 2\n#else\n#end", /line 2: "#else" closes no block/],
  ["two of them", "#if 1\n#else\n#else\n#end", /line 3: "#else" closes no block/],
  ["a text that is not there", "a\n#include b.wgsl", /line 2: no text is called "b\.wgsl"/],
  ["a name it does not know", "${ROWS + 1}", /"ROWS" is not one of LANES/],
  ["a variable outside its block", "#unroll R 2\n#end\n${R}", /"R" is not one of/],
  ["a name that only JavaScript knows", "${constructor}", /"constructor" is not one of/],
  ["a count it does not know", "#unroll R ROWS\n#end", /"ROWS" is not one of/],
  ["a block without a count", "#unroll R\n#end", /line 1: "#unroll R" is not/],
  ["a condition without a value", "#if\n#end", /line 1: "#if" is not/],
  ["a directive it does not know", "#for R 2\n#end", /line 1: "#for R 2" is not/],
  ["an operator it does not know", "${1 << 2}", /"<" is not expected/],
  ["a parenthesis that is not closed", "${(1 + 2}", /"\)" is missing/],
  ["an expression that ends early", "${1 +}", /ends where a value is needed/],
  ["a division by 0", "${1 / (LANES - 4)}", /divides by 0/],
];

Deno.test("expand() refuses what it cannot expand", async (t) => {
  for (const [what, source, message] of wrong) {
    await t.step(what, () =>
      assert.throws(
        () => unroll(source, { LANES: 4 }),
        (error) => error instanceof KernelError && message.test(error.message),
      ));
  }
});

/** A tile small enough to be read. */
const tiles = {
  convolution_subgroups: {
    LANES: 2,
    SUBGROUPS: 1,
    ROWS: 2,
    COLUMNS: 1,
    BLOCK: 8,
    PARTS: 1,
    DEPTH: 4,
    TILES: 1,
    SPREAD: 2,
    BIAS: 0,
    STRIDED: 0,
    STATISTICS: 0,
  },
  convolution_plain: {
    LANES: 2,
    SUBGROUPS: 0,
    ROWS: 2,
    COLUMNS: 2,
    BLOCK: 8,
    PARTS: 0,
    DEPTH: 3,
    TILES: 2,
    SPREAD: 1,
    BIAS: 1,
    STRIDED: 1,
    STATISTICS: 0,
  },
};

for (const [name, constants] of Object.entries(tiles)) {
  // After a change that is meant: UPDATE_GOLDEN=1 deno test tests/kernels/shader/expand_test.ts, and review what changed.
  Deno.test(`expand() writes convolution.wgsl as tests/golden/${name}.wgsl shows`, async () => {
    const file = new URL(`../../golden/${name}.wgsl`, import.meta.url);
    const text = unroll(convolution, constants);
    if (Deno.env.get("UPDATE_GOLDEN")) await Deno.writeTextFile(file, text);
    assert.equal(text, await Deno.readTextFile(file));
  });
}
