/** What the data of one stage holds, and what is wrong with it, as lines and as JSON. @module */
import type { RoleSurvey } from "../../stages/survey/role_survey.ts";
import { percent } from "../../stages/survey/class_rule.ts";
import { problemLines } from "../terminal/problems.ts";
import { table } from "../terminal/text.ts";

/** What was found in the data of one stage. */
export interface DataReport {
  readonly stage: string;
  readonly dataset: string;
  readonly root: string;
  /** Images by role. */
  readonly counts: Readonly<Record<string, number>>;
  /** Images decoded, with their masks where there are any to be read. */
  readonly decoded: number;
  /** What each role holds; none of data that are drawn, or whose lists cannot be read. */
  readonly roles: readonly RoleSurvey[];
  /** How the roles came about. */
  readonly notes: readonly string[];
  /** What may be meant, and mostly is not. */
  readonly warnings: readonly string[];
  /** What a training fails by, or learns nothing from. */
  readonly problems: readonly string[];
}

/** How many sizes are shown. */
const shown = 4;
/** So many classes that are in no mask are one row. */
const fewAbsent = 3;
const roleNames = ["labeled", "unlabeled", "validation"];

/** As JSON. */
export function dataJson({ roles, ...report }: DataReport): unknown {
  return {
    ...report,
    roles: roles.map(({ role, listed, decoded, sizes, turned, labels }) => ({
      role,
      listed,
      decoded,
      sizes: Object.fromEntries(sizes),
      turned,
      classes: labels.histogram,
      ignored: labels.ignored,
      pixels: labels.pixels,
      uncounted: labels.uncounted,
    })),
  };
}

/** As lines for people. */
export function dataLines(report: DataReport): string[] {
  const { stage, dataset, root, counts, decoded, roles, notes, warnings, problems } = report;
  const named = roleNames.map((role) => `${counts[role] ?? "?"} ${role}`).join(", ");
  if (dataset === "shapes") return [`${stage}: shapes (drawn, not read): ${named}`];
  // A stage of one's own: its roles are its own, too.
  if (root === "") {
    return [`${stage}: of its own stage "${dataset}"`, ...notes, ...problemLines(problems)];
  }
  return [
    `${stage}: ${dataset} at ${root}: ${named}`,
    ...notes,
    ...roles.filter(({ listed }) => listed > 0).map(sizesText),
    ...histogram(roles),
    `decoded without a fault: ${decoded} images`,
    ...problemLines(warnings, "warning"),
    ...problemLines(problems),
  ];
}

function sizesText({ role, listed, sizes, turned }: RoleSurvey): string {
  const all = [...sizes].sort(([, a], [, b]) => b - a), seen = all.reduce((sum, [, count]) => sum + count, 0);
  const some = all.slice(0, shown).map(([size, count]) => `${size} (${count})`).join(", ");
  const more = all.length > shown ? ` and ${all.length - shown} more sizes` : "";
  return `${role}: ${seen < listed ? `${seen} of ${listed} looked at, ` : ""}${
    some === "" ? "none could be decoded" : some
  }${more}` +
    (turned > 0 ? `; ${turned} not stored upright (EXIF)` : "");
}

/** Classes with their shares of the pixels, and in how many masks they are, for each role that has masks. */
function histogram(roles: readonly RoleSurvey[]): string[] {
  const masked = roles.filter(({ labels }) => labels.pixels > 0);
  if (masked.length === 0) return [];
  const labels = masked.map(({ labels }) => labels), histograms = labels.map(({ histogram }) => histogram);
  const names = labels[0]!.classes.names;
  const absent = names.filter((_, label) => histograms.every((counts) => counts[label]!.pixels === 0));
  const isOne = absent.length > fewAbsent;
  const rows = names.flatMap((name, label) =>
    isOne && absent.includes(name) ? [] : [[
      name,
      ...labels.flatMap(({ pixels }, at) => {
        const found = histograms[at]![label]!;
        return [percent(found.pixels / pixels), String(found.images)];
      }),
    ]]
  );
  if (isOne) rows.push([`(${absent.length} others)`, ...labels.flatMap(() => [percent(0), "0"])]);
  if (labels.some(({ ignored }) => ignored > 0)) {
    rows.push(["(ignored)", ...labels.flatMap(({ ignored, pixels }) => [percent(ignored / pixels), ""])]);
  }
  return ["", table(["class", ...masked.flatMap(({ role }) => [role, "images"])], rows), ""];
}
