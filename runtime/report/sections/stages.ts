/** What a run was made of: settings, stages with their adapters, times and memory, the parts of their keys, and how to repeat it. @module */
import { leaves, type PlanNode } from "../../../pipeline/mod.ts";
import { type Insert, type Markup, markup } from "../../pages/markup.ts";
import { type Facts, madeOn } from "../../runs/provenance.ts";
import { bytes, duration } from "../../units.ts";
import { repeatCommand } from "../command.ts";
import type { RunView } from "../view.ts";
import { bar, details, section, table, whole } from "./parts.ts";

/** Settings, those that were set first. */
export function settingsSection({ run: { changed = [], set, facts = {}, gpu = {} }, plan }: RunView): Markup {
  const names = new Set(changed.map(({ name }) => name));
  const others = set.filter((text) => !names.has(text.slice(0, text.indexOf("="))));
  const rows: Insert[][] = [
    ...changed.map(({ name, from, to }) => [name, shown(from), shown(to)]),
    ...others.map((text): Insert[] => {
      const at = text.indexOf("=");
      return [text.slice(0, at), "", shown(text.slice(at + 1))];
    }),
  ];
  return section(
    "settings",
    "Settings",
    rows.length === 0
      ? markup`<p>All as the experiment has them.</p>`
      : table("Settings that differ from the experiment's", ["setting", "experiment", "this run"], rows),
    plan && plan.nodes.length > 0 && details("All settings", plan.nodes.map(configTable)),
    details(
      "Machine",
      table("Where this run ran", ["", ""], [...Object.entries(gpu), ...Object.entries(facts)]),
    ),
  );
}

/** Most characters of a value: lists of files may have any number. */
const MOST = 400;

/** A leaf's value; what is not there is a dash, what is long is cut. */
function shown(value: unknown): string {
  if (value === undefined) return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= MOST ? text : `${text.slice(0, MOST)}… (${whole(text.length)} characters)`;
}

function configTable({ id, config, origins }: PlanNode): Markup | false {
  const rows = leaves(config).map(({ name, value }) => [name, shown(value), origins[name] ?? ""]);
  return rows.length > 0 &&
    markup`<h3>${id}</h3>${table(`Settings of ${id}`, ["setting", "value", "by"], rows)}`;
}

/** Stages with where, how long and with what. */
export function stagesSection({ run: { nodes = [] }, plan }: RunView): Markup | false {
  if (nodes.length === 0 && plan === undefined) return false;
  const known = nodes.length > 0 ? nodes : plan!.nodes.map(({ id, stage, key = "", state }) => ({
    id,
    stage,
    key,
    state,
    seconds: 0,
    facts: {} as Facts,
  }));
  const longest = Math.max(...known.map(({ seconds }) => seconds), 1e-9);
  const isDone = nodes.length > 0;
  const trained = nodes.filter(({ training }) => training !== undefined);
  return section(
    "stages",
    "Stages",
    isDone &&
      markup`<ul class="bars" aria-label="Time by stage">${
        known.map(({ id, seconds }) =>
          markup`<li><span class="name">${id}</span>${bar(100 * seconds / longest)}<span class="number">${
            duration(seconds)
          }</span></li>
`
        )
      }</ul>`,
    table(
      "Stages, where and how their results were made",
      ["stage", "state", ...isDone ? ["time", "adapter", "commit"] : [], "key"],
      known.map(({ id, state, seconds, facts = {}, key }) => [
        id,
        state === "hit" ? "in the cache" : state,
        ...isDone ? [duration(seconds), madeOn(facts) ?? "–", facts.commit ?? ""] : [],
        markup`<code>${key.slice(0, 12)}</code>`,
      ]),
    ),
    trained.length > 0 && table(
      "Memory and pace of trainings",
      [
        "training",
        "device memory, planned for a step",
        "held at most, with scores",
        "seconds a step",
        "images",
      ],
      trained.map(({ id, training }) => [
        id,
        bytes(training!.peakBytes),
        training!.heldBytes === undefined ? "–" : bytes(training!.heldBytes),
        training!.stepSeconds?.toPrecision(3) ?? "–",
        training!.images.toLocaleString("en-US"),
      ]),
    ),
    plan && details("Parts of the keys", plan.nodes.map(keyTable)),
  );
}

function keyTable({ id, key, parts }: PlanNode): Markup {
  const rows = Object.entries(parts).map(([name, value]) => [name, shown(value)]);
  return markup`<h3>${id} ${key !== undefined && markup`<code>${key.slice(0, 12)}</code>`}</h3>${
    table(`Parts of the key of ${id}`, ["part", "value"], rows)
  }`;
}

/** The command that gives the same run. */
export function repeatSection({ run }: RunView): Markup | false {
  const command = repeatCommand(run);
  return command !== undefined && section(
    "repeat",
    "Repeat it",
    markup`<div class="command"><pre><code id="command">${command}</code></pre>
<button type="button" id="copy" hidden>Copy</button></div>`,
  );
}
