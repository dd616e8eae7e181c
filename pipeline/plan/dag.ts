/** A pipeline as a picture: Mermaid text, or an SVG that needs nothing else. @module */
import type { Plan, PlanNode, PlanState } from "./plan.ts";

const colors: Record<PlanState, { fill: string; stroke: string }> = {
  hit: { fill: "#dcf3e3", stroke: "#2d8a4e" },
  miss: { fill: "#fde7cf", stroke: "#c36a12" },
  waiting: { fill: "#eceff3", stroke: "#7a8594" },
};

/** Edges between the same two nodes as one, with the outputs that flow along it. */
function bundles(plan: Plan): { from: string; to: string; label: string }[] {
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

function title(node: PlanNode): string {
  return node.id === node.stage ? node.id : `${node.id} (${node.stage})`;
}

const boxHeight = 46;
const rowHeight = 112;
const gap = 36;
const margin = 24;

interface Box {
  readonly node: PlanNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** The graph as a self-contained SVG: a row for each distance from the start, colored by what would happen. */
export function toSvg(plan: Plan): string {
  const boxes = layout(plan);
  const width = Math.max(...[...boxes.values()].map((box) => box.x + box.width), 200) + margin;
  const height = Math.max(...[...boxes.values()].map((box) => box.y), 0) + boxHeight + margin;
  const edges = bundles(plan).map(({ from, to, label }) => drawEdge(boxes.get(from)!, boxes.get(to)!, label));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escape(plan.pipeline)}">`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">` +
    `<path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...edges,
    ...[...boxes.values()].map(drawBox),
    "</svg>",
  ].join("\n") + "\n";
}

function layout(plan: Plan): Map<string, Box> {
  const rowOf = new Map<string, number>();
  for (const node of plan.nodes) {
    const before = plan.edges.filter((edge) => edge.to === node.id).map((edge) => rowOf.get(edge.from)! + 1);
    rowOf.set(node.id, Math.max(0, ...before));
  }
  const rows: PlanNode[][] = [];
  for (const node of plan.nodes) (rows[rowOf.get(node.id)!] ??= []).push(node);
  const widthOf = (node: PlanNode) => Math.max(96, title(node).length * 8 + 28);
  const rowWidth = (row: readonly PlanNode[]) => row.reduce((sum, node) => sum + widthOf(node) + gap, -gap);
  const widest = Math.max(0, ...rows.map(rowWidth));
  const boxes = new Map<string, Box>();
  rows.forEach((row, i) => {
    let x = margin + (widest - rowWidth(row)) / 2;
    for (const node of row) {
      boxes.set(node.id, { node, x, y: margin + i * rowHeight, width: widthOf(node) });
      x += widthOf(node) + gap;
    }
  });
  return boxes;
}

function drawBox({ node, x, y, width }: Box): string {
  const { fill, stroke } = colors[node.state];
  const key = node.key === undefined ? node.state : `${node.state} ${node.key.slice(0, 8)}`;
  const middle = x + width / 2;
  return `<g><title>${escape([title(node), ...(node.why ?? [])].join("\n"))}</title>` +
    `<rect x="${x}" y="${y}" width="${width}" height="${boxHeight}" rx="7" fill="${fill}" stroke="${stroke}"/>` +
    `<text x="${middle}" y="${y + 20}" text-anchor="middle" fill="#1b1f24">${escape(title(node))}</text>` +
    `<text x="${middle}" y="${y + 36}" text-anchor="middle" fill="#57606a" font-size="10">${
      escape(key)
    }</text></g>`;
}

function drawEdge(from: Box, to: Box, label: string): string {
  const [x1, y1] = [from.x + from.width / 2, from.y + boxHeight];
  const [x2, y2] = [to.x + to.width / 2, to.y];
  const bend = (y1 + y2) / 2;
  // An edge over several rows swings out, so that it does not run through the boxes between.
  const swing = y2 - y1 > rowHeight ? (x2 >= x1 ? 1 : -1) * (from.width / 2 + gap) : 0;
  const path = `M${x1} ${y1}C${x1 + swing} ${bend} ${x2 + swing} ${bend} ${x2} ${y2 - 2}`;
  const [labelX, labelY] = [(x1 + x2) / 2 + swing * 0.75, bend + 4];
  return `<path d="${path}" fill="none" stroke="#57606a" marker-end="url(#arrow)"/>` +
    `<text x="${labelX}" y="${labelY}" text-anchor="middle" fill="#57606a" font-size="10" paint-order="stroke" ` +
    `stroke="#ffffff" stroke-width="4">${escape(label)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
