/** Where a run says what it does: the command line's terminal, or whatever a program gives. @module */

/** Takes lines. */
export interface Output {
  /** A line of results. */
  print(line: string): void;
  /** A line about the work. */
  note(line: string): void;
}
