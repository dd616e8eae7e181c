/**
 * The process that evaluates an experiment's file: it may read files and write into the folders that the command names. It
 * starts no program, sees no variable but those that the commands read, and reaches no network but the remote cache that
 * the environment names. Code comes from local files and from packages that `deno.lock` names.
 *
 * @module
 */
import { dirname, relative, resolve } from "node:path";
import { origin, projectRoot } from "../../runtime/host/place.ts";
import { remoteVariables, sharingVariable } from "../../runtime/host/variables.ts";
import { mpiLibrary, mpiVariable } from "../../runtime/team/start.ts";
import { environment, isTeamed, permissionsOf, typed } from "./permissions.ts";
import { startupOf } from "./startup.ts";
import { exists } from "../../runtime/host/paths.ts";

/** Variables that the package yaml reads, to say more of what it does. */
const yamlVariables = ["LOG_TOKENS", "LOG_STREAM"];

/** Options that name what is written, with what they name if they are not given. */
const written = {
  cache: ".cache",
  runs: "runs",
  out: "predictions",
  tensorboard: undefined,
  svg: undefined,
} as const;

/**
 * Command, or a group's, → the options by which it writes, what `out` is if it is not given, and whether it has a session: a GPU
 * and a remote cache.
 */
const commands: Readonly<
  Record<
    string,
    { readonly writes: readonly (keyof typeof written)[]; readonly out?: string; readonly session?: true }
  >
> = {
  train: { writes: ["cache", "runs", "tensorboard"], session: true },
  compare: { writes: ["cache", "runs", "tensorboard"], session: true },
  ccvc: { writes: ["cache", "runs"], session: true },
  evaluate: { writes: ["cache"], session: true },
  predict: { writes: ["out", "cache"], session: true },
  next: { writes: ["out", "cache", "runs"], out: "next", session: true },
  "export page": { writes: ["out"], out: "predict.html" },
  "export snakemake": { writes: ["cache", "out"], out: "Snakefile" },
  cache: { writes: ["cache"], session: true },
  parity: { writes: [], session: true },
  tune: { writes: ["cache"] },
  plan: { writes: ["cache"] },
  why: { writes: ["cache"] },
  dag: { writes: ["cache", "svg"] },
  data: { writes: [] },
};

/** Commands that start the project's own tests and benches. */
const ours: readonly string[] = ["test", "bench"];

/** A folder that the command may not be told to write into. */
export class UnsafeFolder extends Error {
  /** Class name, for logs. */
  override readonly name = "UnsafeFolder";
}

/** The value of a variable, by its name. */
type Variable = (name: string) => string | undefined;

/** Of this process. */
const own: Variable = (name) => Deno.env.get(name);

/** Where a command is typed that the process runs. */
const typedIn = (variable: Variable) => variable("INIT_CWD") || Deno.cwd();

/**
 * The library by which a command joins the processes that MPI has started beside its own; undefined where none has, or the
 * command shares nothing.
 *
 * @param args As typed after `deno task`.
 * @throws {UnsafeFolder} If it cannot be granted.
 */
export function teamLibrary(args: readonly string[], variable: Variable = own): string | undefined {
  const library = isTeamed(args[0]) ? mpiLibrary(variable, exists) : undefined;
  if (!library?.includes(",")) return library;
  throw new UnsafeFolder(
    `Cannot use the library "${library}" (${mpiVariable}): Deno takes no path with a comma. Give it another name.`,
  );
}

/**
 * What follows `deno` to run a command in its own process. Commands that evaluate nothing of the user's, the project's tests
 * and benches, may do what the project's developers may.
 *
 * @param args As typed after `deno task`.
 * @param variable Those that the process will see.
 * @throws {UnsafeFolder} If a folder to write into holds the project itself, or it or a library cannot be granted.
 */
export function isolatedArguments(args: readonly string[], variable: Variable = own): string[] {
  const { options, program } = startupOf(args, typedIn(variable));
  const start = ["run", ...options];
  const command = [args.slice(0, 2).join(" "), args[0]!].find((name) => Object.hasOwn(commands, name)) ??
    args[0]!;
  if (ours.includes(command)) return [...start, ...permissionsOf(), program, ...args];
  const { writes, session = false, out = written.out } = Object.hasOwn(commands, command)
    ? commands[command]!
    : { writes: [] };
  const folders = writes.flatMap((option) => folderOf(option, args, { ...written, out }[option], variable));
  const host = session ? remoteHost(variable) : undefined;
  const library = teamLibrary(args, variable);
  return [
    ...start,
    "--no-prompt",
    // Those of a registry are there already, as this process has loaded them.
    ...(origin === "jsr" ? [] : ["--no-remote"]),
    "--cached-only",
    "--frozen",
    "--allow-read",
    "--allow-sys=statfs",
    environment(
      ...typed,
      sharingVariable,
      ...yamlVariables,
      ...(session ? Object.values(remoteVariables) : []),
      ...(isTeamed(command) ? [mpiVariable] : []),
    ),
    ...(folders.length > 0 ? [`--allow-write=${folders.join(",")}`] : []),
    ...(host === undefined ? [] : [`--allow-net=${host}`]),
    ...(library === undefined ? [] : [`--allow-ffi=${library}`]),
    program,
    ...args,
  ];
}

/** What is to be granted for an option: the folder, or the topmost part of its path that is not there yet. */
function folderOf(
  option: keyof typeof written,
  args: readonly string[],
  fallback: string | undefined,
  variable: Variable,
): string[] {
  const given = valueOf(option, args);
  const path = given ?? fallback;
  // The command itself says what is wrong with an empty path.
  if (path === undefined || path.trim() === "") return [];
  // Results lie where the command was typed, cache and runs in the project, unless they are named.
  const isTyped = given !== undefined || option === "out";
  let folder = isTyped ? resolve(typedIn(variable), path) : resolve(path);
  while (!exists(folder) && !exists(dirname(folder))) folder = dirname(folder);
  const inside = relative(folder, projectRoot);
  const refuse = (why: string) =>
    new UnsafeFolder(`Cannot write into "${given ?? path}" (--${option}): ${why}. Name another folder.`);
  if (inside === "" || !/^\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:/.test(inside)) {
    throw refuse("it holds the project itself, whose code an experiment could change then");
  }
  // Relative to the present folder, so that the name of the project's own folder does not matter.
  const near = relative(Deno.cwd(), folder);
  const granted = near.startsWith("..") ? folder : near;
  if (granted.includes(",")) throw refuse("Deno takes no folder with a comma in its path");
  return [granted];
}

/** Options that a letter stands for. */
const letters: Readonly<Partial<Record<string, string>>> = { out: "o" };

/** The value of an option, as the command itself will read it. */
function valueOf(option: string, args: readonly string[]): string | undefined {
  const short = `-${letters[option]}`;
  const at = args.findLastIndex((arg) =>
    arg === `--${option}` || arg.startsWith(`--${option}=`) || arg.startsWith(short) && !arg.startsWith("--")
  );
  if (at < 0) return undefined;
  const arg = args[at]!;
  if (arg === short || arg === `--${option}`) return args[at + 1];
  return arg.startsWith("--") ? arg.slice(arg.indexOf("=") + 1) : arg.slice(short.length);
}

/** Host and port of the remote cache; undefined if there is none, or none that can be used: the command itself says why. */
function remoteHost(variable: Variable): string | undefined {
  const url = URL.parse(variable(remoteVariables.url)?.trim() ?? "");
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  return `${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`;
}
