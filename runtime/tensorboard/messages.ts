/**
 * The messages of TensorBoard's event files that are written and read here, by event.proto and summary.proto of TensorFlow 2: a
 * library writes the wire format.
 *
 * @module
 */
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";

/** A number or a picture, at a step. */
export type Value =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly png: Uint8Array; readonly width: number; readonly height: number };

/** Wire types. */
const VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5;
/** What pictures are: red, green, blue. */
const RGB = 3;
/** Which format a file has, in its first event. */
const VERSION = "brain.Event:2";

/** The event that begins a file. @param time Seconds since 1970. */
export function versionEvent(time: number): Uint8Array {
  return begin(time).tag(3, BYTES).string(VERSION).finish();
}

/** Values at a step. @param time Seconds since 1970. */
export function summaryEvent(time: number, step: number, values: readonly Value[]): Uint8Array {
  const writer = begin(time).tag(2, VARINT).int64(step).tag(5, BYTES).fork();
  for (const value of values) {
    writer.tag(1, BYTES).fork().tag(1, BYTES).string(value.tag);
    if ("scalar" in value) writer.tag(2, FIXED32).float(value.scalar);
    else {
      writer.tag(4, BYTES).fork().tag(1, VARINT).int32(value.height).tag(2, VARINT).int32(value.width)
        .tag(3, VARINT).int32(RGB).tag(4, BYTES).bytes(value.png).join();
    }
    writer.join();
  }
  return writer.join().finish();
}

function begin(time: number): BinaryWriter {
  return new BinaryWriter().tag(1, FIXED64).double(time);
}

/**
 * The step of an event, and the tags of its values.
 * @throws {Error} If the bytes are no message.
 */
export function readTags(bytes: Uint8Array): { readonly step: number; readonly tags: readonly string[] } {
  const reader = new BinaryReader(bytes), tags: string[] = [];
  let step = 0;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 2) step = Number(reader.int64());
    else if (field !== 5) reader.skip(type);
    else for (const value of fieldsOf(reader.bytes(), 1)) tags.push(...textsOf(value));
  }
  return { step, tags };
}

/** The tags of a summary's value: one, unless it has none. */
function textsOf(value: Uint8Array): string[] {
  return fieldsOf(value, 1).map((tag) => new TextDecoder().decode(tag));
}

/** The bytes of a message's fields of a number. */
function fieldsOf(message: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(message), found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === number && type === BYTES) found.push(reader.bytes());
    else reader.skip(type);
  }
  return found;
}
