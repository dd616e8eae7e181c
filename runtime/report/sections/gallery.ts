/** Pictures to look at: image, truth, what each prediction says, conflict, and an overlay of a chosen strength. @module */
import { type Insert, type Markup, markup } from "../../pages/markup.ts";
import { shownName } from "../../runs/scores.ts";
import { percent } from "../../units.ts";
import type { Gallery, GalleryImage, Rgb } from "../gallery.ts";
import type { RunView } from "../view.ts";
import { pictureControls } from "./picture_controls.ts";
import { section, whole } from "./parts.ts";
import { swatch } from "./scores.ts";

/** The section; nothing where there are no pictures. */
export function gallerySection({ gallery, unlabeled, scores }: RunView): Markup | false {
  const isThere = (gallery: Gallery | undefined): gallery is Gallery =>
    gallery !== undefined && gallery.images.length + gallery.left + gallery.unreadable > 0;
  if (!isThere(gallery) && !isThere(unlabeled)) return false;
  const colors = gallery?.colors ?? [], names = (scores?.perClass ?? []).map(({ name }) => name);
  // Background is what is left of an image: laid over it, it would only hide it.
  const plain = colors[names.findIndex((name) => name.toLowerCase() === "background")];
  return section(
    "pictures",
    "Pictures",
    pictureControls({
      orders: {
        iou: "lowest IoU first",
        "-iou": "highest IoU first",
        "-conflict": "most disagreement first",
      },
      strength: { label: "overlay", value: 0.55 },
      size: { least: 136, most: 352 },
    }),
    colors.length > 0 && legend(colors, names),
    isThere(gallery) && part("Scored images", gallery, "pictures/", plain),
    isThere(unlabeled) && part("Unlabeled images and their pseudo-labels", unlabeled, "unlabeled/", plain),
  );
}

function part(
  heading: string,
  { images, left, unreadable }: Gallery,
  folder: string,
  plain: Rgb | undefined,
): Insert {
  const are = (count: number) => count === 1 ? "1 image is" : `${whole(count)} images are`;
  return [
    markup`<h3>${heading}</h3>`,
    left > 0 &&
    markup`<p class="note">${
      are(left)
    } left out, to keep this file small: see ${folder} in the run's folder.</p>`,
    unreadable > 0 &&
    markup`<p class="note">${are(unreadable)} left out, as the files below ${folder} cannot be read.</p>`,
    markup`<div class="gallery">${images.map((image, i) => article(image, i, plain))}</div>`,
  ];
}

/** The classes with their colors. */
export function legend(colors: readonly Rgb[], names: readonly string[]): Markup {
  return markup`<ul class="legend" aria-label="Classes">${
    names.map((name, i) => markup`<li>${swatch(colors[i])}${name}</li>`)
  }</ul>`;
}

function article(
  { name, pictures, miou, conflict, kept, over }: GalleryImage,
  index: number,
  plain: Rgb | undefined,
): Markup {
  const own = over === undefined ? undefined : miou[over];
  const facts = [
    ...Object.entries(miou).map(([prediction, value]) => `${shownName(prediction)} ${percent(value)} %`),
    ...(kept === undefined ? [] : [`labels kept ${percent(100 * kept)} %`]),
    ...(conflict === undefined ? [] : [`disagreement ${percent(100 * conflict)} %`]),
  ];
  return markup`<article data-index="${index}"${
    own !== undefined && own !== null && markup` data-iou="${own.toFixed(4)}"`
  }${conflict !== undefined && markup` data-conflict="${conflict.toFixed(6)}"`}${
    over !== undefined && markup` data-over="${over}"`
  }${plain !== undefined && markup` data-plain="${plain.join(",")}"`} aria-label="${name}">
<h4>${name}</h4>
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
