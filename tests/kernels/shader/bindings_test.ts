import assert from "node:assert/strict";
import { KernelError } from "../../../kernels/errors.ts";
import { type BindingForms, preamble, windowBytes } from "../../../kernels/shader/bindings.ts";
import { defineKernel } from "../../../kernels/shader/kernel.ts";
import { shaderText } from "../../../kernels/shader/text.ts";

const kernel = defineKernel({
  name: "moves",
  source: "fn main() {}",
  uniforms: { count: "u32", rate: "f32" },
  reads: { x: "vec4f", index: "u32" },
  writes: { y: "vec4f", bits: "vec4u", sums: "atomic<u32>" },
});

const declared = (forms: BindingForms) => preamble(kernel, forms, 256);

Deno.test("preamble() declares uniforms and bindings in their order, and how elements are met", () => {
  assert.deepEqual(declared({}), [
    "struct Extents {",
    "  count: u32,",
    "  rate: f32,",
    "}",
    "@group(0) @binding(0) var<uniform> extents: Extents;",
    "@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;",
    "fn load_x(i: u32) -> vec4f { return x[i]; }",
    "@group(0) @binding(2) var<storage, read_write> index: array<u32>;",
    "fn load_index(i: u32) -> u32 { return index[i]; }",
    "@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;",
    "fn load_y(i: u32) -> vec4f { return y[i]; }",
    "fn set_y(i: u32, v: vec4f) { y[i] = v; }",
    "@group(0) @binding(4) var<storage, read_write> bits: array<vec4u>;",
    "fn load_bits(i: u32) -> vec4u { return bits[i]; }",
    "fn set_bits(i: u32, v: vec4u) { bits[i] = v; }",
    "@group(0) @binding(5) var<storage, read_write> sums: array<atomic<u32>>;",
  ]);
  const [first] = preamble({ ...kernel, uniforms: {} }, {}, 0);
  assert.match(first!, /binding\(1\)/, "a struct without members is none");
});

Deno.test("preamble() widens halves where they are loaded and rounds them where they are stored", () => {
  const lines = declared({ halves: [1, 3, 4] });
  assert.equal(lines[0], "enable f16;");
  assert.ok(lines.includes("@group(0) @binding(1) var<storage, read_write> x: array<vec4<f16>>;"));
  assert.ok(lines.includes("fn load_x(i: u32) -> vec4f { return vec4f(x[i]); }"));
  assert.ok(lines.includes("fn set_y(i: u32, v: vec4f) { y[i] = vec4<f16>(v); }"));
  // Bits are moved, whatever they mean.
  assert.ok(lines.includes("fn load_bits(i: u32) -> vec4u { return bits[i]; }"));
});

Deno.test("preamble() looks an element up in the window that holds it, of f16 twice as many", () => {
  const lines = declared({ windows: [{ binding: 1, windows: 3 }, { binding: 3, windows: 2 }], halves: [3] });
  for (
    const line of [
      "@group(0) @binding(6) var<storage, read_write> x_window_1: array<vec4f>;",
      "@group(0) @binding(7) var<storage, read_write> x_window_2: array<vec4f>;",
      "@group(0) @binding(8) var<storage, read_write> y_window_1: array<vec4<f16>>;",
      "fn load_x(i: u32) -> vec4f { var v: vec4f; if (i < 16u) { v = x[i]; } else if (i < 32u) " +
      "{ v = x_window_1[i - 16u]; } else { v = x_window_2[i - 32u]; } return v; }",
      "fn set_y(i: u32, v: vec4f) { if (i < 32u) { y[i] = vec4<f16>(v); } else { y_window_1[i - 32u] = vec4<f16>(v); } }",
    ]
  ) assert.ok(lines.includes(line), line);
  assert.equal(windowBytes(2 ** 27), 2 ** 27);
  assert.equal(windowBytes(2 ** 31 - 1), 2 ** 31 - 256);
});

Deno.test("preamble() meets what lies in one window of several, and no more", () => {
  const lines = declared({
    windows: [{ binding: 1, windows: 1, first: 2 }, { binding: 3, windows: 1, first: 0 }],
    halves: [3],
  });
  for (
    const line of [
      "@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;",
      "fn load_x(i: u32) -> vec4f { var v: vec4f; if (i - 32u < 16u) { v = x[i - 32u]; } return v; }",
      "fn set_y(i: u32, v: vec4f) { if (i - 0u < 32u) { y[i - 0u] = vec4<f16>(v); } }",
    ]
  ) assert.ok(lines.includes(line), line);
  assert.ok(lines.every((line) => !line.includes("@binding(6)")));
});

Deno.test("preamble() reads an input from a texture", () => {
  const lines = declared({ textures: [1] });
  assert.ok(lines.includes("@group(0) @binding(1) var x: texture_2d<f32>;"));
  assert.ok(
    lines.includes(
      "fn load_x(i: u32) -> vec4f { return textureLoad(x, vec2u(i % 2048u, i / 2048u), 0); }",
    ),
  );
});

Deno.test("preamble() reads a binding of the same tensor where the first one is", () => {
  const twins = defineKernel({
    ...kernel,
    reads: { a: "vec4f", b: "vec4f", c: "vec4f" },
    writes: { y: "vec4f" },
  });
  const lines = preamble(
    twins,
    { repeats: [{ binding: 3, of: 1 }], windows: [{ binding: 1, windows: 2 }] },
    256,
  );
  assert.ok(lines.includes("fn load_c(i: u32) -> vec4f { return load_a(i); }"));
  assert.deepEqual(
    lines.join().match(/binding\(\d+\)/g)!.sort(),
    [0, 1, 2, 4, 5].map((n) => `binding(${n})`),
  );
});

Deno.test("preamble() refuses forms that elements cannot have", () => {
  const refused = (forms: BindingForms, message: RegExp) =>
    assert.throws(
      () => declared(forms),
      (error) => error instanceof KernelError && message.test(error.message),
    );
  refused({ halves: [2] }, /Cannot store binding 2 in f16 of kernel "moves": it is index: array<u32>/);
  refused(
    { textures: [2] },
    /Cannot read binding 2 from a texture of kernel "moves": it is index: array<u32>/,
  );
  refused({ textures: [3] }, /binding 3 from a texture .*: it is y: array<vec4f>, and written/);
  refused(
    { windows: [{ binding: 5, windows: 2 }] },
    /bind binding 5 in windows .*: it is sums: array<atomic<u32>>/,
  );
  refused(
    { repeats: [{ binding: 2, of: 1 }] },
    /bind x: array<vec4f> as binding 2, too, .*: it is index: array<u32>/,
  );
  refused({ repeats: [{ binding: 3, of: 1 }] }, /as binding 3, too, .*: it is y: array<vec4f>, and written/);
});

Deno.test("shaderText() is the preamble and the file's own text, and knows each line's origin", () => {
  const { lines, origins } = shaderText({ ...kernel, source: "// of ${A}\nfn main() {}" }, { A: 7 });
  assert.deepEqual(lines.slice(-2), ["// of 7", "fn main() {}"]);
  const host = shaderText(kernel, {}, { halves: [1] }, 0, ["enable subgroups;"]);
  assert.deepEqual(host.lines.slice(0, 2), ["enable subgroups;", "enable f16;"]);
  assert.deepEqual(origins.slice(-3), ["the bindings of moves", "moves.wgsl, line 1", "moves.wgsl, line 2"]);
});
