/** Commands on file systems that lack something or refuse: they go on, or say it in words. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { withoutLocks } from "../support/disks/lockless.ts";
import { fixture, placeTest } from "./support.ts";

const tiny = fixture("tiny");

placeTest(
  "a file system without locks and sync trains, lists and collects all the same",
  (place) =>
    withoutLocks(async () => {
      const run = await place.command("train", tiny);
      assert.equal(run.status, 0, run.notes);
      const [listed] = JSON.parse((await place.command("runs", "--json")).out[0]!);
      assert.equal(listed.state, "done");
      const [file] = place.files().filter((path) => path.endsWith("run.json"));
      await Deno.writeTextFile(
        join(place.runs, file!),
        JSON.stringify({ ...listed, path: undefined, state: "running" }),
      );
      const [running] = JSON.parse((await place.command("runs", "--json")).out[0]!);
      assert.equal(running.state, "running", "whether it works cannot be told: what it wrote counts");
      assert.equal((await place.command("cache", "gc", "--cache", place.cache)).status, 0);
    }),
);

placeTest("a disk that goes bad under a command is told in words, not in a stack trace", async (place) => {
  assert.equal((await place.command("train", tiny)).status, 0);
  const { statSync, readFile, open } = Deno;
  const stale = () => new Error(`Stale file handle (os error ${Deno.build.os === "linux" ? 116 : 70})`);
  for (
    const [what, harm] of Object.entries({
      stat: () =>
        Deno.statSync = (path) => {
          if (String(path).includes("/cas/")) throw stale();
          return statSync(path);
        },
      read: () => {
        Deno.readFile = () => Promise.reject(stale());
        Deno.open = (path, options) =>
          String(path).includes("/cas/") ? Promise.reject(stale()) : open(path, options);
      },
    })
  ) {
    harm();
    try {
      const { status, notes } = await place.command("train", tiny);
      assert.equal(status, 1, `${what}: ${notes}`);
      assert.match(
        notes,
        /^error: Cannot read the cache ".+": Stale file handle .* Its disk is gone or broken/m,
      );
      assert.doesNotMatch(notes, /^\s+at |defect/m, what);
    } finally {
      Object.assign(Deno, { statSync, readFile, open });
    }
  }
  assert.equal((await place.command("train", tiny)).status, 0);
});
