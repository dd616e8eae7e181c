/** The runs that are compared. @module */
import { type Insert, type Markup, markup } from "../../pages/markup.ts";
import { moment, section, table } from "../../report/sections/parts.ts";
import { adaptersOf } from "../../runs/provenance.ts";
import { headlineScore } from "../../runs/scores.ts";
import { duration, percent } from "../../units.ts";
import type { ComparedWay } from "../ways.ts";
import { wayMark } from "./mark.ts";

/** The section. */
export function runsSection(ways: readonly ComparedWay[]): Markup {
  return section(
    "runs",
    "Runs",
    table(
      "The runs, each with its own page, report.html in its folder",
      ["run", "way", "seed", "state", "mIoU", "time", "adapter", "commit", "started"],
      ways.flatMap(({ name, runs }, i) =>
        runs.map(({ run, scores }): Insert[] => {
          const { id, seed, state, seconds, nodes = [], gpu, facts, started } = run;
          const score = scores && headlineScore(scores);
          return [
            markup`<code>${run.name}/${id}</code>`,
            markup`${wayMark(i)}${name}`,
            seed,
            state,
            score === undefined ? "–" : percent(score),
            seconds === undefined ? "–" : duration(seconds),
            [...new Set(Object.values(adaptersOf(nodes)))].join("; ") || (gpu?.adapter ?? "–"),
            facts?.commit ?? "–",
            moment(started),
          ];
        })
      ),
    ),
  );
}
