import assert from "node:assert/strict";
import { flags, readFlags, type Script } from "../../../configs/original/flags.ts";
import { ConfigError } from "../../../mod.ts";

const read = (script: Script, given: Record<string, string> = {}) =>
  readFlags(script, new Map(Object.entries(given)));
const refused = (script: Script, given: Record<string, string>, message: RegExp) =>
  assert.throws(
    () => read(script, given),
    (error) => error instanceof ConfigError && message.test(error.message),
  );

Deno.test("the scripts have 34 flags each but for their own, with the published defaults", () => {
  const of = (script: Script) => flags.filter(({ defaults }) => defaults[script] !== undefined).length;
  assert.deepEqual([flags.length, of("no-aug"), of("aug")], [36, 34, 34]);
  assert.equal(new Set(flags.map(({ name }) => name)).size, flags.length);
  const weak = read("no-aug"), strong = read("aug");
  assert.deepEqual([weak.number("w_confident"), strong.number("w_confident")], [2, 1.5]);
  assert.deepEqual([weak.number("epochs"), weak.number("batch_size"), weak.number("crop_size")], [
    80,
    6,
    321,
  ]);
  assert.deepEqual([weak.number("seed"), weak.number("gpus"), weak.number("conf_threshold")], [22, 4, 0.5]);
  assert.deepEqual([weak.text("mode_confident"), weak.is("use_con"), weak.is("ddp")], ["no", false, true]);
  assert.deepEqual([strong.text("mode_criterion"), strong.is("use_aug")], ["CE", true]);
  const unread = (script: Script) =>
    flags.filter((flag) => flag.unread?.includes(script)).map(({ name }) => name);
  assert.deepEqual(unread("no-aug"), ["load_path", "ddp"]);
  assert.deepEqual(unread("aug"), ["load_path", "ddp", "use_aug", "w_unconfident"]);
});

Deno.test("values are read as Python's argument parser reads them", () => {
  for (const word of ["yes", "TRUE", "t", "Y", "1"]) {
    assert.equal(read("aug", { use_MLP: word }).is("use_MLP"), true);
  }
  for (const word of ["no", "False", "F", "n", "0"]) {
    assert.equal(read("aug", { use_aug: word }).is("use_aug"), false);
  }
  assert.equal(read("aug", { epochs: " 1_000 " }).number("epochs"), 1000);
  assert.equal(read("aug", { base_lr: "1e-3", conf_threshold: "-.5" }).number("base_lr"), 0.001);
  assert.equal(read("aug", { conf_threshold: "-.5" }).number("conf_threshold"), -0.5);
});

Deno.test("what the parser would refuse is refused with the rule", () => {
  refused("no-aug", { epochs: "4.0" }, /"--epochs 4\.0": CCVC_no_aug\.py takes a whole number there\.$/);
  refused("no-aug", { epochs: "9".repeat(400) }, /a whole number/);
  refused("no-aug", { epochs: "0x10" }, /a whole number/);
  for (const text of ["", "nan", "inf", "1e999", "0x1p3", "1,5", "--gpus"]) {
    refused("no-aug", { w_CE: text }, /a finite number/);
  }
  for (const text of ["", "2", "ja", "constructor", "__proto__"]) {
    refused("aug", { use_norm: text }, /takes yes, true, t, y or 1, or no, false, f, n or 0 there/);
  }
  refused(
    "aug",
    { mode_confident: "Vote" },
    /takes one of normal, soft, vote, vote_threshold, vote_soft, no/,
  );
  refused("aug", { mode_confident: "'vote'" }, /the quotes came with it, leave them out/);
  refused("aug", { save_path: "" }, /a text that is not empty/);
});

Deno.test("a flag of the other script is refused with the way there", () => {
  refused(
    "aug",
    { use_con: "True" },
    /--use_con: CCVC_aug\.py has no such flag, as both losses are always on/,
  );
  for (const name of ["mode_criterion", "use_aug"]) {
    refused("no-aug", { [name]: "CE" }, /has no such flag, CCVC_aug\.py has it; .* --script aug\.$/);
  }
});
