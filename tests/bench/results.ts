/**
 * Where measured tables are kept: a section for each adapter and processor, the newest measurement in place of the one before.
 */
import type { Surroundings } from "./report.ts";

/** Titles of the parts that follow the introduction. */
const SECTION = /^## /m;

/** The title of the section that figures belong to: a driver in software is as fast as the processor. */
export function sectionTitle({ adapter, processor }: Pick<Surroundings, "adapter" | "processor">): string {
  return `${adapter} on ${processor}`;
}

/**
 * Puts what was measured into the file's text.
 *
 * @param text The file: an introduction, then a section `## <title>` each.
 * @param title Of the section ({@linkcode sectionTitle}); an equal one is replaced, else it becomes the last.
 * @param body Markdown whose own headings are of the third level and below.
 */
export function withSection(text: string, title: string, body: string): string {
  const starts = [...text.matchAll(new RegExp(SECTION, "gm"))].map(({ index }) => index);
  const introduction = text.slice(0, starts[0] ?? text.length);
  const sections = starts.map((start, i) => text.slice(start, starts[i + 1] ?? text.length));
  const section = `## ${title}\n\n${body}`;
  const at = sections.findIndex((one) => one.slice(0, one.indexOf("\n")) === `## ${title}`);
  if (at >= 0) sections[at] = section;
  else sections.push(section);
  return [introduction, ...sections].map((part) => part.trim()).filter((part) => part !== "").join("\n\n") +
    "\n";
}

/** A bench's own text as a part of a section: its headings one level lower, its command above its tables. */
export function asPart(text: string, command: string): string {
  const lowered = text.trim().replaceAll(/^(#+ )/gm, "#$1");
  const [heading = "", ...rest] = lowered.split("\n");
  return `${heading}\n\n\`${command}\`\n${rest.join("\n")}`;
}
