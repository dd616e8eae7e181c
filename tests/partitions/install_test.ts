import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Download } from "../../partitions/download.ts";
import { installPartitions, type ListSource } from "../../partitions/install.ts";
import { mostBytes } from "../../partitions/reader.ts";
import type { PublishedList } from "../../partitions/lists.ts";
import type { Partition } from "../../partitions/manifest.ts";
import { PartitionError } from "../../partitions/reader.ts";
import { writeAtomically } from "../../pipeline/files/files.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A partition of three small lists, and their texts. */
function small(name: string): { partition: Partition; texts: Map<string, string> } {
  const texts = new Map<string, string>();
  const list = (path: string, ids: readonly string[]): PublishedList => {
    const text = ids.map((id) => `${id}.jpg ${id}.png\n`).join("");
    texts.set(path, text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    return { path, count: ids.length, bytes: text.length, sha256 };
  };
  const partition: Partition = {
    name,
    dataset: "pascal",
    labeled: list(`${name}/labeled.txt`, [`${name}-a`, `${name}-b`]),
    unlabeled: list(`${name}/unlabeled.txt`, [`${name}-c`]),
    validation: list("pascal/val.txt", ["v"]),
    finelyLabeled: 2,
    provenance: "a test",
    benchmark: name,
  };
  return { partition, texts };
}

function source(content: ReadonlyMap<string, string | Download>): ListSource & { asked: string[] } {
  const asked: string[] = [];
  return {
    name: "a test's source",
    asked,
    read(lists) {
      asked.push(...lists.map(({ path }) => path));
      return Promise.resolve(
        new Map(lists.map(({ path }): [string, Download] => {
          const got = content.get(path);
          if (got === undefined) return [path, { problem: "there is none", missing: true }];
          return [path, typeof got === "string" ? { bytes: encode(got) } : got];
        })),
      );
    },
  };
}

function folderTest(name: string, body: (folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir());
    try {
      await body(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

function filesOf(folder: string): string[] {
  const found: string[] = [];
  const walk = (at: string, prefix: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(at)) {
      if (isDirectory) walk(`${at}/${name}`, `${prefix}${name}/`);
      else found.push(prefix + name);
    }
  };
  walk(folder, "");
  return found.sort();
}

folderTest("lists are written once, a list that two partitions share as well", async (folder) => {
  const one = small("pascal/1"), two = small("pascal/2");
  const from = source(new Map([...one.texts, ...two.texts]));
  const install = () =>
    installPartitions([one.partition, two.partition], from, `${folder}/lists`, writeAtomically);
  const states = (await install()).map(({ state, written }) => [state, written.length]);
  deepStrictEqual(states, [["written", 3], ["written", 2]]);
  strictEqual(from.asked.length, 5);
  deepStrictEqual((await install()).map(({ state }) => state), ["present", "present"]);
  strictEqual(from.asked.length, 5, "what is there is not asked for");
  for (const [path, text] of one.texts) strictEqual(await Deno.readTextFile(`${folder}/lists/${path}`), text);
});

folderTest("CRLF becomes LF; a wrong file in place is replaced and named", async (folder) => {
  const { partition, texts } = small("pascal/1");
  await Deno.mkdir(`${folder}/pascal/1`, { recursive: true });
  await Deno.writeTextFile(`${folder}/pascal/1/labeled.txt`, "mine\n");
  const from = source(new Map([...texts].map(([path, text]) => [path, text.replaceAll("\n", "\r\n")])));
  const [result] = await installPartitions([partition], from, `${folder}/`, writeAtomically);
  deepStrictEqual([result!.state, result!.replaced], ["written", ["pascal/1/labeled.txt"]]);
  strictEqual(
    await Deno.readTextFile(`${folder}/pascal/1/labeled.txt`),
    texts.get("pascal/1/labeled.txt"),
  );
});

folderTest("of a partition with one wrong list nothing is written, the others are", async (folder) => {
  const one = small("pascal/1"), two = small("pascal/2");
  const content = new Map<string, string | Download>([...one.texts, ...two.texts]);
  content.set("pascal/1/unlabeled.txt", "pascal/1-x.jpg pascal/1-x.png\n");
  content.delete("pascal/2/labeled.txt");
  const partitions = [one.partition, two.partition, small("pascal/3").partition];
  const results = await installPartitions(partitions, source(content), folder, writeAtomically)
    .catch((error) => error);
  // The lists of this test have no checks of their lines, which the published ones do.
  match(String(results), /There are no checks of the lines of "pascal\/1\/unlabeled\.txt"/);
  content.set("pascal/1/unlabeled.txt", { problem: "the server answers 500", missing: false });
  const again = await installPartitions(partitions, source(content), folder, writeAtomically);
  deepStrictEqual(again.map(({ state }) => state), ["refused", "refused", "absent"]);
  match(again[0]!.problems.join(), /Cannot get "pascal\/1\/unlabeled.txt" .*: the server answers 500\./);
  deepStrictEqual(filesOf(folder), []);
});

folderTest("a link that leads out of the folder of lists is refused", async (folder) => {
  const { partition, texts } = small("pascal/1");
  await Deno.mkdir(`${folder}/lists`);
  await Deno.mkdir(`${folder}/elsewhere`);
  await Deno.symlink(`${folder}/elsewhere`, `${folder}/lists/pascal`);
  await rejects(
    installPartitions([partition], source(texts), `${folder}/lists`, writeAtomically),
    (error) => error instanceof PartitionError && /a link that leads out/.test(error.message),
  );
  deepStrictEqual(filesOf(`${folder}/elsewhere`), []);
});

folderTest("a disk that refuses leaves nothing half-written", async (folder) => {
  const { partition, texts } = small("pascal/1");
  let left = 1;
  const write = (path: string, bytes: Uint8Array) =>
    left-- > 0 ? writeAtomically(path, bytes) : Promise.reject(new Error("no space"));
  await rejects(installPartitions([partition], source(texts), folder, write), /no space/);
  deepStrictEqual(filesOf(folder), ["pascal/1/labeled.txt"]);
  const [result] = await installPartitions([partition], source(texts), folder, writeAtomically);
  deepStrictEqual([result!.state, result!.written.length], ["written", 2]);
});

Deno.test("a list may be as long as CRLF makes it", () => {
  const { partition: { labeled } } = small("pascal/1");
  strictEqual(mostBytes(labeled) >= labeled.bytes + labeled.count, true);
});
