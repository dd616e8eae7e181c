/** Folders that a command line names: empty paths, and folders that hold somebody's work. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { main } from "../../cli/program.ts";
import { RunFolder } from "../../runtime/runs/run_folder.ts";
import { collectingTerminal } from "../../cli/terminal/terminal.ts";
import { CacheError } from "../../pipeline/mod.ts";
import { fixture, placeTest } from "./support.ts";

const tiny = fixture("tiny");

/** A command line as typed, with no folder added to it. */
async function typed(...args: string[]): Promise<{ status: number; notes: string }> {
  const terminal = collectingTerminal();
  const status = await main(args, terminal);
  return { status, notes: terminal.noted.join("\n") };
}

placeTest("an empty path is a mistake, not the present folder", async (place) => {
  const here = () => [...Deno.readDirSync(".")].map(({ name }) => name).sort();
  const before = here();
  const rest = { cache: ["--cache", place.cache], runs: ["--runs", place.runs] };
  const cases: [string, string[]][] = [
    ["--cache", ["train", tiny, ...rest.runs, "--cache", ""]],
    ["--cache", ["plan", tiny, "--cache", "  "]],
    ["--cache", ["cache", "gc", "--cache", ""]],
    ["--cache", ["cache", "stats", "--cache="]],
    ["--runs", ["train", tiny, ...rest.cache, "--runs", ""]],
    ["--runs", ["runs", "--runs", ""]],
    ["--runs", ["report", "--runs", ""]],
    ["--results", ["plan", "--frozen", ...rest.cache, "--results", ""]],
  ];
  for (const [option, args] of cases) {
    const { status, notes } = await typed(...args);
    assert.equal(status, 2, `${args}: ${notes}`);
    assert.match(
      notes,
      new RegExp(`^error: Cannot take ${option} " *": it is empty\\. Name a folder`),
      `${args}`,
    );
  }
  const { status, notes } = await typed("dag", tiny, ...rest.cache, "--svg", "");
  assert.deepEqual([status, /Cannot take "" as a path: it is empty/.test(notes)], [2, true], notes);
  await assert.rejects(
    RunFolder.create("", { name: "a", id: "b", seed: 0, set: [], started: "" }),
    CacheError,
  );
  assert.deepEqual(here(), before);
});

placeTest(
  "a folder that holds somebody's work is refused as a cache before anything is written",
  async (place) => {
    const theirs = ["scratch/thesis.tex", "checkpoints/mine.pth", "cas/notes.txt"];
    for (const path of theirs) {
      await Deno.mkdir(join(place.cache, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(place.cache, path), path);
      const old = new Date(Date.now() - 400 * 86_400_000);
      for (const at of [path, join(path, "..")]) await Deno.utime(join(place.cache, at), old, old);
    }
    for (
      const args of [
        ["train", tiny, "--runs", place.runs],
        ["plan", tiny],
        ["why", tiny],
        ["cache", "gc"],
        ["cache", "stats"],
        ["cache", "verify"],
        ["cache", "pin"],
      ]
    ) {
      const { status, notes } = await typed(...args, "--cache", place.cache);
      assert.equal(status, 1, `${args}: ${notes}`);
      assert.match(
        notes,
        /^error: Cannot use ".+" as a cache: it holds "cas\/notes\.txt", .* Name an empty or a new/,
      );
      assert.doesNotMatch(notes, /^\s+at /m);
    }
    assert.deepEqual(place.files(place.cache), [...theirs].sort());
    assert.deepEqual(place.files(), [], "no run was begun");
  },
);
