/** `tune`, from nothing to a tuning that is whole. */
import assert from "node:assert/strict";
import { TuningFile } from "../../runtime/gpu/tuning_file.ts";
import { placeTest } from "../cli/support.ts";

placeTest("tune measures an experiment's shapes, remembers them, and writes nothing else", async (place) => {
  const small = ["--set", "augment.crop=32", "--set", "co-train.batch=2", "--rounds", "1"];
  const { status, out, notes } = await place.command("tune", "--json", ...small, "--cache", place.cache);
  assert.equal(status, 0, notes);
  const { pipeline, gpu, file, measured } = JSON.parse(out.join("\n"));
  assert.equal(pipeline, "shapes-12");
  assert.ok(gpu.adapter.length > 0);
  for (const op of ["forward", "input gradient", "weight gradient"]) {
    assert.ok(measured.some(({ bucket }: { bucket: string }) => bucket.startsWith(op)), op);
  }
  const { choices } = JSON.parse(Deno.readTextFileSync(file));
  assert.deepEqual(
    choices,
    Object.fromEntries(measured.map((one: { bucket: string; chosen: string }) => [one.bucket, one.chosen])),
  );
  const marks = ["cache/CACHEDIR.TAG", "cache/crossview-cache.json"];
  assert.deepEqual(place.files(place.folder), [...marks, file.slice(place.folder.length + 1)]);
  assert.match(notes, /adapter: /);
  // What is remembered stays as it is, and is not measured again.
  const text = Deno.readTextFileSync(file);
  const again = await place.command("tune", ...small, "--cache", place.cache);
  assert.match(again.out[0]!, /tuned for \d+ shapes/);
  assert.ok(
    again.out.includes("all shapes are remembered (--again measures them again)"),
    again.out.join("\n"),
  );
  assert.equal(Deno.readTextFileSync(file), text);
  // A tuning that was stopped goes on with what is missing; a name that means nothing here is measured anew.
  const [first, second, ...others] = Object.entries<string>(choices);
  const kept = new TuningFile(place.cache, gpu);
  await kept.write(new Map([[first![0], "no tile of ours"], ...others]));
  const rest = await place.command("tune", "--json", ...small, "--cache", place.cache);
  const measuredNow = JSON.parse(rest.out.join("\n")).measured;
  assert.deepEqual(measuredNow.map(({ bucket }: { bucket: string }) => bucket), [first![0], second![0]]);
  assert.deepEqual([...kept.read().tuning!.keys()].sort(), Object.keys(choices).sort());
});

placeTest("micro-batches that share their norms' moments are tuned for as any others", async (place) => {
  const small = ["augment.crop=32", "co-train.batch=4", "co-train.accumulate=2"]
    .flatMap((setting) => ["--set", setting]);
  const tune = (...more: string[]) =>
    place.command("tune", ...small, ...more, "--rounds", "1", "--cache", place.cache);
  const { status, notes } = await tune("--set", "co-train.synchronized=true");
  assert.equal(status, 0, notes);
  // Their convolutions are of the same shapes.
  const { out } = await tune();
  assert.ok(out.includes("all shapes are remembered (--again measures them again)"), out.join("\n"));
});
