import assert from "node:assert/strict";
import { join } from "node:path";
import { lacksSnakemake, snakemake } from "../../support/engines/snakemake.ts";
import { fixture, Place, placeTest } from "../support.ts";

const tiny = fixture("tiny");

/** The rules of a Snakefile, as what each makes; and the commands by that. */
function rulesOf(text: string): Map<string, { readonly after: string[]; readonly command: string }> {
  return new Map(
    text.split("\nrule ").slice(1).map((rule) => {
      const [name] = rule.split(":");
      const input = /\n {4}input:\n([^]*?)\n {4}output:/.exec(rule)?.[1] ?? "";
      const after = [...input.matchAll(/"jobs\/(.*)\.done"/g)].map((match) => match[1]!.replaceAll("-", "_"));
      const command = /\n {4}shell:\n {8}(.*)/.exec(rule)?.[1] ?? '""';
      return [name!, { after, command: JSON.parse(command) }];
    }),
  );
}

placeTest(
  "export snakemake writes a rule for each result that is missing, and one for the whole",
  async (place) => {
    const out = join(place.folder, "new", "Snakefile");
    const written = await place.command(
      ...["export", "snakemake", tiny, "--seeds", "0..1", "--set", "load.root=here", "-o", out],
    );
    assert.equal(written.status, 0, written.notes);
    assert.equal(written.out.at(-1), `8 jobs, 7 of stages → ${out}`);
    const rules = rulesOf(await Deno.readTextFile(out));
    const names = [...rules.keys()].map((name) => name.replace(/_[0-9a-f]{12}$/, ""));
    const stages = ["co_train", "evaluate", "pseudo_label"];
    assert.deepEqual(names.sort(), ["all", ...stages, ...stages, "load", "tiny"].sort());
    const common = `--set load.root=${join(Deno.cwd(), "here")} --cache ${place.cache} --runs ${place.runs}`;
    const commands = [...rules.values()].map(({ command }) => command);
    const line = (words: string) => `(cd ${Deno.cwd()} && deno task train ${tiny} ${words}) > {log} 2>&1`;
    assert.ok(commands.includes(line(`--seeds 0 ${common} --until load`)), commands.join("\n"));
    assert.ok(commands.includes(line(`--seeds 1 ${common} --until co-train`)));
    assert.ok(commands.includes(line(`--seeds 0,1 ${common}`)));
    const load = [...rules.keys()].find((name) => name.startsWith("load_"))!;
    assert.equal([...rules].filter(([, { after }]) => after.join() === load).length, 2, "both trainings");
    assert.equal(place.has(join(place.cache, "ac")), false);
    assert.deepEqual(place.files(), []);
  },
);

placeTest(
  "methods are compared, choices of a sweep trained; what is cached needs no rule; - is stdout",
  async (place) => {
    const exported = async (...args: string[]) => {
      const { status, out, notes } = await place.command("export", "snakemake", tiny, ...args, "-o", "-");
      assert.equal(status, 0, notes);
      return rulesOf(out.join("\n"));
    };
    const compared = await exported("--methods", "supervised,ccvc", "--seeds", "0");
    const commands = [...compared.values()].map(({ command }) => command);
    assert.equal(compared.size, 9);
    assert.ok(
      commands.some((line) => / compare \S+ --methods ccvc --seeds 0 .*--until co-train\)/.test(line)),
    );
    assert.ok(
      commands.some((line) => / compare \S+ --methods supervised,ccvc --seeds 0 --cache /.test(line)),
    );
    const swept = await exported("--sweep", "load.value=1,2", "--sweep", "co-train.epochs=2,3");
    assert.equal([...swept.keys()].filter((name) => name.startsWith("load_")).length, 2);
    assert.equal([...swept.keys()].filter((name) => name.startsWith("co_train_")).length, 4);
    assert.ok(
      [...swept.values()].some(({ command }) =>
        / --sweep load\.value=1,2 --sweep co-train\.epochs=2,3 --cache /.test(command)
      ),
    );
    const several = await exported(fixture("bare"), fixture("bare"));
    const wholes = [...several].filter(([name, { command }]) =>
      name !== "all" && !command.includes("--until")
    );
    assert.deepEqual(wholes.map(([name]) => name.replace(/_[0-9a-f]{12}$/, "")), ["tiny", "bare"]);
    await place.command("train", tiny);
    const rest = await exported("--seeds", "0,1");
    const left = [...rest.keys()].map((name) => name.replace(/_[0-9a-f]{12}$/, ""));
    assert.deepEqual(left.sort(), ["all", "co_train", "evaluate", "pseudo_label", "tiny"]);
    const [training] = [...rest].find(([name]) => name.startsWith("co_train"))!;
    assert.deepEqual(rest.get(training)!.after, []);
  },
);

placeTest(
  "the memory of a training is that of plan --memory; without an adapter it is left out, and said",
  async (place) => {
    const planned = await place.command("plan", "shapes-12", "--memory", "--json");
    const [{ memory }] = JSON.parse(planned.out[0]!).trainings;
    const exported = await place.command("export", "snakemake", "shapes-12", "-o", "-");
    const text = exported.out.join("\n");
    const resources = [...text.matchAll(/rule (\w+)_[0-9a-f]{12}:[^]*? {4}resources:\n([^]*?) {4}shell:/g)]
      .map(([, name, lines]) => [name, lines!.replaceAll(/\s+/g, " ").trim()]);
    assert.deepEqual(Object.fromEntries(resources), {
      load: "gpu=0,",
      augment: "gpu=0,",
      co_train: `gpu=1, mem_mb=${Math.ceil(memory.peakBytes / 1e6) + 1000},`,
      pseudo_label: "gpu=1,",
      evaluate: "gpu=1,",
      shapes_12: "gpu=0,",
    });
    assert.match(text, /mem_mb: what a training will hold on the device, as planned on .+, and$/m);
    const without = { VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere", CROSSVIEW_INSTALL: "0" };
    const bare = await place.process(["export", "snakemake", "shapes-12", "-o", "-"], without);
    assert.equal(bare.status, 0, bare.notes);
    assert.match(bare.notes, /does not say what memory "shapes-12" takes: Cannot open a GPU/);
    assert.match(bare.out.join("\n"), /mem_mb is left out/);
    assert.doesNotMatch(bare.out.join("\n"), /mem_mb=/);
  },
);

placeTest("export snakemake refuses, with the way out, and writes nothing", async (place) => {
  const at = (name: string) => join(place.folder, name);
  await Deno.mkdir(at("folder"));
  await Deno.writeTextFile(at("there"), "mine");
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [[tiny, "-o", at("folder")], 1, /Cannot write ".*folder": it is a folder\. Name another file\.$/],
    [[tiny, "-o", at("there")], 1, /Cannot write ".*there": it exists\. Name another file, or remove it\.$/],
    [["shapes12"], 2, /Unknown experiment "shapes12"\. Did you mean "shapes-12"\?/],
    [[tiny, "shapes12"], 2, /Unknown experiment "shapes12"/],
    [[tiny, "--methods", "supervisd"], 2, /Unknown method "supervisd"\. Did you mean "supervised"\?/],
    [[tiny, "--methods", ","], 2, /Cannot compare no methods/],
    [
      [tiny, "--methods", "ccvc", "--sweep", "load.value=1,2"],
      2,
      /Cannot take --methods and --sweep together/,
    ],
    [[tiny, "--seeds", "2..0"], 2, /Cannot read "--seeds 2\.\.0"/],
    [[tiny, "--set", "load.valu=1"], 2, /Did you mean/],
    [
      [tiny, "--set", "load.root=a\nb"],
      1,
      /Cannot write "load\.root=.*a\\nb" into a Snakefile: it holds a line break/,
    ],
    [[tiny, "-o", " "], 2, /Cannot take "" as a path/],
  ];
  for (const [args, status, message] of cases) {
    const out = args.includes("-o") ? [] : ["-o", at("new")];
    const found = await place.command("export", "snakemake", ...args, ...out);
    assert.match(found.notes, message);
    assert.equal(found.status, status, found.notes);
    assert.doesNotMatch(found.notes, /\n\s+at /);
  }
  assert.equal(place.has(at("new")), false);
  assert.equal(await Deno.readTextFile(at("there")), "mine");
});

placeTest(
  "Snakemake runs it, from folders with hostile names, and what was typed would have made the same",
  async (place) => {
    const folder = join(place.folder, `it's {a} "b" $HOME \`id\` ü; \\ & {{c}}`);
    await Deno.mkdir(folder);
    const hostile = new Place(folder), experiment = join(folder, "own {input}.ts");
    const text = await Deno.readTextFile(tiny);
    await Deno.writeTextFile(
      experiment,
      text.replaceAll(
        /"\.\.\/\.\.\/\.\.\/(.*)"/g,
        (_, path) => `"${new URL(`../../../${path}`, import.meta.url)}"`,
      ),
    );
    const common = [
      experiment,
      "--methods",
      "supervised,ccvc",
      "--seeds",
      "1",
      "--set",
      "load.root={log} $x '\" \\n",
    ];
    const out = join(folder, "Snakefile");
    const written = await hostile.command("export", "snakemake", ...common, "-o", out);
    assert.equal(written.status, 0, written.notes);
    const { code, said } = await snakemake(folder, ["--cores", "2"]);
    assert.equal(code, 0, said);
    const typed = new Place(join(place.folder, "typed"));
    assert.equal((await typed.command("compare", ...common)).status, 0);
    assert.deepEqual(blobsOf(hostile), blobsOf(typed));
    assert.equal(blobsOf(typed).length > 5, true);
    const whole = hostile.files(folder).filter((path) => /jobs\/tiny-.*\.log/.test(path));
    assert.match(await Deno.readTextFile(join(folder, whole[0]!)), /\nsupervised +average +42\.00/);
    const again = await snakemake(folder, ["--cores", "2"]);
    assert.match(again.said, /Nothing to be done/);
  },
  lacksSnakemake,
);

/** Digests of all results in a place's cache, but of what is recorded beside them. */
function blobsOf(place: Place): string[] {
  return Deno.readDirSync(join(place.cache, "ac")).toArray().map(({ name }) => {
    const { key, outputs } = JSON.parse(Deno.readTextFileSync(join(place.cache, "ac", name)));
    return JSON.stringify({ key, outputs });
  }).sort();
}
