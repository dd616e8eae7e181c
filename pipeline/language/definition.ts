/** What a stage is: its definition, and what its `run` may use. @module */
import type { Checkpoints } from "../checkpoints/checkpoints.ts";
import type { InputKinds, InputValues, OutputKinds, OutputValues } from "./refs.ts";
import type { Team } from "../run/team.ts";
import type { Schema } from "./schema.ts";

/** An external file that a stage reads. */
export interface SourceFile {
  /** Logical id, the same on every machine, e.g. `"JPEGImages/2008_003499.jpg"`. */
  readonly name: string;
  /** Where it lies. */
  readonly path: string;
}

/** What a stage's `run` may use besides its inputs and config. */
export interface StageContext {
  /** Those that run the stage together, where the run has several and the stage is {@linkcode StageDefinition.teamed}. */
  readonly team?: Team;
  /** The run's seed if the stage is `seeded`, else 0. */
  readonly seed: number;
  /** Aborted when the run is stopped. */
  readonly signal: AbortSignal;
  /**
   * Reads a file that the stage names in its `sources`, and holds its bytes against the digest that the key was made of. What
   * is read otherwise may have changed since, which is noticed at the end at the earliest.
   *
   * @param most Bytes that are read at most.
   * @throws {SourceError} If it has other bytes now, or is gone. {@linkcode FileReadError} If it is no file, larger or
   *   unreadable. {@linkcode StageError} If it is none of the sources.
   */
  read(path: string, most?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** A path for a temporary file on the cache's file system; gone when the stage ends. */
  scratch(name: string): string;
  /**
   * States that outlive a run that is stopped, however it is stopped: the next run of the same key, and of no other, finds them
   * again. Gone once the result is stored.
   */
  readonly checkpoints: Checkpoints;
  /** Reports progress: goes out as a `progress` event. */
  progress(event: Record<string, unknown>): void;
  /** Records a fact about this execution with its result; no part of the key. */
  fact(name: string, value: string): void;
  /**
   * The handle of a resource that the stage declares, opened at its first use in the run.
   * @throws {StageError} If the stage does not declare it, or the run was given none of that name.
   */
  resource<T>(name: string): Promise<T>;
}

/** What a stage is. */
export interface StageDefinition<I extends InputKinds, C, CI, O extends OutputKinds> {
  /** Name, e.g. `"co-train"`: letters, digits, `-` and `_`. */
  readonly name: string;
  /** Raised by the author when results change on purpose though the code's hash would not tell. */
  readonly version: number;
  /** `import.meta.url` of the stage's module, whose bundle is hashed. */
  readonly module: string;
  /** Modules and files, as `file:` URLs, that the stage reaches by URL (a worker); each is hashed as well. */
  readonly alsoHash?: readonly string[];
  /** Schema of the config; strict. */
  readonly config: Schema<C, CI>;
  /** Kinds of the inputs, or groups of kinds. */
  readonly inputs: I;
  /** Kinds of the outputs. */
  readonly outputs: O;
  /** The external files it reads, best by `context.read`; their content digests go into the key. */
  readonly sources?: (config: C) => Promise<readonly SourceFile[]> | readonly SourceFile[];
  /** Names of resources that it holds while it runs, one holder at a time. */
  readonly resources?: readonly string[];
  /** Whether the result depends on the run's seed. */
  readonly seeded?: boolean;
  /**
   * Whether all processes of a run run it together, by what `context.team` gives: each is given the same, what the one that leads
   * returns is the result, and what the others return is nothing.
   */
  readonly teamed?: boolean;
  /** Numeric class of the results, e.g. `"f32"`; part of the key. */
  readonly numerics?: string;
  /** Does the work. */
  run(
    work: { readonly inputs: InputValues<I>; readonly config: C; readonly context: StageContext },
  ): Promise<OutputValues<O>> | OutputValues<O>;
}

/** A definition whose types are forgotten: what scheduler, plan and fingerprint work with. */
// deno-lint-ignore no-explicit-any -- C stands in both a parameter and a result of the definition: no single type is above all.
export type AnyStage = StageDefinition<any, any, any, any>;

/** Options of one call. */
export interface StageOptions {
  /** Instance id, where the same stage is used more than once. */
  readonly as?: string;
}
