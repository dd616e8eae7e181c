/** What a tuner measured, kept beside the cache: one file for each adapter, driver and text of the kernels. @module */
import { join } from "node:path";
import { convolutionKernels } from "../../kernels/ops/convolution/convolution.ts";
import type { Tuning } from "../../kernels/tuning/tuning.ts";
import { writeAtomically } from "../../pipeline/files/files.ts";
import { canonicalJson, messageOf, sha256 } from "../../pipeline/mod.ts";
import { digest, object, record, type Shape, text } from "../../pipeline/files/untrusted.ts";
import { isMissing } from "../../pipeline/files/system_error.ts";

/** What measurements are true of: on anything else they are forgotten. */
export interface TunedFor {
  readonly adapter: string;
  readonly driver: string;
  readonly features: string;
  readonly subgroups: string;
  /** Where the environment names it. */
  readonly sharing?: string;
}

/** What a file gives. */
export interface Remembered {
  readonly tuning?: Tuning;
  /** Why a file that is there is not used. */
  readonly problem?: string;
}

/** No file of ours is larger: some hundred shapes of 100 bytes. */
const mostBytes = 1 << 20;
const format: Shape = (value) => value === 1 ? undefined : "is not 1";
const isTuningFile = object({ format, for: record(text), choices: record(text), check: digest });

/** The file of an adapter. */
export class TuningFile {
  readonly path: string;
  readonly #for: Readonly<Record<string, string>>;

  /**
   * A file; nothing is read.
   *
   * @param cache Folder of the cache.
   */
  constructor(cache: string, { adapter, driver, features, subgroups, sharing }: TunedFor) {
    const kernels = sha256(canonicalJson(convolutionKernels.map(({ name, source }) => [name, source])));
    this.#for = { adapter, driver, features, subgroups, ...(sharing && { sharing }), kernels };
    this.path = join(cache, "tuning", `${sha256(canonicalJson(this.#for)).slice(0, 16)}.json`);
  }

  /** What was measured; a file that is damaged or not this adapter's gives a problem. Nothing if there is none. */
  read(): Remembered {
    let found;
    try {
      const { size } = Deno.statSync(this.path);
      if (size > mostBytes) {
        return this.#problem(`it has ${size} bytes, and at most ${mostBytes} are expected`);
      }
      found = JSON.parse(Deno.readTextFileSync(this.path));
    } catch (error) {
      return isMissing(error) ? {} : this.#problem(messageOf(error));
    }
    const wrong = isTuningFile(found);
    if (wrong !== undefined) return this.#problem(`it ${wrong}`);
    if (found.check !== check(found.for, found.choices)) {
      return this.#problem("it was changed since it was written");
    }
    if (canonicalJson(found.for) !== canonicalJson(this.#for)) {
      return this.#problem(`it was made on "${found.for.adapter}", or for other kernels`);
    }
    return { tuning: new Map(Object.entries<string>(found.choices)) };
  }

  /** Remembers. @throws {CacheError} If the file cannot be written. */
  async write(tuning: Tuning): Promise<void> {
    const choices = Object.fromEntries([...tuning].sort(([a], [b]) => a < b ? -1 : 1));
    const content = { format: 1, for: this.#for, choices, check: check(this.#for, choices) };
    await writeAtomically(this.path, new TextEncoder().encode(`${JSON.stringify(content, undefined, 2)}\n`));
  }

  #problem(reason: string): Remembered {
    return {
      problem:
        `The tuning in "${this.path}" is not used: ${reason}. Results do not depend on it; for its speed run ` +
        '"tune" again.',
    };
  }
}

/** A tuning in a line: how much it holds, and what tells it from another. */
export function tuningLine(tuning: Tuning): string {
  const choices = [...tuning].sort(([a], [b]) => a < b ? -1 : 1);
  return `${tuning.size} ${tuning.size === 1 ? "shape" : "shapes"} (${
    sha256(canonicalJson(choices)).slice(0, 8)
  })`;
}

function check(made: unknown, choices: unknown): string {
  return sha256(canonicalJson([made, choices]));
}
