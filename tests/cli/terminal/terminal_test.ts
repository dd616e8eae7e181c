import assert from "node:assert/strict";
import type { Command } from "../../../cli/terminal/command.ts";
import { runProgram } from "../../../cli/terminal/commander.ts";
import { collectingTerminal } from "../../../cli/terminal/terminal.ts";
import { fixture, placeTest } from "../support.ts";

placeTest("a command whose reader goes away ends without a word, and the next one goes on", async (place) => {
  const tiny = fixture("tiny");
  const child = place.spawn(["train", tiny]);
  await child.stdout.cancel();
  const { code } = await child.status;
  const notes = await new Response(child.stderr).text();
  assert.deepEqual([code, notes], [141, ""]);
  const { status, out } = await place.process(["train", tiny]);
  assert.equal(status, 0, out.join("\n"));
});

Deno.test("help is as wide as the terminal, its paragraphs flow, and examples stay as they are", async () => {
  const details = "One paragraph that is\nwrapped for its source.\n\nAnother:\n  --set a.b=1\nand more.";
  const helped: Command = { name: "x", summary: "s", details, run: () => Promise.resolve() };
  const help = async (columns?: number) => {
    const terminal = { ...collectingTerminal(), ...(columns !== undefined && { columns }) };
    assert.equal(await runProgram(helped, ["--help"], terminal), 0);
    return terminal.printed.join("\n");
  };
  assert.match(
    await help(),
    /\nOne paragraph that is wrapped for its source\.\n\nAnother:\n {2}--set a\.b=1\nand more\.\n/,
  );
  for (const line of (await help(30)).split("\n")) assert.ok(line.length <= 30, line);
});
