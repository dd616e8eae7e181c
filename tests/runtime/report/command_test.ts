import assert from "node:assert/strict";
import { repeatCommand } from "../../../runtime/report/command.ts";
import { lacksSystem, testUnless } from "../../support/skip.ts";
import { doneRun } from "./run_views.ts";

const { run } = doneRun;

testUnless(
  lacksSystem("linux", "darwin"),
  "the command has experiment, seed and settings, as a shell reads them",
  async () => {
    const set = [
      "load.root=/a b/it's",
      'co-train.method={"name":"<x>"}',
      "load.partition=pascal/366",
      "x=$HOME`id`\u001b[0m\n",
    ];
    const command = repeatCommand({ ...run, set })!;
    assert.match(command, /^deno task train shapes-12 --seed 3 --set 'load\.root=/);
    const args = command.replace(/^deno task train /, "printf '%s|' ");
    const { stdout } = await new Deno.Command("bash", { args: ["-c", args] }).output();
    const words = new TextDecoder().decode(stdout).split("|");
    assert.deepEqual(words, ["shapes-12", "--seed", "3", ...set.flatMap((text) => ["--set", text]), ""]);
  },
);

Deno.test("a comparison's run is repeated by its method; a program's has no command", () => {
  assert.equal(
    repeatCommand({ ...run, set: [], method: "cps" }),
    "deno task compare shapes-12 --methods cps --seeds 3",
  );
  const { experiment: _, ...made } = run;
  assert.equal(repeatCommand(made), undefined);
});
