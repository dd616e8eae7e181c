/** The first directory of a TIFF file, and of EXIF, which is laid out alike. */

/** Fields by tag, of those that hold whole numbers. */
export interface TiffDirectory {
  /** Whether numbers have their low byte first. */
  readonly littleEndian: boolean;
  /** What is wrong with it, if something is: fields are missing then. */
  readonly problem?: string;
  readonly fields: ReadonlyMap<number, readonly number[]>;
}

/** Most values of a field that are read: more than a picture of the largest size has strips. */
const maximumValues = 2 ** 20;
/**
 * Bytes of a value: BYTE, SHORT, LONG, and the same with a sign, which some writers take for numbers that have none; and bytes of
 * no type, UNDEFINED.
 */
const widths: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4 };

/**
 * Reads the first directory.
 *
 * @param wanted The tags to read; the values of others are not looked at.
 * @returns Undefined where the bytes do not begin as a TIFF's do.
 * @see TIFF revision 6.0, section 2.
 */
export function readTiffDirectory(bytes: Uint8Array, wanted: readonly number[]): TiffDirectory | undefined {
  const order = String.fromCharCode(...bytes.subarray(0, 2));
  if (bytes.length < 8 || (order !== "II" && order !== "MM")) return undefined;
  const littleEndian = order === "II";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(2, littleEndian) !== 42) return undefined;
  const start = view.getUint32(4, littleEndian), fields = new Map<number, readonly number[]>();
  const endsEarly = "the file ends within its directory";
  if (start + 2 > bytes.length) return { littleEndian, problem: endsEarly, fields };
  let problem: string | undefined;
  const count = view.getUint16(start, littleEndian);
  for (let entry = 0; entry < count; entry++) {
    const at = start + 2 + 12 * entry;
    if (at + 12 > bytes.length) return { littleEndian, problem: endsEarly, fields };
    const tag = view.getUint16(at, littleEndian), width = widths[view.getUint16(at + 2, littleEndian)];
    if (width === undefined || !wanted.includes(tag)) continue;
    if (fields.has(tag)) {
      problem ??= `its directory has the field ${tag} twice`;
      continue;
    }
    const length = view.getUint32(at + 4, littleEndian);
    const from = length * width <= 4 ? at + 8 : view.getUint32(at + 8, littleEndian);
    if (length > maximumValues || from + length * width > bytes.length) {
      problem ??= `its field ${tag} claims ${length} values`;
      continue;
    }
    fields.set(
      tag,
      Array.from({ length }, (_, i) => {
        const place = from + i * width;
        if (width === 1) return view.getUint8(place);
        return width === 2 ? view.getUint16(place, littleEndian) : view.getUint32(place, littleEndian);
      }),
    );
  }
  return { littleEndian, ...(problem === undefined ? {} : { problem }), fields };
}
