/** `deno task torture [--short] [--seed N] [part …]`: kills runs and damages caches, and looks whether all is right. @module */
import { parts } from "./parts.ts";
import type { TorturePart } from "./part.ts";

const help = `deno task torture [--short] [--seed N] [part …]

Does to runs and caches what must not hurt them; without a name every part is tried.
--short takes a minute at most for each part; --seed (1) picks the random moments and places.

${parts.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n")}

Exit status: 0 all was right; 1 something was not; 2 the command line is wrong.`;

/** What was asked for, or why it cannot be. */
function parse(args: readonly string[]): { short: boolean; seed: number; chosen: TorturePart[] } | string {
  let short = false, seed = 1;
  const names: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--short") short = true;
    else if (arg === "--seed") {
      const text = args[++i] ?? "";
      if (!/^\d{1,9}$/.test(text)) {
        return `Cannot read "--seed ${text}": it must be a whole number, 0 or more`;
      }
      seed = Number(text);
    } else if (parts.some(({ name }) => name === arg)) names.push(arg);
    else return `Cannot find "${arg}": the parts are ${parts.map(({ name }) => name).join(", ")}`;
  }
  return { short, seed, chosen: parts.filter(({ name }) => names.length === 0 || names.includes(name)) };
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(help);
    return 0;
  }
  const asked = parse(args);
  if (typeof asked === "string") {
    console.error(`error: ${asked}`);
    return 2;
  }
  const { short, seed, chosen } = asked;
  let failed = 0;
  for (const { name, run } of chosen) {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: `crossview-${name}-` }));
    const started = performance.now();
    const say = (line: string) => console.log(`${name.padEnd(10)} ${line}`);
    try {
      await run({ short, seed, folder, say });
      say(`right, in ${((performance.now() - started) / 1000).toFixed(0)} s`);
    } catch (error) {
      failed++;
      say(`WRONG (seed ${seed}): ${error instanceof Error ? error.stack ?? error.message : error}`);
    } finally {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  }
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
