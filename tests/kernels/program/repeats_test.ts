import assert from "node:assert/strict";
import { KernelError } from "../../../kernels/errors.ts";
import { repeatedBindings } from "../../../kernels/program/repeats.ts";
import { defineKernel } from "../../../kernels/shader/kernel.ts";
import { makeTensor } from "../../../kernels/tensor.ts";

const kernel = defineKernel({
  name: "sums",
  source: "",
  uniforms: {},
  reads: { a: "vec4f", b: "vec4f", c: "vec4f" },
  writes: { y: "vec4f" },
});
const buffer = {} as GPUBuffer, other = {} as GPUBuffer;
const at = (offset: number, size = 256, within = buffer): GPUBufferBinding[] => [{
  buffer: within,
  offset,
  size,
}];

function repeats(windows: readonly GPUBufferBinding[][], textures: readonly number[] = [], halves = [""]) {
  const [a, b, c, y] = ["a", "b", "c", "y"].map((label) =>
    makeTensor({ label, shape: [64], dtype: halves.includes(label) ? "f16" : "f32" })
  );
  return repeatedBindings({ kernel, reads: [a!, b!, c!], writes: [y!] }, windows, textures);
}

Deno.test("an input that is another one's tensor is bound once; neighbors and other buffers are two", () => {
  assert.deepEqual(repeats([at(0), at(256), at(0, 256, other), at(512)]), []);
  assert.deepEqual(repeats([at(0), at(256), at(0), at(512)]), [{ binding: 3, of: 1 }]);
  assert.deepEqual(repeats([at(0), at(0), at(0), at(512)]), [{ binding: 2, of: 1 }, { binding: 3, of: 1 }]);
  const windows = [...at(0), ...at(1024)];
  assert.deepEqual(repeats([windows, at(256), [...windows], at(512)]), [{ binding: 3, of: 1 }]);
});

Deno.test("what is read from a texture is a copy", () => {
  assert.deepEqual(repeats([at(0), at(0), at(256), at(512)], [1]), []);
  assert.deepEqual(repeats([at(0), at(0), at(0), at(512)], [1]), [{ binding: 3, of: 2 }]);
});

Deno.test("what overlaps in another way is refused: in part, as another type, or where it is written", () => {
  const refused = (run: () => unknown, which: RegExp) =>
    assert.throws(run, (error) => error instanceof KernelError && which.test(error.message));
  refused(
    () => repeats([at(0), at(128), at(512), at(768)]),
    /"sums": its a \(a\) and b \(b\) overlap in memory/,
  );
  refused(() => repeats([at(0), at(256), at(0), at(512)], [], ["c"]), /its a \(a\) and c \(c\) overlap/);
  refused(() => repeats([at(0), at(256), at(512), at(256)]), /its b \(b\) and y \(y\) overlap/);
});
