/** `start`: looks at a folder of photographs, and writes the experiment that trains on it. @module */
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { experimentFile } from "../../configs/own/experiment_file.ts";
import { messageOf, UserError } from "../../pipeline/mod.ts";
import { folderClasses } from "../../stages/datasets/folder/class_list.ts";
import { markLabeling } from "../../stages/datasets/folder/labeling.ts";
import { classShares } from "../../stages/survey/class_shares.ts";
import { type FolderLook, lookAt } from "../../stages/survey/look.ts";
import { origin } from "../../runtime/host/place.ts";
import { typedPath } from "../experiment/experiment.ts";
import { valueHelp } from "../start/class_flags.ts";
import { ownExperiment, type Roles, rolesOf } from "../start/own_experiment.ts";
import { propose } from "../start/proposal.ts";
import { classTable, folderLines, legend } from "../start/report.ts";
import { sampleOverlay } from "../start/sample_overlay.ts";
import { type Command, CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { shared } from "../terminal/options.ts";
import { notesOnly, type Terminal } from "../terminal/terminal.ts";

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
    const look = await lookAt(root, {
      ...most,
      onFile: (path, done, of) => terminal.live(`${done} of ${of}: ${path}`),
    });
    terminal.live("");
    assertTrainable(look);
    for (const line of folderLines(look)) terminal.print(line);
    if (look.values === undefined) {
      throw new UserError(`Cannot go on with "${root}": none of its masks can be read.`);
    }
    const asks = !json && !input.flag("yes");
    const proposal = propose(look, new CommandInput(input.positional, input.options, terminal), asks);
    const { classes, ignore } = proposal;
    const list = folderClasses(classes), labeling = markLabeling(classes, ignore);
    const shares = classShares(look.values, labeling, classes.length);
    terminal.print(`\n${classTable(classes, ignore, shares, look.values)}`);
    for (const note of proposal.notes) terminal.print(note);
    if (shares.unnamed.length > 0) {
      terminal.print(
        "What no class names is an error when it is trained on: name it by --class or --ignore.",
      );
    }
    const file = input.text("out") === undefined
      ? resolve(root, "experiment.ts")
      : typedPath(input.text("out")!);
    const roles = await rolesOf(look, proposal);
    terminal.print(`\n${rolesText(roles)}`);
    for (const note of roles.notes) terminal.print(note);
    const text = experimentFile(ownExperiment(look, proposal, roles, file));
    const picture = await drawn(look, labeling, list, terminal);
    const written = await write(file, text, terminal);
    if (written) { for (const line of nextLines(file, roles)) terminal.print(line); }
    if (json) {
      input.terminal.print(JSON.stringify({
        root,
        patterns: look.training!.patterns,
        images: look.training!.pairs.samples.length,
        masks: look.training!.masked.length,
        looked: { images: look.looked, masks: look.values.masks },
        sizes: Object.fromEntries(look.sizes),
        classes: classes.map(([name, marks], label) => ({ name, marks, ...shares.classes[label] })),
        ignored: shares.ignored,
        unnamed: shares.unnamed,
        pixels: look.values.pixels,
        notes: proposal.notes,
        roles,
        problems: look.problems,
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

/** @throws {UserError} If there are no pictures, or none has a mask. */
function assertTrainable({ root, training, pictures, recognized: { annotations } }: FolderLook): void {
  if (training !== undefined && training.masked.length > 0) return;
  if (pictures.length === 0) {
    throw new UserError(
      `Cannot start with "${root}": it holds no pictures. Name a folder with photographs and masks.`,
    );
  }
  if (annotations !== undefined) return;
  throw new UserError(
    `Cannot start with "${root}": it holds ${pictures.length} pictures, and none is the mask of another. Put masks into a folder ` +
      `beside that of the photographs, under the same names: images/x.jpg and masks/x.png; or beside each: x.jpg and x_mask.png.`,
  );
}

/** Draws the sample, and says where; undefined where none can be drawn or written. */
async function drawn(
  look: FolderLook,
  labeling: Parameters<typeof sampleOverlay>[2],
  list: Parameters<typeof sampleOverlay>[3],
  terminal: Terminal,
): Promise<string | undefined> {
  const sample = await sampleOverlay(look.root, look.training!.masked, labeling, list);
  if (sample === undefined) return undefined;
  const path = resolve(look.root, shownIn, "sample.png");
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, sample.png);
  } catch (error) {
    terminal.note(`The sample cannot be written to "${path}": ${messageOf(error)}.`);
    return undefined;
  }
  terminal.print(`\n${sample.image} with its mask over it: ${path}\n(${legend(list)})`);
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
    ? `${labeled} labeled and ${unlabeled} unlabeled images are learned from`
    : `${labeled} labeled images are learned from, by their labels alone, as no image is unlabeled (--labeled makes some so)`;
  return `${learns}; ${
    validation === 0 ? "none is" : validation === 1 ? "1 is" : `${validation} are`
  } scored`;
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
    ["label photographs", "predict WEIGHTS FOLDER, with the weights that train names"],
  ];
  const width = Math.max(...lines.map(([does]) => does.length)) + 1;
  return ["", ...lines.map(([does, rest]) => `${`${does}:`.padEnd(width)} ${program} ${rest}`)];
}
