/** The head of a run's page: what it is, how far it came, and the score that stands for it. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { mixedNotice } from "../../runs/provenance.ts";
import { adaptersOf } from "../../runs/provenance.ts";
import type { RunState } from "../../runs/run_folder.ts";
import { headlineScore, shownName } from "../../runs/scores.ts";
import { duration, percent } from "../../units.ts";
import type { RunView } from "../view.ts";
import { moment, whole } from "./parts.ts";

/** States in words. */
const words: Readonly<Record<RunState, string>> = {
  running: "running",
  done: "done",
  failed: "failed",
  interrupted: "interrupted",
  stopped: "stopped",
};

/** The head. */
export function head(view: RunView): Markup {
  const { run: { name, id, seed, state, started, seconds, method, until, error, nodes = [] }, freshness } =
    view;
  const mixed = mixedNotice(adaptersOf(nodes));
  return markup`<header>
<p class="product">Crossview · a run</p>
<h1>${name}</h1>
<p class="state" data-state="${state}"><span class="dot" aria-hidden="true"></span><strong id="state">${
    words[state]
  }</strong>${seconds !== undefined && markup` in ${duration(seconds)}`}</p>
<p class="quiet">${id} · seed ${seed}${method !== undefined && markup` · by ${method}`}${
    until !== undefined && markup` · until ${until}`
  } · started ${moment(started)}</p>
${progress(view)}
${freshness !== undefined && fresh(freshness.written)}
${
    state === "stopped" &&
    note("The process of this run ended without a word. The same command goes on from its last checkpoint.")
  }
${error !== undefined && markup`<p class="note bad" role="alert">${error}</p>`}
${mixed !== undefined && note(mixed)}
${figures(view)}
</header>`;
}

function note(text: string): Markup {
  return markup`<p class="note">${text}</p>`;
}

/** What is said while it goes on; the page's script takes over from the first line. */
function fresh(written: string): Markup {
  return markup`<div class="note fresh" id="fresh">
<p id="freshness">Written ${
    moment(written)
  }, while the run was going on. Open it again for what came after.</p>
<button type="button" id="pause" aria-pressed="false" hidden>Pause renewal</button>
</div>`;
}

function progress({ run: { state }, curves }: RunView): Markup | false {
  if (state === "done") return false;
  const rows = Object.entries(curves).flatMap(([id, { progress }]) => progress ? [{ id, ...progress }] : []);
  return rows.length > 0 && markup`${
    rows.map(({ id, step, steps, epoch, epochs }) => {
      const text = `${id}: step ${whole(step)} of ${whole(steps)}, epoch ${epoch} of ${epochs}`;
      return markup`<p class="progress"><progress max="${steps}" value="${step}" aria-label="${text}"></progress>
<span>${text}</span></p>`;
    })
  }`;
}

/** The few numbers that one looks for first. */
function figures({ run: { nodes = [], state }, scores, baseline, curves }: RunView): Markup {
  const figure = (label: string, value: string, more = "") =>
    markup`<div><dt>${label}</dt><dd>${value}${more !== "" && markup`<small>${more}</small>`}</dd></div>`;
  const found: Markup[] = [];
  const last = scores && headlineScore(scores), headline = scores?.headline ?? "average";
  if (scores !== undefined && last !== undefined) {
    found.push(figure("mIoU, last weights", percent(last), `%, ${shownName(headline)}`));
    const best = scores.best?.miou[headline];
    if (best !== undefined) found.push(figure("mIoU, best weights", percent(best), "%"));
    const alone = baseline && headlineScore(baseline.scores);
    if (typeof alone === "number" && last !== null) {
      found.push(figure("over labels alone", signed(last - alone), "points"));
    }
  } else {
    for (const [id, { evaluations }] of Object.entries(curves)) {
      const latest = evaluations.at(-1);
      if (latest === undefined) continue;
      const values = Object.values(latest.miou).filter((value) => value !== null);
      if (values.length > 0) {
        found.push(figure(`mIoU so far, ${id}`, percent(Math.max(...values)), `%, epoch ${latest.epoch}`));
      }
    }
  }
  const trained = nodes.filter(({ training }) => training !== undefined);
  for (const { id, training, seconds } of trained) {
    found.push(figure(`trained, ${id}`, duration(seconds), `${whole(training!.images)} images`));
  }
  if (state === "done" && nodes.length > 0 && nodes.every((node) => node.state === "hit")) {
    found.push(figure("stages run", "0", "all results were in the cache"));
  }
  return markup`${found.length > 0 && markup`<dl class="figures">${found}</dl>`}`;
}

/** A difference with its sign. */
export function signed(difference: number): string {
  return `${difference < 0 ? "−" : "+"}${percent(Math.abs(difference))}`;
}
