/** `test`: the project's tests, after the set-up that they need. @module */
import { join } from "node:path";
import { denoWithGpu } from "../process/child.ts";
import { acceptance, isLong } from "../process/long_tests.ts";
import type { Command } from "../terminal/command.ts";
import { projectRoot } from "../../runtime/host/place.ts";
import { provideTestServer } from "../process/test_server.ts";

/** What takes longer, or measures instead of testing. */
const apart = [acceptance, "tests/bench"];
/**
 * Files that one process tests on a GPU. NVIDIA's driver (580, on an H200) grants an adapter to some 29 of a process's test
 * files, whether devices are closed or not, and to none after that.
 */
const filesOfProcess = 20;

/** Files that are tested at a time where software computes, unless DENO_JOBS says: tests wait for one half of their time. */
const filesAtOnce = Math.min(navigator.hardwareConcurrency + 1, 4);

/** The command. */
export const test: Command = {
  name: "test",
  summary: "run the tests; arguments go to deno test, e.g. tests/cli or --filter progress",
  details: `Tests that take longer are run by naming their folder: ${acceptance}.`,
  arguments: [{ name: "arguments", description: "for deno test", count: "several" }],
  passesOn: true,
  async run({ positional, terminal }) {
    await provideTestServer(terminal);
    const jobs = Deno.env.get("DENO_JOBS") ?? String(filesAtOnce);
    return await denoWithGpu("test", (isSoftware) => testRuns(positional, isSoftware), terminal, {
      DENO_JOBS: jobs,
    });
  },
};

/**
 * Arguments of `deno test`: of one process where software computes, else of one after another.
 *
 * @param given As typed; without a path among them, all tests are meant.
 * @param folder Where paths begin.
 */
export function testRuns(
  given: readonly string[],
  isSoftware: boolean,
  folder: string = projectRoot,
): readonly (readonly string[])[] {
  const named = given.filter((argument) => argument.startsWith("tests"));
  const options = given.filter((argument) => !named.includes(argument));
  const paths = named.length > 0 ? named : ["tests"];
  const ignored = isLong(named) ? [] : apart;
  // Of a file by itself, each step is told as it ends; what takes longer may measure time or memory.
  const isParallel = ignored.length > 0 && !paths.every((path) => path.endsWith(".ts"));
  if (isSoftware) {
    return [[
      ...(ignored.length > 0 ? [`--ignore=${ignored}`] : []),
      ...(isParallel ? ["--parallel"] : []),
      ...options,
      ...paths,
    ]];
  }
  const files = paths.flatMap((path) => testFiles(folder, path, ignored));
  return Array.from(
    { length: Math.ceil(files.length / filesOfProcess) },
    (_, i) => [...options, ...files.slice(i * filesOfProcess, (i + 1) * filesOfProcess)],
  );
}

/** The test files at a path, sorted. */
function testFiles(folder: string, path: string, ignored: readonly string[]): string[] {
  if (ignored.includes(path)) return [];
  if (!Deno.statSync(join(folder, path)).isDirectory) return [path];
  const entries = [...Deno.readDirSync(join(folder, path))].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) =>
    isDirectory || name.endsWith("_test.ts") ? testFiles(folder, `${path}/${name}`, ignored) : []
  );
}
