/** Errors a user can act on. Everything else that escapes is a defect and keeps its stack trace. @module */

/**
 * A mistake or a circumstance the user can mend: the command prints the message alone, with no stack trace,
 * and exits with {@linkcode UserError.exitCode}.
 */
export class UserError extends Error {
  /** Class name, for logs. */
  override readonly name: string = "UserError";
  /** 1: the work failed; 2: the command line or a config is wrong. */
  readonly exitCode: 1 | 2 = 1;
}

/** The pipeline itself is declared wrongly: a repeat without `as`, a stage called outside a pipeline, a foreign reference. */
export class GraphError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "GraphError";
  /** The command line or a config is wrong. */
  override readonly exitCode = 2;
}

/** A config leaf or an override is wrong. */
export class ConfigError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "ConfigError";
  /** The command line or a config is wrong. */
  override readonly exitCode = 2;
}

/** A stage's code cannot be fingerprinted: an import that no lock file names, a file the bundle does not see. */
export class CodeError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "CodeError";
}

/** An external file that a stage reads is missing or cannot be read. */
export class SourceError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "SourceError";
}

/** The cache cannot be read or written: no space, no permission, not a directory. */
export class CacheError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "CacheError";
}

/** A blob of the cache is missing, truncated or has other bytes than its name says. The scheduler answers with a new run. */
export class CorruptBlobError extends CacheError {
  /** Class name, for logs. */
  override readonly name: string = "CorruptBlobError";
  /** SHA-256 the blob should have, 64 lower-case hex digits. */
  readonly digest: string;
  /**
   * An error about one blob.
   *
   * @param digest SHA-256 the blob should have.
   * @param message What is wrong with it, for the user.
   * @param options What failed for it, as `cause`.
   */
  constructor(digest: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.digest = digest;
  }
}

/** The lease under which a process worked is another's by now: it must write nothing more. */
export class LeaseLostError extends CacheError {
  /** Class name, for logs. */
  override readonly name: string = "LeaseLostError";
}

/** A stage failed. The cause is kept. */
export class StageError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "StageError";
  /** Instance id of the stage: its name, or the name given by `as`. */
  readonly stage: string;
  /**
   * An error about one stage.
   *
   * @param stage Instance id.
   * @param message What could not be done, and the way out.
   * @param options `cause`: what the stage threw.
   */
  constructor(stage: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.stage = stage;
  }
}

/** A stage threw what is no user's mistake: a defect, whose cause and stack trace are kept and shown. */
export class StageCrashError extends Error {
  /** Class name, for logs. */
  override readonly name: string = "StageCrashError";
  /** Instance id of the stage. */
  readonly stage: string;
  /**
   * An error about one stage.
   *
   * @param stage Instance id.
   * @param message What failed.
   * @param options `cause`: what the stage threw.
   */
  constructor(stage: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.stage = stage;
  }
}

/** The run was stopped through its `AbortSignal`; what had finished is in the cache. */
export class InterruptedError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "InterruptedError";
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
