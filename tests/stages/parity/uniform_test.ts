import assert from "node:assert/strict";
import { readBack } from "../../../kernels/memory.ts";
import type { HashedNumbers } from "../../../stages/parity/adapter.ts";
import { hashed } from "../../../stages/parity/inputs.ts";
import { hashedUniform } from "../../../stages/parity/uniform.ts";
import { gpuTest } from "../../support/gpu.ts";

const settings = { salt: "s:" };
/** By step and class, as several methods have them. */
const maps: HashedNumbers = ({ t, shape, u }) => {
  const [classes, length] = shape as [number, number];
  return Array.from({ length: classes }, (_, k) => {
    const own = u(`keep:${t}:${k}`);
    return Array.from({ length }, (_, i) => own(i));
  }).flat();
};

gpuTest("a case's numbers take the place of a step's random ones, by stream and step", async (device) => {
  const setup = { uniform: { keep: maps, near: () => [1 - 2 ** -40, 0.5], short: () => [0.5] } };
  const uniform = hashedUniform(device, settings, setup);
  const keep = uniform.draw("keep", [3, 5]), near = uniform.draw("near", [2]);
  assert.equal(uniform.draw("keep", [3, 5]), keep, "a second capture reads the same tensor");
  for (const t of [0, 7]) {
    uniform.fill(t);
    const [found, ones] = await readBack(device, [keep, near]);
    const expected = [0, 1, 2].flatMap((k) => [0, 1, 2, 3, 4].map(hashed("s:", `keep:${t}:${k}`)));
    assert.deepEqual([...found!].slice(0, 15), expected.map(Math.fround));
    assert.deepEqual([...ones!].slice(0, 2), [1 - 2 ** -24, 0.5], "none is 1");
  }
  assert.throws(() => uniform.draw("drop", [1]), /its adapter has no numbers "drop"/);
  uniform.draw("short", [3]);
  assert.throws(() => uniform.fill(0), /its adapter has 1 numbers "short", and a step draws \[3\]/);
  uniform.free();
});
