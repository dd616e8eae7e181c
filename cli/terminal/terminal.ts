/** Where a command writes: results, notes, and one line that is drawn over. @module */

import { messageOf, UserError } from "../../pipeline/mod.ts";
import { printable } from "./text.ts";

/** What a shell shows of a program whose reader went away: 128 + SIGPIPE. */
const closedPipeStatus = 141;

/** Output of one command. */
export interface Terminal {
  /** Writes a line of results, to stdout. */
  print(line: string): void;
  /** Writes a line about the work, to stderr. */
  note(line: string): void;
  /** Draws over the last line on the terminal; does nothing elsewhere. An empty text clears it. */
  live(text: string): void;
  /** Whether {@linkcode Terminal.live} draws. */
  readonly isLive: boolean;
  /** Asks a question, and gives the line that is typed; undefined where nobody can be asked. */
  ask(question: string): string | undefined;
  /** Characters of a line of results, where that is a terminal's. */
  readonly columns?: number | undefined;
}

/**
 * The process's own terminal; lines that were drawn over are cleared before others are written. Where the reader of a pipe has
 * gone, as `head` does, the process ends without a word: a run that is stopped so goes on from its checkpoint, as a killed one.
 */
export function systemTerminal(): Terminal {
  const isLive = Deno.stderr.isTerminal();
  let drawn = false;
  const write = (stream: typeof Deno.stdout, text: string) => {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) Deno.exit(closedPipeStatus);
      const name = stream === Deno.stdout ? "standard output" : "standard error";
      throw new UserError(`Cannot write to ${name}: ${messageOf(error)}. Send it elsewhere, and run again.`);
    }
  };
  const clear = () => {
    if (drawn) write(Deno.stderr, "\r\x1b[2K");
    drawn = false;
  };
  return {
    isLive,
    get columns() {
      return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : undefined;
    },
    print(line) {
      clear();
      write(Deno.stdout, printable(line) + "\n");
    },
    note(line) {
      clear();
      write(Deno.stderr, printable(line) + "\n");
    },
    live(text) {
      if (!isLive) return;
      clear();
      if (text === "") return;
      write(Deno.stderr, printable(text).slice(0, Math.max(20, Deno.consoleSize().columns - 1)));
      drawn = true;
    },
    ask(question) {
      if (!isLive || !Deno.stdin.isTerminal()) return undefined;
      clear();
      return prompt(printable(question)) ?? "";
    },
  };
}

/** Says nothing, and asks nobody. */
export const silentTerminal: Terminal = {
  isLive: false,
  print() {},
  note() {},
  live() {},
  ask: () => undefined,
};

/**
 * Reads and writes nothing of the process: lines are collected. For tests, and to silence a part of a command.
 *
 * @param answers What is typed, question after question; without them nobody can be asked.
 */
export function collectingTerminal(
  answers?: readonly string[],
): Terminal & { readonly printed: string[]; readonly noted: string[] } {
  const printed: string[] = [], noted: string[] = [];
  let asked = 0;
  return {
    printed,
    noted,
    isLive: false,
    print: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    live: () => {},
    ask: (question) => {
      if (answers === undefined) return undefined;
      noted.push(question);
      return answers[asked++] ?? "";
    },
  };
}

/** A terminal whose results go among the notes, so that stdout is left to JSON. */
export function notesOnly(terminal: Terminal): Terminal {
  return {
    isLive: terminal.isLive,
    print: (line) => terminal.note(line),
    note: (line) => terminal.note(line),
    live: (text) => terminal.live(text),
    ask: (question) => terminal.ask(question),
  };
}
