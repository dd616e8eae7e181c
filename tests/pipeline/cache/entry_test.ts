/** Entries that are damaged, or made by somebody who lies well: with a right check digest over wrong content. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  Cache,
  canonicalJson,
  decodeEntry,
  encodeEntry,
  type Entry,
  keyOf,
  sha256,
} from "../../../pipeline/mod.ts";
import { entryOf } from "../../support/entry.ts";
import { withDirectory } from "../support.ts";

const blob = { digest: sha256("blob"), size: 4 };
const parts = { schema: 1, stage: "load", version: 1 };
const key = keyOf(parts);
const files = { "value.json": blob };
const entry = entryOf(parts, files);

/** The entry with other members, its check digest right for them. */
const forged = (change: Record<string, unknown>) => encodeEntry({ ...entry, ...change } as Entry);

/** An artifact with these files, its digest right for them. */
const artifact = (files: Record<string, unknown>) => ({
  value: {
    kind: "number",
    version: 1,
    digest: sha256(canonicalJson({ kind: "number", version: 1, files })),
    files,
  },
});

Deno.test("an entry comes back as it was", () => {
  assert.deepEqual(decodeEntry(encodeEntry(entry), key), entry);
});

Deno.test("an entry with a right check digest and wrong members is refused", () => {
  const wrong: readonly Record<string, unknown>[] = [
    { outputs: undefined },
    { unknown: 1 },
    { outputs: [] },
    { outputs: { value: null } },
    { outputs: artifact({ "../../elsewhere": blob }) },
    { outputs: artifact({ "/etc/passwd": blob }) },
    { outputs: artifact({ "C:/elsewhere": blob }) },
    { outputs: artifact({ "a\\..\\b": blob }) },
    { outputs: artifact({ "": blob }) },
    { outputs: artifact({ "a": { ...blob, digest: "../../../etc/passwd" } }) },
    { outputs: artifact({ "a": { ...blob, digest: blob.digest.toUpperCase() } }) },
    { outputs: artifact({ "a": { ...blob, size: -1 } }) },
    { outputs: artifact({ "a": { ...blob, size: 1.5 } }) },
    { outputs: { value: { ...entry.outputs.value!, digest: sha256("another") } } },
    { recorded: undefined },
    { recorded: { ...entry.recorded, facts: { a: 1 } } },
    { recorded: { ...entry.recorded, modules: "a" } },
    { recorded: { ...entry.recorded, sources: { digest: "../x", size: 1 } } },
    { stage: 7 },
    { key: 7 },
  ];
  const reason =
    /^it (has|outputs|recorded|stage|key) .*(no|must not)|^it has a member|^the digest of its output/;
  for (const change of wrong) {
    const found = decodeEntry(forged(change), key);
    assert.match(typeof found === "string" ? found : "taken", reason, JSON.stringify(change));
  }
  assert.equal(decodeEntry(forged({ parts: { ...parts, version: 2 } }), key), "it belongs to another key");
});

Deno.test("an entry in other bytes is refused, though it says the same", () => {
  const text = encodeEntry(entry);
  for (
    const other of [`${text}\n`, text.replace('"seconds":1', '"seconds":1.0'), text.replace("{", '{"key":1,')]
  ) {
    assert.notEqual(other, text);
    assert.equal(decodeEntry(other, key), "it is not written as entries are");
  }
});

Deno.test("what is not an entry's JSON is a message, however deep or odd it is", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  for (
    const [text, reason] of [
      ["", "it is not JSON"],
      ["[1]", "it is not an object"],
      ["null", "it is not an object"],
      ['{"check":"\\ud800","a":"\\ud800"}', "it holds what an entry cannot"],
      [`{"a":${deep}}`, "it holds what an entry cannot"],
      ['{"check":null}', "its check digest does not hold"],
    ] as const
  ) {
    assert.equal(decodeEntry(text, key), reason, text.slice(0, 40));
  }
});

Deno.test("a forged entry makes the cache touch no file outside", () =>
  withDirectory(async (directory) => {
    const cache = new Cache(join(directory, "cache"));
    const outside = join(directory, "outside");
    await Deno.writeTextFile(outside, "keep me");
    await Deno.mkdir(join(cache.root, "ac"), { recursive: true });
    const wrong = artifact({ "value.json": { digest: "../../outside", size: 7 } });
    await Deno.writeTextFile(cache.entryPath(key), forged({ outputs: wrong }));
    const found = await cache.find(key);
    assert.equal(found.entry, undefined);
    assert.match(found.damage!, /digest is no SHA-256/);
    assert.equal(await Deno.readTextFile(outside), "keep me");
  }));

Deno.test("an entry that is a link to what has no end is none", () =>
  withDirectory(async (directory) => {
    const cache = new Cache(join(directory, "cache"));
    await Deno.mkdir(join(cache.root, "ac"), { recursive: true });
    await Deno.symlink("/dev/zero", cache.entryPath(key));
    assert.deepEqual(await cache.find(key), {});
    assert.equal(await cache.peek(key), undefined);
  }));

Deno.test("a blob that is a link to a file outside is no result, and the file stays", () =>
  withDirectory(async (directory) => {
    const cache = new Cache(join(directory, "cache"));
    const outside = join(directory, "outside");
    await Deno.writeTextFile(outside, "keep");
    await Deno.mkdir(join(cache.root, "cas"), { recursive: true });
    await Deno.symlink(outside, cache.blobPath(blob.digest));
    await assert.rejects(cache.verify(blob), /holds other bytes than its name says/);
    assert.equal(await Deno.readTextFile(outside), "keep");
    await assert.rejects(Deno.lstat(cache.blobPath(blob.digest)), Deno.errors.NotFound);
  }));
