import { hueShift } from "../../ops/view/color_jitter.ts";
import { type ExtendedBox, gaussianBox } from "../../ops/view/gaussian_blur.ts";
import { type Bytes, jitterSteps, type Photometric } from "../../ops/view/view_settings.ts";

/** Jitter, gray, blur, in this order. CPU twin of `ops/view/{color_jitter,luma_mean,box_blur}.wgsl`; Pillow's float formulas. */
export function photometric(image: Bytes, { jitter, gray, blur }: Photometric): Bytes {
  let result = image;
  for (const step of jitter?.order ?? []) {
    const name = jitterSteps[step]!;
    if (name === "brightness") result = adjustBrightness(result, jitter!.brightness);
    else if (name === "contrast") result = adjustContrast(result, jitter!.contrast);
    else if (name === "saturation") result = adjustSaturation(result, jitter!.saturation);
    else result = shiftHue(result, jitter!.hue);
  }
  if (gray) result = toGray(result);
  return blur === undefined ? result : gaussianBlur(result, blur);
}

/** Pillow's conversion to mode L of one pixel. */
function luma(r: number, g: number, b: number): number {
  return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
}

type Rgb = readonly [r: number, g: number, b: number];

function mapColors(image: Bytes, change: (r: number, g: number, b: number) => Rgb): Bytes {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    data.set(change(image.data[i]!, image.data[i + 1]!, image.data[i + 2]!), i);
  }
  return { ...image, data };
}

/** Pillow's Image.blend of one value: f32, cut off to an integer. */
function blend(base: number, value: number, factor: number): number {
  const mixed = Math.fround(base + Math.fround(Math.fround(factor) * (value - base)));
  return Math.trunc(Math.min(Math.max(mixed, 0), 255));
}

/** Pillow's ImageEnhance.Brightness. */
export function adjustBrightness(image: Bytes, factor: number): Bytes {
  return { ...image, data: image.data.map((value) => blend(0, value, factor)) };
}

/** Pillow's ImageEnhance.Contrast: about the rounded mean luma of the whole image. */
export function adjustContrast(image: Bytes, factor: number): Bytes {
  const { data } = image;
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += luma(data[i]!, data[i + 1]!, data[i + 2]!);
  const mean = Math.floor(sum / (data.length / 3) + 0.5);
  return { ...image, data: data.map((value) => blend(mean, value, factor)) };
}

/** Pillow's ImageEnhance.Color. */
export function adjustSaturation(image: Bytes, factor: number): Bytes {
  return mapColors(image, (r, g, b) => {
    const gray = luma(r, g, b);
    return [blend(gray, r, factor), blend(gray, g, factor), blend(gray, b, factor)];
  });
}

/** torchvision's RandomGrayscale on Pillow images: three equal channels. */
export function toGray(image: Bytes): Bytes {
  return mapColors(image, (r, g, b) => {
    const gray = luma(r, g, b);
    return [gray, gray, gray];
  });
}

/** torchvision's adjust_hue on Pillow images. */
export function shiftHue(image: Bytes, hue: number): Bytes {
  const shift = hueShift(hue);
  return mapColors(image, (r, g, b) => {
    const [h, s, v] = toHsv(r, g, b);
    return toRgb((h + shift) & 255, s, v);
  });
}

/** Pillow's `Convert.c`, rgb2hsv_row: C's float is f32 here, its double f64. */
function toHsv(r: number, g: number, b: number): Rgb {
  const v = Math.max(r, g, b), range = v - Math.min(r, g, b);
  if (range === 0) return [0, 0, v];
  const s = Math.fround(range / v);
  const [rc, gc, bc] = [r, g, b].map((value) => Math.fround((v - value) / range)) as [number, number, number];
  let h = Math.fround(r === v ? bc - gc : g === v ? 2 + rc - bc : 4 + gc - rc);
  h = Math.fround((h / 6 + 1) % 1);
  return [Math.trunc(h * 255), Math.trunc(s * 255), v];
}

/** Pillow's `Convert.c`, hsv2rgb. */
function toRgb(h: number, s: number, v: number): Rgb {
  if (s === 0) return [v, v, v];
  const sector = Math.floor(Math.fround(h * 6) / 255);
  const part = Math.fround(Math.fround(h * 6) / 255 - sector);
  const saturation = Math.fround(s / 255);
  const p = Math.floor(v * (1 - saturation) + 0.5);
  const q = Math.floor(v * (1 - Math.fround(saturation * part)) + 0.5);
  const t = Math.floor(v * (1 - saturation * (1 - part)) + 0.5);
  return ([[v, t, p], [q, v, p], [p, v, t], [p, q, v], [t, p, v], [v, p, q]] as const)[sector % 6]!;
}

/** Pillow's GaussianBlur: three boxes along the rows, three along the columns, u8 in between. */
export function gaussianBlur(image: Bytes, sigma: number): Bytes {
  const box = gaussianBox(sigma);
  let result = image;
  for (let pass = 0; pass < 3; pass++) result = boxBlur(result, box, 1, 0);
  for (let pass = 0; pass < 3; pass++) result = boxBlur(result, box, 0, 1);
  return result;
}

/** One pass in the direction (dx, dy); beyond the edges their pixels repeat. */
function boxBlur(image: Bytes, { radius, weight, endWeight }: ExtendedBox, dx: number, dy: number): Bytes {
  const { width, height, channels } = image;
  const data = new Uint8Array(image.data.length);
  const clamp = (i: number, length: number) => Math.min(Math.max(i, 0), length - 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const at = (k: number) =>
          image.data[(clamp(y + k * dy, height) * width + clamp(x + k * dx, width)) * channels + c]!;
        let sum = 0;
        for (let k = -radius; k <= radius; k++) sum += at(k);
        const ends = at(-radius - 1) + at(radius + 1);
        data[(y * width + x) * channels + c] = Math.floor(
          (sum * weight + ends * endWeight + 2 ** 23) / 2 ** 24,
        );
      }
    }
  }
  return { ...image, data };
}
