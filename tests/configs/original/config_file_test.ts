import assert from "node:assert/strict";
import { longestConfig, readConfigFile } from "../../../configs/original/config_file.ts";
import { ConfigError } from "../../../mod.ts";
import { cityscapesConfig, pascalConfig } from "./configs.ts";

const read = (text: string) => readConfigFile(text, "x.yaml");
const refused = (text: string, reason: RegExp) =>
  assert.throws(() => read(text), (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, /^Cannot use the config "x\.yaml": /);
    assert.match(error.message, reason);
    return true;
  });
const changed = (from: string | RegExp, to: string) => pascalConfig.replace(from, to);

Deno.test("the original's two configs are read, YAML 1.1 and all", () => {
  assert.deepEqual(read(pascalConfig), {
    dataset: "pascal",
    dataRoot: "data/VOC2012",
    outputStride: 16,
    unread: [],
  });
  assert.deepEqual(read(cityscapesConfig), {
    dataset: "cityscapes",
    dataRoot: "data/cityscapes",
    outputStride: 8,
    ohem: { threshold: 0.7, minKept: 100000 },
    unread: ["criterion.name"],
  });
  assert.deepEqual(read(`\uFEFF# a comment\r\n${pascalConfig.replaceAll("\n", "\r\n")}`).dataset, "pascal");
});

Deno.test("keys that nothing reads are named", () => {
  assert.deepEqual(read(pascalConfig + "lr: 0.004\nmulti-grid: 1\n").unread, ["lr", "multi-grid"]);
});

Deno.test("what the original could not train is refused with the reason", () => {
  refused("dataset: coco\nnclass: 81\ncrop_size: 513\n", /COCO could not run in the original either/);
  refused(changed("pascal", "ade20k"), /dataset is "ade20k"; the original knows pascal and cityscapes/);
  refused(changed(/multi_grid.*\n/, ""), /the original stops, as it lacks multi_grid; add it/);
  refused(changed("21", "20"), /nclass is 20, and pascal has 21/);
  refused(changed("21", '"21"'), /nclass is "21"/);
  refused(changed("data/VOC2012", ""), /data_root is null/);
  refused(changed("[6, 12, 18]", "[12, 24, 36]"), /there is no network with .*dilations: \[12,24,36\]/);
  refused(changed("False, True]", "True, True]"), /there is no network with/);
  refused(pascalConfig + "criterion: OHEM\n", /criterion is "OHEM"/);
  refused(pascalConfig + "criterion: {kwargs: {use_weight: True}}\n", /kwargs\.use_weight is not built here/);
  refused(pascalConfig + "criterion: {kwargs: {ignore_index: 0}}\n", /ignore_index is 0; it must be 255/);
});

Deno.test("YAML that is more than plain values is refused, in bounded time", () => {
  const started = performance.now();
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 20; i++) {
    bomb.push(`a${i}: &a${i} [${"*a, ".repeat(9).replaceAll("*a", `*a${i - 1 || ""}`)}]`);
  }
  refused(pascalConfig + bomb.join("\n"), /anchor or an alias/);
  refused(changed("data/VOC2012", "&root data"), /anchor or an alias/);
  refused(changed("data/VOC2012", "*root"), /alias/);
  refused(changed("data/VOC2012", "!!python/object/apply:os.system [id]"), /tag/);
  refused(changed("data/VOC2012", "!env HOME"), /tag/);
  refused(pascalConfig + "<<: {nclass: 3}\n__proto__: {polluted: 1}\ndataset: pascal\n", /unique/);
  refused(pascalConfig + "nclass: 21\n", /no plain YAML: Map keys must be unique/);
  refused(pascalConfig + "---\ndataset: pascal\n", /one YAML document/);
  refused("", /one YAML document|mapping/);
  refused("- pascal\n", /must be a mapping/);
  refused("dataset: [pascal\n", /no plain YAML/);
  refused("\u0000\u0001", /./);
  refused("[".repeat(30000), /./);
  refused(pascalConfig + "#".repeat(longestConfig), /more than 65536 bytes/);
  assert.ok(performance.now() - started < 20000);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
