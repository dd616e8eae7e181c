/** Trainings that several processes share: the bytes of one process, faults that end all of them, and going on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { projectRoot } from "../../../runtime/host/place.ts";
import { implementations } from "../../runtime/team/implementations.ts";
import { skippedName } from "../../support/skip.ts";
import { Folder, killOne, Started, task, trained } from "./started.ts";

/** `shapes-12`, shortened: 30 steps by labels alone, 30 of the method, in four micro-batches each. */
const shortened = [
  "train",
  "shapes-12",
  ...[
    "co-train.epochs=2",
    "co-train.warmUpEpochs=1",
    "co-train.evaluateEvery=1",
    "co-train.batch=8",
    "co-train.accumulate=4",
  ].flatMap((set) => ["--set", set]),
];
const byUnimatch = ["--set", "co-train.method=unimatch"];
const byU2pl = [
  "method=u2pl",
  "method.start=copy",
  "method.features=32",
  "method.firstQueue=200",
  "method.queue=200",
]
  .flatMap((set) => ["--set", `co-train.${set}`]);

// Of fewer steps: each waits for others at every norm.
const synchronized = ["synchronized=true", "exchange=f16", "stepsPerEpoch=6"].flatMap((
  set,
) => ["--set", `co-train.${set}`]);

const alone = new Map<string, Promise<string>>();
/** The weights' digest of one process. */
function byOne(options: readonly string[]): Promise<string> {
  const key = options.join(" ");
  const found = alone.get(key) ?? trained([...task(projectRoot), ...shortened, ...options]);
  alone.set(key, found);
  return found;
}

for (const { name, lacks, starter } of implementations) {
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({ name: skippedName(`${name}: ${what}`, lacks), ignore: lacks !== undefined, fn });

  test("2 and 4 processes have the bytes of one, by CCVC, by UniMatch, and by a bank", async () => {
    for (const options of [[], synchronized, byUnimatch, byU2pl]) {
      const wanted = await byOne(options);
      for (const size of options === byUnimatch || options === byU2pl ? [4] : [2, 4]) {
        const found = await trained([...starter(size), ...task(projectRoot), ...shortened, ...options]);
        assert.equal(found, wanted, `${size} processes, ${options.join(" ")}`);
      }
    }
  });

  test("killed in the middle, it goes on in one process, or in two, to the same bytes", async () => {
    for (const size of [1, 2]) {
      const folder = new Folder();
      const team = new Started([...starter(4), ...task(projectRoot), ...shortened, ...folder.options]);
      await team.said(/step [34]\d\/60/);
      // One that follows; whoever has started them ends the others.
      await killOne(folder.path);
      const { code, text } = await team.end();
      assert.notEqual(code, 0, text);
      const again = [...task(projectRoot), ...shortened, ...folder.options];
      const rest = await new Started(size === 1 ? again : [...starter(size), ...again]).end();
      assert.equal(rest.code, 0, rest.text);
      assert.match(rest.text, /goes on|resum/i);
      assert.equal(folder.weights(), await byOne([]));
      folder.remove();
    }
  });

  test("processes that do not divide a step, compute on other adapters or run other code end with one error", async () => {
    const folder = new Folder(), end = [...shortened, ...folder.options];
    const three = await new Started([...starter(3), ...task(projectRoot), ...end]).end();
    assert.notEqual(three.code, 0);
    assert.equal(
      three.text.match(/error: .*/g)?.join(),
      "error: Cannot train in 3 processes: a step has 4 micro-batches (co-train.accumulate), which 3 cannot share equally. " +
        "Set co-train.accumulate to 3 or a multiple of it; the result is that of one process with the same setting",
    );
    assert.ok(three.seconds < 90, `${three.seconds} s`);

    const env = (value: string) => ["env", `CROSSVIEW_SHARING=${value}`];
    const [program, ...flags] = starter(1) as [string, ...string[]];
    const mixed = [program, ...flags, ...env("0"), ...task(projectRoot), ...end, ":"];
    const other = await new Started([
      ...mixed,
      ...starter(1).slice(-2),
      ...env("workgroup"),
      ...task(projectRoot),
      ...end,
    ])
      .end();
    assert.notEqual(other.code, 0);
    assert.match(
      other.text,
      /error: Cannot run in 2 processes: rank 1 computes on .*: their bits would differ/,
    );
    assert.equal(other.text.match(/error: /g)!.length, 1, other.text);

    const clone = join(folder.path, "clone");
    const cloned = await new Deno.Command("git", { args: ["clone", "-q", projectRoot, clone] }).output();
    assert.ok(cloned.success);
    const file = join(clone, "stages/methods/both.ts"), text = Deno.readTextFileSync(file);
    Deno.writeTextFileSync(
      file,
      text.replace("return [make(0, 1), make(1, 0)];", "return [make(0, 1), make(1, 1)];"),
    );
    assert.notEqual(Deno.readTextFileSync(file), text);
    const edited = await new Started([
      ...[program, ...flags, ...task(projectRoot), ...end, ":"],
      ...[...starter(1).slice(-2), ...task(clone), ...end],
    ]).end();
    assert.notEqual(edited.code, 0);
    assert.match(
      edited.text,
      /error: Cannot run stage "co-train" in 2 processes: its code is another on rank 1 .* Give all of them the same version/,
    );
    folder.remove();
  });
}
