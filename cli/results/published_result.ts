/** A published result as it lies in its file. @module */
import type { KeyParts } from "../../pipeline/mod.ts";
import type { Facts } from "../../runtime/runs/provenance.ts";

/** A node of a published result. */
export interface PublishedNode {
  readonly id: string;
  readonly stage: string;
  readonly key: string;
  /** The stage's config as it was parsed. */
  readonly config: unknown;
  /** Output → content digest. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly parts: KeyParts;
  readonly modules: Readonly<Record<string, string>>;
  /** Where and with what its result was made: adapter, driver, Deno, commit. None in files of format 1. */
  readonly facts?: Facts;
}

/** Which artifact the scores are. */
export interface PublishedScores {
  readonly node: string;
  readonly output: string;
  /** Version of its kind, `metrics`. */
  readonly version: number;
}

/** What is known of a run and follows from nothing else in its file. */
export interface PublishedRecord {
  /** Id of the run. */
  readonly run: string;
  /** ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  /** The adapter that made all of it, or `mixed`; in files of format 1 that of the run, which need not have made it. */
  readonly gpu: Facts;
  /** Deno, system, commit, … of the run. */
  readonly facts: Facts;
}

/** A published result: one run. */
export interface PublishedResult {
  /** Number of the file's format. */
  readonly format: 1 | 2;
  /** Name of the pipeline. */
  readonly name: string;
  /** A name in `configs/`, or the path of a file, relative to the folder that holds the result. */
  readonly experiment: string;
  /** All `--set`, as typed. */
  readonly set: readonly string[];
  readonly seed: number;
  /** Which artifact the scores are; found by their digest in files of format 1, undefined if that is nowhere. */
  readonly scores: PublishedScores | undefined;
  /** The value of that artifact. */
  readonly metrics: unknown;
  readonly nodes: readonly PublishedNode[];
  readonly recorded: PublishedRecord;
  /** SHA-256 of the canonical JSON of all the rest. None in files of format 1. */
  readonly check?: string;
}
