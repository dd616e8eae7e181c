import assert from "node:assert/strict";
import { join } from "node:path";
import { OutputFolder } from "../../../cli/predictions/output_folder.ts";
import { placeTest } from "../support.ts";

placeTest("a folder knows what was written to it, also by a call that was stopped", async (place) => {
  const path = join(place.folder, "out"), planned = ["a/b.txt", "c.txt"];
  const first = await OutputFolder.open(path, planned, false);
  await first.write("a/b.txt", "one");
  // Stopped here: no list was put in order, and c.txt was announced alone.
  await Deno.writeTextFile(join(path, "written.sha256"), `${"0".repeat(64)}  c.txt\n`, { append: true });
  const second = await OutputFolder.open(path, planned, false);
  await second.write("a/b.txt", "two");
  await second.write("c.txt", Uint8Array.of(1, 2));
  await second.finish();
  const list = await Deno.readTextFile(join(path, "written.sha256"));
  assert.match(list, /^[0-9a-f]{64} {2}a\/b\.txt\n[0-9a-f]{64} {2}c\.txt\n$/);
  await OutputFolder.open(path, planned, false);

  await Deno.writeTextFile(join(path, "a/b.txt"), "mine");
  await Deno.remove(join(path, "c.txt"));
  await Deno.mkdir(join(path, "c.txt"));
  await assert.rejects(OutputFolder.open(path, planned, false), {
    message:
      `Cannot write to "${path}": "a/b.txt" and 1 more were not written by this command, or changed since. ` +
      "Name another folder by --out, or give --overwrite.",
  });
  await (await OutputFolder.open(path, planned, true)).write("a/b.txt", "three");
  assert.equal(await Deno.readTextFile(join(path, "a/b.txt")), "three");
});
