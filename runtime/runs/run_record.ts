/** `run.json` as it is read: every member that paths and tables are built of is looked at, as a folder of runs may have come from anywhere. @module */
import {
  anything,
  count,
  digest,
  list,
  object,
  oneOf,
  quantity,
  record,
  type Shape,
  text,
} from "../../pipeline/files/untrusted.ts";
import { readRunFile } from "./run_files.ts";
import type { RunRecord } from "./run_folder.ts";

const loose = (members: Readonly<Record<string, Shape>>, optional: readonly string[] = []) =>
  object(members, optional, "more members");

const matches = (pattern: RegExp, otherwise: string): Shape => (value) =>
  typeof value === "string" && pattern.test(value) ? undefined : otherwise;

/** The name of a pipeline or of a node: part of a path. */
export const plainName: Shape = matches(/^[A-Za-z0-9_-]{1,200}$/, "is no name");

/** An id as {@linkcode RunFolder.create} gives it: part of a path. */
export const runIdShape: Shape = matches(/^\d{8}-\d{6}-[0-9a-f]{8}(-\d{1,3})?$/, "is no id of a run");

const recordProblem = loose(
  {
    name: plainName,
    id: runIdShape,
    seed: count(0),
    set: list(text),
    changed: list(loose({ name: text, from: anything, to: anything }, ["from", "to"])),
    state: oneOf("running", "done", "failed", "interrupted", "stopped"),
    started: text,
    seconds: quantity,
    error: text,
    experiment: text,
    method: text,
    until: plainName,
    gpu: record(text),
    facts: record(text),
    miou: record((value) => typeof value === "number" || value === null ? undefined : "is no number"),
    headline: text,
    protocol: text,
    nodes: list(
      loose(
        {
          id: plainName,
          stage: text,
          key: digest,
          state: text,
          seconds: quantity,
          facts: record(text),
          training: loose(
            { images: count(0), stepSeconds: quantity, peakBytes: count(0), heldBytes: count(0) },
            ["stepSeconds", "heldBytes"],
          ),
        },
        ["facts", "training"],
      ),
    ),
    outputs: list(
      loose({ name: text, kind: text, version: count(1), node: plainName, output: text, digest }, [
        "version",
      ]),
    ),
  },
  [
    "changed",
    "seconds",
    "error",
    "experiment",
    "method",
    "until",
    "gpu",
    "facts",
    "miou",
    "headline",
    "protocol",
    "nodes",
    "outputs",
  ],
);

/** The record in a run's folder, its state as it was written; undefined where there is none, or it is damaged. */
export async function readRunRecord(path: string): Promise<RunRecord | undefined> {
  const value: unknown = await readRunFile(path, "run.json", JSON.parse);
  return value !== undefined && recordProblem(value) === undefined ? value as RunRecord : undefined;
}
