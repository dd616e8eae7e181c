/** A run as a page to look at: settings, scores, stages and pictures, in one file of HTML beside the run's pictures. @module */
import { join } from "node:path";
import { writeAtomically } from "../../pipeline/files/files.ts";
import { isRunScores, predictionNames, type RunScores, shownName } from "./scores.ts";
import { adaptersOf, learnedNotes, madeOn, mixedNotice } from "./provenance.ts";
import type { RunRecord } from "./run_folder.ts";
import { Markup } from "../pages/markup.ts";
import { page } from "../pages/page.ts";
import client from "../report/client.json" with { type: "json" };
import { duration, percent } from "../units.ts";

/** Name of the page in a run's folder. */
const REPORT = "report.html";

/** Pictures of one image: the path of their folder from the page, and the files that are there. */
export interface ReportPictures {
  readonly folder: string;
  readonly files: readonly string[];
}

/**
 * Writes the page of a run.
 *
 * @param path The run's folder.
 * @returns The page's path.
 * @throws {CacheError} If it cannot be written.
 */
export async function writeReport(path: string, run: RunRecord, metrics: unknown): Promise<string> {
  const file = join(path, REPORT);
  const text = reportPage(run, isRunScores(metrics) ? metrics : undefined, await picturesOf(path));
  await writeAtomically(file, new TextEncoder().encode(text));
  return file;
}

/** The page. Whatever a run's files say is shown as text. */
export function reportPage(
  run: RunRecord,
  metrics: RunScores | undefined,
  pictures: readonly ReportPictures[],
): string {
  const { name, id, seed, state, started, seconds, set, gpu = {}, facts = {}, nodes = [], error } = run;
  const settings = [
    ["state", error === undefined ? state : `${state}: ${error}`],
    ["seed", String(seed)],
    ["set", set.join(" ")],
    ["started", started],
    ["time", seconds === undefined ? "" : duration(seconds)],
    ...Object.entries(gpu),
    ...Object.entries(facts),
  ].filter(([, value]) => value !== "");
  const mixed = mixedNotice(adaptersOf(nodes));
  const sections = [
    mixed && `<p><strong>${escape(mixed)}</strong></p>`,
    table([], settings),
    metrics && scores(metrics),
    nodes.length > 0 && `<h2>Stages</h2>${
      table(
        ["stage", "state", "time", "adapter", "commit", "key"],
        nodes.map(({ id, state, seconds, facts, key }) => {
          return [id, state, duration(seconds), madeOn(facts) ?? "", facts?.commit ?? "", key.slice(0, 12)];
        }),
      )
    }`,
    pictures.length > 0 &&
    `<h2>Pictures</h2>${gallery(pictures, metrics === undefined ? [] : predictionNames(metrics))}`,
  ].filter(Boolean);
  const body = `<main>\n<h1>${escape(name)} <small>${escape(id)}</small></h1>\n${
    sections.join("\n")
  }\n</main>`;
  return page({
    title: `${name} ${id}`,
    client,
    body: new Markup(body),
    allowed: { "img-src": ["'self'", "file:"] },
  });
}

function scores(metrics: RunScores): string {
  const { miou, best, pixelAccuracy, perClass = [], protocol, benchmarks = [], learnedFrom } = metrics;
  const given = [["mIoU", miou], ["best mIoU", best?.miou], ["pixel accuracy", pixelAccuracy]] as const;
  const shown = given.filter(([, values]) => values !== undefined);
  const rows = predictionNames(metrics).map((name) => [
    shownName(name),
    ...shown.map(([, values]) => percent(values![name] ?? null)),
  ]);
  const heading = `Scores, percent${protocol === undefined ? "" : `, ${protocol}`}`;
  return [
    `<h2>${escape(heading)}</h2>`,
    ...[...benchmarks, ...learnedNotes(learnedFrom)].map((text) => `<p>${escape(text)}</p>`),
    table(["", ...shown.map(([head]) => head)], rows),
    perClass.length > 0 && table(["class", "IoU"], perClass.map(({ name, iou }) => [name, percent(iou)])),
  ].filter(Boolean).join("\n");
}

/** @param predictions Their names, in the order of the columns; without scores any other picture stands in their place. */
function gallery(pictures: readonly ReportPictures[], predictions: readonly string[]): string {
  const found = new Set(pictures.flatMap(({ files }) => files.map((file) => file.replace(/\.png$/, ""))));
  const others = [...found].filter((file) => !["image", "truth", "conflict"].includes(file)).sort();
  const shown = ["image", "truth", ...predictions.length > 0 ? predictions : others, "conflict"]
    .filter((file) => found.has(file)).map((file) => [file, shownName(file)] as const);
  const cell = ({ folder, files }: ReportPictures, file: string, label: string) =>
    files.includes(`${file}.png`)
      ? `<td><img src="${
        escape(`${folder}/${file}.png`.split("/").map(encodeURIComponent).join("/"))
      }" alt="${escape(`${label} of ${folder}`)}"></td>`
      : "<td></td>";
  const rows = pictures.map((picture) =>
    `<tr>${shown.map(([file, label]) => cell(picture, file, label)).join("")}</tr>`
  );
  return `<table><tr>${shown.map(([, label]) => `<th>${label}</th>`).join("")}</tr>\n${
    rows.join("\n")
  }</table>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  return `<table>${head.length > 0 ? row(head, "th") : ""}${
    rows.map((cells) => row(cells, "td")).join("\n")
  }</table>`;
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (sign) => entities[sign]!);
}

/** The folders below `pictures/` that hold pictures, in order; those of several stages lie one deeper. */
async function picturesOf(path: string): Promise<ReportPictures[]> {
  const found: ReportPictures[] = [];
  const walk = async (folder: string): Promise<void> => {
    const entries = [];
    try {
      for await (const entry of Deno.readDir(join(path, folder))) entries.push(entry);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    const files = entries.filter(({ isFile, name }) => isFile && name.endsWith(".png")).map(({ name }) =>
      name
    );
    if (files.length > 0) found.push({ folder, files });
    for (const { isDirectory, name } of entries) if (isDirectory) await walk(`${folder}/${name}`);
  };
  await walk("pictures");
  return found;
}
