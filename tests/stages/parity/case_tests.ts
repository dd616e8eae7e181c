/** Parity cases as tests. @module */
import assert from "node:assert/strict";
import { parseCase } from "../../../stages/parity/case.ts";
import { runParity } from "../../../stages/parity/compare.ts";
import { gpuTest } from "../../support/gpu.ts";
import { lacksShared, sharedPath } from "../../support/shared_data.ts";

/** Holds a training step to a case's numbers. */
export function caseTest(name: string, path: string | URL, lacks?: string): void {
  gpuTest(`a training step equals the published method's: ${name}`, async (device) => {
    const parity = parseCase(await Deno.readTextFile(path), name);
    const { quantities } = await runParity(device, parity);
    for (const { kind, name, remark } of quantities) if (remark) console.log(`${kind} ${name}: ${remark}`);
    assert.deepEqual(quantities.filter(({ within }) => !within), []);
  }, lacks);
}

/** The same of a case beside the clone; skipped where there is none. */
export function publishedCaseTest(name: string): void {
  const path = `oracle/${name}.json`;
  caseTest(name, sharedPath(path) ?? path, lacksShared(path));
}
