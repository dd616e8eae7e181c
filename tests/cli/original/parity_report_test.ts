import assert from "node:assert/strict";
import { parityText } from "../../../cli/original/parity_report.ts";
import { type Quantity, quantity } from "../../../stages/parity/quantity.ts";

const norms = Array.from({ length: 20 }, (_, i) => quantity(`p${i}`, "gradient norm", 0.001, 0.03));
const report = (quantities: readonly Quantity[]) => ({
  quantities,
  passed: quantities.every(({ within }) => within),
  reading: { name: "case" },
  readAgain: false,
  off: [],
  unread: {},
});

Deno.test("of many gradients the worst are shown, the others counted; --all shows each", () => {
  const loss = quantity("step 0 ce1", "loss", 1e-6, 1e-4, { expected: 3, found: 3.000003 });
  const few = parityText(report([loss, ...norms]), { all: false });
  assert.match(few, /step 0 ce1 +loss +1\.00e-6 +1\.00e-4 +within +3\.000003 \/ 3/);
  assert.ok(few.includes("p7") && !few.includes("p8"));
  assert.match(few, /12 more of kind "gradient norm" are within/);
  assert.match(few, /All 21 quantities are within/);
  const all = parityText(report([loss, ...norms]), { all: true });
  assert.ok(all.includes("p19") && !all.includes("more of kind"));
});

Deno.test("what is out, and what was met only by a closer look, is never left out", () => {
  const out = quantity("q", "gradient samples", 0.2, 0.05);
  const met = quantity("r", "gradient samples", 0.01, 0.05, { remark: "9.00e-2 but for weights ±1 ulp" });
  const text = parityText(report([...norms, out, met]), { all: false });
  assert.match(text, /^q .*OUT/m);
  assert.match(text, /^r .*within +9\.00e-2 but for weights ±1 ulp/m);
  assert.match(text, /1 of 22 quantities are out/);
});

Deno.test("a number that is none is out", () => {
  const lost = quantity("step 0 ce1", "loss", NaN, 1e-4);
  assert.equal(lost.within, false);
  assert.match(parityText(report([lost]), { all: false }), /NaN +1\.00e-4 +OUT/);
});

Deno.test("weights that the case does not give are said", () => {
  const published = { name: "published", remark: "Conflicting pixels weigh 1.5." };
  const text = parityText({ ...report(norms), reading: published }, { all: false });
  assert.match(text, /^Conflicting pixels weigh 1\.5\.$/m);
  assert.match(parityText({ ...report(norms), off: ["con1"] }, { all: false }), /not compared: con1\./);
  const unread = { counts: "nothing reads them" };
  assert.match(
    parityText({ ...report(norms), unread }, { all: false }),
    /^Not compared: counts \(nothing reads them\)\.$/m,
  );
});
