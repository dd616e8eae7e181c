/** The controls of pictures, which a page shows where scripts run. @module */
import { type Markup, markup } from "../../pages/markup.ts";

/** What can be set of pictures. */
interface PictureControls {
  /** Orders: what images have, with a minus for the largest first, and what it is called. */
  readonly orders: Readonly<Record<string, string>>;
  /** How strongly labels cover their image, 0 to 1, and what that is called. */
  readonly strength: { readonly label: string; readonly value: number };
  /** Smallest and largest width of a picture, pixels; absent where it stays as it is. */
  readonly size?: { readonly least: number; readonly most: number };
}

/** The controls. */
export function pictureControls({ orders, strength: { label, value }, size }: PictureControls): Markup {
  return markup`<form class="controls" id="picture-controls" hidden>
<label>sort by <select name="order">
<option value="">as they came</option>
${
    Object.entries(orders).map(([order, name]) =>
      markup`<option value="${order}">${name}</option>
`
    )
  }</select></label>
<label>${label} <input type="range" name="strength" min="0" max="1" step="0.05" value="${value}"> <output name="strong">${
    Math.round(100 * value)
  } %</output></label>
${
    size &&
    markup`<label>size <input type="range" name="size" min="${size.least}" max="${size.most}" step="8" value="${size.least}"></label>
`
  }</form>`;
}
