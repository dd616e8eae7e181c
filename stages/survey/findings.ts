/** What the values of masks and the roles of images show to be wrong, or probably so. @module */
import type { ClassList } from "../datasets/classes.ts";
import { someOf } from "../datasets/words.ts";
import { hex, type MaskValues } from "./mask_values.ts";
import { cityscapesLabelIds } from "./published.ts";
import type { RoleSurvey } from "./role_survey.ts";

/** What was found. */
export interface Finding {
  /** Whether a training would fail or learn nothing; else it may be meant. */
  readonly isProblem: boolean;
  readonly message: string;
}

/** What the findings depend on. */
export interface FindingContext {
  readonly dataset: string;
  readonly classes: ClassList;
  /** Whether value i of a mask is class i, and 255 is ignored, as in published data sets. */
  readonly byIndex: boolean;
  /** Whether all images were looked at. */
  readonly complete: boolean;
}

/** How many ids are given by name. */
const shown = 4;

/** Looks at all roles. */
export function findings(surveys: readonly RoleSurvey[], context: FindingContext): Finding[] {
  const ofValues = context.byIndex
    ? surveys.flatMap(({ role, values }) => values === undefined ? [] : valueFindings(role, values, context))
    : [];
  const wrong = ofValues.some(({ isProblem }) => isProblem);
  return [
    ...byRoles(ofValues),
    ...surveys.flatMap(uncounted),
    // What is wrong with the values is why their classes are missing.
    ...(wrong ? [] : missing(surveys, context)),
  ];
}

/** A finding about the masks of one role; `{masks}` stands for these. */
interface RoleFinding extends Finding {
  readonly role: string;
}

/** What is found of several roles alike is said once. */
function byRoles(found: readonly RoleFinding[]): Finding[] {
  return [...Map.groupBy(found, ({ message }) => message)].map(([message, group]) => ({
    isProblem: group[0]!.isProblem,
    message: message.replace("{masks}", `the masks of ${group.map(({ role }) => role).join(" and ")}`),
  }));
}

/** Values that fit another meaning than that of value i being class i. */
function valueFindings(role: string, found: MaskValues, { dataset, classes }: FindingContext): RoleFinding[] {
  const { values } = found, count = classes.names.length;
  const inner = values.filter((value) => value !== 255), last = inner.at(-1) ?? -1;
  if (found.form === "color") return [];
  if (values.length === 2 && values[0] === 0 && values[1] === 255) {
    return [{
      role,
      isProblem: true,
      message:
        `{masks} hold 0 and 255 alone, and 255 is ignored, so "${
          classes.names[0]
        }" is all that is learned. ` +
        `If 255 is what is to be found, write dataset: "folder" with classes: { background: 0, object: 255 }`,
    }];
  }
  if (
    dataset === "cityscapes" && inner.length > 0 && last > 18 &&
    inner.some((value) => cityscapesLabelIds.includes(value)) && last <= 33
  ) {
    return [{
      role,
      isProblem: true,
      message:
        `{masks} hold values up to ${last}, as Cityscapes' label ids have, and not its train ids, 0 to 18. Take ` +
        `the files _gtFine_labelTrainIds.png (cityscapesScripts makes them: csCreateTrainIdLabelImgs)`,
    }];
  }
  if (inner[0] === 1 && last === count) {
    return [{
      role,
      isProblem: true,
      message:
        `{masks} hold the values 1 to ${count}, and none is 0: they seem to be counted from 1, and labels are ` +
        `0 to ${count - 1}. Subtract 1, or write dataset: "folder" with classes: { "${
          classes.names[0]
        }": 1, "${classes.names[1] ?? "…"}": 2, … }`,
    }];
  }
  return palette(role, found, classes);
}

/** Palettes whose colors are those of the classes, at other indices. */
function palette(role: string, { form, palette, values }: MaskValues, classes: ClassList): RoleFinding[] {
  if (form !== "index") return [];
  const byColor = new Map(
    classes.colors.map(([red, green, blue], label) => [red * 65536 + green * 256 + blue, label]),
  );
  const wrong = values.flatMap((value) => {
    const color = palette.get(value), label = color === undefined ? undefined : byColor.get(color);
    return label === undefined || label === value || value >= classes.names.length
      ? []
      : [{ value, color: color!, label }];
  });
  // One color may be chance; two are another order.
  if (wrong.length < 2) return [];
  const some = wrong.slice(0, shown).map(({ value, color, label }) =>
    `${value} is ${hex(color)}, the color of "${classes.names[label]}" (${label})`
  );
  return [{
    role,
    isProblem: false,
    message: `{masks} have palettes with the classes' colors at other indices: ${some.join("; ")}${
      wrong.length > shown ? `; and ${wrong.length - shown} more` : ""
    }. Labels go by indices; if the colors are right, convert the masks, or write dataset: "folder" with classes by color`,
  }];
}

function uncounted({ role, labels: { masks, uncounted } }: RoleSurvey): Finding[] {
  // Of the labeled masks, some are said below.
  if (uncounted.length === 0 || (uncounted.length < masks && role === "labeled")) return [];
  const all = uncounted.length === masks;
  return [{
    isProblem: all,
    message:
      `in ${
        all ? "all" : `${uncounted.length} of`
      } ${masks} masks of ${role} that were looked at no pixel counts, as all are ` +
      `ignored: ${someOf(uncounted)}`,
  }];
}

/** What cannot be learned, and is scored all the same. */
function missing(surveys: readonly RoleSurvey[], { complete }: FindingContext): Finding[] {
  const labels = surveys.find(({ role }) => role === "labeled")?.labels;
  if (labels === undefined || labels.pixels === labels.ignored) return [];
  const learned = labels.histogram;
  const scored = surveys.find(({ role }) => role === "validation")?.labels.histogram ?? [];
  const missed = scored.filter(({ pixels }, label) => pixels > 0 && learned[label]!.pixels === 0);
  return [
    ...labels.warnings().map((message) =>
      complete ? message : `of the masks that were looked at, ${message}`
    ),
    ...(missed.length === 0
      ? []
      : [`scored, and in no labeled mask: ${someOf(missed.map(({ name }) => name))}`]),
  ].map((message) => ({ isProblem: false, message }));
}
