/** Files in a run's folder, as far as they came: a run that was killed leaves some out, or damaged. @module */
import { join } from "node:path";
import { decodePlan, type Plan } from "../../pipeline/mod.ts";

/** A file of a run; undefined where it is not there or cannot be decoded. */
export async function readRunFile<T>(
  path: string,
  name: string,
  decode: (text: string) => T,
): Promise<T | undefined> {
  try {
    return decode(await Deno.readTextFile(join(path, name)));
  } catch {
    return undefined;
  }
}

/** The plan of a run; undefined where there is none or it is damaged. */
export async function readRunPlan(path: string): Promise<Plan | undefined> {
  return await readRunFile(path, "plan.json", (text) => decodePlan(text, "plan.json"));
}
