/** Which processes `deno task test` starts. @module */
import assert from "node:assert/strict";
import { testRuns } from "../../cli/commands/test.ts";
import { isBrief } from "../../cli/process/long_tests.ts";

Deno.test("where software computes, one process runs what is named, or all but what takes longer", () => {
  const ignored = "--ignore=tests/acceptance,tests/bench";
  assert.deepEqual(testRuns([], true), [[ignored, "--parallel", "tests"]]);
  assert.deepEqual(testRuns(["--filter", "png", "tests/stages"], true), [[
    ignored,
    "--parallel",
    "--filter",
    "png",
    "tests/stages",
  ]]);
  // One by one: a file's own steps are told as they end, and what is measured is measured alone.
  const file = "tests/cli/test_runs_test.ts";
  assert.deepEqual(testRuns([file], true), [[ignored, file]]);
  assert.deepEqual(testRuns(["tests/acceptance"], true), [["tests/acceptance"]]);
});

Deno.test("on a GPU a process tests 20 files at most, and each file once", () => {
  const runs = testRuns(["--filter", "png"], false);
  assert.ok(runs.length > 1);
  const files = runs.flatMap(([filter, text, ...files]) => {
    assert.deepEqual([filter, text], ["--filter", "png"]);
    assert.ok(files.length > 0 && files.length <= 20);
    return files;
  });
  assert.equal(new Set(files).size, files.length);
  assert.ok(files.includes("tests/cli/test_runs_test.ts"));
  assert.ok(files.every((file) => /^tests\/.+_test\.ts$/.test(file)));
  assert.ok(!files.some((file) => /^tests\/(acceptance|bench)\//.test(file)));
  assert.deepEqual(testRuns(["tests/cli/test_runs_test.ts"], false), [["tests/cli/test_runs_test.ts"]]);
});

Deno.test("the suite is brief; what takes longer, and what trains, is not", () => {
  for (const args of [["test"], ["test", "--filter", "png"], ["test", "tests/cli/test_runs_test.ts"]]) {
    assert.ok(isBrief(args), args.join(" "));
  }
  for (const args of [["test", "tests/acceptance"], ["test", "tests/acceptance/tune_test.ts"], ["train"]]) {
    assert.ok(!isBrief(args), args.join(" "));
  }
});
