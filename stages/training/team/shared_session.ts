/** A session that several processes share: the one that leads takes it as its own, and the others do the same. @module */
import type { Device } from "../../../kernels/device.ts";
import { askTeam, hearTeam, type Team, TeamError, tellTeam } from "../../../pipeline/mod.ts";
import type { SampleSet } from "../../datasets/samples.ts";
import { ORIGINAL, type Protocol } from "../../evaluation/protocols.ts";
import type { Confusion } from "../../evaluation/metrics.ts";
import type { PerPrediction } from "../../evaluation/predictions.ts";
import type { StepAddress } from "../control.ts";
import { SettingsError } from "../errors.ts";
import type { Sampler } from "../sampler.ts";
import type { Session } from "../session.ts";

/** What the one that leads tells the others to do. */
type Told =
  | { readonly kind: "step"; readonly address: StepAddress }
  | { readonly kind: "losses" }
  | { readonly kind: "restore"; readonly lengths: readonly number[] }
  | { readonly kind: "evaluate"; readonly protocol: Protocol }
  | { readonly kind: "free" };

/**
 * Opens a session in each process of a team, and makes sure that all have one, on adapters that compute alike.
 *
 * @param parts Micro-batches of a step.
 * @returns The adapter of each process, by rank.
 * @throws {SettingsError} On the one that leads, TeamError on the others: if one has none, or of another adapter, or the step does not
 *   divide.
 */
export async function openTogether(
  team: Team,
  device: Device,
  parts: number,
  open: () => Session,
): Promise<{ readonly session: Session; readonly adapters: readonly string[] }> {
  const fail = (rule: string) =>
    team.rank === 0
      ? new SettingsError(`Cannot train in ${team.size} processes: ${rule}`)
      : new TeamError(rule);
  if (parts % team.size !== 0) {
    throw fail(
      `a step has ${parts} micro-batch${
        parts === 1 ? "" : "es"
      } (co-train.accumulate), which ${team.size} cannot share equally. ` +
        `Set co-train.accumulate to ${team.size} or a multiple of it; the result is that of one process with the same setting`,
    );
  }
  const { name, sharing, subgroupSize } = device.facts;
  let session: Session | undefined, problem: string | undefined;
  try {
    session = open();
  } catch (error) {
    if (team.rank === 0) problem = (error as Error).message;
    else problem = `on rank ${team.rank}: ${(error as Error).message}`;
    if (!(error instanceof SettingsError)) problem += " (a fault)";
  }
  const facts = JSON.stringify([name, sharing, subgroupSize]);
  const all = await askTeam(team, { name, facts, problem });
  const failed = all.find(({ problem }) => problem !== undefined);
  const other = all.findIndex(({ facts }) => facts !== all[0]!.facts);
  if (failed === undefined && other < 0) {
    return { session: session!, adapters: all.map(({ name }) => name) };
  }
  session?.free();
  throw fail(
    failed?.problem ??
      `rank ${other} computes on "${all[other]!.name}" ${all[other]!.facts}, rank 0 on "${all[0]!.name}" ` +
        `${all[0]!.facts}: their bits would differ. Run all of them on adapters of one kind`,
  );
}

/** The session of the one that leads: what it is asked for, all do. */
export function lead(session: Session, validation: SampleSet, team: Team): Session {
  /** Runs what the others wait for in its middle: if it fails, they cannot be told of anything more. */
  const together = async <T>(told: Told, work: () => Promise<T>): Promise<T> => {
    await tellTeam(team, told);
    try {
      return await work();
    } catch (error) {
      team.leave();
      throw error;
    }
  };
  return {
    ...session,
    step: (batch, address) =>
      together({ kind: "step", address }, async () => void await session.step(batch, address)),
    async losses() {
      await tellTeam(team, { kind: "losses" } satisfies Told);
      return await session.losses();
    },
    restore: (captured) =>
      together({ kind: "restore", lengths: captured.map(({ byteLength }) => byteLength) }, async () => {
        for (const { buffer } of captured) await team.broadcast(new Uint8Array(buffer));
        await session.restore(captured);
      }),
    async evaluate(signal, protocol = ORIGINAL, progress) {
      await tellTeam(team, { kind: "evaluate", protocol } satisfies Told);
      const scored = await scoreShare(session, validation, team, { signal, protocol, progress });
      if ("error" in scored) throw scored.error;
      return scored.sums;
    },
    async free() {
      await tellTeam(team, { kind: "free" } satisfies Told);
      await session.free();
    },
  };
}

/** Does what the one that leads asks for, until it is done. */
export async function serve(
  session: Session,
  { validation, sampler }: { readonly validation: SampleSet; readonly sampler: Sampler },
  team: Team,
): Promise<void> {
  const never = new AbortController().signal;
  for (;;) {
    const told = await hearTeam(team) as Told;
    switch (told.kind) {
      case "step": {
        const { epoch, step } = told.address;
        await session.step(sampler.batch(epoch, step % sampler.stepsPerEpoch), told.address);
        break;
      }
      case "losses":
        // What is wrong with them is said by the one that leads, which has the same.
        await session.losses().catch(() => {});
        break;
      case "restore": {
        const captured = [];
        for (let i = 0; i < told.lengths.length; i++) {
          captured.push(new Float32Array((await team.broadcast()).buffer));
        }
        await session.restore(captured);
        break;
      }
      case "evaluate":
        await scoreShare(session, validation, team, { signal: never, protocol: told.protocol });
        break;
      case "free":
        await session.free();
        return;
    }
  }
}

/** Scores a share of the images in each process; counts add up exactly, in whatever order. */
async function scoreShare(
  session: Session,
  validation: SampleSet,
  team: Team,
  { signal, protocol, progress }: {
    readonly signal: AbortSignal;
    readonly protocol: Protocol;
    readonly progress?: ((done: number, total: number) => void) | undefined;
  },
): Promise<{ readonly sums: PerPrediction<Confusion> } | { readonly error: unknown }> {
  const at = (rank: number) => Math.floor(validation.length * rank / team.size);
  const [first, end] = [at(team.rank), at(team.rank + 1)];
  let error: unknown, counts: Record<string, readonly number[]> | undefined;
  try {
    const scored = await session.evaluate(
      signal,
      protocol,
      progress &&
        ((done) =>
          progress(Math.floor(done * validation.length / Math.max(1, end - first)), validation.length)),
      part(validation, first, end),
    );
    counts = Object.fromEntries(
      Object.entries(scored).map(([name, { matrix }]) => [name, Array.from(matrix)]),
    );
  } catch (caught) {
    error = caught;
  }
  const all = await askTeam(team, { counts });
  const missing = all.findIndex(({ counts }) => counts === undefined);
  if (error !== undefined) return { error };
  if (missing >= 0) return { error: new Error(`Cannot score: rank ${missing} has failed`) };
  const classes = validation.classes.names.length;
  const sums = Object.fromEntries(
    Object.keys(counts!).map((name) => {
      const matrix = new Float64Array(classes ** 2);
      for (const { counts } of all) counts![name]!.forEach((count, cell) => matrix[cell]! += count);
      return [name, { classes, matrix }];
    }),
  );
  return { sums: sums as PerPrediction<Confusion> };
}

/** Some images of a set. */
function part(set: SampleSet, first: number, end: number): SampleSet {
  const { classes, range } = set;
  return {
    classes,
    ...(range && { range }),
    length: end - first,
    ids: set.ids.slice(first, end),
    size: (i) => set.size(first + i),
    image: (i) => set.image(first + i),
    mask: (i) => set.mask(first + i),
  };
}
