/** What holds for every method, whatever it is. @module */
import { oneOfEach } from "../../support/every_method.ts";
import { gpuTest } from "../../support/gpu.ts";
import { assertTrains } from "./trained_in_every_way.ts";

for (const name of oneOfEach) {
  gpuTest(
    `${name}: stopped and gone on from to the bit; in micro-batches and f16 much the same, in less memory`,
    (device) => assertTrains(device, name),
  );
}
