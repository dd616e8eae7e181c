/** A command in processes that MPI has started together: one of them speaks. @module */
import { joinProcessTeam, processTeam } from "../../runtime/team/process_team.ts";
import { mpiVariable } from "../../runtime/team/start.ts";
import { explain } from "../terminal/errors.ts";
import { silentTerminal, systemTerminal, type Terminal } from "../terminal/terminal.ts";
import { isTeamed } from "./permissions.ts";

/** Milliseconds in which a mistake that all have made has been said by the one that leads, whose end ends the others. */
const PATIENCE = 3000;

/**
 * Runs a command line, in a team if it is of those that can be and MPI has started this process.
 *
 * @returns The exit status.
 */
export async function runInTeam(
  args: readonly string[],
  main: (args: readonly string[], terminal: Terminal) => Promise<number>,
): Promise<number> {
  const terminal = systemTerminal();
  const library = isTeamed(args[0]) ? Deno.env.get(mpiVariable) : undefined;
  if (!library) return await main(args, terminal);
  try {
    joinProcessTeam(library);
  } catch (error) {
    terminal.note(explain(error));
    return 1;
  }
  const team = processTeam();
  const status = await main(args, team !== undefined && team.rank > 0 ? silentTerminal : terminal);
  // Of one that has failed, MPI ends the others.
  if (status === 0) team?.finish();
  return status;
}

/** Says what a command has failed of; of a team, the others than the one that leads what it does not say. */
export async function sayError(error: unknown, terminal: Terminal): Promise<void> {
  const team = processTeam();
  if (team === undefined || team.rank === 0) return terminal.note(explain(error));
  await new Promise((resolve) => setTimeout(resolve, PATIENCE));
  systemTerminal().note(`rank ${team.rank}: ${explain(error)}`);
}
