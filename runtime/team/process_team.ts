/** The team that this process is in. @module */
import { joinTeam, type MpiTeam } from "./team.ts";

let own: MpiTeam | undefined;

/** Joins the team that MPI has started, for the rest of the process's life; none where it has started this one alone. */
export function joinProcessTeam(library: string): MpiTeam | undefined {
  const team = joinTeam(library);
  if (team.size > 1) return own = team;
  team.finish();
  return undefined;
}

/** The team of this process; undefined where it is alone. */
export function processTeam(): MpiTeam | undefined {
  return own;
}
