/** Several processes on one cache. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { withDirectory, writeOld } from "./support.ts";

Deno.test("processes that share a cache run a stage once", () =>
  withDirectory(async (root) => {
    const log = join(root, "log");
    const script = join(root, "script.ts");
    const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    await writeOld(
      root,
      "script.ts",
      `import { Cache, defineStage, jsonKind, pipeline, run } from ${at("../../pipeline/mod.ts")};
      import { z } from "npm:zod@4.6.7";
      const slow = defineStage({
        name: "slow", version: 1, module: import.meta.url, config: z.strictObject({}), inputs: {},
        outputs: { value: jsonKind<number>("number", 1) },
        run: async () => {
          Deno.writeTextFileSync(${JSON.stringify(log)}, "ran\\n", { append: true });
          await new Promise((resolve) => setTimeout(resolve, 300));
          return { value: 42 };
        },
      });
      const { outputs } = await run(pipeline("p", () => slow()).build(), { cache: new Cache(${
        JSON.stringify(join(root, "cache"))
      }) });
      console.log(await outputs.value.read());
      `,
    );
    const config = decodeURIComponent(new URL("../../deno.json", import.meta.url).pathname);
    const start = () =>
      new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--config", config, script] }).output();
    const outputs = await Promise.all([start(), start(), start(), start()]);
    for (const { stdout, stderr } of outputs) {
      assert.equal(new TextDecoder().decode(stdout), "42\n", new TextDecoder().decode(stderr));
    }
    assert.equal(await Deno.readTextFile(log), "ran\n");
  }));
