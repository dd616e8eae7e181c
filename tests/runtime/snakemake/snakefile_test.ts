import assert from "node:assert/strict";
import { UserError } from "../../../pipeline/mod.ts";
import type { ExperimentJob, StageJob } from "../../../runtime/snakemake/jobs.ts";
import { snakefile, type Workflow } from "../../../runtime/snakemake/snakefile.ts";

const load: StageJob = {
  name: "load-0123456789ab",
  command: ["train", "x", "--until", "load"],
  after: [],
  key: "ab".repeat(32),
  usesGpu: false,
  deviceBytes: undefined,
};
const training: StageJob = {
  name: "co-train-ba9876543210",
  command: ["train", "x", "--set", 'load.root=/a {b}/it\'s $HOME `id` "q" \\ ü', "--until", "co-train"],
  after: [load.name],
  key: undefined,
  usesGpu: true,
  deviceBytes: 50_300_001,
};
const experiment: ExperimentJob = {
  name: "2-rounds-000000000000",
  command: ["train", "x"],
  after: [load.name, training.name],
};
const workflow: Workflow = {
  stages: [load, training],
  experiments: [experiment],
  program: ["deno", "task"],
  folder: "/my project",
  adapter: "Card\nof ours",
};

Deno.test("a rule a job: after whom, what it makes, what it takes, and its command", () => {
  const text = snakefile(workflow);
  assert.ok(text.includes(`
rule all:
    input:
        "jobs/2-rounds-000000000000.done",


rule load_0123456789ab:
    # key ${"ab".repeat(32)}
    output:
        touch("jobs/load-0123456789ab.done"),
    log:
        "jobs/load-0123456789ab.log",
    resources:
        gpu=0,
    shell:
        "(cd '/my project' && deno task train x --until load) > {log} 2>&1"


rule co_train_ba9876543210:
    input:
        "jobs/load-0123456789ab.done",
    output:
        touch("jobs/co-train-ba9876543210.done"),
    log:
        "jobs/co-train-ba9876543210.log",
    resources:
        gpu=1,
        mem_mb=1051,
    shell:
`));
  assert.ok(text.includes(`

rule _2_rounds_000000000000:
    input:
        "jobs/load-0123456789ab.done",
        "jobs/co-train-ba9876543210.done",
    output:
        touch("jobs/2-rounds-000000000000.done"),
`));
  assert.match(text, /as planned on Card of ours, and/);
  assert.match(snakefile({ ...workflow, adapter: undefined }), /mem_mb is left out/);
});

Deno.test("braces are doubled for Snakemake, quotes and backslashes kept from Python, the rest from the shell", () => {
  const line = snakefile(workflow).split("\n").find((line) => line.includes("it's") || line.includes("it'"))!;
  const shell = JSON.parse(line.trim()) as string;
  assert.equal(
    shell,
    "(cd '/my project' && deno task train x --set 'load.root=/a {{b}}/it'\\''s $HOME `id` \"q\" \\ ü' --until co-train) " +
      "> {log} 2>&1",
  );
});

Deno.test("what no line can hold is refused", () => {
  for (const word of ["load.root=a\nb", "x\0", "\u001b[0m", "\ud800"]) {
    const named = { ...workflow, experiments: [{ ...experiment, command: ["train", word] }] };
    assert.throws(
      () => snakefile(named),
      (error) =>
        error instanceof UserError && /^Cannot write ".*" into a Snakefile: it holds /.test(error.message),
      JSON.stringify(word),
    );
  }
  assert.throws(() => snakefile({ ...workflow, folder: "/a\nb" }), UserError);
});
