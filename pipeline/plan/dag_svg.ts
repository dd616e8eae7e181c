/** A pipeline as an SVG that needs nothing else. @module */
import { bundles, colors, title } from "./dag.ts";
import type { Plan, PlanNode } from "./plan.ts";

/** Widths of a character, of names at 13 pixels and of labels at 10: text is not measured, so the widest usual ones. */
const nameWidth = 8, labelWidth = 6;
const boxHeight = 46;
const labelHeight = 14;
const margin = 24;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle by its middle. */
interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** The graph in layers, colored by what would happen. Every label is whole: it has room of its own. */
export async function toSvg(plan: Plan): Promise<string> {
  // Nothing but a drawing needs it.
  const { graphlib, layout } = (await import("@dagrejs/dagre")).default;
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "TB", nodesep: 36, ranksep: 56, marginx: margin, marginy: margin });
  for (const node of plan.nodes) {
    const width = Math.max(96, title(node).length * nameWidth + 28, keyText(node).length * labelWidth + 28);
    graph.setNode(node.id, { width, height: boxHeight });
  }
  const edges = bundles(plan);
  for (const { from, to, label } of edges) {
    graph.setEdge(from, to, { width: label.length * labelWidth + 8, height: labelHeight, labelpos: "c" });
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as Partial<Box>;
  const [w, h] = [Math.max(width, 200), Math.max(height, 2 * margin)].map(Math.ceil);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" ` +
    `font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escape(plan.pipeline)}">`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">` +
    `<path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...edges.map(({ from, to, label }) => {
      const { points, ...place } = graph.edge(from, to) as unknown as Point & { points: readonly Point[] };
      return drawEdge(points, place, label);
    }),
    ...plan.nodes.map((node) => drawBox(node, graph.node(node.id) as Box)),
    "</svg>",
  ].join("\n") + "\n";
}

function keyText({ state, key }: PlanNode): string {
  return key === undefined ? state : `${state} ${key.slice(0, 8)}`;
}

function drawBox(node: PlanNode, { x, y, width, height }: Box): string {
  const { fill, stroke } = colors[node.state];
  const top = y - height / 2;
  return `<g><title>${escape([title(node), ...(node.why ?? [])].join("\n"))}</title>` +
    `<rect x="${at(x - width / 2)}" y="${
      at(top)
    }" width="${width}" height="${height}" rx="7" fill="${fill}" stroke="${stroke}"/>` +
    `<text x="${at(x)}" y="${at(top + 20)}" text-anchor="middle" fill="#1b1f24">${
      escape(title(node))
    }</text>` +
    `<text x="${at(x)}" y="${at(top + 36)}" text-anchor="middle" fill="#57606a" font-size="10">${
      escape(keyText(node))
    }</text></g>`;
}

function drawEdge(points: readonly Point[], label: Point, text: string): string {
  const path = points.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${at(x)} ${at(y)}`).join("");
  return `<path d="${path}" fill="none" stroke="#57606a" stroke-linejoin="round" marker-end="url(#arrow)"/>` +
    `<text x="${at(label.x)}" y="${at(label.y + 4)}" text-anchor="middle" fill="#57606a" font-size="10" ` +
    `paint-order="stroke" stroke="#ffffff" stroke-width="4">${escape(text)}</text>`;
}

/** A coordinate, to a tenth of a pixel. */
function at(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
