import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { partitions } from "../../partitions/manifest.ts";
import { inCcvcOriginal, uniMatch } from "../../partitions/publishers.ts";

const find = (name: string) => partitions.find((partition) => partition.name === name)!;

Deno.test("no two partitions are one benchmark, and the blended lists of CPS and of U²PL name each other", () => {
  strictEqual(new Set(partitions.map(({ benchmark }) => benchmark)).size, partitions.length);
  deepStrictEqual(
    partitions.filter(({ counterpart }) => counterpart !== undefined).map(({ name }) => name).sort(),
    ["1_16", "1_4", "1_8", "u2pl_1_16", "u2pl_1_4", "u2pl_1_8"].map((share) => `pascal/${share}`),
  );
  for (const { name, counterpart, dataset } of partitions) {
    if (counterpart === undefined) continue;
    const other = find(counterpart);
    strictEqual(other.counterpart, name);
    strictEqual(other.dataset, dataset);
    strictEqual(other.labeled.count, find(name).labeled.count);
  }
  strictEqual(find("pascal/1_16").benchmark, "PASCAL blended 1/16, CPS lists");
  strictEqual(find("pascal/u2pl_1_16").benchmark, "PASCAL blended 1/16, U²PL lists");
  strictEqual(find("cityscapes/1_30").benchmark, "Cityscapes 1/30");
  strictEqual(find("pascal/366").benchmark, "PASCAL original, 366 labels");
});

Deno.test("publishers: all lists at a pinned commit, and which of them CCVC has", () => {
  strictEqual(uniMatch.lists, "https://raw.githubusercontent.com/LiheYoung/UniMatch/0324f3d/splits/");
  deepStrictEqual(
    partitions.map(({ name }) => name).filter((name) => !inCcvcOriginal(name)),
    ["pascal/u2pl_1_16", "pascal/u2pl_1_8", "pascal/u2pl_1_4", "cityscapes/1_2"],
  );
});
