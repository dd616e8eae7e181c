/** A session that several processes share: the one that leads takes it as its own, and the others do the same. @module */
import type { Device } from "../../../kernels/device.ts";
import { askTeam, hearTeam, messageOf, type Team, TeamError, tellTeam } from "../../../pipeline/mod.ts";
import type { SampleSet } from "../../datasets/samples.ts";
import { assertAlike, scoreDealt } from "../../evaluation/dealt.ts";
import { ORIGINAL, type Protocol } from "../../evaluation/protocols.ts";
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
  const adapters = await assertAlike(team, device);
  let session: Session | undefined, failure: unknown;
  try {
    session = open();
  } catch (error) {
    failure = error;
  }
  const problems = await askTeam(team, { problem: failure === undefined ? undefined : messageOf(failure) });
  const failed = problems.findIndex(({ problem }) => problem !== undefined);
  if (failed < 0) return { session: session!, adapters };
  await session?.free();
  // One's own is thrown as it is, with where it comes from.
  if (team.rank === 0 && failure !== undefined) throw failure;
  throw fail(`on rank ${failed}: ${problems[failed]!.problem}`);
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
      return await scoreDealt(
        team,
        validation,
        (samples, progress) => session.evaluate(signal, protocol, progress, samples),
        progress && ((done) => progress(done, validation.length)),
      );
    },
    async free() {
      await tellTeam(team, { kind: "free" } satisfies Told);
      await session.free();
    },
  };
}

/** What another process has failed of is said there. */
function ofTheOthers(error: unknown): void {
  if (!(error instanceof TeamError)) throw error;
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
        await scoreDealt(
          team,
          validation,
          (samples, progress) => session.evaluate(never, told.protocol, progress, samples),
        ).catch(ofTheOthers);
        break;
      case "free":
        await session.free();
        return;
    }
  }
}
