/** What the ways say of the same images. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { legend } from "../../report/sections/gallery.ts";
import { pictureControls } from "../../report/sections/picture_controls.ts";
import { section } from "../../report/sections/parts.ts";
import { percent } from "../../units.ts";
import type { ComparedImage, ComparedPictures } from "../pictures.ts";

/** The section; nothing where no image was looked at in two runs. */
export function picturesSection({ images, colors, classes, left }: ComparedPictures): Markup | false {
  if (images.length + left === 0) return false;
  const isScored = images.some(({ ways }) => ways.some(({ miou }) => typeof miou === "number"));
  return section(
    "pictures",
    "Pictures",
    pictureControls({
      orders: isScored
        ? {
          "-spread": "most different first",
          iou: "lowest IoU first",
          "-iou": "highest IoU first",
        }
        : {},
      strength: { label: "labels over the image", value: 1 },
    }),
    colors.length > 0 && legend(colors, classes),
    left > 0 &&
      markup`<p class="note">${left} further ${
        left === 1 ? "image is" : "images are"
      } left out, to keep this file small.</p>`,
    markup`<div class="gallery" id="gallery">${images.map(row)}</div>`,
  );
}

function row({ name, image, truth, ways }: ComparedImage, index: number): Markup {
  const scores = ways.flatMap(({ miou }) => typeof miou === "number" ? [miou] : []);
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const picture = (url: string, label: string, attributes: Markup | false, more: Markup | false = false) =>
    markup`<figure${attributes}><img src="${url}" alt="${label} of ${name}" decoding="async"><figcaption>${label}${more}</figcaption></figure>
`;
  return markup`<article data-index="${index}"${
    scores.length > 0 &&
    markup` data-iou="${mean.toFixed(4)}" data-spread="${
      (Math.max(...scores) - Math.min(...scores)).toFixed(4)
    }"`
  } aria-label="${name}">
<h3>${name}</h3>
<div class="pictures">${image !== undefined && picture(image, "image", markup` data-picture="image"`)}${
    truth !== undefined && picture(truth, "truth", markup` data-picture="truth"`)
  }${
    ways.map(({ way, seed, url, miou }) =>
      picture(
        url,
        way,
        markup` data-labels`,
        markup` <span class="quiet">seed ${seed}${miou !== undefined && markup`, ${percent(miou)} %`}</span>`,
      )
    )
  }</div>
</article>
`;
}
