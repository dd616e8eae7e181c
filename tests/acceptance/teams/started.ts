/** Command lines that several processes run together, and what they leave. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../../pipeline/mod.ts";
import { projectRoot } from "../../../runtime/host/place.ts";
import { mpiEnvironment } from "../../runtime/team/implementations.ts";

/** How the project's tasks start a command. */
export const task = (root: string) => [
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

/** How a command line ended. */
export interface Ended {
  readonly code: number;
  readonly text: string;
  readonly seconds: number;
}

/** A command line that runs, and what it says so far. */
export class Started {
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
export class Folder {
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
export async function trained(line: readonly string[]): Promise<string> {
  const folder = new Folder();
  try {
    const { code, text } = await new Started([...line, ...folder.options]).end();
    assert.equal(code, 0, text);
    return folder.weights();
  } finally {
    folder.remove();
  }
}

/** Kills a process that follows, of those whose cache lies in a folder, without a word. */
export async function killOne(folder: string): Promise<void> {
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
