/** What a failure says on the terminal, and the exit status it ends with. @module */
import { DeviceError, KernelError } from "../../kernels/errors.ts";
import { WeightsError } from "../../models/errors.ts";
import { PartitionError } from "../../partitions/reader.ts";
import { InterruptedError, messageOf, StageCrashError, UserError } from "../../pipeline/mod.ts";
import { isDiskFault } from "../../pipeline/files/system_error.ts";
import { shortened } from "./text.ts";

/** The command line is wrong: an unknown experiment, an option's value that cannot be read. */
export class UsageError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "UsageError";
  /** The command line or a config is wrong. */
  override readonly exitCode = 2;
}

/** Exit status of a run that was stopped by a signal. */
export const interruptedStatus = 130;

/** 1: failed; 2: the command line or a config is wrong; 130: interrupted. */
export function exitStatus(error: unknown): number {
  if (error instanceof InterruptedError) return interruptedStatus;
  return error instanceof UserError ? error.exitCode : 1;
}

/** Circumstances that other rooms report without knowing of {@linkcode UserError}; their messages name the way out. */
const circumstances = [UserError, DeviceError, KernelError, PartitionError, WeightsError] as const;

function isCircumstance(error: unknown): boolean {
  return circumstances.some((type) => error instanceof type);
}

/** Each line of a message at a length that can be read: what it quotes may be a file's only line, of a million characters. */
function brief(message: string): string {
  return message.split("\n").map((line) => shortened(line)).join("\n");
}

/** The text of a failure: the message alone for a user's mistake, with the stack trace for a defect. */
export function explain(error: unknown): string {
  if (error instanceof InterruptedError) return `${error.message}. Run the same command again to go on.`;
  if (isCircumstance(error)) return `error: ${brief((error as Error).message)}`;
  if (error instanceof StageCrashError) {
    if (isCircumstance(error.cause)) return `error: ${brief(error.message)}`;
    const cause = error.cause instanceof Error ? error.cause.stack ?? error.cause.message : error.cause;
    return `error: ${error.message}\nThis is a defect of the stage, not of its input:\n${cause}`;
  }
  if (isDiskFault(error)) {
    return `error: ${brief(messageOf(error))}. A disk is full, gone or broken: mend that, and run again.`;
  }
  if (error instanceof Error) return `error: ${error.stack ?? error.message}`;
  return `error: ${error}`;
}
