/** Images that the processes of a team deal among themselves. @module */
import type { Device } from "../../kernels/device.ts";
import { askTeam, type Team, TeamError, UserError } from "../../pipeline/mod.ts";
import type { SampleSet } from "../datasets/samples.ts";
import type { Confusion } from "./metrics.ts";
import type { PerPrediction } from "./predictions.ts";

/** Processes that cannot work together. */
export class TeamMismatchError extends UserError {
  override readonly name = "TeamMismatchError";
}

/**
 * Makes sure that all processes compute alike.
 *
 * @returns The adapter of each, by rank.
 * @throws {TeamMismatchError} On the one that leads, TeamError on the others, if one is on another kind of adapter.
 */
export async function assertAlike(team: Team, { facts }: Device): Promise<readonly string[]> {
  const { name, sharing, subgroupSize } = facts;
  const all = await askTeam(team, { name, facts: JSON.stringify([name, sharing, subgroupSize]) });
  const other = all.findIndex(({ facts }) => facts !== all[0]!.facts);
  if (other < 0) return all.map(({ name }) => name);
  if (team.rank > 0) throw new TeamError("adapters differ");
  throw new TeamMismatchError(
    `Cannot run in ${team.size} processes: rank ${other} computes on ${all[other]!.facts}, rank 0 on ` +
      `${all[0]!.facts}: their bits would differ. Run all of them on adapters of one kind`,
  );
}

/** Scores some images. */
export type Scoring = (
  samples: SampleSet,
  progress: (done: number) => void,
) => Promise<PerPrediction<Confusion>>;

/**
 * Scores images, a block of them in each process. Counts add up exactly, in whatever order.
 *
 * @param progress Told how many are scored, as far as this process knows.
 * @throws What the scoring throws here; Error if it has failed in another process.
 */
export async function scoreDealt(
  team: Team,
  samples: SampleSet,
  score: Scoring,
  progress: (done: number) => void = () => {},
): Promise<PerPrediction<Confusion>> {
  const { length } = samples, at = (rank: number) => Math.floor(length * rank / team.size);
  const first = at(team.rank), own = at(team.rank + 1) - first;
  let failure: { readonly error: unknown } | undefined, counts: Record<string, readonly number[]> | undefined;
  try {
    const scored = await score(
      part(samples, first, own),
      (done) => progress(Math.floor(done * length / Math.max(1, own))),
    );
    counts = Object.fromEntries(
      Object.entries(scored).map(([name, { matrix }]) => [name, Array.from(matrix)]),
    );
  } catch (error) {
    failure = { error };
  }
  // Whoever has failed says so: the others wait for its counts.
  const all = await askTeam(team, { counts });
  if (failure !== undefined) throw failure.error;
  const missing = all.findIndex(({ counts }) => counts === undefined);
  if (missing >= 0) {
    if (team.rank > 0) throw new TeamError(`rank ${missing} has failed`);
    throw new Error(`Cannot score: rank ${missing} has failed`);
  }
  const classes = samples.classes.names.length;
  return Object.fromEntries(
    Object.keys(counts!).map((name) => {
      const matrix = new Float64Array(classes ** 2);
      for (const { counts } of all) counts![name]!.forEach((count, cell) => matrix[cell]! += count);
      return [name, { classes, matrix }];
    }),
  ) as PerPrediction<Confusion>;
}

/** Some images of a set, from a first one on. */
function part(set: SampleSet, first: number, length: number): SampleSet {
  const { classes, range, ids } = set;
  return {
    classes,
    ...(range && { range }),
    length,
    ids: ids.slice(first, first + length),
    size: (i) => set.size(first + i),
    image: (i) => set.image(first + i),
    mask: (i) => set.mask(first + i),
  };
}

/**
 * Makes something of each of a number of images, in turns: each process of one, and the one that leads is given all, in their order.
 *
 * @param make Makes bytes of an image.
 * @param take Takes them; called on the one that leads alone.
 */
export async function makeDealt(
  team: Team | undefined,
  count: number,
  make: (image: number) => Promise<Uint8Array>,
  take: (image: number, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { rank = 0, size = 1 } = team ?? {};
  try {
    for (let first = 0; first < count; first += size) {
      const own = first + rank, made = own < count ? await make(own) : new Uint8Array();
      const all = team === undefined ? [made] : await team.gather(made);
      if (rank > 0) continue;
      for (let i = 0; i < size && first + i < count; i++) await take(first + i, all[i]!);
    }
  } catch (error) {
    team?.leave();
    throw error;
  }
}
