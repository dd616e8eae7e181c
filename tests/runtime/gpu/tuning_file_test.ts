import assert from "node:assert/strict";
import { dirname } from "node:path";
import { factsOf, Gpu } from "../../../runtime/gpu/gpu.ts";
import { collectingTerminal } from "../../../cli/terminal/terminal.ts";
import { TuningFile, tuningLine } from "../../../runtime/gpu/tuning_file.ts";
import { placeTest } from "../../cli/support.ts";

const here = { adapter: "Some GPU", driver: "1.2", features: "subgroups", subgroups: "32" };
const tuning = new Map([["forward 3x3", "blocked-8x16"], ["__proto__", "wide-16"], ["backward", "wide-8"]]);

placeTest("a tuning is remembered to the letter, for its adapter and driver alone", async ({ cache }) => {
  const file = new TuningFile(cache, here);
  assert.deepEqual(file.read(), {});
  await file.write(tuning);
  assert.deepEqual(new Map([...file.read().tuning!].sort()), new Map([...tuning].sort()));
  const text = Deno.readTextFileSync(file.path);
  await file.write(new Map([...tuning].reverse()));
  assert.equal(Deno.readTextFileSync(file.path), text, "the order does not matter");
  for (const change of [{ adapter: "Another" }, { driver: "1.3" }, { features: "" }, { subgroups: "16" }]) {
    const other = new TuningFile(cache, { ...here, ...change });
    assert.notEqual(other.path, file.path);
    assert.deepEqual(other.read(), {});
  }
});

placeTest("a damaged or foreign file is not used, and the reason told", async ({ cache }) => {
  const file = new TuningFile(cache, here);
  await file.write(tuning);
  const good = Deno.readTextFileSync(file.path);
  const problem = (text: string) => {
    Deno.writeTextFileSync(file.path, text);
    const { tuning, problem } = file.read();
    assert.equal(tuning, undefined);
    assert.match(problem!, /^The tuning in ".*\.json" is not used: .* run "tune" again\.$/);
    return problem!;
  };
  problem("");
  problem(good.slice(0, -20));
  problem("null");
  problem("\0".repeat(100));
  assert.match(problem(good.replace("blocked-8x16", "blocked-16x8")), /it was changed since it was written/);
  assert.match(problem(good.replace('"format": 1', '"format": 2')), /it format is not 1/);
  assert.match(problem(good.replace('"wide-8"', "8")), /"backward" is no text/);
  assert.match(problem(" ".repeat((1 << 20) + 1)), /it has 1048577 bytes/);
  const other = new TuningFile(cache, { ...here, adapter: "Another" });
  await other.write(tuning);
  assert.match(problem(Deno.readTextFileSync(other.path)), /made on "Another"/);
  Deno.removeSync(file.path);
  Deno.mkdirSync(file.path);
  assert.match(file.read().problem!, /is not used/);
});

placeTest(
  "the GPU takes what is remembered, and tells it; a damaged file is told once",
  async ({ cache }) => {
    const plain = new Gpu(collectingTerminal());
    const facts = await factsOf((await plain.open()).facts);
    await plain.close();
    const file = new TuningFile(cache, facts);
    await file.write(tuning);
    const open = async (folder?: string) => {
      const terminal = collectingTerminal();
      const gpu = new Gpu(terminal, { cache: folder });
      const facts = await gpu.announce();
      await gpu.announce();
      const { tuning } = await gpu.open();
      const recorded = (await gpu.resource()).describe();
      await gpu.close();
      return { facts, tuning, recorded, ...terminal };
    };
    const tuned = await open(cache);
    assert.equal(tuned.tuning.size, tuning.size);
    assert.equal(tuned.recorded.tuning, tuningLine(tuning));
    assert.match(tuned.printed[0]!, /; tuned for 3 shapes \([0-9a-f]{8}\)$/);
    assert.deepEqual(tuned.noted, []);
    const without = await open();
    assert.deepEqual([without.tuning.size, "tuning" in without.facts], [0, false]);
    Deno.writeTextFileSync(file.path, "{");
    const damaged = await open(cache);
    assert.deepEqual([damaged.tuning.size, damaged.noted.length], [0, 1]);
    assert.match(damaged.noted[0]!, new RegExp(`^The tuning in "${dirname(file.path)}`));
    assert.doesNotMatch(damaged.printed[0]!, /tuned/);
  },
);
