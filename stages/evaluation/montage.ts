/** Many small pictures on one page with a legend, as SVG: text in any script, and one file to look at. @module */
import { encodeRgbPng } from "../codecs/png_encoder.ts";
import type { ClassList } from "../datasets/classes.ts";
import type { ImageSize } from "../datasets/samples.ts";

/** A photograph and what was made of it. */
export interface MontageCell {
  /** What is written under it. */
  readonly name: string;
  /** Pictures side by side, each height × width × 3, RGB, as large as the photograph or smaller. */
  readonly pictures: readonly (ImageSize & { readonly data: Uint8Array })[];
}

const gap = 12, line = 22, swatch = 14, font = 'font-family="system-ui, sans-serif" font-size="13"';
/** Width of a character, about, by which columns are laid out. */
const letter = 7.6;

/** The classes' names beside their colors. */
export function legend(classes: ClassList): string {
  const width = Math.ceil(Math.max(...classes.names.map((name) => [...name].length)) * letter) + swatch +
    3 * gap;
  const height = classes.names.length * line + 2 * gap;
  return page(width, height, legendEntries(classes, width).join("\n"));
}

/**
 * Cells in rows, a legend under them.
 *
 * @param cells One at least.
 */
export function montage(cells: readonly MontageCell[], classes: ClassList): string {
  const widthOf = ({ pictures }: MontageCell) => pictures.reduce((sum, { width }) => sum + width, 0) + gap;
  const heightOf = ({ pictures }: MontageCell) =>
    Math.max(...pictures.map(({ height }) => height)) + line + gap;
  // Wider than high, as a screen is; rows leave some of it empty.
  const area = cells.reduce((sum, cell) => sum + widthOf(cell) * heightOf(cell), 0);
  const width = Math.max(Math.sqrt(area * 1.8), ...cells.map(widthOf)) + gap;
  const parts: string[] = [];
  let x = gap, y = gap, tallest = 0;
  for (const cell of cells) {
    if (x > gap && x + widthOf(cell) > width) [x, y, tallest] = [gap, y + tallest, 0];
    const below = heightOf(cell) - gap - 6;
    let left = x;
    for (const { data, ...size } of cell.pictures) {
      const png = encodeRgbPng(data, size.width, size.height).toBase64();
      parts.push(
        `<image x="${left}" y="${y}" width="${size.width}" height="${size.height}" href="data:image/png;base64,${png}"/>`,
      );
      left += size.width;
    }
    const most = Math.max(8, Math.floor((widthOf(cell) - gap) / letter));
    parts.push(`<text x="${x}" y="${y + below}">${escaped(ending(cell.name, most))}</text>`);
    x += widthOf(cell);
    tallest = Math.max(tallest, heightOf(cell));
  }
  const entries = legendEntries(classes, width);
  const rows = Math.ceil(entries.length / columnsOf(classes, width));
  const bottom = y + tallest;
  return page(
    Math.ceil(width),
    bottom + rows * line + 2 * gap,
    `${parts.join("\n")}\n<g transform="translate(0 ${bottom})">\n${entries.join("\n")}\n</g>`,
  );
}

function columnsOf({ names }: ClassList, width: number): number {
  return Math.max(1, Math.floor((width - gap) / cellOf(names)));
}

function cellOf(names: readonly string[]): number {
  return Math.ceil(Math.max(...names.map((name) => [...name].length)) * letter) + swatch + 2 * gap;
}

function legendEntries(classes: ClassList, width: number): string[] {
  const columns = columnsOf(classes, width), cell = cellOf(classes.names);
  return classes.names.map((name, index) => {
    const x = gap + index % columns * cell, y = gap + Math.floor(index / columns) * line;
    return `<rect x="${x}" y="${y}" width="${swatch}" height="${swatch}" fill="rgb(${
      classes.colors[index]!.join(" ")
    })" ` +
      `stroke="#888"/><text x="${x + swatch + 8}" y="${y + 12}">${escaped(name)}</text>`;
  });
}

function page(width: number, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">\n` +
    `<rect width="100%" height="100%" fill="#fff"/>\n<g ${font} fill="#222">\n${content}\n</g>\n</svg>\n`;
}

/** The end of a name that is too long: it tells pictures apart. */
function ending(name: string, most: number): string {
  const letters = [...name];
  return letters.length <= most ? name : `…${letters.slice(1 - most).join("")}`;
}

/** Control characters may stand in no XML. */
function escaped(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ").replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
