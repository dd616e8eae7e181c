/** SimpleBaseline's step against the small cases: ours, and those of the published code. @module */
import assert from "node:assert/strict";
import { parseCase } from "../../../stages/parity/case.ts";
import { runParity } from "../../../stages/parity/compare.ts";
import { gpuTest } from "../../support/gpu.ts";
import { lacksShared, sharedPath } from "../../support/shared_data.ts";

const own = ["shared", "own"].map((name) => `golden/parity/simple_baseline_${name}.json`);
const published = ["published", "described"].map((name) => `oracle/simple_baseline_${name}_small.json`);

for (const path of [...own, ...published]) {
  const isOwn = own.includes(path), lacks = isOwn ? undefined : lacksShared(path);
  gpuTest(`SimpleBaseline's step is that of ${path}`, async (device) => {
    const file = isOwn ? new URL(`../../${path}`, import.meta.url) : sharedPath(path)!;
    const { quantities } = await runParity(device, parseCase(await Deno.readTextFile(file), path));
    assert.ok(quantities.length > 400);
    assert.deepEqual(quantities.filter(({ within }) => !within), []);
  }, lacks);
}

Deno.test("a case must tell of each image who has labeled it, and have a noisy one", () => {
  const text = Deno.readTextFileSync(new URL(`../../${own[0]}`, import.meta.url));
  const changed = (noisy: number[]) => {
    const json = JSON.parse(text) as { case: object };
    return JSON.stringify({ ...json, case: { ...json.case, noisy } });
  };
  assert.throws(
    () => parseCase(changed([1, 0, 1]), "a.json"),
    /case\.noisy tells of 3 images, and there are 6/,
  );
  assert.throws(() => parseCase(changed([0, 0, 0, 0, 0, 0]), "a.json"), /case\.noisy has no noisy image/);
});
