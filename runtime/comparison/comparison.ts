/** A comparison's page on disk. @module */
import { join } from "node:path";
import { writeAtomically } from "../../pipeline/files/files.ts";
import { sha256 } from "../../pipeline/mod.ts";
import { isBaseline } from "../runs/lineage.ts";
import { comparisonPage } from "./page.ts";
import { comparedPictures } from "./pictures.ts";
import type { ComparedWay } from "./ways.ts";

/**
 * Writes the page that holds runs against one another: beside the folders of the runs, by the name of the latest and a digest of
 * all, so that the same runs have one page.
 *
 * @param runs Folder of the runs.
 * @param ways Two runs at least.
 * @returns The page's path.
 * @throws {CacheError} If it cannot be written.
 */
export async function writeComparison(runs: string, ways: readonly ComparedWay[]): Promise<string> {
  const records = ways.flatMap(({ runs }) => runs.map(({ run }) => run));
  const names = [...new Set(records.map(({ name }) => name))];
  const ids = records.map(({ name, id }) => `${name}/${id}`).sort();
  const latest = records.map(({ id }) => id).sort().at(-1)!;
  const file = `comparison-${latest.slice(0, "20260131-235959".length)}-${
    sha256(ids.join("\n")).slice(0, 8)
  }.html`;
  const path = join(runs, ...names.length === 1 ? names : [], file);
  const text = comparisonPage({
    title: names.join(", "),
    made: new Date(),
    ways,
    reference: referenceOf(ways),
    pictures: await comparedPictures(ways),
  });
  await writeAtomically(path, new TextEncoder().encode(text));
  return path;
}

/** The way that learns from labels alone, if that is one; else the first. */
function referenceOf(ways: readonly ComparedWay[]): number {
  const alone = ways.flatMap(({ runs: [first] }, i) => isBaseline(first!) ? [i] : []);
  return alone.length === 1 ? alone[0]! : 0;
}
