import assert from "node:assert/strict";
import { gpuTest } from "../support/gpu.ts";
import { testUnless } from "../support/skip.ts";
import { lacksShared } from "../support/shared_data.ts";
import { allFaults } from "./faults/mod.ts";
import { tableOf } from "./table.ts";
import { broken, caseFile, Tree } from "./tree.ts";

const text = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

for (const { method, cases, faults } of allFaults) {
  Deno.test(`the faults of ${method} break its code in one place each, and say who sees them`, () => {
    assert.ok(faults.length >= 10, `${faults.length} faults`);
    for (const fault of faults) {
      assert.notEqual(broken(text(fault.file), fault), text(fault.file), fault.why);
      const foreign = fault.caught.filter((name) => !cases.includes(name));
      assert.deepEqual(foreign, [], fault.why);
      assert.equal(
        fault.unseen === undefined,
        fault.caught.length > 0,
        `${fault.why}: seen, or why it is not`,
      );
    }
  });
  for (const name of cases) {
    const own = `tests/golden/parity/${name}.json`, isOwn = exists(own);
    testUnless(
      isOwn ? undefined : lacksShared(`oracle/${name}.json`),
      `the case ${name} of ${method} is there`,
      () => {
        assert.ok(caseFile(name).endsWith(`${name}.json`));
      },
    );
  }
}

Deno.test("the table in README.md is that of the lists", () => {
  // Formatting pads cells, and breaks lines.
  const plain = (table: string) =>
    table.replaceAll(/\s+/g, " ").replaceAll(/ *\| */g, "|").replaceAll(/-+/g, "-");
  assert.ok(
    plain(text("tests/mutations/README.md")).includes(plain(tableOf(allFaults))),
    "deno task mutations --table",
  );
});

Deno.test("a text that is not there once cannot be broken", () => {
  const fault = { why: "", file: "f.ts", find: "a", replace: "b", caught: [] };
  assert.throws(() => broken("aa", fault), /Cannot break f\.ts: "a" is in it 2 times/);
  assert.throws(() => broken("", fault), /0 times/);
});

gpuTest("a fault is seen by a case of its list, and mended after that", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "crossview-mutations-" }));
  try {
    const tree = await Tree.copy(folder), { faults } = allFaults.find(({ method }) => method === "cps")!;
    const fault = faults.find(({ why }) => why.startsWith("the pseudo losses weigh half"))!;
    const [name] = fault.caught as [string];
    assert.deepEqual(await tree.with(fault, () => tree.judge(name)), {
      caught: true,
      by: "loss: step 0 total",
    });
    assert.deepEqual(await tree.judge(name), { caught: false, by: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(`../../${path}`, import.meta.url));
    return true;
  } catch {
    return false;
  }
}
