/** What is at a path, as far as it can be seen: what cannot be read says so when it is. @module */

/** Whether there is a file, links followed. */
export function isFile(path: string): boolean {
  return at(path)?.isFile === true;
}

/** Whether there is a folder, links followed. */
export function isFolder(path: string): boolean {
  return at(path)?.isDirectory === true;
}

/** Whether there is anything, links followed. */
export function exists(path: string): boolean {
  return at(path) !== undefined;
}

function at(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
