/** How a GPU is looked at: what a command line asks for, and the parts of it. */
import { parseOptions } from "./options.ts";

/** What is asked for. */
export interface GpuChoice {
  /** A parity case of one's own, besides the project's. */
  readonly case: string | undefined;
  /** The least of each part: it proves that all of them work, and measures nothing. */
  readonly short: boolean;
  readonly write: boolean;
  readonly json: boolean;
  readonly rounds: number | undefined;
}

/**
 * Reads the options of the bench of a GPU.
 * @throws {RangeError} If there is a mistake in them.
 */
export function readGpuOptions(args: readonly string[]): GpuChoice {
  return parseOptions(args, {
    case: { type: "string" },
    short: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
  }, ({ case: given, short, write, json, rounds }, whole) => {
    if (write && (json || short)) {
      throw new RangeError(
        `Cannot take both "--write" and "--${json ? "json" : "short"}": ` +
          (json ? "tables are written, or JSON is printed" : "the short form measures nothing"),
      );
    }
    return { case: given, short, write, json, rounds: rounds === undefined ? undefined : whole("rounds", 1) };
  });
}

/** A part: a task with its words, and the seconds that it may take. */
export interface GpuPart {
  readonly title: string;
  readonly words: readonly string[];
  readonly limit: number;
  /** What of its output is reported: all that a bench prints, the last lines of another command, or what failed of tests. */
  readonly kept: "tables" | "end" | "failures";
}

/** The seconds in which a GPU is looked at; no part starts later. */
export const BUDGET = 470;
/** What each part of the short form may take, on busy processors. */
const SHORT_LIMIT = 600;

/**
 * The parts, the most important first: whether it is right, then how fast where it matters, then beside others, then whether it
 * learns.
 *
 * @param folder For a cache and runs of its own.
 * @param halves Whether the adapter has f16.
 */
export function gpuParts(
  { case: given, short, rounds }: Pick<GpuChoice, "case" | "short" | "rounds">,
  { folder, halves }: { readonly folder: string; readonly halves: boolean },
): GpuPart[] {
  const part = (title: string, limit: number, kept: GpuPart["kept"], ...words: string[]): GpuPart => ({
    title,
    words,
    kept,
    limit: short ? SHORT_LIMIT : limit,
  });
  const bench = (title: string, limit: number, usual: number, ...words: string[]) =>
    part(title, limit, "tables", "bench", ...words, `--rounds=${rounds ?? (short ? 1 : usual)}`);
  const large = ["--backbone=resnet101", "--crop=512", "--batch=2"];
  const step = short ? ["--backbone=resnet14", "--crop=32", "--batch=2"] : large;
  const cases = ["tests/golden/parity/aug_vote_soft.json", ...(given === undefined ? [] : [given])];
  const places = ["--cache", `${folder}/cache`, "--runs", `${folder}/runs`];
  return [
    part("Adapter", 60, "end", "doctor"),
    part(
      "Kernels against their twins",
      150,
      "failures",
      "test",
      ...(short ? ["tests/kernels/ops/feature/add_test.ts"] : ["tests/kernels", "tests/models"]),
    ),
    ...cases.map((path) => part("Parity with the published method", 45, "end", "parity", path)),
    bench("A training step", 120, 3, "step", ...step),
    bench("Kernels", 40, 3, "kernels", "--filter=reference"),
    bench("Kernels", 30, 3, "kernels", "--filter=reference", "--sharing=0"),
    bench("A training step", 30, 5, "step", "--small"),
    bench(
      "Peers",
      80,
      2,
      "peers",
      ...(short ? ["--only=convolution"] : ["--only=convolution,ccvc", ...large]),
    ),
    ...(halves ? [bench("A training step", 60, 2, "step", ...step, "--precision=f16")] : []),
    part(
      "Does it learn?",
      100,
      "end",
      "train",
      "shapes-12",
      ...places,
      ...(short ? ["--set", "co-train.epochs=1", "--set", "co-train.stepsPerEpoch=2"] : []),
    ),
  ];
}

/** How a part ended. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; undefined where it was stopped at its limit. */
  readonly code: number | undefined;
  readonly seconds: number;
}

/** What is reported of a part: how it ended, and what it said. */
export function described({ limit, kept }: GpuPart, { stdout, stderr, code, seconds }: Outcome): string {
  const took = `${seconds.toFixed(1)} s`;
  const ended = code === 0
    ? `Done in ${took}.`
    : code === undefined
    ? `Stopped at its limit of ${limit} s.`
    : `Failed with status ${code} after ${took}.`;
  const MOST = 24;
  // deno-lint-ignore no-control-regex -- colors
  const lines = (text: string) => text.replaceAll(/\x1b\[[0-9;]*m/g, "").trimEnd().split("\n");
  const failures = () =>
    lines(stdout).filter((line) => /FAILED|^ok \||^error|SKIPPED|skipped:/.test(line)).slice(-MOST);
  const said = kept === "failures" ? failures() : lines(stdout).slice(-MOST);
  const wrong = code === 0 ? [] : lines(stderr).slice(-MOST);
  const text = [...(kept === "tables" ? [] : said), ...wrong].filter((line) => line !== "").join("\n");
  const tables = kept === "tables" ? `\n\n${tablesOf(stdout)}` : "";
  return `${ended}${tables}${text === "" ? "" : `\n\n\`\`\`text\n${text}\n\`\`\``}`.trimEnd();
}

/** A bench's own text without its title, its headings two levels lower. */
function tablesOf(stdout: string): string {
  return stdout.trim().replace(/^## .*\n+/, "").replaceAll(/^(#+ )/gm, "#$1");
}
