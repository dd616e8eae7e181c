import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "../../support/weights/bytes.ts";
import * as p from "../../support/weights/pickle_bytes.ts";
import { withFolder } from "../../support/stage_run.ts";
import { bytesOf, torchArchive, zipFile } from "../../support/weights/zip_bytes.ts";

/** What a file that claims too much may take: of processor time, and of memory beyond its own size. */
const MOST_SECONDS = 2, MOST_MEGABYTES = 256;

/** Bytes repeated. */
function repeated(part: readonly number[], times: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(part.length * times);
  if (part.length === 1) return out.fill(part[0]!);
  for (let i = 0; i < times; i++) out.set(part, i * part.length);
  return out;
}

const joined = (...parts: readonly ArrayLike<number>[]) => join(parts);

const start = [0x80, 2], stop = [0x2e];
const of = p.storage("Float", "0", 1 << 18);
const x = p.dict({ x: p.tensor(of, [4]) });
const megabyte = bytesOf(new Float32Array(1 << 18));
const archive = (pickled: Uint8Array) => torchArchive(pickled, {});

const bombs: Record<string, () => readonly [Uint8Array<ArrayBuffer>, RegExp]> = {
  "a storage of 160 MB of zeros, deflated to a thousandth": () => {
    const count = 40_000_000;
    const value = p.dict({ x: p.tensor(p.storage("Float", "0", count), [count]) });
    const zeros = new Uint8Array(4 * count);
    return [
      torchArchive(p.pickle(value), { "0": zeros }, { deflate: true }),
      /need 160000000 bytes; those of a file of \d+ may need \d+/,
    ];
  },
  "the same, claiming to be small": () => {
    const entries = [
      { name: "a/data.pkl", data: p.pickle(x) },
      {
        name: "a/data/0",
        data: new Uint8Array(160_000_000),
        deflate: true,
        claim: { size: 1 << 20, crc: 0 },
      },
    ];
    return [zipFile(entries), /unpacks to more than the 1048576 bytes it claims/];
  },
  "a storage that is not used, of 160 MB of zeros": () => {
    const [count, used] = [40_000_000, p.tensor(p.storage("Float", "1", 1), [1])];
    const value = p.dict({
      state_dict: p.dict({ used }),
      other: p.tensor(p.storage("Float", "0", count), [count]),
    });
    const zeros = new Uint8Array(4 * count);
    return [
      torchArchive(p.pickle(value), { "0": zeros, "1": new Uint8Array(4) }, { deflate: true }),
      /read 1 tensors/,
    ];
  },
  "a pickle of 100 MB, deflated": () => {
    const entries = [{ name: "a/data.pkl", data: new Uint8Array(100_000_000), deflate: true }];
    return [zipFile(entries), /its pickle claims 100000000 bytes/];
  },
  "many names for one large storage": () => {
    const names = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`t${i}`, p.tensor(of, [1 << 18])]),
    );
    return [
      torchArchive(p.pickle(p.dict(names)), { "0": megabyte }),
      /need \d+ bytes; those of a file of \d+ may need \d+/,
    ];
  },
  "three million empty lists":
    () => [archive(joined(start, repeated([0x5d], 3_000_000), stop)), /makes more than \d+ objects/],
  "three million dictionaries": () => [
    archive(joined(start, repeated([0x7d], 3_000_000), stop)),
    /makes more than \d+ dictionaries/,
  ],
  "three million things kept under numbers of 2³²": () => {
    const puts = new Uint8Array(5 * 3_000_000);
    const view = new DataView(puts.buffer);
    for (let i = 0; i < puts.length; i += 5) {
      puts[i] = 0x72;
      view.setUint32(i + 1, 0xffffffff - i, true);
    }
    return [archive(joined(start, [0x4e], puts, stop)), /keeps a value as number 4294967295/];
  },
  "two million things kept": () => [
    archive(joined(start, [0x4e], repeated([0x94], 2_000_000), stop)),
    /keeps a value as number 500000/,
  ],
  "tuples in tuples, a million deep": () => [
    archive(joined(start, [0x4e], repeated([0x85], 3_000_000), stop)),
    /makes more than \d+ objects/,
  ],
  "dictionaries in dictionaries, deeper than weights are": () => {
    const deep = Array.from({ length: 1000 }).reduce<p.Part>((inner) => p.dict({ model: inner }), x);
    return [torchArchive(p.pickle(deep), { "0": megabyte }), /holds no tensors by name|nests its tensors/];
  },
  "a list that holds itself twice, and so on: 2³⁰ leaves": () => {
    const levels = Array.from({ length: 30 }, () => [0x32, 0x86]).flat();
    return [archive(joined(start, p.text("leaf"), levels, stop)), /no tensors by name/];
  },
  "one long list made into dictionaries again and again": () => {
    const pair = [...p.integer(1), ...p.integer(2), 0x86];
    const list = joined([0x5d, p.mark], repeated(pair, 200_000), [0x65, 0x71, 1]);
    const again = [...p.global("collections", "OrderedDict"), 0x68, 1, 0x85, 0x52, 0x30];
    return [
      archive(joined(start, list, repeated(again, 100_000), stop)),
      /makes more than \d+ (objects|dictionaries)|instructions/,
    ];
  },
  "an integer of 50 million bytes": () => [
    archive(joined(start, [0x8b, 0x80, 0xf0, 0xfa, 2], new Uint8Array(50_000_000), stop)),
    /an integer of 50000000 bytes/,
  ],
  "an integer of a million digits": () => [
    archive(joined(start, [0x49], repeated([0x39], 1_000_000), [10], stop)),
    /for an integer/,
  ],
  "a text of 4 GB, claimed": () => [
    archive(Uint8Array.from([...start, 0x58, 0xff, 0xff, 0xff, 0xff])),
    /claims 4294967295 bytes of text/,
  ],
  "a text of 2⁶³ bytes, claimed": () => [
    archive(Uint8Array.from([...start, 0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80])),
    /bytes of text/,
  ],
  "bytes of 2⁶³, claimed": () => [
    archive(Uint8Array.from([...start, 0x8e, 0, 0, 0, 0, 0, 0, 0, 0x80])),
    /was cut off: 9223372036854776000 bytes are to follow/,
  ],
  "20 MB of legacy pickle": () => [
    joined(start, repeated([0x4e], 20_000_000), stop),
    /more than \d+ instructions/,
  ],
  "a legacy storage of 2⁶⁰ elements, claimed": () => {
    const value = p.dict({ x: p.tensor(p.storage("Float", "0", 2 ** 50), [4]) });
    return [
      p.legacyFile(value, { "0": { count: 2 ** 50, data: new Uint8Array(16) } }),
      /was cut off: 4503599627370496 bytes/,
    ];
  },
  "a directory of 16 million entries, claimed": () => {
    const bytes = zipFile([{ name: "a/data.pkl", data: p.pickle(x) }], { wide: true });
    new DataView(bytes.buffer).setUint32(bytes.length - 22 - 20 - 56 + 32, 0xffffff, true);
    return [bytes, /claims a directory of 16777215 entries/];
  },
  "a safetensors header of a billion brackets": () => {
    const bytes = new Uint8Array(8 + (15 << 20)).fill(0x5b);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(15 << 20), true);
    bytes[8] = 0x7b;
    return [bytes, /its header is not JSON/];
  },
};

const child = fileURLToPath(new URL("../../support/weights/read_weights_child.ts", import.meta.url));

Deno.test(
  `files that claim too much are refused in ${MOST_SECONDS} s and ${MOST_MEGABYTES} MiB`,
  (t) =>
    withFolder(async (folder) => {
      for (const [what, make] of Object.entries(bombs)) {
        await t.step(what, async () => {
          const [bytes, reason] = make();
          Deno.writeFileSync(`${folder}/bomb`, bytes);
          const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
            args: ["run", "--no-prompt", "--allow-read", "--allow-run=grep", child, `${folder}/bomb`],
            stdout: "piped",
            stderr: "piped",
          }).output();
          const printed = new TextDecoder().decode(stdout);
          assert.ok(printed, new TextDecoder().decode(stderr));
          const { outcome, seconds, megabytes } = JSON.parse(printed);
          assert.match(outcome, reason);
          assert.ok(seconds < MOST_SECONDS, `${what}: ${seconds} s`);
          const beyond = megabytes - bytes.length / 2 ** 20;
          assert.ok(beyond < MOST_MEGABYTES, `${what}: ${beyond} MiB beyond the file's size`);
        });
      }
    })(),
);
