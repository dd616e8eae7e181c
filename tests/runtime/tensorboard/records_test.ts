/** The bytes of event files, against known ones and against a reader of others' parts. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { summaryEvent, versionEvent } from "../../../runtime/tensorboard/messages.ts";
import { crc32c } from "../../../runtime/tensorboard/crc32c.ts";
import { frame, readRecords } from "../../../runtime/tensorboard/records.ts";
import { readEvents } from "../../support/event_files.ts";

const joined = (parts: readonly Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

Deno.test("crc32c: the values of RFC 3720, B.4", () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
  assert.equal(crc32c(new Uint8Array()), 0);
});

Deno.test("a file of two scalars is, byte for byte, what tensorboard_logger writes of them", () => {
  const file = joined([
    versionEvent(256.5),
    summaryEvent(256.5, 1, [{ tag: "v/1", scalar: 1.5 }]),
    summaryEvent(256.5, 2, [{ tag: "v/22", scalar: 16 }]),
  ].map(frame));
  assert.equal(
    file.toHex(),
    [
      "1800000000000000a37f4b220900000000000870401a0d627261696e2e4576656e743a32bc98212b",
      "19000000000000008bf1082809000000000008704010012a0c0a0a0a03762f31150000c03f2cecc087",
      "1a00000000000000129bd82d09000000000008704010022a0d0a0b0a04762f323215000080418fa3b688",
    ].join(""),
  );
});

Deno.test("another reader finds steps, numbers and pictures as they were given", () => {
  const png = Uint8Array.from({ length: 300 }, (_, i) => i);
  const [scalars, images] = readEvents(joined([
    summaryEvent(1.25, 2 ** 40, [{ tag: "ö/<b>", scalar: -0.1 }, { tag: "c", scalar: Infinity }]),
    summaryEvent(2.5, 0, [{ tag: "a/image", png, width: 640, height: 3 }]),
  ].map(frame)));
  assert.deepEqual([scalars!.wall_time, scalars!.step], [1.25, 2 ** 40]);
  assert.deepEqual(scalars!.summary!.value, [
    { tag: "ö/<b>", simple_value: Math.fround(-0.1) },
    { tag: "c", simple_value: Infinity },
  ]);
  const { tag, image } = images!.summary!.value[0]!;
  assert.deepEqual([tag, image!.width, image!.height, image!.colorspace], ["a/image", 640, 3, 3]);
  assert.deepEqual([...image!.encoded_image_string], [...png]);
});

Deno.test("records are read up to the first that is damaged or cut", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    const path = join(folder, "records"),
      parts = [[1], [], [2, 3], Array(70_000).fill(4)].map((bytes) => frame(Uint8Array.from(bytes)));
    const read = (bytes: Uint8Array) => {
      Deno.writeFileSync(path, bytes);
      using file = Deno.openSync(path);
      return [...readRecords(file)].map(({ length }) => length);
    };
    const whole = joined(parts), starts = [0, 17, 33, 51];
    assert.deepEqual(read(whole), [1, 0, 2, 70_000]);
    assert.deepEqual(read(new Uint8Array()), []);
    for (const cut of [1, 11, 12, 16]) assert.deepEqual(read(whole.subarray(0, cut)), [], `${cut}`);
    for (const cut of [34, 45, 50]) assert.deepEqual(read(whole.subarray(0, cut)), [1, 0], `${cut}`);
    for (const [number, start] of starts.entries()) {
      // Of length, its checksum, and the record's own.
      for (const at of [start, start + 7, start + 8, (starts[number + 1] ?? whole.length) - 1]) {
        const damaged = Uint8Array.from(whole);
        damaged[at]! ^= 64;
        assert.deepEqual(read(damaged), [1, 0, 2, 70_000].slice(0, number), `byte ${at}`);
      }
    }
    const endless = frame(new Uint8Array(8));
    new DataView(endless.buffer).setBigUint64(0, 2n ** 62n, true);
    assert.deepEqual(read(endless), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
