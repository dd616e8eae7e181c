/** Trainings that several processes share: the bytes of one process, faults that end all of them, and going on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { projectRoot } from "../../runtime/host/place.ts";
import { sha256 } from "../../pipeline/mod.ts";
import { implementations, mpiEnvironment } from "../runtime/team/implementations.ts";
import { skippedName } from "../support/skip.ts";

/** `shapes-12`, shortened: 30 steps by labels alone, 30 of the method, in four micro-batches each. */
const shortened = [
  "train",
  "shapes-12",
  ...[
    "co-train.epochs=2",
    "co-train.warmUpEpochs=1",
    "co-train.evaluateEvery=1",
    "co-train.batch=8",
    "co-train.accumulate=4",
  ].flatMap((set) => ["--set", set]),
];
const byUnimatch = ["--set", "co-train.method=unimatch"];
const byU2pl = [
  "method=u2pl",
  "method.start=copy",
  "method.features=32",
  "method.firstQueue=200",
  "method.queue=200",
]
  .flatMap((set) => ["--set", `co-train.${set}`]);

/** How the project's tasks start a command. */
const task = (root: string) => [
  ...[
    Deno.execPath(),
    "run",
    "--config",
    join(root, "deno.json"),
    "--no-prompt",
    "--allow-read",
    "--allow-env",
  ],
  ...["--allow-run", "--allow-sys=uid", join(root, "cli/main.ts")],
];

interface Ended {
  readonly code: number;
  readonly text: string;
  readonly seconds: number;
}

/** A command line that runs, and what it says so far. */
class Started {
  readonly #child: Deno.ChildProcess;
  readonly #start = performance.now();
  #text = "";
  readonly #read: Promise<unknown>;

  constructor(line: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [program, ...args] = line as [string, ...string[]];
    this.#child = new Deno.Command(program, {
      args,
      cwd: projectRoot,
      env: { ...mpiEnvironment, ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = Promise.all([this.#child.stdout, this.#child.stderr].map(async (stream) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#text += text;
    }));
  }

  /** Waits until it has said something. */
  async said(wanted: RegExp): Promise<void> {
    while (!wanted.test(this.#text)) {
      assert.ok(performance.now() - this.#start < 600_000, this.#text);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async end(): Promise<Ended> {
    const { code } = await this.#child.status;
    await this.#read;
    return { code, text: this.#text, seconds: (performance.now() - this.#start) / 1000 };
  }
}

/** Folders of a training, and what is in them at the end. */
class Folder {
  readonly path = Deno.makeTempDirSync({ prefix: "crossview-teams-" });
  get options() {
    return [
      "--cache",
      join(this.path, "cache"),
      "--runs",
      join(this.path, "runs"),
      "--checkpoint-every",
      "1",
    ];
  }

  /** The digest of the last weights of the run that ended well. */
  weights(): string {
    const runs = join(this.path, "runs", "shapes-12");
    const files = [...Deno.readDirSync(runs)].map(({ name }) =>
      join(runs, name, "weights", "last.safetensors")
    );
    const there = files.filter((file) => {
      try {
        return Deno.statSync(file).isFile;
      } catch {
        return false;
      }
    });
    assert.equal(there.length, 1, `${files}`);
    return sha256(Deno.readFileSync(there[0]!));
  }

  remove(): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Trains to the end by so many processes; gives the weights' digest. */
async function trained(line: readonly string[]): Promise<string> {
  const folder = new Folder();
  try {
    const { code, text } = await new Started([...line, ...folder.options]).end();
    assert.equal(code, 0, text);
    return folder.weights();
  } finally {
    folder.remove();
  }
}

const alone = new Map<string, Promise<string>>();
/** The weights' digest of one process. */
function byOne(options: readonly string[]): Promise<string> {
  const key = options.join(" ");
  const found = alone.get(key) ?? trained([...task(projectRoot), ...shortened, ...options]);
  alone.set(key, found);
  return found;
}

for (const { name, lacks, starter } of implementations) {
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({ name: skippedName(`${name}: ${what}`, lacks), ignore: lacks !== undefined, fn });

  test("2 and 4 processes have the bytes of one, by CCVC, by UniMatch, and by a bank", async () => {
    for (const options of [[], byUnimatch, byU2pl]) {
      const wanted = await byOne(options);
      for (const size of options.length === 0 ? [2, 4] : [4]) {
        const found = await trained([...starter(size), ...task(projectRoot), ...shortened, ...options]);
        assert.equal(found, wanted, `${size} processes, ${options.join(" ")}`);
      }
    }
  });

  test("killed in the middle, it goes on in one process, or in two, to the same bytes", async () => {
    for (const size of [1, 2]) {
      const folder = new Folder();
      const team = new Started([...starter(4), ...task(projectRoot), ...shortened, ...folder.options]);
      await team.said(/step [34]\d\/60/);
      // One that follows; whoever has started them ends the others.
      await killOne(folder.path);
      const { code, text } = await team.end();
      assert.notEqual(code, 0, text);
      const again = [...task(projectRoot), ...shortened, ...folder.options];
      const rest = await new Started(size === 1 ? again : [...starter(size), ...again]).end();
      assert.equal(rest.code, 0, rest.text);
      assert.match(rest.text, /goes on|resum/i);
      assert.equal(folder.weights(), await byOne([]));
      folder.remove();
    }
  });

  test("processes that do not divide a step, compute on other adapters or run other code end with one error", async () => {
    const folder = new Folder(), end = [...shortened, ...folder.options];
    const three = await new Started([...starter(3), ...task(projectRoot), ...end]).end();
    assert.notEqual(three.code, 0);
    assert.equal(
      three.text.match(/error: .*/g)?.join(),
      "error: Cannot train in 3 processes: a step has 4 micro-batches (co-train.accumulate), which 3 cannot share equally. " +
        "Set co-train.accumulate to 3 or a multiple of it; the result is that of one process with the same setting",
    );
    assert.ok(three.seconds < 90, `${three.seconds} s`);

    const env = (value: string) => ["env", `CROSSVIEW_SHARING=${value}`];
    const [program, ...flags] = starter(1) as [string, ...string[]];
    const mixed = [program, ...flags, ...env("0"), ...task(projectRoot), ...end, ":"];
    const other = await new Started([
      ...mixed,
      ...starter(1).slice(-2),
      ...env("workgroup"),
      ...task(projectRoot),
      ...end,
    ])
      .end();
    assert.notEqual(other.code, 0);
    assert.match(
      other.text,
      /error: Cannot run in 2 processes: rank 1 computes on .*: their bits would differ/,
    );
    assert.equal(other.text.match(/error: /g)!.length, 1, other.text);

    const clone = join(folder.path, "clone");
    const cloned = await new Deno.Command("git", { args: ["clone", "-q", projectRoot, clone] }).output();
    assert.ok(cloned.success);
    const file = join(clone, "stages/methods/both.ts"), text = Deno.readTextFileSync(file);
    Deno.writeTextFileSync(
      file,
      text.replace("return [make(0, 1), make(1, 0)];", "return [make(0, 1), make(1, 1)];"),
    );
    assert.notEqual(Deno.readTextFileSync(file), text);
    const edited = await new Started([
      ...[program, ...flags, ...task(projectRoot), ...end, ":"],
      ...[...starter(1).slice(-2), ...task(clone), ...end],
    ]).end();
    assert.notEqual(edited.code, 0);
    assert.match(
      edited.text,
      /error: Cannot run stage "co-train" in 2 processes: its code is another on rank 1 .* Give all of them the same version/,
    );
    folder.remove();
  });
}

/** Kills a process that follows, of those whose cache lies in a folder, without a word. */
async function killOne(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const line = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      const rank = /(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)/.exec(
        Deno.readTextFileSync(`/proc/${name}/environ`),
      )?.[1];
      if (!line.includes("program.ts") || !line.includes(folder) || rank !== "2") continue;
      Deno.kill(Number(name), "SIGKILL");
      return;
    } catch { /* it has ended, or is another's */ }
  }
  assert.fail("no process to kill");
}
