/** Reads id lists as they are published: "image mask" a line, with a space, a tab or leading slashes, or ids alone. */
import { DataError } from "./errors.ts";

/** One line of an id list, or an image that was found in a folder. */
export interface ListedSample {
  /** Image path without extension, unique within a list: what errors, logs and outputs call the sample. */
  readonly id: string;
  /** Relative to the data set's root, with `/`. */
  readonly image: string;
  /** Relative to the root; absent where the line names no mask. */
  readonly mask?: string;
  /** Line number, from 1; absent where no list names it. */
  readonly line?: number;
  /** Makes the labels where shapes of an annotation tool are drawn instead of a mask; `mask` is the file that they are in. */
  readonly labels?: (size: { readonly width: number; readonly height: number }) => Promise<Uint8Array>;
}

/** An id list and the file it came from; or images of a folder, and that folder. */
export interface IdList {
  readonly path: string;
  readonly samples: readonly ListedSample[];
}

const imageExtension = /\.(?:jpe?g|png)$/i;
/** Most characters of a line: twice what systems accept as a path. */
const maximumLine = 8192;

/** What the ids of a list without paths stand for. */
export type BareNames = (id: string) => { readonly image: string; readonly mask?: string };

/**
 * The text of an id list: UTF-8, or UTF-16 with a byte order mark, as some editors of Windows save.
 *
 * @param path The file's name, for errors.
 * @throws {DataError} If it is neither.
 */
export function decodeListText(bytes: Uint8Array, path: string): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  const zeros = encoding === "utf-8" && bytes.subarray(0, 1024).includes(0);
  try {
    if (!zeros) return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch { /* said below */ }
  throw new DataError(
    `Cannot read the id list "${path}": ${
      zeros
        ? "it holds zero bytes, as UTF-16 without a byte order mark does, and files that are no text"
        : `it is no text in ${encoding.toUpperCase()}`
    }. Save it as UTF-8, and check that it is a list.`,
  );
}

/**
 * Parses an id list, in any of the forms that the field publishes:
 *
 * - `image mask`, with a space (CPS, ST++, UniMatch, CCVC) or a tab (TorchSemiSeg) between them. They are told apart where
 *   the image's extension ends, so that spaces within either path survive. A slash in front of either (PS-MT) means the
 *   data set's root.
 * - An id alone (U²PL, the VOC devkit), where the layout says which files it stands for.
 *
 * Lines end in LF, CRLF or CR; blank lines count for nothing.
 *
 * @param text The file's text.
 * @param path The file's name, for errors.
 * @param options `masks`: whether each line must name a mask (labeled lists) or may leave it out. `bare`: what an id alone
 *   stands for; without it such a line is refused.
 * @throws {DataError} Naming file and line, for: a line that cannot be split or can be split in two ways, no mask where
 *   one is needed, a path with a drive, a `..` or `.` segment, a backslash, a NUL or other control character, an id listed
 *   twice. And if no line is left.
 */
export function parseIdList(
  text: string,
  path: string,
  options: { readonly masks: "required" | "optional"; readonly bare?: BareNames | undefined },
): IdList {
  const samples: ListedSample[] = [];
  const seen = new Map<string, number>();
  text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/).forEach((raw, index) => {
    const line = index + 1;
    if (raw.length > maximumLine) {
      throw listError(
        path,
        line,
        `it has ${raw.length} characters; ${maximumLine} are read`,
        'Write one "image mask" a line, and check that the file is a list',
      );
    }
    const content = raw.trim();
    if (content === "") return;
    const { image, mask } = splitLine(content, path, line, options.bare);
    assertRelative(image, path, line);
    if (mask === undefined && options.masks === "required") {
      throw listError(
        path,
        line,
        `it names no mask: ${quote(content)}`,
        'Write "image mask" on each line of a labeled list',
      );
    }
    if (mask !== undefined) assertRelative(mask, path, line);
    const id = image.replace(imageExtension, "");
    const before = seen.get(id);
    if (before !== undefined) {
      throw listError(
        path,
        line,
        `the id ${quote(id)} is listed already on line ${before}`,
        "Remove one of the two lines",
      );
    }
    seen.set(id, line);
    samples.push({ id, image, ...(mask === undefined ? {} : { mask }), line });
  });
  if (samples.length === 0) {
    throw new DataError(`Cannot use the id list "${path}": it is empty. Write one "image mask" a line.`);
  }
  return { path, samples };
}

/**
 * Writes an id list, `image mask` a line.
 *
 * @param keyOf The id that stands alone for an image whose path cannot, where the layout knows one.
 * @throws {DataError} If a line would not be read as it was meant.
 */
export function formatIdList(
  samples: readonly Pick<ListedSample, "image" | "mask">[],
  keyOf?: (image: string) => string,
): string {
  return samples.map(({ image, mask }) => {
    const line = mask === undefined ? image : `${image} ${mask}`, key = keyOf?.(image);
    if (isReadAs(line, mask === undefined ? { image } : { image, mask })) return `${line}\n`;
    if (key !== undefined && isReadAs(key, { image: key }, (id) => ({ image: id }))) return `${key}\n`;
    throw new DataError(
      `Cannot write ${
        quote(line)
      } to an id list: it would not be read as it is. A list takes pictures named .jpg, .jpeg or .png; ` +
        "rename the file.",
    );
  }).join("");
}

function isReadAs(line: string, { image, mask }: ReturnType<BareNames>, bare?: BareNames): boolean {
  try {
    const { samples: [sample, ...others] } = parseIdList(line, "", { masks: "optional", bare });
    return sample!.image === image && sample!.mask === mask && others.length === 0;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

function splitLine(
  content: string,
  path: string,
  line: number,
  bare: BareNames | undefined,
): { readonly image: string; readonly mask?: string } {
  const splits = new Map<string, string>();
  for (const { index: at } of content.matchAll(/[ \t]/g)) {
    const image = content.slice(0, at).trimEnd(), mask = content.slice(at + 1).trimStart();
    if (imageExtension.test(image) && imageExtension.test(mask)) splits.set(image, mask);
  }
  if (splits.size > 1) {
    throw listError(
      path,
      line,
      `it can be split into image and mask in ${splits.size} ways: ${quote(content)}`,
      "Rename the files",
    );
  }
  for (const [image, mask] of splits) return { image: fromRoot(image), mask: fromRoot(mask) };
  if (imageExtension.test(content)) return { image: fromRoot(content) };
  if (bare !== undefined && /^[^\s/\\]+$/.test(content)) return bare(content);
  throw listError(
    path,
    line,
    `${quote(content)} names no image (.jpg, .jpeg, .png)`,
    `Write "image mask", relative to the root${bare === undefined ? "" : ", or the id of an image alone"}`,
  );
}

/** Without the one slash that some lists write for the data set's root. */
function fromRoot(file: string): string {
  return file.replace(/^\//, "");
}

function assertRelative(file: string, path: string, line: number): void {
  const remedy = "Write the path relative to the data set's root";
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(file)) {
    throw listError(path, line, `the path ${quote(file)} holds a control character (NUL, tab, …)`, remedy);
  }
  if (file.includes("\\")) {
    throw listError(path, line, `the path ${quote(file)} holds a backslash`, `${remedy}, with "/"`);
  }
  if (file.startsWith("/") || /^[A-Za-z]:/.test(file)) {
    throw listError(path, line, `the path ${quote(file)} is absolute`, remedy);
  }
  if (file.split("/").some((segment) => segment === ".." || segment === "." || segment === "")) {
    throw listError(
      path,
      line,
      `the path ${quote(file)} has a "..", "." or empty segment`,
      `${remedy}, without them`,
    );
  }
}

function listError(path: string, line: number, reason: string, remedy: string): DataError {
  return new DataError(`Cannot read line ${line} of the id list "${path}": ${reason}. ${remedy}.`);
}

/** JSON's quoting makes control characters visible. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/**
 * Holds two lists apart: no image may be in both.
 *
 * @param a The list of one role, e.g. "labeled".
 * @throws {DataError} Naming the id, both files and both lines.
 */
export function assertDisjoint(a: IdList, roleA: string, b: IdList, roleB: string): void {
  const others = new Map(a.samples.map((sample) => [sample.id, sample]));
  for (const sample of b.samples) {
    const other = others.get(sample.id);
    if (other === undefined) continue;
    throw new DataError(
      `Cannot use the id ${quote(sample.id)} twice: it is ${roleA} (${placeOf(a, other)}) and ${roleB} (${
        placeOf(b, sample)
      }); the two must share no image. Remove one of the two${
        other.line === undefined || sample.line === undefined ? "" : " lines"
      }.`,
    );
  }
}

/** Where a sample is listed, or found: what errors point at. */
export function placeOf({ path }: Pick<IdList, "path">, { line }: Pick<ListedSample, "line">): string {
  return line === undefined ? `"${path}"` : `"${path}", line ${line}`;
}
