/**
 * All benches, one after another, each in a process of its own; some six minutes on two processors that have nothing else to
 * do. `--write` keeps the tables in results.md, in place of what was measured on this adapter and processor
 * before.
 *
 *     deno task bench all [--write | --json] [--rounds N]
 */
import { fileURLToPath } from "node:url";
import { projectRoot } from "../../runtime/host/place.ts";
import { permissionsOf } from "../../cli/process/permissions.ts";
import { readAllOptions } from "./all_options.ts";
import { orExit } from "./options.ts";
import { openBench } from "./report.ts";
import { asPart, sectionTitle, withSection } from "./results.ts";

/** What is measured, with rounds that fit the time a step takes in software. */
const parts: readonly {
  readonly bench: string;
  readonly args: readonly string[];
  readonly rounds: number;
}[] = [
  { bench: "kernels", args: [], rounds: 5 },
  { bench: "kernels", args: ["--sharing=0", "--filter=reference"], rounds: 3 },
  { bench: "step", args: ["--small", "--cold"], rounds: 5 },
  { bench: "step", args: ["--backbone=resnet14"], rounds: 5 },
  { bench: "step", args: ["--backbone=resnet50", "--cold"], rounds: 2 },
  { bench: "peers", args: ["--only=convolution,small"], rounds: 7 },
  { bench: "peers", args: ["--only=ccvc"], rounds: 3 },
];
const RESULTS = new URL("results.md", import.meta.url);

const { write, json, rounds: given } = orExit(() => readAllOptions(Deno.args));
const { device, surroundings } = await openBench();
device.close();
const found: string[] = [];
for (const { bench, args, rounds } of parts) {
  const words = [...args, `--rounds=${given ?? rounds}`];
  const command = ["deno task bench", bench, ...words].join(" ");
  console.error(`\n${command}`);
  const { success, code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissionsOf(), `tests/bench/${bench}_bench.ts`, ...words, ...(json ? ["--json"] : [])],
    cwd: projectRoot,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) {
    console.error(`Cannot measure all: "${command}" failed. Nothing was written.`);
    Deno.exit(code);
  }
  const text = new TextDecoder().decode(stdout);
  found.push(json ? `{"bench":"${bench}","result":${text.trim()}}` : asPart(text, command));
  if (!json) console.log(`${text.trim()}\n`);
}
if (json) console.log(`[${found.join(",")}]`);
if (write) {
  await Deno.writeTextFile(
    RESULTS,
    withSection(await Deno.readTextFile(RESULTS), sectionTitle(surroundings), found.join("\n\n")),
  );
  // Its lines are broken as those of the project's other texts are.
  const path = fileURLToPath(RESULTS);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path], cwd: projectRoot }).output();
  console.error(`Written to ${path}`);
}
