/** The hash of a stage's code: what changes it, what does not, and what is refused. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Code, CodeError, codeOf, defineStage, sha256 } from "../../../pipeline/mod.ts";
import { Cache } from "../../../pipeline/cache/cache.ts";
import { assertLoaded } from "../../../pipeline/code/library.ts";
import { start, withDirectory, writeOld } from "../support.ts";

const engine = new URL("../../../pipeline/mod.ts", import.meta.url).href;
const helper = "export function used(n: number) { return n + 1; }\nexport function unused() { return 1; }\n";
const stageText = (imports = "", body = "used(config.n) + kernel.length") => `
  import { z } from "zod";
  import { defineStage, jsonKind } from ${JSON.stringify(engine)};
  import { used } from "./helper.ts";
  import kernel from "./kernel.wgsl" with { type: "text" };
  ${imports}
  export const mine = defineStage({
    name: "mine", version: 1, module: import.meta.url,
    config: z.strictObject({ n: z.number().default(1) }),
    inputs: {}, outputs: { value: jsonKind<number>("number", 1) },
    run: ({ config }) => ({ value: ${body} }),
  });
`;

async function files(directory: string, secondsAgo = 100): Promise<void> {
  await writeOld(directory, "helper.ts", helper, secondsAgo);
  await writeOld(directory, "kernel.wgsl", "fn a() {}", secondsAgo);
  await writeOld(directory, "stage.ts", stageText(), secondsAgo);
}

async function hash(
  directory: string,
  extra: Record<string, unknown> = {},
  notes = join(directory, "cache"),
): Promise<Code> {
  const module = pathToFileURL(join(directory, "stage.ts")).href;
  const { definition } = defineStage({ ...start.definition, module, ...extra });
  return (await codeOf([definition], new Cache(notes).notes)).get(definition)!;
}

Deno.test("a stage outside the repository hashes; comments, formatting, types and unused helpers do not count", () =>
  withDirectory(async (directory) => {
    await files(directory);
    const first = await hash(directory);
    assert.deepEqual(Object.keys(first.parts).sort(), ["bundle", "esbuild", "npm:zod"]);
    assert.match(first.parts["npm:zod"]!, /^4\.6\.7 sha512-/);
    assert.deepEqual(Object.keys(first.modules), ["helper.ts", "kernel.wgsl", "stage.ts"]);
    await writeOld(directory, "stage.ts", "// a comment\n" + stageText().replaceAll("\n", "\n\n"), 90);
    await writeOld(
      directory,
      "helper.ts",
      helper.replace("return 1", "return 2").replace("n: number", "n:   number | never"),
      90,
    );
    assert.deepEqual((await hash(directory)).parts, first.parts);
    await Deno.mkdir(join(directory, "elsewhere"));
    await files(join(directory, "elsewhere"));
    assert.deepEqual((await hash(join(directory, "elsewhere"))).parts, first.parts);
  }));

Deno.test("a helper in use and a WGSL file count, and the module is named", () =>
  withDirectory(async (directory) => {
    await files(directory);
    const first = await hash(directory);
    await writeOld(directory, "kernel.wgsl", "fn b() {}", 90);
    const second = await hash(directory);
    assert.notEqual(second.parts["bundle"], first.parts["bundle"]);
    assert.notEqual(second.modules["kernel.wgsl"], first.modules["kernel.wgsl"]);
    assert.equal(second.modules["helper.ts"], first.modules["helper.ts"]);
    await writeOld(directory, "helper.ts", helper.replace("n + 1", "n + 2"), 90);
    assert.notEqual((await hash(directory)).parts["bundle"], second.parts["bundle"]);
  }));

Deno.test("an unchanged module is not bundled again: the note is believed while its files hold the same bytes", () =>
  withDirectory(async (directory) => {
    await files(directory);
    const first = await hash(directory);
    const notes = join(directory, "cache", "notes");
    const [note] = await Array.fromAsync(Deno.readDir(notes));
    const path = join(notes, note!.name);
    // The note says something else now, and it is what is believed: that is how a warm plan is fast.
    const [, body] = (await Deno.readTextFile(path)).split("\n");
    const other = body!.replace(first.parts["bundle"]!, "remembered");
    const remember = () => Deno.writeTextFile(path, `${sha256(other)}\n${other}`);
    await remember();
    assert.equal((await hash(directory)).parts["bundle"], "remembered");
    // A damaged one is forgotten.
    await Deno.writeTextFile(path, "{}");
    assert.deepEqual(await hash(directory), first);
    // Size and time of a file may be kept, and its inode: other bytes are other bytes.
    await remember();
    const kernel = join(directory, "kernel.wgsl");
    const { mtime } = await Deno.stat(kernel);
    await Deno.writeTextFile(kernel, "fn c() {}");
    await Deno.utime(kernel, mtime!, mtime!);
    const changed = await hash(directory);
    assert.ok(![first.parts["bundle"], "remembered"].includes(changed.parts["bundle"]));
    // Back again, the first note is no more.
    await Deno.writeTextFile(kernel, "fn a() {}");
    assert.deepEqual(await hash(directory), first);
  }));

Deno.test("a project that appears nearer to a module than the one it had is seen", () =>
  withDirectory(async (directory) => {
    await files(directory);
    const first = await hash(directory);
    await writeOld(directory, "deno.json", JSON.stringify({ imports: { "zod": "npm:zod@^9" } }));
    const lock = {
      version: "5",
      specifiers: { "npm:zod@^9": "9.0.0" },
      npm: { "zod@9.0.0": { integrity: "sha512-9" } },
    };
    await writeOld(directory, "deno.lock", JSON.stringify(lock));
    assert.notEqual((await hash(directory)).parts["npm:zod"], first.parts["npm:zod"]);
  }));

Deno.test("what escapes the hash is refused", () =>
  withDirectory(async (directory) => {
    await files(directory);
    const refused = async (text: string, pattern: RegExp) => {
      await writeOld(directory, "stage.ts", text);
      await assert.rejects(hash(directory, {}, await Deno.makeTempDir({ dir: directory })), (error) => {
        assert.ok(error instanceof CodeError, String(error));
        assert.match(error.message, pattern);
        return true;
      });
    };
    await refused(stageText('import x from "nowhere-to-be-found";', "x"), /import "nowhere-to-be-found"/);
    await refused(stageText('import x from "https://example.com/x.ts";', "x"), /example\.com/);
    await refused(stageText("", 'new URL("./w.ts", import.meta.url).href.length'), /escapes the code's hash/);
    await refused(stageText("const here = import.meta.url;", "here.length"), /import\.meta\.url/);
    await refused(stageText("", "import.meta.dirname!.length"), /import\.meta\.dirname/);
    await refused(
      stageText("const name: string = String(1 / 3);", "import(name) as never"),
      /dynamic import with a computed name \(stage\.ts:\d+\)/,
    );
    await refused(stageText('import "./gone.ts";'), /gone\.ts/);
    await refused("syntax error here", /Expected ";"/);
  }));

Deno.test("a worker listed under alsoHash is allowed, and hashed", () =>
  withDirectory(async (directory) => {
    await files(directory);
    await writeOld(directory, "worker.ts", 'import { used } from "./helper.ts"; self.postMessage(used(1));');
    await writeOld(
      directory,
      "stage.ts",
      stageText("", 'new URL("./worker.ts", import.meta.url).href.length'),
    );
    const alsoHash = [pathToFileURL(join(directory, "worker.ts")).href];
    const first = await hash(directory, { alsoHash });
    assert.ok(first.parts["also:worker.ts"]);
    await writeOld(
      directory,
      "worker.ts",
      'import { used } from "./helper.ts"; self.postMessage(used(2));',
      90,
    );
    const second = await hash(directory, { alsoHash });
    assert.equal(second.parts["bundle"], first.parts["bundle"]);
    assert.notEqual(second.parts["also:worker.ts"], first.parts["also:worker.ts"]);
  }));

Deno.test("aliases of a deno.json resolve to local files, comments in it allowed; its own lock is looked up", () =>
  withDirectory(async (directory) => {
    await files(directory);
    await Deno.mkdir(join(directory, "lib"));
    await writeOld(directory, "lib/x.ts", "export const x = 1;");
    await writeOld(
      directory,
      "deno.json",
      '{ // mine\n "imports": { "#lib/": "./lib/", "tiny": "npm:tiny@^1", }, }',
    );
    const lock = {
      version: "5",
      specifiers: { "npm:tiny@1": "1.2.3" },
      npm: {
        "tiny@1.2.3": { integrity: "sha512-tiny", dependencies: ["deep"] },
        "deep@9.0.0": { integrity: "sha512-deep" },
      },
    };
    await writeOld(
      directory,
      "deno.lock",
      JSON.stringify({ ...lock, specifiers: { "npm:tiny@^1": "1.2.3" } }),
    );
    await writeOld(
      directory,
      "stage.ts",
      stageText('import { x } from "#lib/x.ts"; import tiny from "tiny/sub";', "x + tiny"),
    );
    const first = await hash(directory);
    assert.equal(first.parts["npm:tiny"], "1.2.3 sha512-tiny");
    assert.equal(first.parts["npm:deep"], "9.0.0 sha512-deep");
    assert.ok("lib/x.ts" in first.modules);
    await writeOld(directory, "lib/x.ts", "export const x = 2;", 90);
    assert.notEqual((await hash(directory)).parts["bundle"], first.parts["bundle"]);
  }));

Deno.test("through the library's barrel a stage is hashed with what it uses, not with the whole library", () =>
  withDirectory(async (directory) => {
    await files(directory);
    const barrel = new URL("../fixtures/barrel.ts", import.meta.url).href;
    const through = (imports = "", body = "1") => stageText(imports, body).replace(engine, barrel);
    await writeOld(directory, "stage.ts", through());
    const { modules } = await hash(directory);
    assert.deepEqual(Object.keys(modules).filter((name) => name.includes("unrelated")), []);
    await writeOld(
      directory,
      "stage.ts",
      through(`import { table } from ${JSON.stringify(barrel)};`, "table.length"),
      90,
    );
    assert.ok("tests/pipeline/fixtures/unrelated.ts" in (await hash(directory)).modules);
    await writeOld(
      directory,
      "stage.ts",
      through(`import { here } from ${JSON.stringify(barrel)};`, "here.length"),
      80,
    );
    await assert.rejects(hash(directory), CodeError);
  }));

Deno.test("a module of a release is known by package, version and path; other addresses are refused", () =>
  withDirectory(async (directory) => {
    await files(directory);
    const release = "https://jsr.io/@some/one/1.2.3/";
    const { parts, files: read } = await hash(directory, { module: `${release}stages/count.ts` });
    assert.deepEqual(parts, {
      esbuild: parts.esbuild,
      release: "@some/one@1.2.3",
      path: "stages/count.ts",
    });
    assert.deepEqual(read, {});
    const own = pathToFileURL(join(directory, "stage.ts")).href;
    const { parts: both } = await hash(directory, { module: `${release}stages/count.ts`, alsoHash: [own] });
    assert.deepEqual([both.release, Object.keys(both).includes("also:stage.ts")], ["@some/one@1.2.3", true]);
    await assert.rejects(
      hash(directory, { module: "https://example.org/stage.ts" }),
      /its module is "https:\/\/example\.org\/stage\.ts"; only local files \(file:\) and releases of JSR can be hashed/,
    );
  }));

Deno.test("a package that is loaded in another version than the lock's is refused", () => {
  const locked = { "npm:zod": "4.6.7 sha512-x", "npm:@some/one": "1.0.0 sha512-y" };
  assertLoaded("a.ts", "zod", locked);
  assertLoaded("a.ts", "@some/one/part", locked, (name) => name === "@some/one" ? "1.0.0" : "2");
  assert.throws(
    () => assertLoaded("a.ts", "zod/v4", { "npm:zod": "4.6.6 sha512-x" }),
    /Cannot fingerprint "a\.ts": zod 4\.6\.7 is loaded, and this version of Crossview is made with 4\.6\.6\. Take out/,
  );
});
