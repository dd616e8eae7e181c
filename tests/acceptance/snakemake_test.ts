/** Trainings as jobs of Snakemake: one is killed, and all ends with the bytes of what would have been typed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { storedRuns } from "../../cli/runs/stored_runs.ts";
import { runTask } from "../support/command.ts";
import { lacksSnakemake, startSnakemake } from "../support/engines/snakemake.ts";
import { testUnless } from "../support/skip.ts";

const experiment = [
  "shapes-12",
  "--methods",
  "supervised,ccvc",
  "--seeds",
  "0,1",
  "--set",
  "co-train.epochs=6",
];

testUnless(
  lacksSnakemake,
  "four trainings, two at a time, one of them killed after its first checkpoint, are those of compare to the byte",
  async () => {
    const folder = await Deno.makeTempDir();
    const places = (name: string) => ["--cache", join(folder, name), "--runs", join(folder, `runs-${name}`)];
    try {
      const out = join(folder, "Snakefile");
      const exported = await runTask(
        "export",
        "snakemake",
        ...experiment,
        ...places("jobs-cache"),
        "-o",
        out,
      );
      assert.equal(exported.code, 0, exported.stderr);
      const running = startSnakemake(folder, ["--cores", "2", "--restart-times", "1"]);
      const ended = running.output();
      await killOne(folder, 1).catch(async (error) => {
        running.kill("SIGTERM");
        await ended;
        throw error;
      });
      const { code, stderr } = await ended, said = new TextDecoder().decode(stderr);
      assert.equal(code, 0, said);
      assert.match(said, /Trying to restart job/);
      const logs = Deno.readDirSync(join(folder, "jobs")).filter(({ name }) =>
        /^co-train-.*\.log$/.test(name)
      )
        .map(({ name }) => Deno.readTextFileSync(join(folder, "jobs", name)));
      const resumed = [...logs].flatMap((text) =>
        /^.*goes on from the checkpoint of step.*$/m.exec(text)?.[0] ?? []
      );
      console.log(resumed.join("\n"));
      assert.equal(resumed.length, 1);
      const typed = await runTask("compare", ...experiment, ...places("typed-cache"));
      assert.equal(typed.code, 0, typed.stderr);
      const [made, wanted] = [resultsOf(join(folder, "jobs-cache")), resultsOf(join(folder, "typed-cache"))];
      console.log(`${wanted.length} results`);
      assert.equal(wanted.length, 14);
      assert.deepEqual(made, wanted);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** Kills CCVC's training of a seed with all its processes, once it has written a checkpoint. */
async function killOne(folder: string, seed: number): Promise<void> {
  const isSaved = async () =>
    (await storedRuns(join(folder, "runs-jobs-cache"))).some((run) =>
      run.until === "co-train" && run.seed === seed && run.method !== "supervised" &&
      /"kind":"checkpoint"/.test(Deno.readTextFileSync(join(run.path, "events.jsonl")))
    );
  for (let at = 0; !await isSaved(); at++) {
    assert.ok(at < 1500, "no checkpoint came in five minutes");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const pattern = `--methods ccvc --seeds ${seed} .*${folder}/.*--until co-train`;
  const found = await new Deno.Command("pgrep", { args: ["-f", "--", pattern] }).output();
  const pids = new TextDecoder().decode(found.stdout).trim().split("\n").map(Number);
  assert.ok(pids.length >= 3, "the shell, the launcher and the command");
  for (const pid of pids) Deno.kill(pid, "SIGKILL");
}

/** What a cache holds, by key. */
function resultsOf(cache: string): string[] {
  return Deno.readDirSync(join(cache, "ac")).map(({ name }) => {
    const { key, stage, outputs } = JSON.parse(Deno.readTextFileSync(join(cache, "ac", name)));
    return JSON.stringify({ key, stage, outputs });
  }).toArray().sort();
}
