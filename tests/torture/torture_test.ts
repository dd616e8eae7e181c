import { kill } from "./training/kill.ts";
import { special } from "./data/special.ts";

// The other parts have tests of their own, or are run by `deno task torture --short`, as in the workflow.
for (const { name, summary, run } of [kill, special]) {
  Deno.test(`the torture "${name}", in short: ${summary}`, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: `crossview-${name}-` }));
    try {
      const say = (line: string) => line.startsWith("SKIPPED") && console.log(line);
      await run({ short: true, seed: 1, folder, say });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
