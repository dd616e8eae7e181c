import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { publishedLists } from "../../partitions/lists.ts";
import { partitions } from "../../partitions/manifest.ts";
import { findPartition, PartitionError, readPartition, verifyList } from "../../partitions/reader.ts";
import { testWithShared } from "../support/shared_data.ts";
import { skip } from "../support/skip.ts";

Deno.test("a partition's labeled and unlabeled lists make up the training set", () => {
  for (const { name, dataset, labeled, unlabeled, finelyLabeled } of partitions) {
    strictEqual(labeled.count + unlabeled.count, dataset === "pascal" ? 10582 : 2975, name);
    ok(finelyLabeled <= labeled.count, name);
  }
  strictEqual(new Set(publishedLists.map((list) => list.sha256)).size, publishedLists.length);
});

testWithShared(
  "partitions",
  "every published list verifies, and labeled and unlabeled share no line",
  async (folder) => {
    for (const { name } of partitions) {
      const { labeled, unlabeled, validation } = await readPartition(name, folder);
      const lines = (text: string) => text.trim().split("\n");
      const all = [...lines(labeled.text), ...lines(unlabeled.text), ...lines(validation.text)];
      strictEqual(new Set(all).size, all.length, name);
    }
    for (const list of publishedLists) {
      const bytes = await Deno.readFile(`${folder}/${list.path}`);
      strictEqual(bytes.length, list.bytes);
      verifyList(list, bytes, list.path);
    }
  },
);

const text = "a.jpg a.png\nb.jpg b.png\nc.jpg c.png\n";
const published = {
  path: "pascal/3/labeled.txt",
  count: 3,
  bytes: text.length,
  sha256: createHash("sha256").update(text).digest("hex"),
};
const verify = (content: string) => verifyList(published, new TextEncoder().encode(content), "x/labeled.txt");

Deno.test("a list that differs is refused with what differs", () => {
  strictEqual(verify(text), text);
  strictEqual(verify(text.replaceAll("\n", "\r\n")), text);
  throws(() => verify("a.jpg a.png\nb.jpg b.png\n"), /it has 2 lines, 3 were published/);
  throws(() => verify(text.trimEnd()), /white space only/);
  throws(() => verify("a.jpg a.png\na.jpg a.png\nc.jpg c.png\n"), /1 of them are repeated/);
  throws(() => verify("b.jpg b.png\na.jpg a.png\nc.jpg c.png\n"), /other ids or another order/);
  throws(() => verify(text.replace("b.jpg", "d.jpg")), (error: unknown) => {
    ok(error instanceof PartitionError);
    return /Cannot use "x\/labeled.txt" as the published list "pascal\/3\/labeled.txt"/.test(error.message);
  });
});

Deno.test("an unknown name and a missing folder say what there is and what to do", async () => {
  throws(() => findPartition("pascal/93"), /Cannot find the partition "pascal\/93"\. Known: pascal\/92, /);
  const folder = await Deno.makeTempDir();
  try {
    await rejects(
      readPartition("pascal/92", folder),
      /there is no file ".*pascal\/92\/labeled\.txt"\. Get the published/,
    );
    deepStrictEqual([...Deno.readDirSync(folder)], []);
    const list = `${folder}/pascal/92/labeled.txt`;
    await Deno.mkdir(list, { recursive: true });
    await rejects(readPartition("pascal/92", folder), (error: unknown) =>
      error instanceof PartitionError &&
      /labeled\.txt" as the published list "pascal\/92\/labeled.txt": it is no file, or far longer/.test(
        error.message,
      ));
    if (Deno.build.os === "windows") return skip("Windows has no /dev/zero, and links need a right");
    for (
      const [target, reason] of [["/dev/zero", /it is no file/], [
        list,
        /Cannot read ".*labeled\.txt": .*symbolic/,
      ]] as const
    ) {
      await Deno.remove(list);
      await Deno.symlink(target, list);
      await rejects(
        readPartition("pascal/92", folder),
        (error: unknown) => error instanceof PartitionError && reason.test(error.message),
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
