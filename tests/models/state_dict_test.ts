import assert from "node:assert/strict";
import { WeightsError } from "../../models/errors.ts";
import { checkStateDict, type StateDict } from "../../models/state_dict.ts";

const wanted = ["a", "b", "c", "d", "e"].map((name) => ({ name, shape: [2, 3] }));

function state(names: readonly string[], shape: readonly number[] = [2, 3]): StateDict {
  return new Map(names.map((name) => [name, { shape, values: new Float32Array(6) }]));
}

function complaint(given: StateDict): string {
  try {
    checkStateDict(given, wanted);
  } catch (error) {
    assert.ok(error instanceof WeightsError);
    return error.message;
  }
  return assert.fail("the state dict was accepted");
}

Deno.test("checkStateDict() accepts just the wanted names in the wanted shapes, in any order", () => {
  checkStateDict(state(["e", "d", "c", "b", "a"]), wanted);
});

Deno.test("checkStateDict() names what is missing, unexpected and of another shape, all at once", () => {
  const given = state(["a", "b", "c", "x"]);
  given.set("d", { shape: [3, 2], values: new Float32Array(6) });
  assert.equal(
    complaint(given),
    "Cannot load weights into this network: 1 missing (e); 1 unexpected (x); " +
      "1 of another shape (d [3,2] instead of [2,3])",
  );
});

Deno.test("checkStateDict() counts all and shows three", () => {
  assert.match(complaint(state([])), /: 5 missing \(a, b, c and 2 more\)$/);
  assert.match(complaint(state(["a", "b", "c", "d", "e", "v", "w", "x"])), /: 3 unexpected \(v, w, x\)$/);
});
