/** What shells complete a command line by: asked of the shells themselves, where they are. @module */
import assert from "node:assert/strict";
import { runForOutput } from "../../runtime/host/programs.ts";
import { placeTest } from "./support.ts";
import { lacksSystem, skip } from "../support/skip.ts";

/** What bash offers for a line; the last word is being typed. */
async function offered(script: string, ...words: string[]): Promise<string[]> {
  const ask = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_crossview; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await new Deno.Command("bash", { args: ["--norc", "-c", ask] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

placeTest("bash is offered commands, their commands, options and experiments", async (place) => {
  const { status, out } = await place.command("completions", "bash");
  assert.equal(status, 0);
  const script = out.join("\n");
  assert.deepEqual(await offered(script, "crossview", "tr"), ["train"]);
  assert.deepEqual(await offered(script, "crossview", "train", "shap"), ["shapes-12"]);
  assert.deepEqual(await offered(script, "crossview", "train", "shapes-12", "--swe"), ["--sweep"]);
  assert.ok((await offered(script, "crossview", "weights", "")).includes("convert"));
  assert.ok(!(await offered(script, "crossview", "weights", "convert", "")).includes("inspect"));
  assert.deepEqual(await offered(script, "crossview", "train", "./my_exp"), [], "a file: bash's own");
}, lacksSystem("linux", "darwin"));

placeTest("each shell has a script that it takes, and another one is refused", async (place) => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { status, out } = await place.command("completions", shell);
    assert.equal(status, 0);
    assert.match(out.join("\n"), /shapes-12/);
    if (await runForOutput(shell, ["-c", "true"]) === undefined) {
      skip(`there is no ${shell}`);
      continue;
    }
    const checks = await new Deno.Command(shell, { args: ["-n", "-c", out.join("\n")] }).output();
    assert.ok(checks.success, new TextDecoder().decode(checks.stderr));
  }
  const { status, notes } = await place.command("completions", "tcsh");
  assert.equal(status, 2);
  assert.match(notes, /known are bash, zsh, fish/);
});
