/** `next`: which unlabeled images to label next. @module */
import { extname, join, relative } from "node:path";
import { type Cache, type Plan, UserError } from "../../pipeline/mod.ts";
import { findLabeled, type LabeledImages, readRanking, writeRanking } from "../../runtime/runs/ranking.ts";
import { openInference } from "../../stages/evaluation/inference.ts";
import { ORIGINAL, protocolLabel } from "../../stages/evaluation/protocols.ts";
import { typedPath } from "../experiment/experiment.ts";
import { type NextImage, nextImages } from "../predictions/next_images.ts";
import { listsWith } from "../predictions/next_lists.ts";
import { OutputFolder } from "../predictions/output_folder.ts";
import { plannedFiles, type ResultOptions, ResultWriter } from "../predictions/result_writer.ts";
import { withSession } from "../runs/session.ts";
import { findRun, readPlan, type StoredRun } from "../runs/stored_runs.ts";
import type { Command, CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { cacheOf, overrides, runsOf, shared } from "../terminal/options.ts";
import { Progress } from "../terminal/progress.ts";
import { notesOnly, type Terminal } from "../terminal/terminal.ts";
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
    const count = countOf(input),
      to = formatOf(input),
      tolerance = toleranceOf(input, to !== undefined && to !== "list");
    const run = await findRun(input.positional[0] ?? "latest", runsOf(input));
    const cache = cacheOf(input), labeled = await labeledBy(run, cache);
    const ranking = await readRanking(run.path) ?? await writeRanking(run.path, labeled);
    const { images, left, files, notes } = await nextImages({
      ...labeled,
      run: run.id,
      ranking,
      count,
      overrides: overrides(input),
    });
    const terminal = input.flag("json") ? notesOnly(input.terminal) : input.terminal;
    for (const note of notes) terminal.note(`note: ${note}`);
    if (images[0]!.score === 0) {
      terminal.note(
        "note: there is no doubt in any image, as of networks that label one class alone: the order is that of names",
      );
    }
    const measure = ranking.by === "disagreement" ? "disagreement" : "doubt";
    const rows = images.map(({ image, score }, at) => [String(at + 1), image, percent(100 * score)]);
    terminal.print(table(["", "image", `${measure}, percent`], rows));
    terminal.print(`${images.length} of ${left} unlabeled images; maps in ${join(run.path, "next")}`);
    if (to !== undefined) {
      const out = typedPath(input.text("out") ?? "next");
      assertApart(out, images);
      if (to !== "list") {
        const options = { overlay: false, montage: false, all: false, to, tolerance };
        await exportImages({ input, terminal, cache, out, options, images, nets: labeled.nets });
      } else if (files !== undefined) {
        await writeFiles(out, listsWith(images.map(({ id }) => id), files), input.flag("overwrite"));
      } else {
        throw new UsageError(
          `Cannot write id lists of run "${run.id}": its images are in no files. --to labelme or coco writes them as PNG.`,
        );
      }
      terminal.print(`${to} → ${out}`);
    }
    if (input.flag("json")) {
      const facts = images.map(({ id, image, score, share }) => ({ id, image, score, share }));
      input.terminal.print(JSON.stringify({ run: run.id, by: ranking.by, left, images: facts }));
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

/** @throws {UserError} If the run is not done, has no unlabeled images, or did not label them. */
async function labeledBy(run: StoredRun, cache: Cache): Promise<LabeledImages> {
  const cannot = (why: string) => `Cannot rank the unlabeled images of run "${run.id}": ${why}.`;
  if (run.state !== "done") {
    const way = run.state === "running" ? "Wait for its end" : "Train again; it goes on from its checkpoint";
    throw new UsageError(`${cannot(`it is ${run.state === "running" ? "under way" : run.state}`)} ${way}.`);
  }
  const plan = await readPlan(run), found = await findLabeled(plan, cache);
  if (found === undefined) {
    throw new UserError(
      await isWhole(plan, cache)
        ? cannot("no stage has labeled any") +
          " Add pseudoLabel({ nets, images: data.unlabeled }) to the experiment, and " +
          "train again: what is trained comes from the cache."
        : cannot(`what it made is no longer in the cache "${cache.root}"`) +
          " Name its cache by --cache, or train again.",
    );
  }
  if (found.images.length > 0) return found;
  throw new UsageError(cannot("it had none"));
}

async function isWhole({ nodes }: Plan, cache: Cache): Promise<boolean> {
  const entries = await Promise.all(nodes.map(({ key = "" }) => cache.peek(key)));
  return entries.every((entry) => entry !== undefined);
}

/** A folder of results is no folder of images: pictures within it would be passed over from then on. */
function assertApart(out: string, images: readonly NextImage[]): void {
  const within = images.find(({ image }) => !/^\.\.([/\\]|$)/.test(relative(out, image)));
  if (within === undefined) return;
  throw new UsageError(
    `Cannot write into "${out}", which the data's images lie in: they would be taken for results. Name another folder by --out.`,
  );
}

/** Writes all files or, where one of them is somebody else's, none. */
async function writeFiles(
  out: string,
  files: ReadonlyMap<string, string>,
  overwrite: boolean,
): Promise<void> {
  const folder = await OutputFolder.open(out, files.keys(), overwrite);
  for (const [name, text] of files) await folder.write(name, text);
  await folder.finish();
}

/** Writes pictures, and what the networks say of them. */
async function exportImages({ input, terminal, cache, out, options, images, nets }: {
  readonly input: CommandInput;
  readonly terminal: Terminal;
  readonly cache: Cache;
  readonly out: string;
  readonly options: ResultOptions;
  readonly images: readonly NextImage[];
  readonly nets: LabeledImages["nets"];
}): Promise<void> {
  // Where LabelMe looks for a picture: beside the JSON.
  const copyOf = ({ name, path }: NextImage) =>
    options.to === "labelme" ? `labelme/${name}${extname(path)}` : `images/${path}`;
  await withSession({ terminal, cache, runs: runsOf(input) }, async ({ gpu, signal }) => {
    await gpu.announce();
    const { inference, network, free } = await openInference(await gpu.open(), nets);
    try {
      const planned = [...plannedFiles(images, network, options), ...images.map(copyOf)];
      const folder = await OutputFolder.open(out, planned, input.flag("overwrite"));
      const writer = new ResultWriter(folder, network, options), progress = new Progress(terminal);
      for (const [done, image] of images.entries()) {
        signal.throwIfAborted();
        const copy = copyOf(image), pixels = await image.read();
        await folder.write(copy, await image.bytes());
        const { labels } = await inference.predict(pixels.data, pixels);
        await writer.add({ ...image, copy: join(out, copy) }, pixels, labels, ORIGINAL);
        const data = { unit: "images", done: done + 1, total: images.length };
        progress.on({ type: "progress", node: "next", data });
      }
      await writer.finish({ weights: nets.path, protocol: protocolLabel(ORIGINAL) });
    } finally {
      free();
    }
  });
  terminal.live("");
}
