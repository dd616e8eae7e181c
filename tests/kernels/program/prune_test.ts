import { deepStrictEqual } from "node:assert/strict";
import { Graph } from "../../../kernels/graph.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { prune } from "../../../kernels/program/prune.ts";
import { makeTensor } from "../../../kernels/tensor.ts";

Deno.test("prune() keeps what leads to a kept tensor or to one with a home, in order, and nothing else", () => {
  const graph = new Graph(0);
  const tensor = (label: string) => makeTensor({ label, shape: [4] });
  const [a, b] = [tensor("a"), tensor("b")];
  const used = add(graph, a, b);
  const unused = add(graph, a, a);
  add(graph, unused, b); // leads nowhere
  const kept = graph.keep(add(graph, used, b));
  const home = { ...tensor("home"), home: { buffer: {} as GPUBuffer, offset: 0 } };
  graph.launch({ ...graph.dispatches[0]!, writes: [home], groups: [1, 1, 1], loops: 0 });
  const left = prune(graph.dispatches, graph.kept).map(({ writes }) => writes[0]!);
  deepStrictEqual(left, [used, kept, home]);
});
