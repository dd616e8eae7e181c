/** What a command is, whatever library reads the command line. @module */
import { UsageError } from "./errors.ts";
import type { Terminal } from "./terminal.ts";

/** A positional argument. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  /** `several` takes all that is left; the default is `required`. */
  readonly count?: "required" | "optional" | "several";
}

/** An option: `--name`, `--name VALUE`, `-n VALUE`. */
export interface OptionSpec {
  /** Long name without dashes. */
  readonly name: string;
  /** A letter that stands for it. */
  readonly short?: string;
  /** Name of the value in the help; an option without one is a switch. */
  readonly value?: string;
  readonly description: string;
  /** May be given several times. */
  readonly repeats?: boolean;
}

/** A command, or a group of commands. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** More, for its own help. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly commands?: readonly Command[];
  /** What `--version` prints. */
  readonly version?: string;
  /** Arguments it does not know are handed on instead of refused. */
  readonly passesOn?: boolean;
  /**
   * Does the work.
   * @returns The exit status, 0 if nothing is returned.
   */
  readonly run?: (input: CommandInput) => Promise<number | void>;
}

/** What was typed. */
export class CommandInput {
  /**
   * @param positional Arguments in the order typed.
   * @param options Option name → text, texts, or `true`.
   * @param terminal Where the command writes.
   */
  constructor(
    readonly positional: readonly string[],
    readonly options: Readonly<Record<string, string | readonly string[] | boolean | undefined>>,
    readonly terminal: Terminal,
  ) {}

  /** Whether a switch is on. */
  flag(name: string): boolean {
    return this.options[name] === true;
  }

  /** The value of an option, if given. */
  text(name: string): string | undefined {
    const value = this.options[name];
    return typeof value === "string" ? value : undefined;
  }

  /** All values of a repeated option. */
  texts(name: string): readonly string[] {
    const value = this.options[name];
    return Array.isArray(value) ? value : [];
  }

  /**
   * The whole number an option gives, 0 or more.
   * @throws {UsageError} If it is none.
   */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^\d{1,15}$/.test(value)) return Number(value);
    throw new UsageError(`Cannot read "--${name} ${value}": it must be a whole number, 0 or more`);
  }
}
