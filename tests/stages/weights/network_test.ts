import { doesNotThrow, throws } from "node:assert/strict";
import { assertSameRange } from "../../../stages/weights/network.ts";

Deno.test("data is scored if it was read by the values that the network was trained on", () => {
  doesNotThrow(() => assertSameRange({ range: [1, 2] }, { range: [1, 2] }, "a"));
  throws(
    () => assertSameRange({ range: [125, 1508] }, { range: [130, 1600] }, "last.safetensors"),
    /Cannot score "last\.safetensors" on this data: to the network, values from 125 to 1508 went from black to white, the data is read from 130 to 1600\. Read it alike: --set load\.range=\[125,1508\]\./,
  );
  // Images of 8 bits have no range, and are as they are.
  doesNotThrow(() => assertSameRange({ range: [1, 2] }, {}, "a"));
  doesNotThrow(() => assertSameRange({}, { range: [1, 2] }, "a"));
});
