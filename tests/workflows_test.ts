/** The workflow runs commands that are there, with options they take, on the Deno that the project is tested with. @module */
import assert from "node:assert/strict";
import { main, program } from "../cli/program.ts";
import type { Command } from "../cli/terminal/command.ts";
import { collectingTerminal } from "../cli/terminal/terminal.ts";

const text = await Deno.readTextFile(new URL("../.github/workflows/ci.yml", import.meta.url));
const tasks = Object.keys(
  JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url))).tasks,
);
const lines = [...text.matchAll(/deno task ([^\n&]+)/g)].map((match) => match[1]!.trim().split(/\s+/));

/** The command that a line names, with what is left of the line. */
function find(command: Command, args: readonly string[]): [Command, readonly string[]] {
  const inner = command.commands?.find(({ name }) => name === args[0]);
  return inner === undefined ? [command, args] : find(inner, args.slice(1));
}

Deno.test("the workflow's tasks are there and take their options", async () => {
  assert.ok(lines.length >= 6, text);
  for (const [task, ...args] of lines) {
    assert.ok(tasks.includes(task!), task);
    if (!program.commands!.some(({ name }) => name === task)) continue;
    const [{ options = [] }, rest] = find(program, [task!, ...args]);
    for (const option of rest.filter((arg) => arg.startsWith("--"))) {
      assert.ok(options.some(({ name }) => `--${name}` === option), `${task} ${option}`);
    }
  }
  assert.equal(await main(["plan", "--help"], collectingTerminal()), 0);
});

Deno.test("the workflow guards what was published, trains, and uploads what came of it, with no right to write", () => {
  const order = ["actions/cache@", "plan --frozen", "train shapes-12", "upload-artifact@"].map((part) =>
    text.indexOf(part)
  );
  assert.ok(order.every((at, i) => at > (order[i - 1] ?? 0)), order.join(" "));
  assert.match(text, /permissions:\n {2}contents: read\n/);
  for (const [, version] of text.matchAll(/deno-version: (\S+)/g)) assert.equal(version, "2.9.6");
});
