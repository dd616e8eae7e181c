/** Feeds damaged files to a reader, and finds what is neither an error with a text nor a right answer. @module */
import process from "node:process";
import { explain } from "../../cli/terminal/errors.ts";
import { randomNumbers } from "../torture/part.ts";
import { mutate } from "./mutations.ts";
import type { Reader } from "./readers.ts";

/** Most processor time that one input may take, seconds. */
export const mostSeconds = 2;

/** What became of the inputs. */
export interface Tally {
  readonly reader: string;
  readonly inputs: number;
  readonly refused: number;
  readonly read: number;
  /** Processor time of the slowest input, seconds. */
  readonly slowest: number;
  /** What was wrong, each with the number of its input. */
  readonly wrong: readonly string[];
}

/** The input with a number: equal for equal reader, seed and number. */
export function inputOf(reader: Reader, seed: number, number: number): Uint8Array<ArrayBuffer> {
  const random = randomNumbers(seed * 0x9e3779b1 + number * 0x85ebca6b + reader.name.length);
  const file = reader.seeds[number % reader.seeds.length]!;
  const damage = random() < 0.5 ? reader.damage : mutate;
  return damage(file, random, reader.seeds).slice();
}

/** Reads inputs, one after another. `before` is told the number of each. */
export async function fuzz(
  reader: Reader,
  options: { seed: number; from: number; count: number; before?: (number: number) => void },
): Promise<Tally> {
  const { seed, from, count, before } = options;
  const wrong: string[] = [];
  let refused = 0, read = 0, slowest = 0;
  for (let number = from; number < from + count; number++) {
    before?.(number);
    const bytes = inputOf(reader, seed, number);
    const started = process.cpuUsage();
    const problem = await attempt(reader, bytes);
    const { user, system } = process.cpuUsage(started);
    const seconds = (user + system) / 1e6;
    slowest = Math.max(slowest, seconds);
    if (problem === undefined) read++;
    else if (problem === "refused") refused++;
    else wrong.push(`input ${number}: ${problem}`);
    if (seconds > mostSeconds) wrong.push(`input ${number}: ${seconds.toFixed(1)} s of processor time`);
  }
  return { reader: reader.name, inputs: count, refused, read, slowest, wrong };
}

async function attempt(reader: Reader, bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  try {
    await reader.read(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) return `threw ${String(error)}`;
    const known = reader.refusals.some((type) => error instanceof type);
    if (!known) return `no typed error: ${error.stack?.slice(0, 600)}`;
    if (error.message.trim() === "") return `an error of ${error.name} without a text`;
    const told = explain(error);
    return told.length > 6000 ? `an error with ${told.length} characters of text` : "refused";
  }
}
