/** A copy of the code, in which one text at a time is another. @module */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsOf } from "../../cli/process/permissions.ts";
import { sharedPath } from "../support/shared_data.ts";
import type { Fault } from "./fault.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** What `parity` is made of. */
const ROOMS = ["cli", "configs", "kernels", "models", "partitions", "pipeline", "runtime", "stages"];

/** What a case said. */
export interface Verdict {
  /** Whether a number is out. */
  readonly caught: boolean;
  /** The worst number that is. */
  readonly by: string;
}

/** A copy of the code in a folder of its own. */
export class Tree {
  private constructor(private readonly folder: string) {}

  /** Makes it; the folder must be empty. */
  static async copy(folder: string): Promise<Tree> {
    for (const room of ROOMS) await copyFolder(join(root, room), join(folder, room));
    for (const { name, isFile } of Deno.readDirSync(root)) {
      if (isFile && /^(\w+\.ts|deno\.(json|lock))$/.test(name)) {
        await Deno.copyFile(join(root, name), join(folder, name));
      }
    }
    return new Tree(folder);
  }

  /**
   * Does something with a fault in place, and mends it.
   *
   * @throws {Error} If the text is not in its file, or more than once.
   */
  async with<T>(fault: Fault, body: () => Promise<T>): Promise<T> {
    const path = join(this.folder, fault.file), text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, broken(text, fault));
    try {
      return await body();
    } finally {
      await Deno.writeTextFile(path, text);
    }
  }

  /**
   * Runs a case by the copy's own `parity`.
   *
   * @throws {Error} If it does not come to its end.
   */
  async judge(name: string): Promise<Verdict> {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        ...permissionsOf("parity"),
        join(this.folder, "cli", "main.ts"),
        "parity",
        caseFile(name),
        "--json",
      ],
      cwd: this.folder,
      env: { NO_COLOR: "1", INIT_CWD: this.folder },
      stdin: "null",
    }).output();
    const [out, notes] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim()) as [
      string,
      string,
    ];
    // A step that stops is seen by anyone, and says nothing of the numbers.
    if (!out.startsWith("{")) {
      throw new Error(`Cannot run the case "${name}": it ended with ${code}, ${notes.split("\n").at(-1)}`);
    }
    const { passed, quantities: [worst] } = JSON.parse(out);
    return { caught: !passed, by: passed ? "" : `${worst.kind}: ${worst.name}` };
  }
}

/** A file's text with a fault. */
export function broken(text: string, { file, find, replace }: Fault): string {
  const parts = text.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(
    `Cannot break ${file}: "${find}" is in it ${parts.length - 1} times, and must be once. Mend the list.`,
  );
}

/** The file of a case. */
export function caseFile(name: string): string {
  const own = join(root, "tests", "golden", "parity", `${name}.json`);
  if (isFile(own)) return own;
  const shared = sharedPath(`oracle/${name}.json`);
  if (shared !== undefined && isFile(shared)) return shared;
  throw new Error(
    `Cannot find the case "${name}": it is neither in tests/golden/parity nor in ../shared/oracle`,
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(source, target);
    else {
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.copyFile(source, target);
    }
  }
}
