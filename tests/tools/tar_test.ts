import assert from "node:assert/strict";
import { readTar, writeTar } from "../../tools/tar.ts";

const bytes = (length: number, seed: number) => Uint8Array.from({ length }, (_, i) => i * seed + seed);
const long = `package/${"folder/".repeat(20)}file.ts`;

Deno.test("what is written is read again: empty files, whole blocks, long names, in the order of names", () => {
  const files = new Map([["b", bytes(512, 3)], [long, bytes(700, 5)], ["a", new Uint8Array()], [
    "c",
    bytes(1, 7),
  ]]);
  const archive = writeTar(files);
  assert.equal(archive.length % 512, 0);
  const read = readTar(archive);
  assert.deepEqual([...read.keys()], ["a", "b", "c", long]);
  for (const [name, content] of files) assert.deepEqual(read.get(name), content, name);
});

Deno.test("the system's tar reads it, long names too", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, writeTar(new Map([["a", bytes(3, 1)], [long, bytes(700, 5)]])));
    const list = await new Deno.Command("tar", { args: ["-tf", path] }).output();
    assert.deepEqual(new TextDecoder().decode(list.stdout).trim().split("\n"), ["a", long]);
    const { stdout } = await new Deno.Command("tar", { args: ["-xOf", path, long] }).output();
    assert.deepEqual(stdout, bytes(700, 5));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("an entry that is no file is refused by its name", () => {
  const archive = writeTar(new Map([["link", bytes(1, 1)]]));
  archive[156] = "2".charCodeAt(0);
  assert.throws(() => readTar(archive), /"link" is of type "2", no file/);
});
