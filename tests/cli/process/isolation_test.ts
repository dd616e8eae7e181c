/** What an experiment's file may do, and what not: it is code that somebody else may have written. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isolatedArguments } from "../../../cli/process/isolation.ts";
import { projectRoot } from "../../../runtime/host/place.ts";
import { isLaunched } from "../../../cli/process/permissions.ts";
import { program } from "../../../cli/program.ts";
import { pascalConfig } from "../../configs/original/configs.ts";
import { fixture, type Place, placeTest } from "../support.ts";

const pipelineModule = new URL("../../../pipeline/mod.ts", import.meta.url).href;

/** Copies fixtures into the place. */
async function copy(place: Place, ...names: string[]): Promise<void> {
  for (const name of names) {
    const text = await Deno.readTextFile(fixture(name));
    await Deno.writeTextFile(
      join(place.folder, `${name}.ts`),
      text.replace("../../../pipeline/mod.ts", pipelineModule),
    );
  }
}

/** Digests of what an experiment might want to change in the project. */
async function projectFiles(): Promise<string[]> {
  const texts = ["deno.lock", "deno.json", "mod.ts"].map((name) =>
    Deno.readTextFile(join(projectRoot, name))
  );
  return [
    ...await Promise.all(texts),
    [...Deno.readDirSync(join(projectRoot, "configs"))].map(({ name }) => name).join(),
  ];
}

placeTest(
  "an evil experiment is planned like any other, and nothing that it tries comes to be",
  async (place) => {
    await copy(place, "evil", "bare");
    const outside = join(place.folder, "outside");
    await Deno.mkdir(outside);
    const reached: string[] = [];
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
      reached.push(url);
      return new Response("export default 1", { headers: { "content-type": "text/javascript" } });
    });
    const { binary } = await esbuildBinary();
    await Deno.writeTextFile(
      join(place.folder, "settings.json"),
      JSON.stringify({ project: projectRoot, esbuild: binary, cache: place.cache, port: server.addr.port }),
    );
    const before = await projectFiles();
    try {
      const { status, out, notes } = await place.process(["plan", join(place.folder, "evil.ts")], {
        EVIL_SECRET: "hush",
      });
      assert.equal(status, 0, notes);
      assert.match(out.join("\n"), /^count +count +runs/m);
      const came: Record<string, string> = JSON.parse(
        out.find((line) => line.startsWith("evil: "))!.slice(6),
      );
      assert.ok(Object.keys(came).length > 35);
      for (const [attempt, end] of Object.entries(came)) assert.match(end, /^refused: /, attempt);
      assert.doesNotMatch(JSON.stringify(came), /hush/);
    } finally {
      await server.shutdown();
    }
    assert.deepEqual(reached, []);
    assert.deepEqual(place.files(outside), []);
    assert.deepEqual(await projectFiles(), before);
  },
);

/** Where Deno keeps esbuild's program. */
async function esbuildBinary(): Promise<{ binary: string }> {
  const main = fileURLToPath(import.meta.resolve("esbuild"));
  const found = main.replace(
    /esbuild[/\\](\d[\d.]*)[/\\]lib[/\\]main\.js$/,
    (_, version: string) =>
      join(
        "@esbuild",
        `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`,
        version,
        "bin",
        "esbuild",
      ),
  );
  await Deno.stat(found);
  return { binary: found };
}

placeTest(
  "every command that loads an experiment keeps its file from programs and from other folders",
  async (place) => {
    await copy(place, "bare");
    const bad = join(place.folder, "bad.ts");
    const outside = join(place.folder, "outside");
    await Deno.writeTextFile(
      bad,
      `const tries = [() => new Deno.Command("touch", { args: ["${outside}"] }).outputSync(),
      () => Deno.writeTextFileSync("${outside}", "evil")];
    const ends = tries.map((attempt) => { try { attempt(); return "done"; } catch (error) { return error.name; } });
    console.log("ends: " + ends);
    export { default } from "./bare.ts";\n`,
    );
    const cached = ["--cache", place.cache];
    const commands = [
      ["plan", bad],
      ["why", bad],
      ["dag", bad],
      ["train", bad],
      ["compare", bad],
      ["tune", bad, ...cached],
      ["cache", "verify", bad, ...cached],
      ["data", bad],
      ["export", "snakemake", bad, "-o", "-", ...cached],
      ["predict", fixture("bare").replace("bare.ts", "none.safetensors"), "--data", bad],
    ];
    for (let at = 0; at < commands.length; at += 3) {
      await Promise.all(
        commands.slice(at, at + 3).map(async (args) => {
          const { out, notes } = await place.process(args);
          const [line] = out.filter((text) => text.startsWith("ends: "));
          // Weights come before data, and there are none.
          if (args[0] === "predict") assert.match(notes, /Cannot find the weights/);
          else assert.equal(line, "ends: NotCapable,NotCapable", `${args[0]}: ${notes}`);
        }),
      );
    }
    assert.equal(place.has(outside), false);
  },
);

Deno.test("a command has the launcher's help, or loads no experiment; what it starts may write what is named and no more", () => {
  const names = program.commands!.map(({ name }) => name);
  const alone = names.filter((name) => !isLaunched(name));
  assert.deepEqual(alone.sort(), [
    "completions",
    "doctor",
    "partitions",
    "report",
    "runs",
    "start",
    "weights",
  ]);
  for (const name of alone) {
    // A command of several files lies in a folder of its room.
    const room = [name, "runs"].find((room) => isFile(`cli/commands/${room}/${name}.ts`));
    assert.doesNotMatch(
      closure(`cli/commands/${room ? `${room}/` : ""}${name}.ts`),
      /\bloadExperiment\(|\bdataNodes\(/,
    );
  }
  const isolated = names.filter((name) => isLaunched(name) && !["test", "bench"].includes(name));
  for (const name of [...isolated, "constructor", "unknown"]) {
    const group = name === "export" ? ["snakemake"] : [];
    const flags = isolatedArguments([name, ...group, "--cache", "/x/c", "--runs=/x/r", "--out", "/x/o"]);
    for (const flag of ["--no-prompt", "--no-remote", "--cached-only", "--frozen"]) {
      assert.ok(flags.includes(flag));
    }
    const allowed = flags.filter((flag) => flag.startsWith("--allow"));
    // The driver writes where its variables say.
    assert.doesNotMatch(allowed.join(), /\b(HOME|XDG_\w+|MESA_\w+|LP_\w+)\b/);
    assert.deepEqual(
      allowed.filter((flag) => !/^--allow-(read|sys=statfs|env=[A-Z_,]+|write=[\w/,.]+)$/.test(flag)),
      [],
    );
    for (const flag of allowed) {
      const folders = /^--allow-write=(.*)/.exec(flag)?.[1]?.split(",") ?? [];
      assert.ok(folders.every((folder) => folder.startsWith("/x")), flag);
    }
  }
});

Deno.test("what is written is granted however the option is spelled, and a group's commands have their own", () => {
  const granted = (...args: string[]) =>
    isolatedArguments(args).find((flag) => flag.startsWith("--allow-write"))?.slice("--allow-write=".length);
  for (
    const spelled of [["--out", "/x/o"], ["--out=/x/o"], ["-o", "/x/o"], ["-o/x/o"], ["-o", "/x/p", "-o/x/o"]]
  ) {
    assert.equal(granted("export", "page", "latest", ...spelled), "/x");
    assert.equal(granted("export", "snakemake", "shapes-12", "--cache", "/y/c", ...spelled), "/y,/x");
  }
  assert.equal(granted("export", "page", "latest"), "predict.html");
  assert.equal(granted("export", "snakemake"), ".cache,Snakefile");
  assert.equal(granted("export"), undefined);
});

Deno.test("MPI's library, and no other, may be called by commands that share a training, where MPI has started them", () => {
  const flags = (command: string, variables: Readonly<Record<string, string>>) =>
    isolatedArguments([command], (name) => variables[name]).filter((flag) => flag.startsWith("--allow-ffi="));
  assert.deepEqual(flags("train", {}), []);
  const openMpi = { OMPI_COMM_WORLD_SIZE: "2" };
  for (const command of ["train", "compare", "ccvc"]) {
    assert.match(flags(command, openMpi).join(), /^--allow-ffi=[^,]*libmpi\.so\.40$/);
  }
  for (const command of ["plan", "evaluate", "predict", "data"]) {
    assert.deepEqual(flags(command, openMpi), []);
  }
  assert.match(flags("train", { PMI_RANK: "0" }).join(), /^--allow-ffi=[^,]*libmpich\.so\.12$/);
  const named = (library: string) => flags("train", { ...openMpi, CROSSVIEW_MPI: library });
  assert.deepEqual(named("/opt/mpi/lib/libmpi.so"), ["--allow-ffi=/opt/mpi/lib/libmpi.so"]);
  assert.throws(() => named("/opt/a,b.so"), /Cannot use the library "\/opt\/a,b\.so" \(CROSSVIEW_MPI\): /);
});

function isFile(path: string): boolean {
  try {
    return Deno.statSync(join(projectRoot, path)).isFile;
  } catch {
    return false;
  }
}

/** The text of a module and of all that it imports, but for the module that loads experiments. */
function closure(path: string, seen = new Set<string>()): string {
  if (seen.has(path) || path === "cli/experiment/experiment.ts") return "";
  seen.add(path);
  const text = Deno.readTextFileSync(join(projectRoot, path));
  const imports = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+\.ts)"/g)].map(([, name]) =>
    join(path, "..", name!)
  );
  return text + imports.map((each) => closure(each, seen)).join("");
}

placeTest(
  "results are written where a command is typed, cache and runs into the project, if none is named",
  (place) => {
    const variable = (name: string) => name === "INIT_CWD" ? place.folder : undefined;
    const writes = (...args: string[]) =>
      isolatedArguments(args, variable).find((flag) => flag.startsWith("--allow-write="))!.slice(14)
        .split(",");
    assert.deepEqual(writes("predict"), [join(place.folder, "predictions"), ".cache"]);
    assert.deepEqual(writes("next"), [join(place.folder, "next"), ".cache", "runs"]);
    assert.deepEqual(writes("next", "--out", "a", "--runs", "b"), [
      join(place.folder, "a"),
      ".cache",
      join(place.folder, "b"),
    ]);
    return Promise.resolve();
  },
);

placeTest("a folder that holds the project, or that Deno cannot be told of, is refused", async (place) => {
  const holds = ["/", projectRoot, join(projectRoot, "..")];
  for (const folder of holds) {
    assert.throws(() => isolatedArguments(["plan", "--cache", folder]), /holds the project/);
  }
  assert.throws(() => isolatedArguments(["train", "--runs=/tmp/a,b"]), /comma/);
  assert.throws(() => isolatedArguments(["dag", "--svg", projectRoot]), /holds the project/);
  const { status, notes } = await place.process(["tune", "--cache", "/"]);
  assert.equal(status, 2);
  assert.match(notes, /^error: Cannot write into "\/" \(--cache\): [^\n]+ Name another folder\.$/);
});

placeTest("a picture is written where it is asked for, with the folders that are lacking", async (place) => {
  const svg = join(place.folder, "new", "folder", "dag.svg");
  const { status, notes } = await place.process(["dag", "shapes-12", "--svg", svg]);
  assert.equal(status, 0, notes);
  assert.match(await Deno.readTextFile(svg), /^<svg/);
  const again = join(place.folder, "dag.svg");
  assert.equal((await place.process(["dag", "shapes-12", "--svg", again])).status, 0);
});

placeTest("what an experiment imports is local or locked, and deno.lock stays as it is", async (place) => {
  const before = await projectFiles();
  const cases = [
    [
      `import "npm:ms@2.1.3";`,
      /imports (the package "ms(@2\.1\.3)?", which|a package that) the project's deno\.lock does not name/,
    ],
    [`import "ms";`, /imports the package "ms", which .* deno add --frozen=false npm:ms$/],
    [
      `import "https://example.com/a.ts";`,
      /imports "https:\/\/example\.com\/a\.ts", and an experiment fetches no code/,
    ],
    [`import "jsr:@std/path@1";`, /imports "jsr:@std\/path", and an experiment fetches no code/],
  ] as const;
  const path = join(place.folder, "importing.ts");
  for (const [text, message] of cases) {
    await Deno.writeTextFile(path, text);
    const { status, notes } = await place.process(["plan", path]);
    assert.equal(status, 2, notes);
    assert.match(notes, message);
    assert.doesNotMatch(notes, /\n/);
  }
  await copy(place, "bare");
  await Deno.writeTextFile(
    path,
    `import "npm:yaml@2.9.1"; import "zod"; export { default } from "./bare.ts";`,
  );
  assert.equal((await place.process(["plan", path])).status, 0);
  assert.deepEqual(await projectFiles(), before);
});

placeTest("a config in YAML is read with the variables that a command may see", async (place) => {
  const config = join(place.folder, "pascal.yaml");
  await Deno.writeTextFile(config, pascalConfig);
  const { out, notes } = await place.process(["ccvc", "--config", config, "--cache", place.cache, "--plan"]);
  assert.match(out[0]!, /^ccvc-no-aug-pascal/);
  assert.match(notes, /Cannot load pascal from/);
});
