/** Entries that are right in form and no good: what a server may say whose digests all hold. @module */
import { artifactDigest, decodeEntry, encodeEntry, type StoredArtifact } from "../../../pipeline/mod.ts";

type Forged = Pick<StoredArtifact, "kind" | "version" | "files">;

/** An entry whose outputs are others. */
const forge =
  (change: (output: Forged) => Forged) => (key: string, given: Uint8Array | undefined): string => {
    const entry = decodeEntry(new TextDecoder().decode(given), key);
    if (typeof entry === "string") return "{}";
    const outputs = Object.entries(entry.outputs).map(([name, output]) => {
      const { kind, version, files } = change(output);
      return [name, { kind, version, files, digest: artifactDigest(kind, version, files) }];
    });
    return encodeEntry({ ...entry, outputs: Object.fromEntries(outputs) });
  };

const nowhere = (i: number) => ({ digest: i.toString(16).padStart(64, "0"), size: 1 });

/** Made of the key and the entry's own text. */
export const forgeries: Readonly<Record<string, (key: string, given: Uint8Array | undefined) => string>> = {
  "an entry of another version": forge((output) => ({ ...output, version: output.version + 1 })),
  "an entry of another kind": forge((output) => ({ ...output, kind: `${output.kind}s` })),
  "an entry of a petabyte": forge((output) => ({ ...output, files: { x: { ...nowhere(1), size: 1e15 } } })),
  "an entry whose blob is nowhere": forge((output) => ({
    ...output,
    files: { ...output.files, x: nowhere(1) },
  })),
  "an entry of 10,000 blobs that are nowhere": forge((output) => ({
    ...output,
    files: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`${i}`, nowhere(i)])),
  })),
};
