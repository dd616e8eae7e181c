import assert from "node:assert/strict";
import { KernelError } from "../../kernels/errors.ts";
import { storeHalves } from "../../kernels/half_storage.ts";
import { shaderText } from "../../kernels/kernel.ts";
import convolution from "../../kernels/wgsl/convolution.wgsl" with { type: "text" };

const header = [
  "@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;",
  "@group(0) @binding(2) var<storage, read_write> index: array<u32>;",
  "@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;",
].join("\n");

/** The body of a kernel over x, index and y, after conversion of some bindings. */
function converted(body: string, bindings: number[] = [1, 3]): string {
  return storeHalves(`${header}\n${body}`, bindings).split("\n").slice(4).join("\n");
}

Deno.test("storeHalves() leaves a shader without f16 as it is, to the character", () => {
  const source = `${header}\n// x[0] = 1;\ny[0] = x[0];`;
  assert.equal(storeHalves(source, []), source);
});

Deno.test("storeHalves() declares the bindings it is told, and no others", () => {
  assert.deepEqual(storeHalves(header, [3]).split("\n"), [
    "enable f16;",
    "@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;",
    "@group(0) @binding(2) var<storage, read_write> index: array<u32>;",
    "@group(0) @binding(3) var<storage, read_write> y: array<vec4<f16>>;",
  ]);
});

Deno.test("storeHalves() widens what is loaded and rounds what is stored", () => {
  assert.equal(converted("y[i] = x[i] * 2.0;"), "y[i] = vec4<f16>(vec4f(x[i]) * 2.0);");
  assert.equal(converted("y[i] = x[i];", [1]), "y[i] = vec4f(x[i]);");
  assert.equal(converted("y[i] = x[i];", [3]), "y[i] = vec4<f16>(x[i]);");
  assert.equal(converted("y[i] = y[i] + sum;"), "y[i] = vec4<f16>(vec4f(y[i]) + sum);");
});

Deno.test("storeHalves() matches brackets, in indices and over lines", () => {
  assert.equal(
    converted("y[index[i] + 4u * (j)] =\n  select(x[index[i]], x[0].xxxx, index[j] == 1u);"),
    "y[index[i] + 4u * (j)] = vec4<f16>(select(vec4f(x[index[i]]), vec4f(x[0]).xxxx, index[j] == 1u));",
  );
  assert.equal(converted("let a = x[u32(x[i].x)];"), "let a = vec4f(x[u32(vec4f(x[i]).x)]);");
});

Deno.test("storeHalves() tells a store from a comparison, and a binding from other names", () => {
  assert.equal(converted("if (all(x[i] == y[j])) {}"), "if (all(vec4f(x[i]) == vec4f(y[j]))) {}");
  assert.equal(converted("let at = max_x[i] + s.x[i] + xs[i];"), "let at = max_x[i] + s.x[i] + xs[i];");
});

Deno.test("storeHalves() leaves bits alone: a binding of vec4u is moved as it is", () => {
  const source = "@group(0) @binding(1) var<storage, read_write> t: array<vec4u>;\nt[i] = vec4u(0);";
  assert.equal(storeHalves(source, [1]), `enable f16;\n${source}`);
});

Deno.test("storeHalves() refuses what it cannot convert", () => {
  const refused = (body: string, message: RegExp, bindings = [1, 3]) =>
    assert.throws(() => converted(body, bindings), (error) => {
      return error instanceof KernelError && message.test(error.message);
    }, body);
  for (const body of ["y[i] += x[i];", "y[i] *= 2.0;", "y[i].x = 1.0;", "y[i]++;", "y[i][2] = 1.0;"]) {
    refused(body, /Cannot store y in f16: "y\[i\].*" is no plain load or store/);
  }
  refused("", /Cannot store binding 2 in f16: it is index: array<u32>/, [2]);
  refused("", /Cannot store binding 9 in f16: it is not declared/, [9]);
  refused("let a = x[i;", /lacks a "\]"/);
});

Deno.test("a convolution in f16 reads halves and sums in f32", () => {
  const kernel = {
    name: "convolution",
    source: convolution,
    uniforms: {},
    reads: ["source", "weight"],
    writes: ["result"],
  };
  const tile = { LANES: 8, SUBGROUPS: 0, ROWS: 2, COLUMNS: 1, BLOCK: 8, PARTS: 1, TILES: 1, SPREAD: 1 };
  const constants = { ...tile, DEPTH: 4, STRIDED: 0, STATISTICS: 0, BIAS: 0 };
  const plain = shaderText(kernel, constants), halves = shaderText(kernel, constants, { halves: [1, 3] });
  assert.ok(!plain.includes("f16"));
  assert.match(halves, /source: array<vec4<f16>>/);
  assert.match(halves, /weight: array<vec4f>/);
  assert.match(halves, /let a1 = vec4f\(source\[at1 \+ k\]\) \* keep1;/);
  assert.match(halves, /result\[at_row1 \+ column \+ 0u\] = vec4<f16>\(sum1_0\);/);
  assert.doesNotMatch(halves, /(let|var) \w+ = vec4<f16>/);
});
