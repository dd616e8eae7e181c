/** Processes that run a stage together: one leads the run, the others follow it. @module */

/** Processes that run a stage together; all of them call the same, in the same order. */
export interface Team {
  /** Which of them this one is, from 0, the one that leads. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** Bytes of the one that leads, to all. */
  broadcast(bytes?: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes of each, to all, by rank. */
  gather(bytes: Uint8Array): Promise<readonly Uint8Array<ArrayBuffer>[]>;
  /**
   * Bytes of each to each.
   *
   * @param pieces For each rank.
   * @returns From each rank.
   */
  exchange(pieces: readonly Uint8Array[]): Promise<readonly Uint8Array<ArrayBuffer>[]>;
  /** Says that this process has failed where the others wait for it: they end when it ends, and nothing more is told. */
  leave(): void;
  /** Whether it has. */
  readonly hasLeft: boolean;
}

/** What the leading process tells the others by: plain data. */
export async function tellTeam(team: Team, message: unknown): Promise<void> {
  if (team.hasLeft) return;
  await team.broadcast(new TextEncoder().encode(JSON.stringify(message)));
}

/** Waits for what the leading process tells. */
export async function hearTeam(team: Team): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await team.broadcast()));
}

/** What each has to say, by rank: plain data. */
export async function askTeam<T>(team: Team, answer: T): Promise<T[]> {
  const said = await team.gather(new TextEncoder().encode(JSON.stringify(answer)));
  return said.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
}
