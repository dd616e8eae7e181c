/** The package as a user has it: packed, installed from a registry into empty folders, trained with. @module */
import assert from "node:assert/strict";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Plan } from "../../pipeline/mod.ts";
import client from "../../runtime/network_page/client.json" with { type: "json" };
import { pack } from "../../tools/pack.ts";
import { readTar } from "../../tools/tar.ts";
import { lacksSnakemake, snakemake } from "../support/engines/snakemake.ts";
import { skip } from "../support/skip.ts";
import { serveNpm } from "./npm_registry.ts";

const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-run", "--allow-sys"];

const experiment = `import { augment, coTrain, evaluate, load, pipeline } from "@crossview/crossview";
import meanTeacher from "./mean_teacher.ts";

export default pipeline("mine", () => {
  const data = load({ dataset: "shapes", shapes: { size: 32, labeled: 4, unlabeled: 8, validation: 2 } });
  const views = augment({ data }, { crop: 32 });
  const nets = coTrain({ views }, {
    method: meanTeacher(),
    backbone: "resnet14",
    batch: 2,
    epochs: 1,
    stepsPerEpoch: 2,
    baseRate: 0.01,
  });
  return { score: evaluate({ nets, samples: data.validation }) };
});
`;

const program = `import { openNetwork, train } from "@crossview/crossview/library";
import experiment from "./experiment.ts";

const hits: string[] = [];
const run = await train(experiment, {
  onEvent(event) {
    if (event.type === "hit") hits.push(event.node);
  },
});
await using network = await openNetwork(run.weights["last"]!);
const image = { width: 40, height: 24, data: new Uint8Array(40 * 24 * 3) };
const { labels } = await network.predict(image);
console.log(JSON.stringify({ ran: run.ran, hits, labels: labels.length, classes: network.classes.names.length }));
`;

/** Compiler options of a user who checks everything. */
const strictest = {
  lib: ["deno.window", "dom", "dom.iterable"],
  skipLibCheck: false,
  erasableSyntaxOnly: true,
  exactOptionalPropertyTypes: true,
  noFallthroughCasesInSwitch: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
};

/** What every export needs a written type for. */
const isolated = `import { load, type Pipeline, pipeline } from "@crossview/crossview";

const experiment: Pipeline = pipeline("mine", () => load({ dataset: "shapes" }));
export default experiment;
`;

/** A home with Deno's cache of packages from npm, and nothing else. */
class Home {
  readonly env: Record<string, string>;

  constructor(readonly folder: string) {
    const [, packages] = /^(.*[/\\]npm[/\\]registry\.npmjs\.org)[/\\]/.exec(
      fileURLToPath(import.meta.resolve("zod")),
    )!;
    const deno = join(folder, "deno");
    linkTree(packages!, join(deno, "npm", "registry.npmjs.org"));
    this.env = { DENO_DIR: deno, HOME: folder, NO_COLOR: "1" };
  }

  /** Runs a program in a folder, and gives what it printed. */
  async run(cwd: string, program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd, env: this.env }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.equal(code, 0, `${[program, ...args].join(" ")}\n${text(stdout)}${text(stderr)}`);
    return text(stdout);
  }
}

/** The same files in another folder. */
function linkTree(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) linkTree(source, target);
    else {
      try {
        Deno.linkSync(source, target);
      } catch { // Another file system.
        Deno.copyFileSync(source, target);
      }
    }
  }
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  Deno.mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(folder, name), text);
}

Deno.test("the package holds what runs, and no test", async (t) => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-" }));
  const path = join(folder, "package.tgz");
  try {
    const packed = await pack(path);
    await t.step(
      "JavaScript, declarations, shaders: no test, no TypeScript, no picture of the documents",
      () => {
        const wrong = [...packed.keys()].filter((name) =>
          /(?<!\.d)\.ts$|\.png$|_test\.|^package\/(tests|results|tools)\//.test(name)
        );
        assert.deepEqual(wrong, []);
        assert.ok(packed.has("package/kernels/ops/update/sgd.wgsl") && packed.has("package/mod.d.ts"));
        assert.ok(Deno.statSync(path).size < 1_500_000);
      },
    );
    await t.step("packed again, it has the same bytes", async () => {
      await pack(join(folder, "again.tgz"));
      assert.deepEqual(Deno.readFileSync(join(folder, "again.tgz")), Deno.readFileSync(path));
    });
    const tarball = Deno.readFileSync(path);
    const manifest = JSON.parse(
      new TextDecoder().decode(readTar(gunzipSync(tarball)).get("package/package.json")),
    );
    await using registry = serveNpm(manifest, tarball);
    const home = new Home(join(folder, "home")), project = join(folder, "project");
    const fixture = new URL("../cli/fixtures/mean_teacher.ts", import.meta.url);
    const files = {
      "experiment.ts": experiment,
      "mean_teacher.ts": Deno.readTextFileSync(fixture),
      "program.ts": program,
      ".npmrc": registry.npmrc,
    };
    write(project, { ...files, "deno.json": JSON.stringify({ compilerOptions: strictest }) });
    write(home.folder, { ".npmrc": registry.npmrc });
    const command = (...args: string[]) =>
      home.run(project, Deno.execPath(), "run", ...permissions, manifest.name + "/cli", ...args);
    await home.run(project, Deno.execPath(), "add", `npm:${manifest.name}`, "npm:zod@4.6.7");

    await t.step("types fit the strictest compiler options", async () => {
      await home.run(project, Deno.execPath(), "check", "experiment.ts", "program.ts");
      const { imports } = JSON.parse(Deno.readTextFileSync(join(project, "deno.json")));
      const config = JSON.stringify({ imports, compilerOptions: { isolatedDeclarations: true } });
      write(project, { "isolated.ts": isolated, "isolated.json": config });
      await home.run(project, Deno.execPath(), "check", "--config", "isolated.json", "isolated.ts");
    });
    await t.step("an experiment and a method of one's own train, and the cache is found again", async () => {
      const first = await command("train", "./experiment.ts");
      assert.match(first, /step 2\/2[^]*done in .*; 4 stages ran/);
      assert.match(await command("train", "./experiment.ts"), /; nothing had to run; see runs/);
    });
    const nodes = (text: string) => (JSON.parse(text) as Plan).nodes;
    const planned = nodes(await command("plan", "./experiment.ts", "--json"));
    assert.ok(planned.every(({ state }) => state === "hit"));
    await t.step("keys cover the method, and what it and the stages use of the package", () => {
      const training = planned.find(({ id }) => id === "co-train")!;
      assert.ok("code.also:mean_teacher.ts" in training.parts && "code.npm:zod" in training.parts);
      const modules = Object.keys(training.modules ?? {});
      assert.ok(modules.includes("stages/methods/parts.js") && modules.includes("mean_teacher.ts"));
      assert.ok(!JSON.stringify(planned).includes(folder));
    });
    await t.step("as a library, in the same folder: nothing runs again, and the network labels", async () => {
      const said = await home.run(project, Deno.execPath(), "run", ...permissions, "program.ts");
      const { ran, hits, labels, classes } = JSON.parse(said.trim().split("\n").at(-1)!);
      assert.deepEqual([ran, hits.length, labels, classes], [0, 4, 40 * 24, 7]);
    });
    await t.step("the network is written as a page, with the script of the clone", async () => {
      assert.match(await command("export", "page", "latest", "-o", "predict.html"), / → .*predict\.html/);
      const page = Deno.readTextFileSync(join(project, "predict.html"));
      assert.ok(page.includes(client.script) && page.includes(client.style));
    });
    const root = join(folder, "installed"), bare = join(folder, "bare");
    const crossview = join(root, "bin", Deno.build.os === "windows" ? "crossview.cmd" : "crossview");
    await t.step(
      "installed for the whole machine, it has the same keys, in a folder without deno.json",
      async () => {
        const to = ["--global", "--root", root, ...permissions];
        await home.run(home.folder, Deno.execPath(), "install", ...to, `npm:${manifest.name}`);
        write(bare, files);
        assert.equal((await home.run(bare, crossview, "--version")).trim(), manifest.version);
        const again = nodes(await home.run(bare, crossview, "plan", "./experiment.ts", "--json"));
        assert.deepEqual(again.map(({ parts }) => parts.code), planned.map(({ parts }) => parts.code));
        assert.equal(again[0]!.key, planned[0]!.key);
        // A method's code is a part of its own.
        for (const { id, parts } of again) {
          const before = planned.find((node) => node.id === id)!.parts;
          for (const name of Object.keys(parts).filter((name) => name.startsWith("code."))) {
            assert.deepEqual([name, parts[name]], [name, before[name]]);
          }
        }
        assert.ok(dirname(crossview) !== project);
      },
    );
    await t.step("its experiments are jobs of Snakemake", async () => {
      if (lacksSnakemake !== undefined) return skip(lacksSnakemake);
      await home.run(bare, crossview, "export", "snakemake", "./experiment.ts");
      const path = [join(root, "bin"), Deno.env.get("PATH")].join(delimiter);
      const { code, said } = await snakemake(bare, ["--cores", "1"], { ...home.env, PATH: path });
      assert.equal(code, 0, said);
      assert.match(
        await home.run(bare, crossview, "train", "./experiment.ts"),
        /; nothing had to run; see runs/,
      );
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the clone, named by its path, has no type error under compiler options of a folder's own", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const { name, exports, imports } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
    const own = Object.entries<string>(exports).map(([at, path]) => [name + at.slice(1), join(root, path)]);
    // Of the clone's own code these want other words, and not other types.
    const { erasableSyntaxOnly: _, noPropertyAccessFromIndexSignature: __, ...options } = strictest;
    for (const compilerOptions of [{}, options]) {
      write(folder, {
        "deno.json": JSON.stringify({ imports: { ...imports, ...Object.fromEntries(own) }, compilerOptions }),
        "experiment.ts": isolated,
        "program.ts": program,
      });
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "experiment.ts", "program.ts"],
        cwd: folder,
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
