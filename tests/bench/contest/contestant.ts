/**
 * The side of a contest that works: a process that is told on stdin what to prepare and when to take a sample.
 *
 * A request is a line of JSON; an answer is a line of JSON behind {@linkcode ANSWER}, as libraries print what they like. Once
 * ready, a contestant names itself: `{"name": "…", "adapter": "…"}`. It ends when stdin does.
 */
import { lines } from "./lines.ts";

/** Begins each line that is an answer. */
export const ANSWER = "bench: ";

/** Milliseconds that a sample should last, so that a wait of some 10 ms at its end weighs little. */
const SAMPLE = 600;

/** Work that is ready. */
export interface ReadyWork {
  /** What the contestants must agree on; empty where nothing can be compared. */
  readonly check: readonly number[];
  /** Does the work so many times, and waits for the end. */
  run(times: number): Promise<void>;
}

/** What a contestant can prepare, by name of the work. */
export type Works = Readonly<Record<string, (spec: never) => Promise<ReadyWork>>>;

/** A request. */
export type Request =
  | { readonly prepare: string; readonly spec: unknown }
  | { readonly sample: string };

/** Answers requests until stdin ends. */
export async function serve(facts: { name: string; adapter: string }, works: Works): Promise<void> {
  const answer = (value: unknown) => console.log(ANSWER + JSON.stringify(value));
  const ready = new Map<string, { work: ReadyWork; times: number }>();
  const timed = async (work: ReadyWork, times: number) => {
    const start = performance.now();
    await work.run(times);
    return performance.now() - start;
  };
  answer(facts);
  for await (const line of lines(Deno.stdin.readable)) {
    const request = JSON.parse(line) as Request;
    if ("prepare" in request) {
      const work = await (works[request.prepare] as (spec: unknown) => Promise<ReadyWork>)(request.spec);
      // Twice: some compile at the second use only.
      await timed(work, 1);
      const times = Math.max(1, Math.round(SAMPLE / await timed(work, 1)));
      ready.set(request.prepare, { work, times });
      answer({ check: work.check, times });
    } else {
      const { work, times } = ready.get(request.sample)!;
      answer({ milliseconds: await timed(work, times) / times });
    }
  }
}
