/** `next`: which unlabeled images to label next. @module */
import { join } from "node:path";
import { typedPath } from "../experiment/experiment.ts";
import { assertApart, exportImages, writeTexts } from "../predictions/next_export.ts";
import { nextImages } from "../predictions/next_images.ts";
import { listsWith } from "../predictions/next_lists.ts";
import { rankedRun } from "../predictions/run_ranking.ts";
import { withSession } from "../runs/session.ts";
import { findRun } from "../runs/stored_runs.ts";
import type { Command, CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { cacheOf, overrides, runsOf, shared } from "../terminal/options.ts";
import { Progress } from "../terminal/progress.ts";
import { notesOnly } from "../terminal/terminal.ts";
import { percent, table } from "../terminal/text.ts";
import { toleranceOf, toleranceOption } from "../terminal/tolerance.ts";

const formats = ["labelme", "coco", "list"] as const;
type Format = typeof formats[number];

/** The command. */
export const next: Command = {
  name: "next",
  summary: "name the unlabeled images of a run to label next, and export them for an annotation tool",
  details:
    `First come the images on most pixels of which the run's networks disagree; of one network alone, those of which
it is least sure. A map of where lies in the run's folder, in next/.

  next latest -n 10
  next latest -n 10 --to labelme

--to labelme and --to coco copy the pictures and write what the networks say as polygons, to be corrected;
--to list writes id lists with these images among the labeled ones. Images that are labeled by now are passed
over. Where the data has moved: --set load.root=PATH.`,
  arguments: [{
    name: "run",
    description: "id of the run, its beginning, or latest (default: latest)",
    count: "optional",
  }],
  options: [
    { name: "count", short: "n", value: "images", description: "how many (default: 10)" },
    {
      name: "to",
      value: formats.join("|"),
      description: "write them for an annotation tool, or as id lists",
    },
    { name: "out", value: "dir", description: "folder that --to writes to (default: next)" },
    toleranceOption,
    { name: "overwrite", description: "overwrite files that others wrote, or changed since" },
    shared.set,
    shared.cache,
    shared.runs,
    shared.json,
  ],
  async run(input) {
    const count = countOf(input), to = formatOf(input), runs = runsOf(input), cache = cacheOf(input);
    const tolerance = toleranceOf(input, to !== undefined && to !== "list");
    const run = await findRun(input.positional[0] ?? "latest", runs), ranked = await rankedRun(run, cache);
    const { by } = ranked.ranking;
    const request = { ...ranked, run: run.id, count, overrides: overrides(input) };
    const { images, left, files, notes } = await nextImages(request);
    const terminal = input.flag("json") ? notesOnly(input.terminal) : input.terminal;
    for (const note of notes) terminal.note(`note: ${note}`);
    const measure = by === "disagreement" ? "disagreement" : "doubt";
    const rows = images.map(({ id, path, score }, at) => [
      String(at + 1),
      files === undefined ? id : path,
      percent(100 * score),
    ]);
    terminal.print(table(["", "image", `${measure}, percent`], rows));
    terminal.print(`${images.length} of ${left} unlabeled images; maps in ${join(run.path, "next")}`);
    if (to !== undefined) {
      const folder = { path: typedPath(input.text("out") ?? "next"), overwrite: input.flag("overwrite") };
      assertApart(folder.path, images);
      if (to !== "list") {
        await withSession({ terminal, cache, runs }, async (session) => {
          const progress = new Progress(terminal), total = images.length;
          await exportImages(
            images,
            ranked.nets,
            { ...folder, to, tolerance },
            session,
            (done) => progress.on({ type: "progress", node: "next", data: { unit: "images", done, total } }),
          );
        });
        terminal.live("");
      } else if (files !== undefined) {
        await writeTexts(folder, listsWith(images.map(({ id }) => id), files));
      } else {
        throw new UsageError(
          `Cannot write id lists of run "${run.id}": its images are in no files. --to labelme or coco writes them as PNG.`,
        );
      }
      terminal.print(`${to} → ${folder.path}`);
    }
    if (input.flag("json")) {
      const facts = images.map(({ id, image, score, share }) => ({ id, image, score, share }));
      input.terminal.print(JSON.stringify({ run: run.id, by, left, images: facts }));
    }
  },
};

function countOf(input: CommandInput): number | undefined {
  const count = input.integer("count");
  if (count === 0) throw new UsageError("Cannot name 0 images: -n must be 1 or more");
  return count;
}

function formatOf(input: CommandInput): Format | undefined {
  const given = input.text("to"), found = formats.find((format) => format === given);
  if (given !== undefined && found === undefined) {
    throw new UsageError(`Cannot write --to "${given}": it must be labelme, coco or list`);
  }
  const unused = ["out", "overwrite"].find((name) => found === undefined && input.options[name]);
  if (unused === undefined) return found;
  throw new UsageError(`Cannot use --${unused} without --to: nothing is written otherwise.`);
}
