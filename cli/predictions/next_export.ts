/** Writes images that are to be labeled next: for an annotation tool, with what the networks say of them, or as id lists. @module */
import { extname, join, relative } from "node:path";
import { openInference } from "../../stages/evaluation/inference.ts";
import { ORIGINAL, protocolLabel } from "../../stages/evaluation/protocols.ts";
import type { Checkpoint } from "../../stages/weights/checkpoint.ts";
import type { Session } from "../../runtime/session.ts";
import { UsageError } from "../terminal/errors.ts";
import type { NextImage } from "./next_images.ts";
import { OutputFolder } from "./output_folder.ts";
import { plannedFiles, ResultWriter } from "./result_writer.ts";

/** Where to write, and whether over what others wrote. */
export interface ExportFolder {
  readonly path: string;
  readonly overwrite: boolean;
}

/**
 * Sees that a folder of results is no folder of images: pictures within it would be passed over from then on.
 *
 * @throws {UsageError} If it is one.
 */
export function assertApart(out: string, images: readonly NextImage[]): void {
  if (images.every(({ image }) => /^\.\.([/\\]|$)/.test(relative(out, image)))) return;
  throw new UsageError(
    `Cannot write into "${out}", which the data's images lie in: they would be taken for results. Name another folder by --out.`,
  );
}

/** Writes texts by name: all or, where one of the files is somebody else's, none. */
export async function writeTexts(
  { path, overwrite }: ExportFolder,
  texts: ReadonlyMap<string, string>,
): Promise<void> {
  const folder = await OutputFolder.open(path, texts.keys(), overwrite);
  for (const [name, text] of texts) await folder.write(name, text);
  await folder.finish();
}

/**
 * Labels images, and writes pictures and polygons.
 *
 * @param tolerance Of the outlines, pixels.
 * @param progress Hears how many are done.
 */
export async function exportImages(
  images: readonly NextImage[],
  nets: Checkpoint,
  { path, overwrite, to, tolerance }: ExportFolder & {
    readonly to: "labelme" | "coco";
    readonly tolerance: number;
  },
  { gpu, signal }: Pick<Session, "gpu" | "signal">,
  progress: (done: number) => void,
): Promise<void> {
  // LabelMe looks for a picture beside its JSON, which names it; COCO's file is to name it as the data set does.
  const copyOf = ({ name, path, isDeep }: NextImage) =>
    to === "labelme" ? `labelme/${name}${isDeep ? ".png" : extname(path)}` : `images/${path}`;
  const options = { overlay: false, montage: false, all: false, to, tolerance };
  await gpu.announce();
  const { inference, network, free } = await openInference(await gpu.open(), nets);
  try {
    const planned = [...plannedFiles(images, network, options), ...images.map(copyOf)];
    const folder = await OutputFolder.open(path, planned, overwrite);
    const writer = new ResultWriter(folder, network, options);
    for (const [done, image] of images.entries()) {
      signal.throwIfAborted();
      const copy = copyOf(image), pixels = await image.read();
      await folder.write(copy, await (image.isDeep && to === "labelme" ? image.png : image.bytes)());
      const { labels } = await inference.predict(pixels.data, pixels);
      await writer.add({ ...image, copy: join(path, copy) }, pixels, labels, ORIGINAL);
      progress(done + 1);
    }
    await writer.finish({ weights: nets.path, protocol: protocolLabel(ORIGINAL) });
  } finally {
    free();
  }
}
