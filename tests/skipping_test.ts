/** A test that is left out says so: by its name, where that is known before it runs, else by `skip()`. @module */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("./", import.meta.url));

type Node = Deno.lint.Node;

/** What is called, by its last name: `test` of `Deno.test`, `step` of `t.step`. */
function nameOf(callee: Node): string {
  if (callee.type === "MemberExpression") return nameOf(callee.property);
  return callee.type === "Identifier" ? callee.name : "";
}

/** Whether a function is the body of a test or of a step, perhaps within a function that sets something up, `withFolder(body)`. */
function isBody(node: Node): boolean {
  const { parent } = node as { parent?: Node };
  if (parent?.type === "Property") return nameOf(parent.key) === "fn";
  if (parent?.type !== "CallExpression" || (parent.callee as Node) === node) return false;
  const name = nameOf(parent.callee);
  if (/^test$|^test[A-Z]|Test$|^step$/.test(name)) return true;
  // What `with…` gives, or waits for, is the body's; so is what is called at once, or awaited in an arrow: `() => withX(body)`.
  if (!/^with[A-Z]/.test(name)) return false;
  const outer = (parent as { parent?: Node }).parent;
  if (outer?.type === "CallExpression" && (outer.callee as Node) === parent) return isReturned(outer);
  return isBody(parent) || isReturned(parent);
}

function isReturned(node: Node): boolean {
  const { parent } = node as { parent?: Node };
  return parent?.type === "ArrowFunctionExpression" && (parent.body as Node) === node && isBody(parent);
}

/** Where in a text a body ends early without a word, by line. */
function silentReturns(path: string, text: string): number[] {
  const plugin: Deno.lint.Plugin = {
    name: "tests",
    rules: {
      silent: {
        create: (context) => ({
          ReturnStatement(node) {
            const { argument } = node;
            const isPrinted = argument?.type === "CallExpression" &&
              argument.callee.type === "MemberExpression" &&
              nameOf(argument.callee.object) === "console";
            let at: Node | undefined = node;
            while (at && !/Function/.test(at.type)) at = (at as { parent?: Node }).parent;
            if ((argument === null || isPrinted) && at && isBody(at)) {
              context.report({ node, message: "silent" });
            }
          },
        }),
      },
    },
  };
  return Deno.lint.runPlugin(plugin, path, text).map(({ range }) =>
    text.slice(0, range[0]).split("\n").length
  );
}

function* testFiles(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* testFiles(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

Deno.test("no test passes by a bare return", () => {
  const found = [...testFiles(root)].flatMap((path) =>
    silentReturns(path, Deno.readTextFileSync(path)).map((line) => `${relative(root, path)}:${line}`)
  );
  assert.deepEqual(found.sort(), []);
});

Deno.test("such returns are seen in every form of a test, and others are none", () => {
  const silent = [
    `Deno.test("a", () => { if (x) return; });`,
    `gpuTest("a", async (device, t) => { for (const one of all) { if (one) return; } });`,
    `Deno.test({ name: "a", fn: withFolder(async () => { if (x) return; }) });`,
    `Deno.test("a", () => withFolder(async () => { if (x) return console.log("no"); })());`,
    `testWithPython(["numpy"], "a", async function () { return; });`,
    `gpuTest("a", async (device, t) => { await t.step("b", () => { return; }); });`,
    `Deno.test("a", () => withDirectory((folder) => withStore(async () => { if (x) return; })));`,
  ];
  assert.deepEqual(silent.map((text) => silentReturns("a_test.ts", text)), silent.map(() => [1]));
  const told = [
    `Deno.test("a", () => { if (x) return skip("no x"); });`,
    `Deno.test("a", () => { all.forEach((one) => { if (one) return; }); });`,
    `Deno.test("a", () => run({ onEvent() { return; }, say: (line) => { return; } }));`,
    `function help() { if (x) return; }`,
  ];
  assert.deepEqual(told.flatMap((text) => silentReturns("a_test.ts", text)), []);
});
