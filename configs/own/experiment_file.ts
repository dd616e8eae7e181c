/** The experiment of a person's own folder as a TypeScript file, for a person to read and to change. @module */
import type { Leaf, OwnSettings } from "./settings.ts";

/** What the file says. */
export interface OwnExperiment {
  /** Name of the pipeline. */
  readonly name: string;
  /** Lines of the comment on top: what the folder holds, and what to type. */
  readonly about: readonly string[];
  /** Leaves of `load` but `root`. */
  readonly load: readonly Leaf[];
  readonly settings: OwnSettings;
  /** Whether there are unlabeled images to learn from. */
  readonly hasUnlabeled: boolean;
  /** Path from the file's folder to the data's; `"."` where the file lies in it. */
  readonly data: string;
}

/** Columns of a line; what Deno's formatter leaves as it is. */
const width = 80;

/**
 * Writes the file.
 *
 * @returns TypeScript, as `deno fmt` leaves it.
 */
export function experimentFile({ name, about, load, settings, hasUnlabeled, data }: OwnExperiment): string {
  const { method } = settings;
  const imports = [
    "augment",
    method.name,
    "coTrain",
    "evaluate",
    "load",
    "pipeline",
    ...(hasUnlabeled ? ["pseudoLabel"] : []),
  ].sort();
  const lines = [
    `import {\n${imports.map((word) => `  ${word},`).join("\n")}\n} from "@crossview/crossview";`,
    "",
    "/**",
    ...about.flatMap((line) => wrapped(line, width - 3)).map((line) => ` * ${line}`.trimEnd()),
    " */",
    `export default pipeline(${JSON.stringify(name)}, () => {`,
    "  const data = load({",
    '    dataset: "folder",',
    `    root: ${JSON.stringify(data)},`,
    ...leaves(load, 4),
    "  });",
    "  const views = augment({ data }, {",
    ...leaves(settings.augment, 4),
    "  });",
    "  const nets = coTrain({ views }, {",
    ...(method.options.length === 0
      ? [`    method: ${method.name}(),`]
      : [`    method: ${method.name}({`, ...leaves(method.options, 6), "    }),"]),
    ...leaves(settings.coTrain, 4),
    "  });",
    ...(hasUnlabeled ? ["  const labels = pseudoLabel({ nets, images: data.unlabeled });"] : []),
    "  const score = evaluate({ nets, samples: data.validation });",
    `  return { ${hasUnlabeled ? "labels, " : ""}score };`,
    "});",
    "",
  ];
  return lines.join("\n");
}

function leaves(all: readonly Leaf[], indent: number): string[] {
  const space = " ".repeat(indent);
  return all.flatMap(([name, value, why]) => [
    ...(why === "" ? [] : wrapped(why, width - indent - 3).map((line) => `${space}// ${line}`)),
    `${space}${key(name)}: ${literal(value, indent)},`,
  ]);
}

/** A value as TypeScript; records and long lists have a member a line. */
function literal(value: unknown, indent: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const space = " ".repeat(indent + 2), end = " ".repeat(indent);
  if (Array.isArray(value)) {
    const flat = `[${value.map((item) => literal(item, indent + 2)).join(", ")}]`;
    if (!flat.includes("\n") && flat.length <= width - indent - 24) return flat;
    return `[\n${value.map((item) => `${space}${literal(item, indent + 2)},\n`).join("")}${end}]`;
  }
  const members = Object.entries(value);
  const flat = `{ ${members.map(([name, item]) => `${key(name)}: ${literal(item, indent)}`).join(", ")} }`;
  if (members.length === 1 && flat.length < 40 && !flat.includes("\n")) return flat;
  return `{\n${
    members.map(([name, item]) => `${space}${key(name)}: ${literal(item, indent + 2)},\n`).join("")
  }${end}}`;
}

/** A name as a key of JavaScript. */
function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** Words in lines of so many characters; a line that is indented is left as it is. */
function wrapped(text: string, most: number): string[] {
  if (text.startsWith(" ") || text.length <= most) return [text.replaceAll("*/", "*\\/")];
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    if (last !== "" && last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.map((line) => line.replaceAll("*/", "*\\/"));
}
