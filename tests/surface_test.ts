/** What the library is called by: these values, and no more. Types follow from them, which `deno doc --lint` holds. @module */
import assert from "node:assert/strict";
import * as library from "../library.ts";
import * as language from "../mod.ts";

Deno.test("mod.ts has what experiments and stages are written with", () => {
  assert.deepEqual(Object.keys(language).sort(), [
    ...["ConfigError", "GraphError", "MethodError", "UserError"],
    ...["ael", "augment", "ccvc", "coTrain", "cps", "cutMixSeg", "deepLabV3Plus"],
    ...["defineKind", "defineStage", "evaluate", "jsonKind", "load", "pipeline", "psMt", "pseudoLabel"],
    ...["pseudoSeg", "simpleBaseline", "supervised", "u2pl", "unimatch"],
  ]);
});

Deno.test("library.ts has what programs call, and what they catch", () => {
  const wanted = ["DeviceError", "UserError", "WeightsError", "openNetwork", "train"];
  assert.deepEqual(Object.keys(library).sort(), wanted);
});
