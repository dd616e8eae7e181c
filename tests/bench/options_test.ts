import assert from "node:assert/strict";
import { readAllOptions } from "./all_options.ts";
import { described, gpuParts, readGpuOptions } from "./gpu_options.ts";
import { readKernelsOptions } from "./kernels_options.ts";
import { readPeersOptions } from "./peers_options.ts";
import { readStepOptions } from "./step_options.ts";

Deno.test("a step: each backbone has its usual size, and options change it", () => {
  const step = (...args: string[]) => readStepOptions(args).choice;
  const usual = { backbone: "resnet14", crop: 64, batch: 8, views: "strong" };
  assert.deepEqual(step(), usual);
  assert.deepEqual(step("--backbone=resnet50"), { backbone: "resnet50", crop: 129, batch: 2, views: "weak" });
  assert.deepEqual(step("--backbone", "resnet101", "--crop", "321", "--batch=4", "--views=strong"), {
    backbone: "resnet101",
    crop: 321,
    batch: 4,
    views: "strong",
  });
  assert.deepEqual(step("--precision=f16"), { ...usual, precision: "f16" });
  assert.deepEqual(step("--precision=f32"), usual);
  assert.equal(step("--small"), "small");
  assert.deepEqual(readStepOptions(["--small", "--cold", "--rounds=7", "--json"]), {
    choice: "small",
    cold: true,
    rounds: 7,
    json: true,
  });
});

Deno.test("the peers: which works, and the size of the CCVC step", () => {
  const { works, ccvc, rounds } = readPeersOptions([]);
  assert.deepEqual(works, ["convolution", "small", "ccvc"]);
  assert.deepEqual(ccvc, { backbone: "resnet50", crop: 129, batch: 2 });
  assert.equal(rounds, 5);
  assert.deepEqual(readPeersOptions(["--only=ccvc,convolution"]).works, ["convolution", "ccvc"]);
});

Deno.test("kernels: how they share, and which", () => {
  assert.deepEqual(readKernelsOptions(["--sharing=0", "--filter=Add"]), {
    filter: "add",
    rounds: 5,
    sharing: 0,
    json: false,
  });
  assert.equal(readKernelsOptions(["--sharing=workgroup"]).sharing, "workgroup");
  assert.equal(readKernelsOptions([]).sharing, undefined);
});

Deno.test("a GPU: the parts of the short form are those of the long one, at their least", () => {
  const asked = readGpuOptions(["--case=mine.json"]);
  assert.deepEqual(asked, { case: "mine.json", short: false, write: false, json: false, rounds: undefined });
  const where = { folder: "/tmp/x", halves: true };
  const long = gpuParts(asked, where), short = gpuParts({ ...asked, short: true }, where);
  assert.deepEqual(
    long.map(({ title, words }) => [title, words[0]]),
    short.map(({ title, words }) => [title, words[0]]),
  );
  assert.ok(long.some(({ words }) => words.join(" ") === "parity mine.json"));
  assert.ok(long.some(({ words }) => words.join(" ").includes("resnet101 --crop=512 --batch=2 --rounds=3")));
  assert.equal(long.length - gpuParts(asked, { ...where, halves: false }).length, 1);
  assert.ok(
    gpuParts({ ...asked, rounds: 9 }, where).filter(({ words }) => words.at(-1) === "--rounds=9").length > 4,
  );
});

Deno.test("a GPU: of a part it is told how it ended, and what it said", () => {
  const part = { title: "", words: [], limit: 30, kept: "end" } as const;
  const outcome = { stdout: "one\n\ntwo\n", stderr: "why", code: 0, seconds: 1.25 };
  assert.equal(described(part, outcome), "Done in 1.3 s.\n\n```text\none\ntwo\n```");
  assert.equal(
    described({ ...part, kept: "failures" }, {
      ...outcome,
      stdout: "a ... ok\nb ... FAILED (1s)\n",
      code: 1,
    }),
    "Failed with status 1 after 1.3 s.\n\n```text\nb ... FAILED (1s)\nwhy\n```",
  );
  assert.equal(
    described({ ...part, kept: "tables" }, {
      ...outcome,
      stdout: "## Kernels\n\n### All\n\n| a |\n",
      code: undefined,
    }),
    "Stopped at its limit of 30 s.\n\n#### All\n\n| a |\n\n```text\nwhy\n```",
  );
});

const mistakes: readonly (readonly [(args: string[]) => unknown, string[], RegExp])[] = [
  [readStepOptions, ["--backbone=vgg"], /Cannot measure backbone "vgg": it must be one of resnet50, /],
  [readStepOptions, ["--backbone=toString"], /Cannot measure backbone "toString"/],
  [readStepOptions, ["--small", "--crop=64"], /Cannot measure the small step with "--crop"/],
  [readStepOptions, ["--crop=8"], /Cannot read "--crop 8": it must be a whole number, 16 or more/],
  [readStepOptions, ["--crop=1e3"], /Cannot read "--crop 1e3"/],
  [readStepOptions, ["--crop="], /Cannot read "--crop "/],
  [readStepOptions, ["--rounds=0"], /Cannot read "--rounds 0"/],
  [readStepOptions, ["--rounds=-1"], /Cannot read "--rounds -1"/],
  [readStepOptions, ["--batch=1"], /Cannot read "--batch 1": it must be a whole number, 2 or more/],
  [readStepOptions, ["--views=both"], /Cannot measure views "both"/],
  [readStepOptions, ["--precision=f64"], /Cannot measure precision "f64": it is f32 or f16/],
  [readStepOptions, ["--fast"], /Unknown option '--fast'/],
  [readStepOptions, ["resnet50"], /Unexpected argument 'resnet50'/],
  [
    readPeersOptions,
    ["--only=conv"],
    /Cannot compare "conv": --only takes a list of convolution, small, ccvc/,
  ],
  [readPeersOptions, ["--only="], /Cannot compare ""/],
  [readPeersOptions, ["--backbone=resnet14"], /Cannot compare backbone "resnet14"/],
  [readPeersOptions, ["--batch=1"], /Cannot read "--batch 1": it must be a whole number, 2 or more/],
  [readKernelsOptions, ["--sharing=32"], /Cannot cut kernels for sharing "32"/],
  [readGpuOptions, ["--write", "--json"], /Cannot take both "--write" and "--json"/],
  [
    readGpuOptions,
    ["--write", "--short"],
    /Cannot take both "--write" and "--short": the short form measures/,
  ],
  [readAllOptions, ["--write", "--json"], /Cannot take both "--write" and "--json"/],
];
for (const [read, args, message] of mistakes) {
  Deno.test(`a mistake is told: ${args.join(" ")}`, () => {
    assert.throws(
      () => read(args),
      (error: Error) => error instanceof RangeError && message.test(error.message),
    );
  });
}
