/** What a network's page holds before its script has done anything. @module */
import type { NetworkDescription } from "../../stages/weights/network.ts";
import { version } from "../host/place.ts";
import { Markup, markup } from "../pages/markup.ts";
import { bytes } from "../units.ts";
import type { StoredPrecision } from "./weights.ts";

/** How a page is written. */
export interface NetworkPageOptions {
  /** What stands on top of it. */
  readonly title: string;
  /** How its weights are held. */
  readonly precision: StoredPrecision;
}

/** Where the weights are put in; nothing else of a page is a comment. */
export const WEIGHTS_PLACE = "<!--weights-->";

/** Longer sides that a picture may be shrunk to, pixels, and the one that is chosen unless its reader chooses. */
const SIDES = [256, 512, 1024, 2048], CHOSEN = 1024;

/**
 * The body.
 *
 * @param network What the page runs.
 * @param size Bytes of its weights.
 */
export function pageBody(network: NetworkDescription, options: NetworkPageOptions, size: number): Markup {
  const { title, precision } = options, { classes: { names }, predictions, headline, range } = network;
  const of = predictions[headline]!, halves = precision === "f16";
  const facts: readonly (readonly [string, string])[] = [
    ["Network", `DeepLabV3+, ${network.backbone}, output stride ${network.outputStride}`],
    ["Prediction", of.length === 1 ? headline : `${headline}, the mean of ${of.join(" and ")}`],
    ["Classes", names.join(", ")],
    [
      "Weights",
      `${bytes(size)}, ${
        halves ? "f16: rounded to half their size, so single pixels may be labeled otherwise" : "f32"
      }`,
    ],
    ["Written by", `Crossview ${version}`],
  ];
  return markup`<main>
<h1>${title}</h1>
<p>Drop a photograph anywhere, paste one, choose a file, or use the camera. It stays on this device: the page
asks for nothing from anywhere.</p>
<p id="status" role="status">The page is loading. If this line stays, the browser is too old for it, or its
scripts are switched off.</p>
<noscript><p class="wrong">Scripts are switched off, and the network is one.</p></noscript>
<fieldset id="controls" disabled>
<legend>Picture</legend>
<label>Photograph <input id="file" type="file" accept="image/*"></label>
<button id="camera" type="button">Use the camera</button>
<label>Longer side <select id="longest">
${
    SIDES.map((side) => {
      const selected = new Markup(side === CHOSEN ? " selected" : "");
      return markup`<option value="${side}"${selected}>at most ${side} pixels</option>\n`;
    })
  }<option value="0">as it is</option>
</select></label>
</fieldset>
<section id="result" aria-label="Result" hidden>
<label>Show <select id="way">
<option value="overlay">overlay</option>
<option value="classes">classes</option>
<option value="confidence">confidence, black 0 % to white 100 %</option>
<option value="picture">photograph</option>
</select></label>
<figure>
<canvas id="picture" tabindex="0" role="application" aria-roledescription="picture" aria-describedby="caption"
 aria-label="Labeled picture: arrow keys read it point by point, with Shift pixel by pixel"></canvas>
<output id="point" for="picture"></output>
<figcaption id="caption"></figcaption>
</figure>
<table>
<caption>Areas</caption>
<thead><tr><th scope="col">Class</th><th scope="col">Share</th><th scope="col">Pixels</th>
<th scope="col">Mean confidence</th></tr></thead>
<tbody id="areas"></tbody>
</table>
<p id="absent"></p>
</section>
<details>
<summary>About this network</summary>
<dl>
${
    facts.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>\n`)
  }<dt>Adapter</dt><dd id="adapter"></dd>
</dl>
<p>Confidence is the probability that the network gives its class, which is no measure of whether it is right.
${
    range !== undefined &&
    `The network was trained on pictures of more than 8 bits a sample, of which ${range[0]} was black and ${
      range[1]
    } white. A browser gives 8 bits: make them of such a picture by these values before it is labeled here.`
  }</p>
</details>
</main>
${new Markup(WEIGHTS_PLACE)}`;
}
