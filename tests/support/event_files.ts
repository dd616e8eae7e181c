/**
 * A reader of TensorBoard's files that shares nothing with their writer: framing as TensorFlow's guide to TFRecord describes it,
 * checksums and messages by other libraries.
 *
 * @module
 */
import crc32c from "crc-32/crc32c.js";
import assert from "node:assert/strict";
import { join } from "node:path";
import protobuf from "protobufjs";

/** What is read of event.proto and summary.proto of TensorFlow. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message Value { string tag = 1; float simple_value = 2; Image image = 4; }
  message Summary { repeated Value value = 1; }
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
`,
  { keepCase: true },
);
const Event = root.lookupType("Event");

/** An event as protobufjs gives it. */
export interface ReadEvent {
  readonly wall_time: number;
  readonly step: number;
  readonly file_version?: string;
  readonly summary?: {
    readonly value: readonly {
      readonly tag: string;
      readonly simple_value?: number;
      readonly image?: {
        readonly height: number;
        readonly width: number;
        readonly colorspace: number;
        readonly encoded_image_string: Uint8Array;
      };
    }[];
  };
}

/** All events of a file; throws where a byte is not as the format says. */
export function readEvents(bytes: Uint8Array): ReadEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    assert.equal(view.getUint32(at + 8, true), masked(bytes.subarray(at, at + 8)), "a length's checksum");
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(data.length, length);
    assert.equal(view.getUint32(at + 12 + length, true), masked(data), "a record's checksum");
    events.push(Event.toObject(Event.decode(data), { longs: Number }) as ReadEvent);
    at += 16 + length;
  }
  return events;
}

function masked(bytes: Uint8Array): number {
  const sum = BigInt(crc32c.buf(bytes) >>> 0);
  return Number(((sum >> 15n | sum << 17n) + 0xa282ead8n) & 0xffffffffn);
}

/** A series: the values of one tag by step, in the order in which they lie in a folder's files. */
export type Series = ReadonlyMap<string, readonly (readonly [step: number, value: number])[]>;

/** The curves of a folder, its files by name, as TensorBoard reads them. Each file must say which format it has. */
export function readSeries(folder: string): Series {
  const series = new Map<string, [number, number][]>();
  for (const event of folderEvents(folder)) {
    for (const { tag, simple_value } of event.summary?.value ?? []) {
      if (simple_value === undefined) continue;
      series.set(tag, [...series.get(tag) ?? [], [event.step, simple_value]]);
    }
  }
  return series;
}

/** All events of a folder's files, in the order of the files' names. */
export function folderEvents(folder: string): ReadEvent[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.includes("tfevents")
  );
  return names.sort().flatMap((name) => {
    const [first, ...events] = readEvents(Deno.readFileSync(join(folder, name)));
    assert.equal(first!.file_version, "brain.Event:2");
    return events;
  });
}

/** Folders below one that hold event files, as TensorBoard names its runs. */
export function boardRuns(folder: string, below = ""): string[] {
  const entries = [...Deno.readDirSync(join(folder, below))].sort((a, b) => a.name < b.name ? -1 : 1);
  const own = entries.some(({ name, isFile }) => isFile && name.includes("tfevents")) ? [below] : [];
  const deeper = entries.filter(({ isDirectory }) => isDirectory);
  return [
    ...own,
    ...deeper.flatMap(({ name }) => boardRuns(folder, below === "" ? name : `${below}/${name}`)),
  ];
}
