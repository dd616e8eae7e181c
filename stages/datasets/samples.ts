/**
 * Artifact kinds of images: `samples` (with masks), `images` (with none) and `masks` (truth for diagnostics).
 *
 * Each is an index and packed files of u8 pixels, written one image at a time and read by position, so that a data set of
 * many gigabytes is never in memory.
 */
import {
  type ArtifactKind,
  type ArtifactReader,
  type ArtifactWriter,
  defineKind,
} from "../../pipeline/language/artifact.ts";
import type { Range } from "../codecs/image.ts";
import type { ClassList } from "./classes.ts";
import { DataError } from "./errors.ts";

/** Width and height in pixels. */
export interface ImageSize {
  /** Pixels of a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** Things with an id and a size, by position 0 … length − 1. A position outside throws {@linkcode RangeError}. */
export interface SizedSet {
  /** How many there are. */
  readonly length: number;
  /** Their ids, in order. */
  readonly ids: readonly string[];
  /** Width and height of one. */
  size(index: number): ImageSize;
}

/** Images without labels. That there is no mask is the type's point: none can reach a loss. */
export interface ImageSet extends SizedSet {
  /** height × width × 3, RGB, 0–255; a fresh array. */
  image(index: number): Uint8Array;
  /** Which stored values became 0 and 255, if images had more than 8 bits. */
  readonly range?: Range | undefined;
}

/** Masks without images: what the truth of unlabeled images is to a diagnostic. */
export interface MaskSet extends SizedSet {
  /** height × width, a class index or 255 (ignored); a fresh array. */
  mask(index: number): Uint8Array;
  /** What the labels mean. */
  readonly classes: ClassList;
}

/** Labeled images. */
export interface SampleSet extends ImageSet, MaskSet {}

interface IndexEntry extends ImageSize {
  readonly id: string;
}

interface Index {
  readonly entries: readonly IndexEntry[];
  readonly classes?: ClassList;
  readonly range?: Range | undefined;
}

const channelsOf = { images: 3, masks: 1 } as const;
/** What is kept of the pixels of a set. */
export type Part = "images" | "masks";
type Files = Partial<Record<Part, string>>;

/** Where a set's packed files lie, so that storing it moves or links them instead of copying pixels. */
const filesOf = new WeakMap<SizedSet, Files>();

/** Writes packed files, one image at a time. */
export class SetWriter {
  readonly #entries: IndexEntry[] = [];
  readonly #files: Files;
  readonly #open: Partial<Record<Part, Deno.FsFile>> = {};

  /**
   * Opens the files.
   *
   * @param path Gives the path to write a part ("images", "masks") at; only the parts named are written.
   */
  constructor(parts: readonly Part[], path: (part: Part) => string) {
    this.#files = Object.fromEntries(parts.map((part) => [part, path(part)]));
    for (const part of parts) {
      this.#open[part] = Deno.openSync(this.#files[part]!, { write: true, create: true, truncate: true });
    }
  }

  /**
   * Appends one image.
   *
   * @param pixels `images`: height × width × 3; `masks`: height × width.
   * @throws {RangeError} If a part is missing or its length does not fit the size.
   */
  async add(id: string, size: ImageSize, pixels: Partial<Record<Part, Uint8Array>>): Promise<void> {
    for (const [part, file] of Object.entries(this.#open) as [Part, Deno.FsFile][]) {
      const expected = size.width * size.height * channelsOf[part];
      let rest = pixels[part] ?? new Uint8Array();
      if (rest.length !== expected) {
        throw new RangeError(
          `Cannot pack "${id}": its ${part} have ${rest.length} bytes; ${expected} fit its size`,
        );
      }
      while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    }
    this.#entries.push({ id, width: size.width, height: size.height });
  }

  /** Closes the files; calling it again does nothing. */
  close(): void {
    for (const part of Object.keys(this.#open) as Part[]) {
      this.#open[part]!.close();
      delete this.#open[part];
    }
  }

  /**
   * Closes the files and opens them as images.
   * @param range Which stored values became 0 and 255, if images had more than 8 bits.
   */
  images(range?: Range): ImageSet {
    this.close();
    return openImages({ entries: this.#entries, range }, this.#files);
  }

  /**
   * Closes the files and opens them as samples.
   * @param range As {@linkcode images}.
   */
  samples(classes: ClassList, range?: Range): SampleSet {
    this.close();
    return openSamples({ entries: this.#entries, classes, range }, this.#files);
  }

  /** Closes the files and opens them as masks. */
  masks(classes: ClassList): MaskSet {
    this.close();
    return openMasks({ entries: this.#entries, classes }, this.#files);
  }
}

function sized({ entries }: Index) {
  return {
    length: entries.length,
    ids: entries.map((entry) => entry.id),
    size: (index: number): ImageSize => {
      const { width, height } = entryAt(entries, index);
      return { width, height };
    },
  };
}

function entryAt(entries: readonly IndexEntry[], index: number): IndexEntry {
  const entry = entries[index];
  if (entry === undefined) throw new RangeError(`Cannot get image ${index} of a set of ${entries.length}`);
  return entry;
}

/** Random access to one packed file. The file is opened for each read: that costs microseconds, and nothing stays open. */
function reader({ entries }: Index, path: string, part: Part): (index: number) => Uint8Array {
  const offsets = [0];
  for (const { width, height } of entries) offsets.push(offsets.at(-1)! + width * height * channelsOf[part]);
  const size = Deno.statSync(path).size;
  if (size !== offsets.at(-1)) {
    throw new DataError(
      `Cannot open packed ${part} "${path}": it has ${size} bytes, its index needs ${offsets.at(-1)}`,
    );
  }
  return (index) => {
    const { id } = entryAt(entries, index);
    const pixels = new Uint8Array(offsets[index + 1]! - offsets[index]!);
    using file = Deno.openSync(path);
    file.seekSync(offsets[index]!, Deno.SeekMode.Start);
    for (let filled = 0; filled < pixels.length;) {
      const count = file.readSync(pixels.subarray(filled));
      if (count === null) {
        throw new DataError(`Cannot read "${id}" from packed ${part} "${path}": the file ends early`);
      }
      filled += count;
    }
    return pixels;
  };
}

function openImages(index: Index, files: Files): ImageSet {
  const set = {
    ...sized(index),
    image: reader(index, files.images!, "images"),
    ...(index.range && { range: index.range }),
  };
  filesOf.set(set, files);
  return set;
}

function openMasks(index: Index, files: Files): MaskSet {
  const set = { ...sized(index), mask: reader(index, files.masks!, "masks"), classes: index.classes! };
  filesOf.set(set, files);
  return set;
}

function openSamples(index: Index, files: Files): SampleSet {
  const set = {
    ...openImages(index, files),
    mask: reader(index, files.masks!, "masks"),
    classes: index.classes!,
  };
  filesOf.set(set, files);
  return set;
}

/** Writes any set, packed or not (a view of another set, say), as an artifact. */
async function writeSet(
  set: SizedSet & { readonly range?: Range | undefined },
  out: ArtifactWriter,
  classes: ClassList | undefined,
  parts: Partial<Record<Part, (index: number) => Uint8Array>>,
): Promise<void> {
  const entries = set.ids.map((id, index) => ({ id, ...set.size(index) }));
  await out.json("index.json", {
    entries,
    ...(classes && { classes }),
    ...(set.range && { range: set.range }),
  });
  const names = Object.keys(parts) as Part[];
  const packed = filesOf.get(set);
  if (packed !== undefined) {
    for (const part of names) await out.adopt(`${part}.bin`, packed[part]!);
    return;
  }
  const writer = new SetWriter(names, (part) => out.file(`${part}.bin`));
  try {
    for (const [index, entry] of entries.entries()) {
      const pixels = Object.fromEntries(names.map((part) => [part, parts[part]!(index)]));
      await writer.add(entry.id, entry, pixels);
    }
  } finally {
    writer.close();
  }
}

async function readIndex(source: ArtifactReader): Promise<Index> {
  return await source.json("index.json") as Index;
}

/** Labeled images: `index.json`, `images.bin`, `masks.bin`. */
export const samplesKind: ArtifactKind<SampleSet> = defineKind({
  name: "samples",
  version: 1,
  write: (set: SampleSet, out: ArtifactWriter) =>
    writeSet(set, out, set.classes, { images: (i) => set.image(i), masks: (i) => set.mask(i) }),
  read: async (source: ArtifactReader) =>
    openSamples(await readIndex(source), {
      images: await source.path("images.bin"),
      masks: await source.path("masks.bin"),
    }),
});

/** Unlabeled images: `index.json`, `images.bin`. */
export const imagesKind: ArtifactKind<ImageSet> = defineKind({
  name: "images",
  version: 1,
  write: (set: ImageSet, out: ArtifactWriter) =>
    writeSet(set, out, undefined, { images: (i) => set.image(i) }),
  read: async (source: ArtifactReader) =>
    openImages(await readIndex(source), { images: await source.path("images.bin") }),
});

/** Masks alone: `index.json`, `masks.bin`. Only diagnostics read it. */
export const masksKind: ArtifactKind<MaskSet> = defineKind({
  name: "masks",
  version: 1,
  write: (set: MaskSet, out: ArtifactWriter) =>
    writeSet(set, out, set.classes, { masks: (i) => set.mask(i) }),
  read: async (source: ArtifactReader) =>
    openMasks(await readIndex(source), { masks: await source.path("masks.bin") }),
});
