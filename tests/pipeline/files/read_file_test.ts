import assert from "node:assert/strict";
import { join } from "node:path";
import {
  FileReadError,
  fileSize,
  readFileWhole,
  readTextWholeSync,
} from "../../../pipeline/files/read_file.ts";
import { specialFiles } from "../../support/disks/special_files.ts";
import { withFolder } from "../../support/stage_run.ts";
import { skip } from "../../support/skip.ts";

Deno.test(
  "a file is read whole, also an empty one and one behind a link, and none beyond the limit",
  withFolder(async (folder) => {
    const path = join(folder, "file"), link = join(folder, "link");
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 7);
    await Deno.writeFile(path, bytes);
    assert.deepEqual(await readFileWhole(path, bytes.length), bytes);
    if (Deno.build.os !== "windows") {
      await Deno.symlink(path, link);
      assert.deepEqual(await readFileWhole(link, bytes.length), bytes);
    }
    await assert.rejects(readFileWhole(path, 2_999_999), /it has 3000000 bytes; 2999999 are read/);
    await Deno.writeTextFile(path, "");
    assert.equal((await readFileWhole(path, 0)).length, 0);
    await Deno.writeTextFile(path, "ü\n");
    assert.equal(readTextWholeSync(path, 3), "ü\n");
    assert.equal(fileSize(path, 3), 3);
  }),
);

for (const { name, reason, make } of specialFiles) {
  Deno.test(
    `${name} is refused at once by its path and the rule`,
    withFolder(async (folder) => {
      const path = join(folder, "x.png");
      const unavailable = await make(path);
      if (unavailable !== undefined) return skip(unavailable);
      await assert.rejects(readFileWhole(path, 2 ** 20), (error) => {
        assert.ok(error instanceof FileReadError && error.message.includes(path), `${error}`);
        assert.match(error.reason, reason);
        assert.equal(error.missing, name === "a link to nothing");
        return true;
      });
      assert.throws(() => readTextWholeSync(path, 2 ** 20), reason);
    }),
  );
}

Deno.test(
  "below a file there is no file",
  withFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeTextFile(path, "x");
    for (const below of [join(path, "x"), join(folder, "none", "x")]) {
      await assert.rejects(
        readFileWhole(below, 9),
        (error) => error instanceof FileReadError && error.missing,
      );
    }
  }),
);
