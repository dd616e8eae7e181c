import assert from "node:assert/strict";
import { parseCase } from "../../../../stages/parity/case.ts";

Deno.test("a case of SimpleBaseline tells of each image who has labeled it, and has a noisy one", () => {
  const path = new URL("../../../golden/parity/simple_baseline_shared.json", import.meta.url);
  const text = Deno.readTextFileSync(path);
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
