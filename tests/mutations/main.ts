/** `deno task mutations [method …]`: breaks a method's step in one place at a time, and runs its parity cases. @module */
import { allFaults } from "./faults/mod.ts";
import type { Fault, Faults } from "./fault.ts";
import { tableOf } from "./table.ts";
import { Tree, type Verdict } from "./tree.ts";

const methods = allFaults.map(({ method }) => method);
const help = `deno task mutations [--all] [--fault N] [--table] [method …]

Breaks a copy of the code in one place at a time, and runs the small parity cases that are to see it; all of the method's, where
none is. Without a name, every method is tried.
--all runs all cases on every fault; --fault N takes the N-th of each method alone; --table prints the table of README.md, and runs
nothing.

Methods: ${methods.join(", ")}.
Exit status: 0 the cases see what their list says; 1 one does not; 2 the command line is wrong.`;

interface Asked {
  readonly chosen: readonly Faults[];
  readonly all: boolean;
  readonly fault?: number;
}

function parse(args: readonly string[]): Asked | string {
  const names: string[] = [];
  let fault: number | undefined, all = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--fault") {
      const text = args[++i] ?? "";
      if (!/^[1-9]\d*$/.test(text)) return `Cannot read "--fault ${text}": it must be a whole number from 1`;
      fault = Number(text);
    } else if (arg === "--all") all = true;
    else if (methods.includes(arg)) names.push(arg);
    else return `Cannot find "${arg}": the methods are ${methods.join(", ")}`;
  }
  const chosen = allFaults.filter(({ method }) => names.length === 0 || names.includes(method));
  return { chosen, all, ...(fault !== undefined && { fault }) };
}

/** Runs cases on a fault; gives whether they see it as its list says. */
async function tryFault(tree: Tree, fault: Fault, cases: readonly string[], say: (line: string) => void) {
  const verdicts = new Map<string, Verdict>();
  try {
    await tree.with(fault, async () => {
      for (const name of cases) verdicts.set(name, await tree.judge(name));
    });
  } catch (error) {
    say(`${fault.why}: NO FAULT OF NUMBERS. ${(error as Error).message}`);
    return false;
  }
  const said = [...verdicts].map(([name, { caught, by }]) =>
    `${name} ${caught ? `(${by})` : "does not see it"}`
  );
  const right = [...verdicts].every(([name, { caught }]) => caught === fault.caught.includes(name));
  say(
    `${fault.why}: ${said.join("; ")}${right ? "" : `: NOT as listed, ${fault.caught.join(", ") || "none"}`}`,
  );
  return right;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(help);
    return 0;
  }
  if (args.length === 1 && args[0] === "--table") {
    console.log(tableOf(allFaults));
    return 0;
  }
  const asked = parse(args);
  if (typeof asked === "string") {
    console.error(`error: ${asked}`);
    return 2;
  }
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-mutations-" }));
  let wrong = 0;
  try {
    const tree = await Tree.copy(folder);
    for (const { method, cases, faults } of asked.chosen) {
      const say = (line: string) => console.log(`${method}: ${line}`);
      for (const name of cases) {
        const { caught, by } = await tree.judge(name);
        if (!caught) continue;
        say(`${name} is out without a fault (${by})`);
        wrong++;
      }
      for (const [i, fault] of faults.entries()) {
        if (asked.fault !== undefined && asked.fault !== i + 1) continue;
        const tried = asked.all || fault.caught.length === 0 ? cases : fault.caught;
        if (!await tryFault(tree, fault, tried, (line) => say(`${i + 1}. ${line}`))) wrong++;
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return wrong === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
