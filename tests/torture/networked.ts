/** Parts that listen on this machine: each in a process that may, as `deno task torture` may not. @module */
import { permissionsOf } from "../../cli/process/permissions.ts";
import type { TortureOptions, TorturePart } from "./part.ts";
import { push } from "./remote/push.ts";
import { remote } from "./remote/remote.ts";

const inside = [remote, push];

/** The parts, to be run from outside. */
export const networked: readonly TorturePart[] = inside.map(({ name, summary }) => ({
  name,
  summary,
  async run({ say, ...options }) {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        ...permissionsOf(),
        "--allow-net=127.0.0.1",
        import.meta.filename!,
        name,
        JSON.stringify(options),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const error = new Response(child.stderr).text();
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) say(line);
    }
    if (!(await child.status).success) throw new Error(await error);
  },
}));

if (import.meta.main) {
  const [name, text] = Deno.args;
  const options = JSON.parse(text!) as Omit<TortureOptions, "say">;
  await inside.find((part) => part.name === name)!.run({ ...options, say: (line) => console.log(line) });
}
