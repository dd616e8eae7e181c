import { UserError } from "../../pipeline/errors.ts";

/** A data set, an id list or a partition is not as it must be. The message names file, line or id, rule and way out. */
export class DataError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "DataError";
}

/** Joins a folder and a relative path with `/`. */
export function joinPath(folder: string, path: string): string {
  return folder.endsWith("/") ? folder + path : `${folder}/${path}`;
}
