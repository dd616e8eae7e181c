/** Fuzzes one reader in a process that may do nothing but read: `child.ts <reader> <seed> <from> <count>`. @module */
import { fuzz } from "./fuzz.ts";
import { readers } from "./readers.ts";

const [name, seed, from, count] = Deno.args;
const reader = readers.find((each) => each.name === name);
if (reader === undefined) throw new Error(`no reader "${name}"`);
const line = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
// The number before each input: if this process dies or hangs, the last one tells which input it was.
const tally = await fuzz(reader, {
  seed: Number(seed),
  from: Number(from),
  count: Number(count),
  before: (number) => line(String(number)),
});
line(JSON.stringify(tally));
// Whoever started this process looks at its peak memory while it is still there.
await Deno.stdin.read(new Uint8Array(1));
