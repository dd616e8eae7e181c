/** The documents speak of what is there: sections that code cites, paths, links, walks through the files. @module */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as library from "../mod.ts";
import { definitionOf } from "../stages/methods/method.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Folders whose files the documents name by their paths, with `/` and from the project's root. */
const rooms = [
  "cli",
  "configs",
  "kernels",
  "models",
  "partitions",
  "pipeline",
  "results",
  "runtime",
  "stages",
];
const others = [".ci", ".github", "docs", "examples", "tests"];

const tree = [
  ...[...Deno.readDirSync(root)].filter(({ isFile }) => isFile).map(({ name }) => name),
  ...[...rooms, ...others].flatMap((folder) => [...walk(folder)]),
];
const texts = new Map<string, string>();
const textOf = (path: string) => {
  const text = texts.get(path) ?? Deno.readTextFileSync(join(root, path));
  texts.set(path, text);
  return text;
};

/** Files below a folder of the project, and the folders themselves with a `/` at their end. */
function* walk(folder: string): Generator<string> {
  try {
    yield `${folder}/`;
    for (const { name, isDirectory } of Deno.readDirSync(join(root, folder))) {
      if (isDirectory) yield* walk(`${folder}/${name}`);
      else yield `${folder}/${name}`;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...tree.filter((path) => path.startsWith("docs/") && path.endsWith(".md")),
];

/** A name as a file and a link have it: lower case, a hyphen for each space. */
function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");
}

/** A document's text without blocks of code. */
function prose(path: string): string {
  return textOf(path).replaceAll(/^```[^]*?^```$/gm, "");
}

const headings = (path: string) => [...prose(path).matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!);

/** The documents of methods: the name that citations use → the document, its sections' numbers. */
const methods = new Map(
  documents.filter((path) => path.startsWith("docs/methods/")).map((path) => {
    const [name, ...sections] = headings(path);
    return [name!, { path, sections: new Set(sections.map((text) => /^[\d.]*\d/.exec(text)?.[0])) }] as const;
  }),
);

/** A citation: a method's name, and sections of its document. */
const NUMBERS = String.raw`((?:§\d+(?:\.\d+)*(?: \([^)]*\))?(?:, | and )?)+)`;
const named = new RegExp(String.raw`\b(${[...methods.keys()].join("|")}),? ${NUMBERS}`, "g");
/** Sections of what others published: of a paper, by its year, and of PNG. */
const foreign =
  /(?:\b(?:19|20)\d\d|PNG specification(?:, \w+ edition)?|specification's heuristic), §\d+(?:\.\d+)*/g;

/** What a text cites, `[method, section]`, and whether all that looks like a citation was understood. */
function citations(text: string): { found: [string, string][]; rest: string } {
  const found: [string, string][] = [];
  const take = (_: string, name: string, numbers: string) => {
    for (const [, number] of numbers.matchAll(/§(\d+(?:\.\d+)*)/g)) found.push([name, number!]);
    return "";
  };
  const rest = text.replaceAll(/\s*\n\s*(?:\/\/|\*)?\s*/g, " ").replaceAll(foreign, "")
    .replaceAll(named, take);
  return { found, rest };
}

Deno.test("every section that code cites is there", () => {
  const code = tree.filter((path) => /\.(ts|wgsl)$/.test(path) && rooms.includes(path.split("/")[0]!));
  const wrong: string[] = [];
  let count = 0;
  for (const path of [...code, "mod.ts", "methods.ts"]) {
    const { found, rest } = citations(textOf(path));
    const open = /.{0,30}§\d.{0,10}/.exec(rest)?.[0];
    if (open !== undefined) wrong.push(`${path}: …${open}…: of what?`);
    for (const [method, number] of found) {
      if (!methods.get(method)?.sections.has(number)) wrong.push(`${path}: ${method} §${number}`);
      count++;
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 80);
});

Deno.test("every section that a document cites is there", () => {
  for (const path of documents) {
    const own = [...methods.values()].find((method) => method.path === path);
    const { found, rest } = citations(prose(path));
    for (const [, number] of rest.matchAll(/§(\d+(?:\.\d+)*)/g)) {
      assert.ok(own?.sections.has(number), `${path}: §${number}`);
    }
    for (const [method, number] of found) {
      assert.ok(methods.get(method)?.sections.has(number), `${path}: ${method} §${number}`);
    }
  }
});

Deno.test("every method has a document of its name", () => {
  const names = Object.values(library).filter((value) => typeof value === "function" && "definition" in value)
    .flatMap((value) => "predictions" in value ? [definitionOf(value as library.AnyMethod).name] : []);
  assert.ok(names.length >= 4);
  for (const name of names) assert.ok(documents.includes(`docs/methods/${name}.md`), name);
});

/** Words between backticks. */
const marked = (text: string) => [...text.matchAll(/`([^`\s]+)`/g)].map((match) => match[1]!);

/** Whether a word is the path of a file or folder of the project; in a word alone, by its ending. */
function isPath(word: string): boolean {
  if (!/^[\w.<>*/{},-]+$/.test(word)) return false;
  const [first, ...rest] = word.split("/");
  return rest.length > 0 ? [...rooms, ...others].includes(first!) : /^[\w-]+\.(ts|md|wgsl)$/.test(word);
}

/** The files that a path stands for: `<name>` and `*` are any part of one. */
function filesOf(path: string): string[] {
  const pattern = path.replaceAll(/[.{}]/g, "\\$&").replaceAll(/<[^>]*>|\*/g, "[^/]+");
  const whole = new RegExp(`^${pattern}/?$`);
  return tree.filter((file) => whole.test(file));
}

Deno.test("every path that a document names is there", () => {
  const wrong = documents.flatMap((path) =>
    marked(prose(path)).filter((word) => isPath(word) && filesOf(word).length === 0)
      .map((word) => `${path}: ${word}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("every link of a document leads somewhere", () => {
  const wrong = documents.flatMap((path) =>
    [...prose(path).matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1]!)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [file, anchor] = target.split("#") as [string, string?];
        const at = file === "" ? path : relative(root, join(root, dirname(path), file));
        if (!tree.includes(at) && !tree.includes(`${at}/`)) return true;
        return anchor !== undefined && !headings(at).map(slug).includes(anchor);
      })
      .map((target) => `${path}: ${target}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("the table of rooms says what each imports", () => {
  const rows = [...prose("docs/architecture.md").matchAll(/^\| `([\w.]+)\/?` +\|[^|]*\|([^|]*)\|$/gm)];
  const roomOf = (path: string) => path.split("/")[0]!;
  const listed = rows.map((row) => row[1]!);
  for (const [, room, imports] of rows) {
    const allowed = [room!, ...marked(imports!).map(roomOf)];
    for (const path of tree.filter((path) => roomOf(path) === room && path.endsWith(".ts"))) {
      for (
        const [, target] of textOf(path).matchAll(
          /^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+\.(?:ts|wgsl))"/gm,
        )
      ) {
        const to = roomOf(join(dirname(path), target!));
        assert.ok(allowed.includes(to), `${path} imports ${target}, and ${room} says ${allowed}`);
        assert.ok(listed.includes(to), `${to} is no row`);
      }
    }
  }
  const wanted = [
    ...rooms.filter((room) => room !== "results"),
    ...tree.filter((path) => /^\w+\.ts$/.test(path)),
  ];
  assert.deepEqual(wanted.filter((room) => !listed.includes(room)), []);
});

/** The walks: heading → steps, each the files that it names and the names that it says are in them. */
function walks(): Map<string, { files: string[]; names: string[] }[]> {
  const [, chapter] = /^## Four walks$([^]*?)(?=^## |$(?![^]))/m.exec(prose("docs/architecture.md"))!;
  return new Map(
    chapter!.split(/^### /m).slice(1).map((walk) => {
      const [heading, ...lines] = walk.split("\n");
      const steps = lines.join("\n").split(/^\d+\. /m).slice(1).map((step) => marked(step));
      return [
        heading!,
        steps.map((words) => ({
          files: words.filter(isPath),
          names: words.filter((word) => /^[\w.]+$/.test(word) && !isPath(word)),
        })),
      ];
    }),
  );
}

Deno.test("a walk goes through files that are there, finds in each what it says, and never comes back", () => {
  const found = walks();
  assert.equal(found.size, 4);
  for (const [heading, steps] of found) {
    assert.ok(steps.length > 5, heading);
    const passed = new Set<string>();
    for (const { files, names } of steps) {
      assert.ok(files.length > 0, `${heading}: a step without a file`);
      const text = files.map(textOf).join("\n");
      for (const file of files) assert.ok(!passed.has(file), `${heading}: back at ${file}`);
      for (const file of files) passed.add(file);
      for (const name of names.flatMap((name) => name.split("."))) {
        assert.match(text, new RegExp(`\\b${name}\\b`), `${heading}: no ${name} in ${files}`);
      }
    }
  }
});

/** A document's TypeScript, as files: a block that a later one imports has that name. */
function codeOf(path: string): Map<string, string> {
  const blocks = [...textOf(path).matchAll(/^```ts\n([^]*?)^```$/gm)].map((match) => match[1]!);
  const files = new Map<string, string>();
  blocks.forEach((code, i) => {
    const later = blocks.slice(i + 1).join("\n").matchAll(/ from "\.\/(\w+\.ts)"/g);
    const wanted = [...later].map((match) => match[1]!).find((name) => !files.has(name));
    files.set(code.includes("export default") && wanted !== undefined ? wanted : `block_${i + 1}.ts`, code);
  });
  return files;
}

Deno.test("the TypeScript in all documents compiles, outside the clone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const written: string[] = [];
    for (const path of documents) {
      for (const [name, code] of codeOf(path)) {
        const file = join(folder, path, name);
        await Deno.mkdir(dirname(file), { recursive: true });
        await Deno.writeTextFile(file, code);
        written.push(file);
      }
    }
    assert.ok(written.length >= 2);
    const args = ["check", "--quiet", "--config", join(root, "deno.json"), ...written];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The docstring of what a module of the project exports by a name. */
function docstring(name: string): string {
  const declaration = new RegExp(`\\n \\*/\\nexport (?:async )?(?:const|function|class) ${name}\\b`);
  for (const path of tree.filter((path) => /^(pipeline|stages)\/.*\.ts$/.test(path))) {
    const at = declaration.exec(textOf(path))?.index;
    if (at !== undefined) return textOf(path).slice(textOf(path).lastIndexOf("/**", at), at);
  }
  return "";
}

Deno.test("every function of mod.ts has an example", () => {
  const names = Object.entries(library).filter(([name, value]) =>
    typeof value === "function" && !name.endsWith("Error")
  ).map(([name]) => name);
  assert.ok(names.length > 10);
  assert.deepEqual(names.filter((name) => !docstring(name).includes("@example\n * ```ts")), []);
});
