/** The notebook of the documents, executed by Deno's own kernel. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testUnless } from "../support/skip.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What runs a notebook, of Debian's python3-nbclient: Deno brings the kernel alone. */
const runner = "jupyter-execute";

function lacksRunner(): string | undefined {
  try {
    const { success } = new Deno.Command(runner, { args: ["--help"], stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : `${runner} does not run`;
  } catch {
    return `there is no ${runner} (python3-nbclient)`;
  }
}

testUnless(lacksRunner(), "docs/notebook.ipynb trains and labels, by Deno's kernel", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-" }));
  try {
    const { name, exports, imports } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
    const own = Object.entries<string>(exports).map(([at, path]) => [name + at.slice(1), join(root, path)]);
    const config = { imports: { ...imports, ...Object.fromEntries(own) } };
    Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(config));
    Deno.copyFileSync(join(root, "docs", "notebook.ipynb"), join(folder, "notebook.ipynb"));
    const env = { HOME: folder, DENO_DIR: denoFolder() };
    const run = async (program: string, ...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd: folder, env }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.equal(code, 0, text(stdout) + text(stderr));
    };
    await run(Deno.execPath(), "install", "--quiet");
    await run(Deno.execPath(), "jupyter", "--install");
    await run(runner, "notebook.ipynb");
    const [entry] = [...Deno.readDirSync(join(folder, "runs", "notebook"))];
    const metrics = JSON.parse(
      Deno.readTextFileSync(join(folder, "runs", "notebook", entry!.name, "metrics.json")),
    );
    assert.deepEqual(Object.keys(metrics.miou), ["average", "branch1", "branch2"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Where packages lie already, whatever the home is. */
function denoFolder(): string {
  return /^(.*)[/\\]npm[/\\]registry\.npmjs\.org[/\\]/.exec(fileURLToPath(import.meta.resolve("zod")))![1]!;
}
