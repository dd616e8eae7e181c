import assert from "node:assert/strict";
import { join } from "node:path";
import { removeReadOnly } from "../../../pipeline/files/files.ts";

Deno.test("a file that must not be written is removed, on Windows once it may be", async () => {
  const folder = await Deno.makeTempDir(), { chmod, remove } = Deno;
  const calls: string[] = [];
  Deno.chmod = (path, mode) => (calls.push(`chmod ${mode.toString(8)}`), chmod(path, mode));
  Deno.remove = (path, options) => (calls.push("remove"), remove(path, options));
  try {
    for (const os of ["linux", "windows"]) {
      const path = join(folder, os);
      await Deno.writeTextFile(path, "x", { mode: 0o444 });
      await removeReadOnly(path, os);
    }
  } finally {
    Object.assign(Deno, { chmod, remove });
  }
  assert.deepEqual(calls, ["remove", "chmod 644", "remove"]);
  await Deno.remove(folder);
});
