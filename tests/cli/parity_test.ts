import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { placeTest } from "./support.ts";

const golden = fileURLToPath(new URL("../golden/parity/no_aug_vote.json", import.meta.url));

placeTest(
  "a case within its tolerances ends with 0, and --json holds every quantity, worst first",
  async (place) => {
    const { status, out, notes } = await place.command("parity", golden, "--json");
    assert.equal(status, 0, notes);
    assert.equal(out.length, 1);
    const { case: settings, passed, quantities, seconds } = JSON.parse(out[0]!);
    assert.deepEqual([settings.mode, passed], ["vote", true]);
    const of = (kind: string) => quantities.filter((quantity: { kind: string }) => quantity.kind === kind);
    assert.equal(of("gradient norm").length, of("gradient samples").length);
    assert.ok(of("gradient norm").length > 100);
    assert.deepEqual([of("logits").length, of("evaluation logits").length, of("rate").length], [3, 2, 3]);
    const losses = of("loss").map(({ name }: { name: string }) => name);
    for (const name of ["step 0 ce1", "step 0 conflict_share", "step 2 dis_unlabelled", "step 2 total"]) {
      assert.ok(losses.includes(name), name);
    }
    const shares = quantities.map(({ error, tolerance }: Record<string, number>) => error! / tolerance!);
    assert.deepEqual(shares, [...shares].sort((a, b) => b - a));
    assert.ok(seconds.total > seconds["step 0"] && seconds["step 0"] > 0);
  },
);

placeTest("another method's case is run by its adapter, to its last step", async (place) => {
  const path = fileURLToPath(new URL("../golden/parity/cps_plain.json", import.meta.url));
  const { status, out, notes } = await place.command("parity", path);
  const text = out.join("\n");
  assert.equal(status, 0, text + notes);
  assert.match(text, /^case: CPS plain, resnet14, pascal/m);
  const kinds = ["rate", "logits", "share", "running statistics", "parameter changes", "evaluation logits"];
  for (const kind of kinds) assert.match(text, new RegExp(`  ${kind}  .* within`), kind);
});

placeTest("numbers that are not the method's are out, named at the top, and end with 1", async (place) => {
  const json = JSON.parse(await Deno.readTextFile(golden));
  json.float64.steps[1].con2 *= 1.01;
  const [name] = Object.keys(json.float64.grad_sample);
  const samples = json.float64.grad_sample[name!];
  const largest = samples.findIndex((value: number) =>
    Math.abs(value) === Math.max(...samples.map(Math.abs))
  );
  samples[largest] *= 1.3;
  const path = join(place.folder, "wrong.json");
  await Deno.writeTextFile(path, JSON.stringify(json));
  const { status, out } = await place.command("parity", path);
  assert.equal(status, 1);
  const text = out.join("\n");
  const rows = out.filter((line) => line.includes(" OUT"));
  assert.deepEqual(rows.map((row) => row.split("  ")[0]).sort(), [name, "step 1 con2"].sort());
  assert.equal(
    out.findIndex((line) => line.startsWith("---")) + 1,
    out.indexOf(rows[0]!),
    "the worst is on top",
  );
  assert.match(text, /2 of \d+ quantities are out/);
});

placeTest("what is no case ends with 2 and says why", async (place) => {
  const path = join(place.folder, "broken.json");
  await Deno.writeTextFile(path, "{");
  for (
    const [given, says] of [[path, /no JSON/], [place.folder, /no file/], [
      "absent.json",
      /Cannot read the case/,
    ]] as const
  ) {
    const { status, notes } = await place.command("parity", given);
    assert.equal(status, 2, given);
    assert.match(notes, says);
    assert.doesNotMatch(notes, /\n\s+at /, "no stack trace");
  }
  assert.equal((await place.command("parity")).status, 2);
});
