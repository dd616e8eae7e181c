/** Starts a fuzzing process and watches it from outside: its death, its standstill, its peak memory. @module */
import { fileURLToPath } from "node:url";
import { outputOf } from "../../runtime/host/environment.ts";
import type { Tally } from "./fuzz.ts";

/** Most memory that a process which reads one hostile file after another may ever have held, bytes. */
export const mostMemory = 512 * 2 ** 20;
/** Seconds without a sign of life after which a process is taken to hang; its own clock is finer, and of processor time. */
const standstill = 30;

/** What a process did. */
export interface Watched extends Tally {
  /** Peak of its resident memory, bytes; undefined where the system does not say. */
  readonly memory: number | undefined;
}

/**
 * Fuzzes a reader in a process of its own.
 * @throws {Error} If the process dies, hangs or takes too much memory; the message names the input.
 */
export async function watch(reader: string, seed: number, from: number, count: number): Promise<Watched> {
  const project = fileURLToPath(new URL("../../", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--allow-read=${project},${await cacheOfDeno()}`,
      // The YAML library asks for these when it is loaded.
      "--allow-env=LOG_TOKENS,LOG_STREAM",
      `${project}tests/fuzz/child.ts`,
      reader,
      ...[seed, from, count].map(String),
    ],
    cwd: project,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaint = new Response(child.stderr).text();
  let last = "none", tally: Tally | undefined, memory: number | undefined, hung = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, standstill * 1000);
  };
  alive();
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    alive();
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    if (lines.length === 0) continue;
    if (lines.at(-1)!.startsWith("{")) {
      tally = JSON.parse(lines.at(-1)!);
      memory = await peakMemory(child.pid);
      await child.stdin.close();
    } else last = lines.at(-1)!;
  }
  clearTimeout(timer);
  const { code, signal } = await child.status;
  if (tally === undefined) {
    await child.stdin.close().catch(() => {});
    const end = hung ? `stood still for ${standstill} s` : `ended with ${signal ?? code}`;
    throw new Error(`The ${reader} reader ${end} at input ${last} of seed ${seed}\n${await complaint}`);
  }
  const found = [...tally.wrong];
  if (memory !== undefined && memory > mostMemory) {
    found.push(
      `${(memory / 2 ** 20).toFixed(0)} MiB of memory at the peak of inputs ${from} to ${from + count - 1}`,
    );
  }
  return { ...tally, wrong: found, memory };
}

/** Most memory that a process has held so far, bytes; undefined where the system does not say. */
export async function peakMemory(pid: number): Promise<number | undefined> {
  const line = await outputOf("grep", ["VmHWM", `/proc/${pid}/status`]);
  const kibibytes = /(\d+) kB/.exec(line ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

let found: Promise<string> | undefined;

/** The folder where Deno keeps packages: the decoders' WebAssembly lies there. */
function cacheOfDeno(): Promise<string> {
  return found ??= outputOf(Deno.execPath(), ["info", "--json"]).then((text) =>
    JSON.parse(text ?? "{}").denoDir ?? ""
  );
}
