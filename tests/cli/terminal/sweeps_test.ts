import assert from "node:assert/strict";
import { CommandInput } from "../../../cli/terminal/command.ts";
import { sweepOf } from "../../../cli/terminal/sweeps.ts";
import { collectingTerminal } from "../../../cli/terminal/terminal.ts";

const points = (...sweep: string[]) => sweepOf(new CommandInput([], { sweep }, collectingTerminal()));

Deno.test("a sweep is every value with every value, the last one varying fastest", () => {
  assert.deepEqual(points(), []);
  const found = points("co-train.baseRate=0.01,0.02", "co-train.method=ccvc,cps");
  assert.deepEqual(found.map(({ name }) => name), [
    "co-train.baseRate=0.01 co-train.method=ccvc",
    "co-train.baseRate=0.01 co-train.method=cps",
    "co-train.baseRate=0.02 co-train.method=ccvc",
    "co-train.baseRate=0.02 co-train.method=cps",
  ]);
  assert.deepEqual(found[1]!.overrides.map(({ value }) => value), [0.01, "cps"]);
});

Deno.test("a comma within brackets, braces or quotes is a value's own", () => {
  const values = (text: string) => points(`a.b=${text}`).map(({ overrides: [only] }) => only!.value);
  assert.deepEqual(values("[0.5,1],[0.8,1.2]"), [[0.5, 1], [0.8, 1.2]]);
  assert.deepEqual(values('{"x":[1,2],"y":"],"},"a,b"'), [{ x: [1, 2], y: "]," }, "a,b"]);
  assert.deepEqual(values("none, balanced"), ["none", "balanced"]);
});

Deno.test("a sweep without values, with one of them twice, or too large, is refused", () => {
  for (const bad of ["a.b", "a.b=", "a.b=1,,2", "=1,2"]) {
    assert.throws(() => points(bad), /must be stage\.key=value,value/);
  }
  assert.throws(() => points("a.b=1,2,1"), /1 is in it twice/);
  assert.throws(() => points("a.b=1,2", "a.b=3"), /sweep a\.b twice/);
  const hundred = Array.from({ length: 101 }, (_, i) => i).join();
  assert.throws(() => points(`a.b=${hundred}`, `a.c=${hundred}`), /10201 choices/);
});
