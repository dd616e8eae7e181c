/** Looks at a data set as `load` will read it: what each role holds, and what is wrong with it. @module */
import { UserError } from "../../pipeline/errors.ts";
import type { Range } from "../codecs/image.ts";
import { upright } from "../codecs/orientation.ts";
import { fullRange, ValueCounts } from "../codecs/range.ts";
import type { Dataset, FilesConfig } from "../datasets/dataset.ts";
import { type LocatedSample, readMask, readMaskValues, readStored } from "../datasets/decode_sample.ts";
import { type RangeChoice, rangeNote } from "../datasets/deep_range.ts";
import { joinPath } from "../datasets/errors.ts";
import type { ResolvedLists } from "../datasets/layouts.ts";
import type { LoadConfig } from "../load.ts";
import { type Duplicates, findDuplicates, type RoleFile } from "./duplicates.ts";
import { type Finding, findings } from "./findings.ts";
import { type DataRole, RoleSurvey } from "./role_survey.ts";
import { spaced } from "./spaced.ts";

const roles = ["labeled", "unlabeled", "validation"] as const satisfies readonly DataRole[];
/** How many ids a finding gives by name. */
const shown = 4;

/** What a data set holds. */
export interface Survey {
  /** All three. */
  readonly roles: readonly RoleSurvey[];
  /** How the roles came about. */
  readonly notes: readonly string[];
  /** Files that cannot be loaded: a message each. */
  readonly faults: readonly string[];
  /** What the values show. */
  readonly findings: readonly Finding[];
}

/** How much is looked at. */
export interface SurveyOptions {
  /** Most images of a role that are decoded; Infinity for all. */
  readonly most: number;
  /** Is told what comes next. */
  readonly onFile?: ((what: string) => void) | undefined;
}

type Config = LoadConfig & FilesConfig;

/**
 * Looks at a data set.
 *
 * @param lists The roles, as `openDataset` gives them.
 */
export async function survey(
  config: Config,
  { lists, labeling, classes, orientation, notes }: Dataset,
  { most, onFile = () => {} }: SurveyOptions,
): Promise<Survey> {
  const faults = new Set<string>();
  const surveys: RoleSurvey[] = [], deep = new ValueCounts();
  for (const role of roles) {
    const { samples, path: list } = lists[role];
    const found = new RoleSurvey(role, samples.length, classes);
    for (const sample of spaced(samples, most)) {
      onFile(`${role}: ${sample.id}`);
      const masked = sample.mask !== undefined && (role !== "unlabeled" || config.unlabeledTruth);
      await collecting(
        faults,
        () => lookAt({ sample, list, root: config.root }, masked, found),
      );
    }
    surveys.push(found);
  }
  const duplicates = await findDuplicates(
    filesOf(lists, config.root),
    (done, of) => onFile(`duplicates: ${done} of ${of}`),
  );
  const complete = surveys.every(({ listed }) => listed <= most);
  const range = deep.range();
  return {
    roles: surveys,
    notes: range === undefined ? notes : [...notes, deepNote(range, config.range, complete)],
    faults: [...faults],
    findings: [
      ...findings(surveys, {
        dataset: config.dataset,
        classes,
        byIndex: config.dataset !== "folder",
        complete,
      }),
      ...duplicateFindings(duplicates),
    ],
  };

  async function lookAt(at: LocatedSample, masked: boolean, found: RoleSurvey): Promise<void> {
    const stored = await readStored(at);
    if (found.role !== "validation") deep.add(stored);
    const { width, height } = orientation === "upright" ? upright(stored) : stored;
    const image = { width, height, bits: stored.bits, orientation: stored.orientation };
    found.addImage(image);
    if (masked) {
      // Shapes that stand for a mask have no values.
      if (at.sample.labels === undefined) found.addSamples(await readMaskValues(at));
      found.labels.add(at.sample.id, (await readMask(at, image, labeling, orientation)).data);
    }
    found.decoded++;
  }
}

/** What samples of more than 8 bits become, as far as the images that were looked at tell. */
function deepNote(range: Range, choice: RangeChoice, complete: boolean): string {
  const note = rangeNote(choice === "data" ? range : choice === "full" ? fullRange : choice, choice);
  return complete || choice !== "data" ? note : `${note}; of the images that were looked at`;
}

/** How many images each role has. */
export function countsOf(lists: ResolvedLists): Record<DataRole, number> {
  const counted = roles.map((role) => [role, lists[role].samples.length] as const);
  return Object.fromEntries(counted) as Record<DataRole, number>;
}

function filesOf(lists: ResolvedLists, root: string): RoleFile[] {
  return roles.flatMap((role) =>
    lists[role].samples.map(({ id, image }) => ({ role, id, path: joinPath(root, image) }))
  );
}

/** One finding for each two roles that share images. */
function duplicateFindings(duplicates: readonly Duplicates[]): Finding[] {
  const byRoles = Map.groupBy(
    duplicates,
    (group) => [...new Set(group.map(({ role }) => role))].join(" and "),
  );
  return [...byRoles].map(([names, groups]) => {
    const some = groups.slice(0, shown).map((group) =>
      group.map(({ role, id }) => `${id} (${role})`).join(" = ")
    );
    const scored = names.includes("validation") ? ": what is scored was seen in training" : "";
    return {
      isProblem: false,
      message: `${groups.length} ${
        groups.length === 1 ? "image is" : "images are"
      } ${names} at once, byte for byte${scored}: ${some.join("; ")}${
        groups.length > shown ? "; and more" : ""
      }`,
    };
  });
}

/** Runs `work`; a mistake in the data becomes a fault, all else is thrown. */
async function collecting(faults: Set<string>, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    faults.add(error.message);
  }
}
