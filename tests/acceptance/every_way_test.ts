/** Further ways of methods train as tests/stages/methods/every_method_test.ts asks of one way of each. @module */
import { assertTrains } from "../stages/methods/trained_in_every_way.ts";
import { everyMethod, oneOfEach } from "../support/every_method.ts";
import { gpuTest } from "../support/gpu.ts";

for (const name of Object.keys(everyMethod)) {
  if (oneOfEach.includes(name)) continue;
  gpuTest(
    `${name}: stopped and gone on from to the bit; in micro-batches and f16 much the same, in less memory`,
    (device) => assertTrains(device, name),
  );
}
