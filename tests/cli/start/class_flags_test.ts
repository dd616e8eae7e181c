/** Classes as they are typed. @module */
import assert from "node:assert/strict";
import { markFlag, parseClass, parseMarks, renamed } from "../../../cli/start/class_flags.ts";
import { UsageError } from "../../../cli/terminal/errors.ts";

Deno.test("values, ranges, colors, channels, lists and else are read, and written back as they were typed", () => {
  const wanted = {
    "255": 255,
    "1-255": { value: [1, 255] },
    "#ff0000": "#ff0000",
    "red:1-255": { red: [1, 255] },
    "green:7": { green: 7 },
    "3,4,#00ff00": [3, 4, "#00ff00"],
    "else": "else",
  };
  for (const [text, marks] of Object.entries(wanted)) {
    assert.deepEqual(parseMarks(text, "--ignore"), marks, text);
    assert.equal(markFlag(parseMarks(text, "--ignore")), text);
  }
  assert.deepEqual(parseClass("traffic = light=19"), ["traffic = light", 19]);
});

Deno.test("what is none is refused, and shown as it was typed", () => {
  const refused = (work: () => unknown, message: RegExp) =>
    assert.throws(work, (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  refused(() => parseClass("road"), /"--class road": it must be NAME=VALUE/);
  refused(() => parseClass("road=blue"), /"--class road=blue": "blue" is neither a color/);
  refused(() => parseClass("road=hue:3"), /"hue:3" is neither/);
  refused(() => parseClass("road=9-1"), /\[9,1\] is neither a value/);
  refused(() => parseClass("road=99999"), /99999 is no value/);
  refused(
    () => renamed("a", [["x", 0], ["y", 1]]),
    /gives 1 names, and the masks hold 2 classes, in this order: x, y/,
  );
  refused(() => renamed("a,a", [["x", 0], ["y", 1]]), /the name "a" stands twice/);
  refused(() => renamed("a,", [["x", 0], ["y", 1]]), /"" is no name/);
});

Deno.test("names are given in the order of what the masks hold", () => {
  assert.deepEqual(renamed("sky, road", [["black", "#000000"], ["red", "#ff0000"]]), [
    ["sky", "#000000"],
    ["road", "#ff0000"],
  ]);
});
