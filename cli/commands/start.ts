/** `start`: looks at a folder of photographs, and writes the experiment that trains on it. @module */
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { experimentFile } from "../../configs/own/experiment_file.ts";
import { messageOf, UserError } from "../../pipeline/mod.ts";
import { type FolderLook, lookAt } from "../../stages/survey/look.ts";
import { areMasks } from "../../stages/survey/meaning.ts";
import { counted } from "../../stages/datasets/words.ts";
import { countsOf } from "../../stages/survey/survey.ts";
import { origin } from "../../runtime/host/place.ts";
import { typedPath } from "../experiment/experiment.ts";
import { valueHelp } from "../start/class_flags.ts";
import { type ClassReport, classReport, classTable } from "../start/class_report.ts";
import { type OpenedFolder, openFolder, ownExperiment } from "../start/own_experiment.ts";
import { propose } from "../start/proposal.ts";
import { folderLines, legend } from "../start/report.ts";
import { sampleOverlay } from "../start/sample_overlay.ts";
import { type Command, CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { shared } from "../terminal/options.ts";
import { notesOnly, type Terminal } from "../terminal/terminal.ts";

/** Images by role. */
type Roles = ReturnType<typeof countsOf>;

/** How a command is typed. */
const program = origin === "clone" ? "deno task" : "crossview";
/** Most images and masks that are decoded. */
const most = { images: 32, masks: 1000 };
/** The folder for what is shown, hidden so that no one takes it for data. */
const shownIn = ".crossview";

/** The command. */
export const start: Command = {
  name: "start",
  summary: "look at a folder of photographs, and write the experiment that trains on it",
  details:
    `Tells images from masks by where they lie and how they are called, and classes by what the masks hold; says
what it found, draws a sample, writes experiment.ts into the folder, and prints what to type next. A file that is
there is never overwritten. What is open is asked for at a terminal, unless --yes or flags answer it.
${valueHelp}

  start photos
  start photos --class background=0 --class cat=255
  start photos --classes background,road,tree --validation 0.3 --yes`,
  arguments: [{ name: "folder", description: "photographs and masks" }],
  options: [
    {
      name: "class",
      value: "name=value",
      description: "a class and what it is in masks; may be repeated",
      repeats: true,
    },
    {
      name: "classes",
      value: "names",
      description: "names of the classes that are found, with commas between",
    },
    {
      name: "ignore",
      value: "value",
      description: "what counts for nothing in masks; may be repeated",
      repeats: true,
    },
    {
      name: "labeled",
      value: "amount",
      description: "how many images with a mask are labeled, a number or share (default: all)",
    },
    {
      name: "validation",
      value: "amount",
      description: "how many of them are kept for scoring, a number, share or none",
    },
    {
      name: "out",
      value: "file",
      description: "the experiment's file (default: experiment.ts in the folder)",
    },
    { name: "yes", description: "ask nothing, and take what is proposed" },
    shared.json,
  ],
  async run(input) {
    const json = input.flag("json");
    const terminal = json ? notesOnly(input.terminal) : input.terminal;
    const root = folderOf(input);
    terminal.print(`looking at ${root}`);
    const look = await lookAt(root, { ...most, onFile: (path) => terminal.live(path) });
    terminal.live("");
    assertTrainable(look);
    for (const line of folderLines(look)) terminal.print(line);
    assertReadable(look);
    const asks = !json && !input.flag("yes");
    const proposal = propose(look, new CommandInput(input.positional, input.options, terminal), asks);
    const opened = await openFolder(look, proposal), { dataset } = opened;
    const report = await classReport(look, proposal, opened, (what) => terminal.live(what));
    terminal.live("");
    terminal.print(`\n${classTable(report)}`);
    for (const line of [...proposal.notes, ...report.problems]) terminal.print(line);
    const roles = countsOf(dataset.lists);
    terminal.print(`\n${rolesText(roles)}`);
    for (const note of dataset.notes) terminal.print(note);
    const file = input.text("out") === undefined
      ? resolve(root, "experiment.ts")
      : typedPath(input.text("out")!);
    const pixels = report.classes.map(({ pixels }) => pixels);
    const text = experimentFile(ownExperiment(look, proposal, roles, pixels, file));
    const picture = await drawn(look, opened, report, dirname(file), terminal);
    const written = await write(file, text, terminal);
    if (written) { for (const line of nextLines(file, roles)) terminal.print(line); }
    if (json) {
      input.terminal.print(JSON.stringify({
        root,
        images: opened.config.images,
        ...(look.annotated === undefined
          ? { masks: opened.config.masks }
          : { annotations: opened.config.annotations }),
        roles,
        sizes: Object.fromEntries(look.sizes),
        ...report,
        notes: [...proposal.notes, ...dataset.notes],
        problems: [...look.problems, ...report.problems],
        overlay: picture ?? null,
        experiment: file,
        written,
      }));
    }
    return written ? 0 : 1;
  },
};

/** The folder that was typed. */
function folderOf(input: CommandInput): string {
  const typed = input.positional[0]!, root = typedPath(typed);
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(root);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "there is no such folder" : messageOf(cause);
    throw new UsageError(`Cannot look at "${typed}": ${reason} ("${root}").`);
  }
  if (info.isDirectory) return root;
  throw new UsageError(`Cannot look at "${typed}": it is a file. Name the folder that it lies in.`);
}

/** @throws {UserError} If there are no pictures, or none has a mask or an annotation. */
function assertTrainable({ root, training, annotated, pictures }: FolderLook): void {
  if (training !== undefined || annotated !== undefined) return;
  if (pictures.length === 0) {
    throw new UserError(
      `Cannot start with "${root}": it holds no pictures. Name a folder with photographs and masks.`,
    );
  }
  throw new UserError(
    `Cannot start with "${root}": it holds ${pictures.length} pictures, and none is the mask of another. Put masks into a folder ` +
      `beside that of the photographs, under the same names: images/x.jpg and masks/x.png; or beside each: x.jpg and x_mask.png. ` +
      `Files of LabelMe, COCO, CVAT and Label Studio are read, too.`,
  );
}

/** @throws {UserError} If none of the masks or annotations can be read. */
function assertReadable({ root, training, values, annotated }: FolderLook): void {
  if (values !== undefined && !areMasks(values)) {
    throw new UserError(
      `Cannot go on with "${root}": what is called as masks are, "${
        training!.patterns.masks
      }", are photographs: they hold ` +
        `${values.counts.size} values or more, none of which is frequent. Put masks there, one value or color a class.`,
    );
  }
  if (values !== undefined || (annotated !== undefined && annotated.labels.size > 0)) return;
  const what = annotated === undefined ? "none of its masks can be read" : "its annotations hold no shapes";
  throw new UserError(`Cannot go on with "${root}": ${what}.`);
}

/** Draws the sample, and says where; undefined where none can be drawn or written. */
async function drawn(
  { root, range }: FolderLook,
  { dataset }: OpenedFolder,
  { classes }: ClassReport,
  folder: string,
  terminal: Terminal,
): Promise<string | undefined> {
  const sample = await sampleOverlay(root, dataset, range);
  if (sample === undefined) return undefined;
  const path = resolve(folder, shownIn, "sample.png");
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, sample.png);
  } catch (error) {
    terminal.note(`The sample cannot be written to "${path}": ${messageOf(error)}.`);
    return undefined;
  }
  terminal.print(
    `\n${sample.image} with its mask over it: ${path}\n(${
      legend(dataset.classes, (label) => classes[label]!.pixels > 0)
    })`,
  );
  return path;
}

/** Writes the experiment where no file is; else shows what it would have written. */
async function write(file: string, text: string, terminal: Terminal): Promise<boolean> {
  try {
    await Deno.writeTextFile(file, text, { createNew: true });
    terminal.print(`\nwritten: ${file}`);
    return true;
  } catch (error) {
    const reason = error instanceof Deno.errors.AlreadyExists
      ? "it exists, and is left as it is"
      : messageOf(error);
    terminal.print(`\n${text}`);
    terminal.note(
      `Cannot write "${file}": ${reason}. The above would have been written; --out names another file.`,
    );
    return false;
  }
}

function rolesText({ labeled, unlabeled, validation }: Roles): string {
  const learns = unlabeled > 0
    ? `${labeled} labeled and ${counted(unlabeled, "unlabeled image")} to learn from`
    : `${
      counted(labeled, "labeled image")
    } to learn from, by labels alone, as no image is unlabeled (--labeled makes some so)`;
  return `${learns}; ${validation} to be scored`;
}

/** What to type next. */
function nextLines(file: string, { unlabeled, validation }: Roles): string[] {
  const near = relative(Deno.env.get("INIT_CWD") || Deno.cwd(), file).replaceAll("\\", "/");
  const path = near.startsWith("..") || isAbsolute(near) ? file : `./${near}`;
  const typed = /^[\w./\\:-]+$/.test(path) ? path : `"${path}"`;
  const lines: (readonly [does: string, typed: string])[] = [
    ["train", `train ${typed}`],
    ...(unlabeled > 0 && validation > 0
      ? [["with and without the unlabeled images", `compare ${typed}`] as const]
      : []),
    ["label photographs by what was trained", "predict latest FOLDER --overlay --montage"],
  ];
  const width = Math.max(...lines.map(([does]) => does.length)) + 1;
  return ["", ...lines.map(([does, rest]) => `${`${does}:`.padEnd(width)} ${program} ${rest}`)];
}
