/** A few hundred damaged files for each reader, in processes that may only read; ten thousand: `deno task torture fuzz`. @module */
import assert from "node:assert/strict";
import { inputOf } from "./fuzz.ts";
import { readers } from "./readers.ts";
import { mostMemory, watch } from "./watch.ts";

Deno.test("every reader reads its files as they are", async () => {
  for (const { name, seeds, read, refusals } of readers) {
    for (const seed of seeds) {
      try {
        await read(seed.slice());
      } catch (error) {
        // The list of unlabeled images is a right file that is refused.
        assert.ok(refusals.some((type) => error instanceof type), name);
        assert.match((error as Error).message, /names no mask/);
      }
    }
  }
});

Deno.test("an input is known by its number, and is damaged", () => {
  for (const reader of readers) {
    const inputs = Array.from({ length: 40 }, (_, number) => inputOf(reader, 1, number));
    assert.deepEqual(inputs, Array.from({ length: 40 }, (_, number) => inputOf(reader, 1, number)));
    const changed = inputs.filter((bytes, number) =>
      bytes.length !== reader.seeds[number % reader.seeds.length]!.length ||
      bytes.some((byte, at) => byte !== reader.seeds[number % reader.seeds.length]![at])
    );
    assert.ok(changed.length > 30, reader.name);
  }
});

for (const { name } of readers) {
  Deno.test(`damaged ${name} files are errors with a text, or read right`, async () => {
    const { wrong, refused, read, inputs, memory } = await watch(name, 1, 0, 300);
    assert.deepEqual(wrong, []);
    assert.equal(refused + read, inputs);
    // Both must come up, or the damage is too little or too much to show anything.
    assert.ok(refused > 30 && read > 3, `${refused} refused, ${read} read`);
    if (Deno.build.os === "linux") assert.ok(memory! > 1e7 && memory! < mostMemory);
  });
}
