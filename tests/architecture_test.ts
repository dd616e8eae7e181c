/** The rooms and who may import whom; what kernels and models must not know; files that stay readable. @module */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** A room → the rooms that its files may import, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  cli: [
    "configs",
    "mod",
    "methods",
    "library",
    "data",
    "runtime",
    "stages",
    "pipeline",
    "models",
    "partitions",
    "kernels",
  ],
  data: ["stages", "pipeline"],
  library: ["runtime", "stages", "pipeline", "models", "kernels"],
  configs: ["mod"],
  mod: ["stages", "pipeline", "models", "partitions", "kernels"],
  methods: ["stages", "pipeline", "models", "kernels"],
  runtime: ["stages", "pipeline", "models", "partitions", "kernels"],
  stages: ["pipeline", "models", "partitions", "kernels"],
  models: ["kernels"],
  kernels: [],
  pipeline: [],
  partitions: [],
};
const rooms = Object.keys(mayImport);

interface SourceFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  /** What it imports: paths of the project, or specifiers of packages. */
  readonly imports: readonly string[];
  /** Those of them that are not of types alone, and are there when it runs. */
  readonly loads: readonly string[];
}

/** Takes comments out. What follows ` //` in a string goes, too, which none of the rules minds. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** The specifiers that a module imports or re-exports at the left margin, where the formatter puts them, or by a literal. */
function importsOf(text: string): string[] {
  const found = text.matchAll(
    /^(?:import|export)\b[^;"'`=(]*?\bfrom\s+["']([^"']+)["']|^import\s+["']([^"']+)["']|\bimport\(\s*"([^"]+)"\s*\)/gm,
  );
  return [...found].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

function* walk(directory: string): Generator<string> {
  for (const entry of [...Deno.readDirSync(directory)].sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory) yield* walk(path);
    else yield path;
  }
}

function read(path: string): SourceFile {
  const text = Deno.readTextFileSync(path);
  const code = path.endsWith(".ts") ? withoutComments(text) : "";
  const targets = (text: string) =>
    (code === "" ? [] : importsOf(text)).map((specifier) =>
      specifier.startsWith(".")
        ? relative(root, join(dirname(path), specifier)).replaceAll("\\", "/")
        : specifier
    );
  return {
    path: relative(root, path).replaceAll("\\", "/"),
    text,
    code,
    imports: targets(text),
    loads: targets(text.replaceAll(/^(import|export) type\b/gm, "// $&")),
  };
}

/** Rooms of one file, which is what others import of the project. */
const entries = ["mod", "methods", "library", "data"];
const files = rooms.flatMap((room) =>
  entries.includes(room) ? [join(root, `${room}.ts`)] : [...walk(join(root, room))]
).filter((path) => /\.(ts|wgsl)$/.test(path)).map(read);
const modules = files.filter(({ path }) => path.endsWith(".ts"));
const tests = [...walk(join(root, "tests"))].filter((path) => path.endsWith(".ts")).map(read);

const roomOf = (path: string) => path.split("/")[0]!.replace(/\.ts$/, "");

Deno.test("every room has files to look at", () => {
  for (const room of rooms) {
    assert.ok(modules.some(({ path }) => roomOf(path) === room), `no module in ${room}`);
  }
});

Deno.test("imports are found in all their forms, and comments hold none", () => {
  const text = [
    'import a from "./a.ts"; // import no from "./no.ts";',
    'import type { B } from "./b.ts";',
    '/* export * from "./no.ts"; */',
    '// import no from "./no.ts";',
    'export * from "./c.ts";',
    'import "./d.ts";',
    'const e = await import("./e.ts"), url = "https://x.test//y";',
    'import text from "./f.wgsl" with { type: "text" };',
    "export {",
    "  type G,",
    "  h as i,",
    '} from "./g.ts";',
    'export const from = "./no.ts";',
    'export type { J } from "./j.ts";',
  ].join("\n");
  const wanted = ["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.wgsl", "./g.ts", "./j.ts"];
  assert.deepEqual(importsOf(text), wanted);
  assert.ok(!withoutComments(text).includes("no from"));
});

Deno.test("rooms import in one direction", () => {
  const wrong = modules.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    return imports.filter((target) => /\.(ts|wgsl)$/.test(target))
      .filter((target) => roomOf(target) !== room && !mayImport[room]!.includes(roomOf(target)))
      .map((target) => `${path} imports ${target}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("every relative import ends at a file of a room", () => {
  const known = new Set(files.map(({ path }) => path));
  const wrong = modules.flatMap(({ path, imports }) =>
    imports.filter((target) => /\.(ts|wgsl)$/.test(target) && !known.has(target))
      .map((target) => `${path} imports ${target}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("no cycle of imports", () => {
  const imports = new Map(modules.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) throw new Error(`cycle: ${[...trail.slice(at), path].join(" → ")}`);
    if (done.has(path)) return;
    trail.push(path);
    for (const target of imports.get(path) ?? []) if (imports.has(target)) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of imports.keys()) visit(path);
});

Deno.test("twins are for checks: product code computes nothing by them", () => {
  // Parity is a check itself: of a step's labels and confidences it works out on the host, in f64, what else a case records.
  const checks = /^(kernels\/reference|stages\/parity)\//;
  const wrong = modules.filter(({ path }) => !checks.test(path)).flatMap(({ path, imports }) =>
    imports.filter((target) => target.startsWith("kernels/reference/"))
      .map((target) => `${path} imports ${target}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("packages are imported where they belong", () => {
  const owners: Readonly<Record<string, RegExp>> = {
    "@bufbuild/protobuf": /^(models\/onnx\/model|runtime\/tensorboard\/messages)\.ts$/,
    "@dagrejs/dagre": /^pipeline\/plan\/dag_svg\.ts$/,
    commander: /^cli\/terminal\/commander\.ts$/,
    esbuild: /^pipeline\/code\/bundle\.ts$/,
    "@cornerstonejs/codec-libjpeg-turbo-8bit": /^stages\/codecs\//,
    "@jsquash/webp": /^stages\/codecs\//,
    "fast-png": /^stages\/codecs\//,
    "fastest-levenshtein": /^pipeline\/language\/suggest\.ts$/,
    uplot: /^runtime\/report\/client\//,
    saxes: /^stages\/annotations\/cvat\.ts$/,
    yaml: /^configs\/original\/config_file\.ts$/,
    zod: /^(stages\/|runtime\/runs\/event_schema\.ts$)/,
  };
  const wrong = modules.flatMap(({ path, imports }) =>
    imports.filter((target) => !target.startsWith("node:") && !/\.(ts|wgsl|json|css)$/.test(target))
      .filter((target) => {
        const name = target.split("/").slice(0, target.startsWith("@") ? 2 : 1).join("/");
        return owners[name]?.test(path) !== true;
      })
      .map((target) => `${path} imports ${target}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("kernels and models run in a web page: no Deno, no node, no disk", () => {
  const wrong = modules.filter(({ path }) => ["kernels", "models"].includes(roomOf(path)))
    .filter(({ code, imports }) =>
      /\bDeno\b|\bprocess\.|\brequire\(/.test(code) || imports.some((target) => target.startsWith("node:"))
    )
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

Deno.test("clients run in a web page: no Deno, no node, and all that they import, too", () => {
  const byPath = new Map(modules.map((file) => [file.path, file]));
  const reached = new Set(modules.map(({ path }) => path).filter((path) => path.includes("/client/")));
  assert.ok(reached.size > 0);
  for (const path of reached) {
    for (const target of byPath.get(path)!.loads) if (byPath.has(target)) reached.add(target);
  }
  const wrong = [...reached].filter((path) => {
    const { code, loads } = byPath.get(path)!;
    return /\bDeno\b|\bprocess\./.test(code) || loads.some((target) => target.startsWith("node:"));
  });
  assert.deepEqual(wrong, []);
});

Deno.test("no chance and no clock where results are made", () => {
  const wrong = modules.filter(({ path }) => ["stages", "kernels", "models"].includes(roomOf(path)))
    .filter(({ code }) =>
      /Math\.random|\bDate\.now|\bnew Date\b|performance\.now|crypto\.(randomUUID|getRandomValues)/.test(code)
    )
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

Deno.test("tests change nothing that the process has once: files are tested beside one another in it", () => {
  const wrong = tests.filter(({ path }) => path.endsWith("_test.ts") && !path.startsWith("tests/acceptance/"))
    .filter(({ code }) => /Deno\.(env\.(set|delete)|chdir|umask\(\w)|process\.(env\.\w+ =|chdir)/.test(code))
    .map(({ path }) => path);
  assert.deepEqual(wrong, []);
});

Deno.test("a file has 350 lines at most, a test 500, and a folder 24 files", () => {
  const long = [...files, ...tests].map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > (path.startsWith("tests/") ? 500 : 350));
  assert.deepEqual(long, []);
  const folders = Map.groupBy([...files, ...tests], ({ path }) => dirname(path));
  const full = [...folders].map(([folder, { length }]) => ({ folder, length }))
    .filter(({ length }) => length > 24);
  assert.deepEqual(full, []);
});
