/** Every method where a device grants no more than WebGPU guarantees; a few of them are in the suite. */
import { assertLimited, limitedBriefly } from "../stages/training/limited.ts";
import { everyMethod } from "../support/every_method.ts";
import { gpuTest } from "../support/gpu.ts";

for (const [name, method] of Object.entries(everyMethod)) {
  if (limitedBriefly.includes(name)) continue;
  gpuTest(
    `${name}: the limits that WebGPU guarantees, and small buffers, give the same bits`,
    (device) => assertLimited(device, method),
  );
}
