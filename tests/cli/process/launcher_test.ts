/** The launcher beside its command: signals, its own death, and exit statuses. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runForOutput } from "../../../runtime/host/programs.ts";
import { fixture, type Place, placeTest } from "../support.ts";
import { lacksSignals } from "../../support/skip.ts";

const tiny = fixture("tiny");
const hanging = ["train", tiny, "--set", "co-train.hang=true"];

/**
 * Reads until a text appears; what follows is read and dropped, so that the writer is not held up.
 *
 * @returns What ends with the last process that could write there: one whose starter was killed is waited for by it alone.
 */
async function until(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  text: string,
): Promise<{ readonly end: Promise<void> }> {
  let seen = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  while (!seen.includes(text)) {
    const { value, done } = await reader.read();
    if (done) assert.fail(`"${text}" is not in: ${seen}`);
    seen += value;
  }
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  return { end: drain() };
}

/** How the place's only run ended, once it has. */
async function endOfRun(place: Place): Promise<string> {
  for (const started = performance.now(); performance.now() - started < 20_000;) {
    const [file] = place.files().filter((path) => path.endsWith("run.json"));
    const { state } = file === undefined ? { state: "running" } : JSON.parse(
      await Deno.readTextFile(join(place.runs, file)),
    );
    if (state !== "running") return state;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return "running for 20 s more";
}

placeTest(
  "SIGINT and SIGTERM to the launcher alone reach the command, with a remote cache, too",
  async (place) => {
    const remotes: Record<string, string>[] = [{}, { CROSSVIEW_REMOTE_CACHE: "http://127.0.0.1:9/none" }];
    for (const [i, signal] of (["SIGTERM", "SIGINT"] as const).entries()) {
      const child = place.spawn(hanging, remotes[i]);
      const notes = new Response(child.stderr).text();
      await until(child.stdout, "epoch 2/2");
      child.kill(signal);
      assert.equal((await child.status).code, 130);
      assert.match(await notes, /interrupted.*Run the same command again to go on/);
    }
    assert.equal(await endOfRun(place), "interrupted");
  },
  lacksSignals,
);

for (const killed of ["launcher", "task"] as const) {
  placeTest(`a command whose ${killed} is killed stops as if it had been told to`, async (place) => {
    const task = ["sh", "-c", '"$@"; exit', "task"];
    const child = place.spawn(hanging, { INIT_CWD: place.folder }, killed === "task" ? task : []);
    void child.stderr.pipeTo(new WritableStream()).catch(() => {});
    const { end } = await until(child.stdout, "epoch 2/2");
    child.kill("SIGKILL");
    await end;
    assert.equal(await endOfRun(place), "interrupted");
  }, lacksSignals);
}

/** Programs that start a session of processes, and signal all of it. */
const ofSessions = [["setsid", "--version"], ["kill", "-l"]] as const;
const missing = await Promise.all(
  ofSessions.map(async ([program, argument]) =>
    await runForOutput(program, [argument]) === undefined ? [program] : []
  ),
);
const lacksSession = Deno.build.os !== "linux"
  ? "sessions are tested on Linux"
  : missing.flat().length > 0
  ? `there is no ${missing.flat().join(" and no ")}`
  : undefined;

placeTest(
  "Ctrl-C, which the terminal sends to both processes, counts once; the second one ends at once",
  async (place) => {
    const child = place.spawn(["train", fixture("stubborn")], {}, ["setsid"]);
    await until(child.stdout, "step 1/2");
    const group = String(child.pid);
    assert.match(group, /^[1-9]\d+$/);
    // A task hands on to its process what the terminal has sent to all.
    const press = () => {
      new Deno.Command("kill", { args: ["-s", "INT", "--", `-${group}`] }).outputSync();
      child.kill("SIGINT");
    };
    let over = false;
    const status = child.status.finally(() => over = true);
    press();
    await until(child.stderr, "Press Ctrl-C again to stop at once");
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(over, false);
    const started = performance.now();
    press();
    assert.equal((await status).code, 130);
    assert.ok(performance.now() - started < 10_000);
  },
  lacksSession,
);

placeTest(
  "a command that hears nothing is killed after the second signal; statuses are the command's own",
  async (place) => {
    const path = join(place.folder, "deaf.ts");
    await Deno.writeTextFile(path, `console.log("deaf"); while (true);`);
    const child = place.spawn(["plan", path]);
    void child.stderr.pipeTo(new WritableStream());
    await until(child.stdout, "deaf");
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 600));
    child.kill("SIGINT");
    assert.equal((await child.status).code, 130);
    await Deno.writeTextFile(path, `Deno.exit(77);`);
    assert.equal((await place.process(["plan", path])).status, 77);
  },
  lacksSignals,
);
