/** Commands run in this process or in one of their own, in folders that a test owns. @module */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "../../cli/program.ts";
import { permissionsOf } from "../../cli/process/permissions.ts";
import { collectingTerminal } from "../../cli/terminal/terminal.ts";
import { testUnless } from "../support/skip.ts";

/** Path of a fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url));
}

/** What a command did. */
export interface Outcome {
  readonly status: number;
  /** Lines of stdout. */
  readonly out: readonly string[];
  /** Lines of stderr, as one text. */
  readonly notes: string;
}

/** A folder for cache and runs. */
export class Place {
  /** @param folder Absolute path. */
  constructor(readonly folder: string) {}

  /** Folder of the cache. */
  get cache(): string {
    return join(this.folder, "cache");
  }

  /** Folder of the runs. */
  get runs(): string {
    return join(this.folder, "runs");
  }

  /** Runs a command in this process; `train`, `compare` and such get the place's cache and runs. */
  async command(...args: string[]): Promise<Outcome> {
    const terminal = collectingTerminal();
    const status = await main([...args, ...this.#folders(args)], terminal);
    return {
      status,
      out: terminal.printed.flatMap((text) => text.split("\n")),
      notes: terminal.noted.join("\n"),
    };
  }

  /**
   * Starts a command as a task does, in processes of its own.
   *
   * @param behind A program that starts it, with arguments.
   */
  spawn(
    args: readonly string[],
    env: Record<string, string> = {},
    behind: readonly string[] = [],
  ): Deno.ChildProcess {
    const program = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
    const words = [
      Deno.execPath(),
      "run",
      ...permissionsOf(args[0]),
      program,
      ...args,
      ...this.#folders(args),
    ];
    const [first, ...rest] = [...behind, ...words];
    return new Deno.Command(first!, {
      args: rest,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs a command in a process of its own. */
  async process(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
    const { code, stdout, stderr } = await this.spawn(args, env).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
    return { status: code, out: text(stdout).split("\n"), notes: text(stderr) };
  }

  #folders(args: readonly string[]): string[] {
    const [command, second] = args as [string, string?];
    const isExport = second === "snakemake";
    const runs = isExport || ["train", "compare", "runs"].includes(command) ? ["--runs", this.runs] : [];
    const cached = isExport || ["train", "compare", "plan", "why", "dag"].includes(command) ||
      second === "export";
    return args.includes("--help") ? [] : [...runs, ...(cached ? ["--cache", this.cache] : [])];
  }

  /** Paths of all files of a folder, sorted; none if it is not there. */
  files(folder: string = this.runs): string[] {
    const found: string[] = [];
    const walk = (at: string, prefix: string) => {
      for (const entry of Deno.readDirSync(at)) {
        const name = `${prefix}${entry.name}`;
        if (entry.isDirectory) walk(join(at, entry.name), `${name}/`);
        else found.push(name);
      }
    };
    try {
      walk(folder, "");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort();
  }

  /** Whether anything is at a path. */
  has(path: string): boolean {
    try {
      Deno.lstatSync(path);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * A test with a place of its own, removed afterwards.
 * @param lacks What it needs and this machine has not: it is ignored then, and its name says why.
 */
export function placeTest(name: string, body: (place: Place) => Promise<void>, lacks?: string): void {
  testUnless(lacks, name, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-" }));
    try {
      await body(new Place(folder));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
