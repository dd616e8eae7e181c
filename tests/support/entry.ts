/** An entry of a cache. @module */
import { type Entry, keyOf, sha256 } from "../../pipeline/mod.ts";
import { artifactDigest } from "../../pipeline/cache/entry.ts";

/** A result of a stage `load` that gives a number, right in every digest. */
export function entryOf(
  parts: Entry["parts"],
  files: Entry["outputs"][string]["files"],
  recorded: Partial<Entry["recorded"]> = {},
): Entry {
  return {
    key: keyOf(parts),
    stage: "load",
    parts,
    outputs: { value: { kind: "number", version: 1, digest: artifactDigest("number", 1, files), files } },
    recorded: {
      started: "2026-01-01",
      finished: "2026-01-01",
      seconds: 1,
      facts: {},
      modules: { "a.ts": sha256("a") },
      ...recorded,
    },
  };
}
