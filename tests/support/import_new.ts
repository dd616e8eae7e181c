/** Modules that a test writes and then loads. @module */
import { pathToFileURL } from "node:url";
import { outsideCodeFollows } from "../../pipeline/mod.ts";

/** Waits until what was written before cannot be taken for what is written after. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

/** Imports a module that was written just now, as a process that was started after it does. */
export async function importNew(path: string): Promise<Record<string, unknown>> {
  await settled();
  outsideCodeFollows();
  return await import(pathToFileURL(path).href);
}
