/** Why a stage runs: one line for each part that differs, with values, modules and files. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, pipeline, plan, type Ref, type Stage } from "../../../pipeline/mod.ts";
import { reading } from "../fixtures/reading.ts";
import { add, handOn, type number, record, start, three, withDirectory, writeOld } from "../support.ts";
import { importNew } from "../../support/import_new.ts";

const engine = new URL("../../../pipeline/mod.ts", import.meta.url).href;

/** The lines of a node of a plan. */
async function linesOf(
  graph: Parameters<typeof plan>[0],
  cache: string,
  node = 0,
): Promise<readonly string[]> {
  return (await plan(graph, { cache: new Cache(cache) })).nodes[node]!.why ?? [];
}

/** A pipeline of a project of its own, whose stage has a helper, a kernel and a package. */
async function project(
  directory: string,
  { zod = "4.6.7", kernel = "fn a() {}", helper = "export const two = 2;\n", extra = "" } = {},
) {
  await Deno.mkdir(directory);
  const write = (name: string, text: string) => Deno.writeTextFile(join(directory, name), text);
  const integrity = `sha512-${"abcdefgh".repeat(4)}${zod}==`;
  const lock = {
    version: "5",
    specifiers: { [`npm:zod@${zod}`]: zod },
    npm: { [`zod@${zod}`]: { integrity } },
  };
  // The import map of the project that runs resolves "zod"; the one beside the stage is what its key is made of.
  await write("deno.json", JSON.stringify({ imports: { zod: `npm:zod@${zod}` } }));
  await write("deno.lock", JSON.stringify(lock));
  await write("kernel.wgsl", kernel);
  await write("helper.ts", helper);
  await write("more.ts", "export const more = 3;\nconsole.assert(more);\n");
  await write(
    "stage.ts",
    `import { z } from "zod";
    import { defineStage, jsonKind } from ${JSON.stringify(engine)};
    import { two } from "./helper.ts";
    import kernel from "./kernel.wgsl" with { type: "text" };
    ${extra}
    export const mine = defineStage({
      name: "mine", version: 1, module: import.meta.url,
      config: z.strictObject({ n: z.number().default(1) }),
      inputs: {}, outputs: { value: jsonKind<number>("number", 1) },
      run: ({ config }) => ({ value: config.n * two + kernel.length }),
    });`,
  );
  const { mine } = await importNew(join(directory, "stage.ts")) as {
    mine: Stage<Record<never, never>, { n: number }, { n?: number }, { value: typeof number }>;
  };
  return pipeline("p", (): { value: Ref<number> } => mine()).build();
}

Deno.test("a comment in TypeScript is no reason; one in WGSL, which the device gets, is, and the file is named", () =>
  withDirectory(async (directory) => {
    const cache = join(directory, "cache");
    const at = (name: string) => join(directory, name);
    await record(await project(at("first")), cache);
    const commented = await plan(await project(at("second"), { extra: "// a comment" }), {
      cache: new Cache(cache),
    });
    assert.equal(commented.nodes[0]!.state, "hit");
    const lines = await linesOf(await project(at("third"), { kernel: "fn a() {} // a comment" }), cache);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^code\.bundle: [0-9a-f]{12} → [0-9a-f]{12}; kernel\.wgsl changed$/);
  }));

Deno.test("modules that were changed, added and removed are named; a package by its versions", () =>
  withDirectory(async (directory) => {
    const cache = join(directory, "cache");
    await record(await project(join(directory, "first")), cache);
    const second = await project(join(directory, "second"), {
      zod: "4.6.8",
      kernel: "fn b() {}",
      helper: "export const two = 2.5;\n",
      extra: 'import "./more.ts";',
    });
    const lines = await linesOf(second, cache);
    // Both lock files count: the one beside the stage, and the library's own.
    assert.match(lines[0]!, /; helper\.ts changed, kernel\.wgsl changed, more\.ts added, stage\.ts changed$/);
    assert.deepEqual(lines.slice(1), ["code.npm:zod: 4.6.7 → 4.6.7 | 4.6.8"]);
  }));

Deno.test("several leaves are several lines, and the nearest entry is the one with the fewest", () =>
  withDirectory(async (directory) => {
    const graph = (by: number, leaf: string) =>
      pipeline("p", () => ({ end: add({ value: start() }, { by, deep: { leaf } }) })).build();
    await record(graph(1, "x"), directory);
    await record(graph(2, "y"), directory);
    assert.deepEqual(await linesOf(graph(2, "z"), directory, 1), ['config.deep.leaf: "y" → "z"']);
    assert.deepEqual(await linesOf(graph(3, "w"), directory, 1), [
      "config.by: 2 → 3",
      'config.deep.leaf: "y" → "w"',
    ]);
  }));

Deno.test("a file that changed is named, by the stage that reads it and by the stages after it", () =>
  withDirectory(async (directory) => {
    const cache = join(directory, "cache");
    const files = [await writeOld(directory, "a.txt", "a"), await writeOld(directory, "b.txt", "b")];
    const graph = pipeline("p", () => {
      const first = add({ value: reading(files)() }, {}, { as: "first" });
      return { end: add({ value: first }, { by: 5 }, { as: "second" }) };
    }).build();
    await record(graph, cache);
    await writeOld(directory, "b.txt", "bbb", 50);
    const [line, ...more] = await linesOf(graph, cache, 0);
    assert.match(line!, /^sources: [0-9a-f]{12} → [0-9a-f]{12}; b\.txt changed$/);
    assert.deepEqual(more, []);
    // Once the reader and the first of the two have run again, the second one's reason goes back to the file.
    await record(
      pipeline("p", () => ({ end: add({ value: reading(files)() }, {}, { as: "first" }) })).build(),
      cache,
    );
    const [behind] = await linesOf(graph, cache, 2);
    const made = '(output "value" of "add"); value\\.json changed';
    const cause = "reading\\.sources: [0-9a-f]{12} → [0-9a-f]{12}; b\\.txt changed";
    assert.match(
      behind!,
      new RegExp(
        `^input\\.value: [0-9a-f]{12} → [0-9a-f]{12} ${made.replaceAll(/[()]/g, "\\$&")}; from ${cause}$`,
      ),
    );
  }));

Deno.test("of many parts behind an input the first are named, and the others counted", () =>
  withDirectory(async (directory) => {
    const second = (by: number, leaf: string) => {
      const first = add({ value: start() }, { by, deep: { leaf } }, { as: "first" });
      return add({ value: first }, { by: 2 * by, deep: { leaf: `${leaf}${leaf}` } }, { as: "second" });
    };
    const graph = (by: number, leaf: string) =>
      pipeline("p", () => ({ end: add({ value: second(by, leaf) }, {}, { as: "third" }) })).build();
    await record(graph(1, "x"), directory);
    await record(pipeline("p", () => ({ end: second(10, "y") })).build(), directory);
    const [line] = await linesOf(graph(10, "y"), directory, 3);
    assert.match(
      line!,
      /; from add\.config\.by: 2 → 20; add\.config\.deep\.leaf: "xx" → "yy"; add\.config\.by: 1 → 10; and 1 more$/,
    );
  }));

Deno.test("stages that hand on what they are given lead back to what made it, without going in circles", () =>
  withDirectory(async (directory) => {
    const given = (at: number) => handOn(handOn(three({ at }), {}, { as: "first" }), {}, { as: "second" });
    const graph = (at: number) => pipeline("p", () => ({ end: add({ value: given(at).a }) })).build();
    await record(graph(1), directory);
    await record(pipeline("p", () => given(2)).build(), directory);
    const [line, ...more] = await linesOf(graph(2), directory, 3);
    assert.match(
      line!,
      /^input\.value: .* \(output "a" of "three"\); value\.json changed; from three\.config\.at: 1 → 2$/,
    );
    assert.deepEqual(more, []);
  }));
