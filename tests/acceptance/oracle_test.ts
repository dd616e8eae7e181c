/** The training step against the published method's numbers, by the runner of `parity`. @module */
import { strict as assert } from "node:assert";
import type { Device } from "../../kernels/device.ts";
import { parseCase } from "../../stages/parity/case.ts";
import { runParity } from "../../stages/parity/compare.ts";
import { gpuTest } from "../support/gpu.ts";
import { lacksShared, sharedPath } from "../support/shared_data.ts";

/** Of CCVC's both scripts, of CPS plain and with CutMix, of SimpleBaseline by code and by text, with ResNet-50: minutes each. */
const published = [
  "no_aug_vote_threshold",
  "aug_vote_threshold",
  "cps_plain_pascal",
  "cps_cutmix_pascal",
  "simple_baseline_published",
  "simple_baseline_described",
];
/** Of other settings, with the classes of both data sets, small: seconds each. */
const small = new URL("../golden/parity/", import.meta.url);

const titleOf = (name: string) => `a training step equals the published method's: ${name}`;

async function compareCase(device: Device, name: string, path: string | URL): Promise<void> {
  const parity = parseCase(await Deno.readTextFile(path), name);
  const { quantities } = await runParity(device, parity);
  for (const { kind, name, remark } of quantities) if (remark) console.log(`${kind} ${name}: ${remark}`);
  assert.deepEqual(quantities.filter(({ within }) => !within), []);
}

for (const name of published) {
  const path = `oracle/${name}.json`;
  gpuTest(titleOf(name), (device) => compareCase(device, name, sharedPath(path)!), lacksShared(path));
}
for (const { name } of [...Deno.readDirSync(small)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (name.endsWith(".json")) {
    gpuTest(titleOf(name), (device) => compareCase(device, name, new URL(name, small)));
  }
}
