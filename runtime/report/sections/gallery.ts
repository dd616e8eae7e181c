/** Pictures to look at: image, truth, what each prediction says, conflict, and an overlay of a chosen strength. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { percent } from "../../units.ts";
import { headlineScore, shownName } from "../../runs/scores.ts";
import type { GalleryImage, Rgb } from "../gallery.ts";
import type { RunView } from "../view.ts";
import { section } from "./parts.ts";
import { swatch } from "./scores.ts";

/** The section; nothing where there are no pictures. */
export function gallerySection({ gallery, scores }: RunView): Markup | false {
  if (gallery === undefined || gallery.images.length + gallery.left + gallery.unreadable === 0) return false;
  const { images, left, unreadable, colors } = gallery;
  const headline = scores?.headline ??
    (scores && headlineScore(scores) !== undefined ? "average" : undefined);
  const notes = [
    left > 0 &&
    `${left} further ${
      left === 1 ? "image is" : "images are"
    } left out here, to keep this file small; they are in the run's folder, pictures/.`,
    unreadable > 0 &&
    `${unreadable} ${unreadable === 1 ? "image" : "images"} of the run's folder cannot be read.`,
  ].filter((text) => text !== false);
  return section(
    "pictures",
    "Pictures",
    markup`<form class="controls" id="gallery-controls" hidden>
<label>sort by <select name="order">
<option value="">as they came</option>
${
      images.some(({ miou }) => headline !== undefined && miou[headline] !== undefined) &&
      markup`<option value="iou">lowest IoU first</option>
<option value="-iou">highest IoU first</option>`
    }
${
      images.some(({ conflict }) => conflict !== undefined) &&
      markup`<option value="-conflict">most disagreement first</option>`
    }
</select></label>
<label>overlay <input type="range" name="strength" min="0" max="1" step="0.05" value="0.55"> <output name="strong">55 %</output></label>
</form>
${colors.length > 0 && legend(colors, (scores?.perClass ?? []).map(({ name }) => name))}`,
    notes.map((text) => markup`<p class="note">${text}</p>`),
    markup`<div class="gallery" id="gallery">${images.map((image, i) => row(image, i, headline))}</div>`,
  );
}

function legend(colors: readonly Rgb[], names: readonly string[]): Markup {
  return markup`<ul class="legend" aria-label="Classes">${
    names.map((name, i) => markup`<li>${swatch(colors[i])}${name}</li>`)
  }</ul>`;
}

function row(
  { name, pictures, miou, conflict }: GalleryImage,
  index: number,
  headline: string | undefined,
): Markup {
  const own = headline === undefined ? undefined : miou[headline];
  const facts = [
    ...Object.entries(miou).map(([prediction, value]) => `${shownName(prediction)} ${percent(value)} %`),
    ...(conflict === undefined ? [] : [`disagreement ${percent(100 * conflict)} %`]),
  ];
  return markup`<article data-index="${index}"${
    own !== undefined && own !== null && markup` data-iou="${own.toFixed(4)}"`
  }${conflict !== undefined && markup` data-conflict="${conflict.toFixed(6)}"`}${
    headline !== undefined && markup` data-over="${headline}"`
  } aria-label="${name}">
<h3>${name}</h3>
${facts.length > 0 && markup`<p class="quiet">${facts.join(" · ")}</p>`}
<div class="pictures">${
    pictures.map(({ name: file, label, url }) =>
      markup`<figure data-picture="${file}"><img src="${url}" alt="${label} of ${name}" decoding="async"><figcaption>${label}</figcaption></figure>
`
    )
  }</div>
</article>
`;
}
