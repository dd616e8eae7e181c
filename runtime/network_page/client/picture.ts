/// <reference lib="dom" />
/** A picture as the network is to see it: decoded by the browser, upright, and no larger than wanted. @module */
import { messageOf, PageError } from "./adapter.ts";
import type { RgbaImage } from "./labeler.ts";

/** A picture, ready. */
export interface SeenPicture {
  readonly image: RgbaImage;
  /** What is seen otherwise than by `predict`, in sentences. */
  readonly notes: readonly string[];
}

/** What can be drawn, with its size. */
interface Drawable {
  readonly source: CanvasImageSource;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes a picture: upright, its color profile left aside, as `predict` does.
 *
 * @param longest The longer side at most, pixels; a picture that is larger is shrunk.
 * @throws {PageError} If the browser cannot decode it.
 */
export async function decodePicture(file: Blob, longest: number): Promise<SeenPicture> {
  const name = "name" in file ? `"${file.name}"` : "the picture";
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, {
      imageOrientation: "from-image",
      premultiplyAlpha: "none",
      colorSpaceConversion: "none",
    });
  } catch (error) {
    throw new PageError(`This browser cannot decode ${name}: ${messageOf(error)}`);
  }
  try {
    const seen = draw({ source: bitmap, width: bitmap.width, height: bitmap.height }, longest);
    const deep = isDeepPng(new Uint8Array(await file.slice(0, 25).arrayBuffer()));
    return deep ? { ...seen, notes: [...seen.notes, DEEP] } : seen;
  } finally {
    bitmap.close();
  }
}

const DEEP =
  "It has 16 bits a sample, of which the browser gives the upper 8, whatever values the network knows " +
  "as black and white.";

/** The frame that a video shows. */
export function frameOf(video: HTMLVideoElement, longest: number): SeenPicture {
  return draw({ source: video, width: video.videoWidth, height: video.videoHeight }, longest);
}

function draw({ source, width, height }: Drawable, longest: number): SeenPicture {
  const scale = Math.min(1, longest / Math.max(width, height)), notes: string[] = [];
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null || !draws(context)) {
    throw new PageError(
      `This browser cannot draw ${canvas.width} × ${canvas.height} pixels. Choose a smaller size.`,
    );
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  if (scale < 1) {
    notes.push(`Shrunk from ${width} × ${height}, which predict does not do.`);
  }
  const read = () => context.getImageData(0, 0, canvas.width, canvas.height);
  let image = read();
  if (hasTransparency(image.data)) {
    notes.push("It is transparent in places, which are seen white; predict takes the colors beneath.");
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    image = read();
  }
  return { image, notes };
}

/** Whether anything can be drawn: a canvas that is too large stays empty without a word. */
function draws(context: CanvasRenderingContext2D): boolean {
  context.fillRect(0, 0, 1, 1);
  const [, , , alpha] = context.getImageData(0, 0, 1, 1).data;
  context.clearRect(0, 0, 1, 1);
  return alpha === 255;
}

function hasTransparency(data: Uint8ClampedArray): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at]! < 255) return true;
  return false;
}

/** Whether a file begins as a PNG of 16 bits does: depth stands behind signature, chunk's head, width and height. */
function isDeepPng(bytes: Uint8Array): boolean {
  return [0x89, 0x50, 0x4e, 0x47].every((byte, at) => bytes[at] === byte) && bytes[24] === 16;
}
