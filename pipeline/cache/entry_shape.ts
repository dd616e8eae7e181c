/** What an entry must look like, whoever wrote it: its digests become names of files, its sizes are believed. @module */
import { anything, count, digest, isInnerPath, object, quantity, record, text } from "../files/untrusted.ts";

const file = object({ digest, size: count(0) });
const entry = object({
  key: digest,
  stage: text,
  parts: record(anything),
  outputs: record(object({ kind: text, version: count(1), digest, files: record(file, isInnerPath) })),
  recorded: object(
    {
      started: text,
      finished: text,
      seconds: quantity,
      facts: record(text),
      modules: record(text),
      sources: file,
      course: file,
    },
    ["sources", "course"],
  ),
});

/** What is wrong with the shape of an entry; undefined if nothing is. */
export function entryProblem(value: unknown): string | undefined {
  return entry(value);
}
