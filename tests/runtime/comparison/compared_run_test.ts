import assert from "node:assert/strict";
import { join } from "node:path";
import { readComparedRun } from "../../../runtime/comparison/compared_run.ts";
import { runOf } from "./runs.ts";

Deno.test("a run's files count as far as they say what they should, whatever they say", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    const { run, scores, plan, curves } = runOf();
    const write = (name: string, text: string) => Deno.writeTextFile(join(folder, name), text);
    const read = () => readComparedRun(folder, run);
    assert.deepEqual(await read(), { path: folder, run, scores: undefined, plan: undefined, curves: {} });
    await write("metrics.json", JSON.stringify({ ...scores, more: [1] }));
    await write("curves.json", JSON.stringify(curves));
    assert.deepEqual((await read()).scores, { ...scores, more: [1] });
    assert.deepEqual((await read()).curves, curves);
    for (
      const wrong of [
        { perClass: 5 },
        { perClass: [{ name: "a" }] },
        { perClass: [{ name: ["a"], iou: 1 }] },
        { best: { miou: { average: "1" } } },
        { best: null },
        { protocol: { a: 1 } },
        { learnedFrom: [1] },
        { adapters: { a: 1 } },
      ]
    ) {
      await write("metrics.json", JSON.stringify({ ...scores, ...wrong }));
      const others = Object.entries(scores!).filter(([name]) => !(name in wrong));
      assert.deepEqual((await read()).scores, Object.fromEntries(others), JSON.stringify(wrong));
    }
    for (const miou of [{ average: "70" }, {}]) {
      await write("metrics.json", JSON.stringify({ ...scores, miou }));
      assert.equal((await read()).scores, undefined, JSON.stringify(miou));
    }
    for (const text of ["", "null", "[]", '{"a"', "\0"]) {
      for (const name of ["metrics.json", "plan.json", "curves.json"]) await write(name, text);
      assert.deepEqual(await read(), { path: folder, run, scores: undefined, plan: undefined, curves: {} });
    }
    await write("plan.json", JSON.stringify({ ...plan, nodes: [{ id: "x" }] }));
    assert.equal((await read()).plan, undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
