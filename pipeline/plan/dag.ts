/** A pipeline as a picture: what is drawn, and Mermaid text. @module */
import type { Plan, PlanNode, PlanState } from "./plan.ts";

/** Colors of a node by what would happen to it. */
export const colors: Record<PlanState, { fill: string; stroke: string }> = {
  hit: { fill: "#dcf3e3", stroke: "#2d8a4e" },
  miss: { fill: "#fde7cf", stroke: "#c36a12" },
  waiting: { fill: "#eceff3", stroke: "#7a8594" },
};

/** Edges between the same two nodes as one, with the outputs that flow along it. */
export function bundles(plan: Plan): { from: string; to: string; label: string }[] {
  const found = new Map<string, { from: string; to: string; outputs: Set<string> }>();
  for (const { from, output, to } of plan.edges) {
    const key = `${from}\n${to}`;
    if (!found.has(key)) found.set(key, { from, to, outputs: new Set() });
    found.get(key)!.outputs.add(output);
  }
  return [...found.values()].map(({ from, to, outputs }) => ({ from, to, label: [...outputs].join(", ") }));
}

/** The graph as Mermaid text (https://mermaid.js.org), colored by what would happen. */
export function toMermaid(plan: Plan): string {
  const index = new Map(plan.nodes.map((node, i) => [node.id, `n${i}`]));
  const lines = ["graph TD"];
  for (const node of plan.nodes) lines.push(`  ${index.get(node.id)}["${title(node)}"]:::${node.state}`);
  for (const { from, to, label } of bundles(plan)) {
    lines.push(`  ${index.get(from)} -->|"${label}"| ${index.get(to)}`);
  }
  for (const [state, { fill, stroke }] of Object.entries(colors)) {
    lines.push(`  classDef ${state} fill:${fill},stroke:${stroke},color:#1b1f24`);
  }
  return lines.join("\n") + "\n";
}

/** The name of a node, with its stage where that is another. */
export function title(node: PlanNode): string {
  return node.id === node.stage ? node.id : `${node.id} (${node.stage})`;
}
