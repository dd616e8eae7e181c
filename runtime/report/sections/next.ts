/** Which unlabeled images to label next, and where the doubt is. @module */
import { type Markup, markup } from "../../pages/markup.ts";
import { percent } from "../../units.ts";
import type { RunView } from "../view.ts";
import { section, whole } from "./parts.ts";

/** What the order goes by, in words. */
const orders = {
  disagreement: "where the networks disagree most; the yellow parts are where they do",
  confidence: "where the network is least sure; the yellower, the less",
} as const;

/** The section; nothing where nothing is ranked. */
export function nextSection({ ranking, run: { id } }: RunView): Markup | false {
  if (ranking === undefined || ranking.images.length === 0) return false;
  const { by, count, mean, images } = ranking;
  return section(
    "next",
    "Label these next",
    markup`<p>Of ${whole(count)} unlabeled images those ${orders[by]}. In the mean of all, ${
      percent(100 * mean)
    } % of the pixels are in doubt.</p>
<p class="quiet">With the predicted masks as a start: <code>deno task next ${id} -n 10 --to labelme</code></p>
<ol class="ranked">${
      images.map(({ id, share, image, map }) =>
        markup`<li><div class="pair"><img src="${image}" alt="${id}"><img src="${map}" alt="where the doubt is in ${id}"></div>
<span class="name">${id}</span> <span class="quiet">${percent(100 * share)} % in doubt</span></li>
`
      )
    }</ol>`,
  );
}
