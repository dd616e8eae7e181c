/** An experiment of many checkpoints in a process of its own, which is stopped, woken and killed. @module */
import { z } from "zod";
import { sha256 } from "../../../pipeline/plan/canonical_json.ts";
import {
  Cache,
  defineStage,
  Events,
  jsonKind,
  LeaseLostError,
  pipeline,
  run,
} from "../../../pipeline/mod.ts";
import { withoutLocks } from "../../support/lockless.ts";

/** Arguments of the child. */
export interface FencedArguments {
  readonly root: string;
  readonly steps: number;
  /** Milliseconds of a step. */
  readonly pause: number;
  readonly beat: number;
  readonly stale: number;
  /** Whether the kernel's locks reach from one process to the other. */
  readonly locks: boolean;
}

/** Exit status of a process that found its lease to be another's. */
export const lostStatus = 3;

/** What the experiment gives after so many steps. */
export function chain(steps: number, from = "start", at = 0): string {
  let state = from;
  for (let step = at; step < steps; step++) state = sha256(`${state} ${step}`);
  return state;
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function main({ root, steps, pause, beat, stale, locks }: FencedArguments): Promise<void> {
  const long = defineStage({
    name: "long",
    version: 1,
    module: import.meta.url,
    config: z.strictObject({ steps: z.number(), pause: z.number().meta({ location: true }) }),
    inputs: {},
    outputs: { chain: jsonKind<string>("chain", 1) },
    run: async ({ config: { steps, pause }, context: { checkpoints, scratch, progress } }) => {
      const { state, damage } = await checkpoints.load(
        { about: 64, most: 64 },
        (bytes) => new TextDecoder().decode(bytes),
      );
      progress({ kind: "from", step: state?.position ?? 0, damage });
      let value = state?.value ?? "start", part = "";
      for (let step = state?.position ?? 0; step < steps; step++) {
        value = chain(step + 1, value, step);
        part = await checkpoints.addPart(bytes(`weights ${value}`), part === "" ? [] : [part]);
        await checkpoints.save(step + 1, () => Promise.resolve([bytes(value)]), [part]);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
      if (part !== "") await checkpoints.copyPart(part, scratch("weights"));
      return { chain: value };
    },
  });
  const events = new Events();
  events.on((event) => console.log(JSON.stringify(event)));
  const body = async () => {
    const cache = new Cache(root, { beat, stale });
    const { outputs } = await run(pipeline("fenced", () => long({ steps, pause })).build(), {
      cache,
      events,
    });
    console.log(JSON.stringify({ type: "value", value: await outputs.chain.read() }));
  };
  try {
    await (locks ? body() : withoutLocks(body));
  } catch (error) {
    if (!(error instanceof LeaseLostError)) throw error;
    console.log(JSON.stringify({ type: "lost", message: error.message }));
    Deno.exit(lostStatus);
  }
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
