/** Several processes on one cache. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { settled } from "../support/import_new.ts";
import { withDirectory } from "./support.ts";

Deno.test("8 processes that start on one empty cache run each stage once, and end with the same digests", () =>
  withDirectory(async (root) => {
    const log = join(root, "log");
    const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const script = join(root, "script.ts");
    await Deno.writeTextFile(
      script,
      `import { Cache, defineStage, jsonKind, pipeline, run } from ${at("../../pipeline/mod.ts")};
      import { z } from "npm:zod@4.6.7";
      const number = jsonKind<number>("number", 1);
      const common = { version: 1, module: import.meta.url, outputs: { value: number } };
      const work = async (name: string, milliseconds: number) => {
        Deno.writeTextFileSync(${JSON.stringify(log)}, name + "\\n", { append: true });
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
      };
      const slow = defineStage({
        ...common, name: "slow", config: z.strictObject({ of: z.number() }), inputs: {},
        run: async ({ config }) => {
          await work("slow " + config.of, 300);
          return { value: config.of };
        },
      });
      const sum = defineStage({
        ...common, name: "sum", config: z.strictObject({}), inputs: { of: { a: number, b: number } },
        run: async ({ inputs: { of } }) => {
          await work("sum", 100);
          return { value: of.a + of.b };
        },
      });
      const { outputs, nodes } = await run(pipeline("p", () => sum({
        of: { a: slow({ of: 40 }, { as: "a" }), b: slow({ of: 2 }, { as: "b" }) },
      })).build(), { cache: new Cache(${JSON.stringify(join(root, "cache"))}) });
      console.log(await outputs.value.read(), ...nodes.map(({ outputs }) => outputs.value.digest));
      `,
    );
    await settled();
    const granted = [
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-run",
      "--allow-sys=statfs",
    ];
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const outputs = await Promise.all(
      Array.from(
        { length: 8 },
        () =>
          new Deno.Command(Deno.execPath(), { args: ["run", ...granted, "--config", config, script] })
            .output(),
      ),
    );
    const texts = outputs.map(({ stdout }) => new TextDecoder().decode(stdout));
    for (const [i, { stderr }] of outputs.entries()) {
      assert.match(texts[i]!, /^42( [0-9a-f]{64}){3}\n$/, new TextDecoder().decode(stderr));
      assert.equal(texts[i], texts[0]);
    }
    assert.deepEqual((await Deno.readTextFile(log)).trimEnd().split("\n").sort(), [
      "slow 2",
      "slow 40",
      "sum",
    ]);
  }));
