import assert from "node:assert/strict";
import { join } from "node:path";
import type { Plan } from "../../pipeline/mod.ts";
import { cityscapesConfig, pascalConfig } from "../configs/original/configs.ts";
import { lacksShared, sharedPath } from "../support/shared_data.ts";
import { type Outcome, type Place, placeTest } from "./support.ts";

/** A folder as the original's user has it: config, lists, and a data set that only a plan reads. */
async function original(place: Place, unlabeled = 40): Promise<readonly string[]> {
  const { folder } = place;
  const write = async (path: string, text: string) => {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  };
  const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  const lists = { labeled: ids("l", 4), unlabeled: ids("u", unlabeled), val: ids("v", 2) };
  await write("pascal.yaml", pascalConfig.replace("data/VOC2012", join(folder, "VOC")));
  for (const [name, all] of Object.entries(lists)) {
    await write(
      `mine/${name}.txt`,
      all.map((id) => `JPEGImages/${id}.jpg SegmentationClass/${id}.png\n`).join(""),
    );
    for (const id of all) {
      await write(`VOC/JPEGImages/${id}.jpg`, `image ${id}`);
      await write(`VOC/SegmentationClass/${id}.png`, `mask ${id}`);
    }
  }
  return [
    ...["--config", join(folder, "pascal.yaml")],
    ...["--labeled_id_path", join(folder, "mine/labeled.txt")],
    ...["--unlabeled_id_path", join(folder, "mine/unlabeled.txt")],
  ];
}

const ccvc = (place: Place, ...args: string[]): Promise<Outcome> =>
  place.command("ccvc", "--cache", place.cache, ...args);

/** The README's command without strong views, and what that with them has instead. */
const common = [
  ...["--backbone", "resnet101", "--epochs", "40", "--crop_size", "512", "--gpus", "4"],
  ...["--mode_mapping", "else", "--mode_confident", "vote_threshold", "--conf_threshold", "0.9"],
  ...["--use_MLP", "True", "--use_norm", "True", "--use_dropout", "True", "--use_SPL", "False"],
  ...["--w_CE", "5", "--w_con", "2", "--w_dis", "1", "--lr_network", "10", "--lr_backbone", "1"],
];
const weak = [...common, "--use_con", "True", "--use_dis", "True", "--batch_size", "2"];
const strong = ["--script", "CCVC_aug.py", ...common, "--batch_size", "4"];

/** `--plan` compares before it plans, so that a data set that is not there is told after it. */
async function compared(place: Place, ...args: string[]): Promise<readonly string[]> {
  const config = join(place.folder, "pascal.yaml");
  await Deno.writeTextFile(config, pascalConfig);
  const { out, notes } = await ccvc(place, "--config", config, ...args, "--plan");
  assert.match(notes, /Cannot load pascal from/);
  return out;
}

placeTest(
  "the README's command without strong views is pascal-366 but for places and pseudo-labels",
  async (place) => {
    const out = await compared(place, ...weak);
    assert.match(out[0]!, /^ccvc-no-aug-pascal-366, seed 22: CCVC_no_aug\.py --config /);
    assert.ok(
      out.includes("benchmark: PASCAL original, 366 labels (pascal/366: 366 of 366 finely labeled)"),
      out.join("\n"),
    );
    const at = out.findIndex((line) => line.startsWith("nearest shipped experiment: pascal-366; "));
    assert.deepEqual(out.slice(at + 1, at + 3), ["stage pseudo-label: in pascal-366 alone", ""]);
    const rows = out.slice(at + 5).filter((line) => line !== "");
    assert.deepEqual(rows.map((line) => line.split(" ")[0]), ["load.root"]);
    assert.match(rows[0]!, /a place: no part of any key$/);
  },
);

placeTest(
  "the README's command with strong views says each leaf in which it is not pascal-366",
  async (place) => {
    const out = await compared(place, ...strong);
    const row = (leaf: string) => out.find((line) => line.startsWith(leaf + " "))?.split(/ {2,}/).slice(1);
    assert.deepEqual(row("co-train.batch"), ["16", "8", "--gpus × --batch_size"]);
    assert.deepEqual(row("co-train.method.augmentation"), ['"strong"', '"weak"', "--script"]);
    assert.deepEqual(row("co-train.method.conflictWeight")?.slice(0, 2), ["1.5", "2"]);
    assert.deepEqual(row("co-train.method.unconfidentWeight")?.slice(0, 2), ["0.5", "0.75"]);
    assert.match(
      out.find((line) => line.startsWith("nearest"))!,
      /pascal-366; \d+ leaves are equal, 5 differ$/,
    );
  },
);

placeTest("what train would refuse is no file either, and the flag is named", async (place) => {
  for (const how of ["--emit", "--plan"]) {
    const said = await ccvc(place, ...await original(place), ...weak, "--w_CE", "-1", how);
    assert.equal(said.status, 2, said.notes);
    assert.deepEqual(said.out, []);
    assert.match(said.notes, /supervisedWeight.*is what --w_CE gives here/);
  }
});

placeTest("the emitted file plans to the same keys as the command line", async (place) => {
  const lists = await original(place);
  const args = [...lists, ...strong];
  const planned = await ccvc(place, ...args, "--plan", "--json");
  assert.equal(planned.status, 0, planned.notes);
  const { plan: ours, notes } = JSON.parse(planned.out[0]!) as { plan: Plan; notes: { text: string }[] };
  assert.ok(notes.some(({ text }) => /no published partition/.test(text)));
  const emitted = await ccvc(place, ...args, "--emit");
  assert.equal(emitted.status, 0, emitted.notes);
  assert.match(emitted.notes, /^here: batch: 4 GPUs × 4 are one batch of 16/m);
  assert.match(
    emitted.notes,
    /mpirun -n 4 deno task ccvc … --set co-train\.accumulate=4 --set co-train\.synchronized=true/,
  );
  assert.match(
    emitted.out.join("\n"),
    /mpirun -n 4 deno task train this-file\.ts --seed \d+ .*\s.*--set co-train\.accumulate=4 --set co-train\.synchronized=true/,
  );
  const file = join(place.folder, "experiment.ts");
  await Deno.writeTextFile(file, emitted.out.join("\n"));
  const again = await place.command("plan", file, "--seed", "22", "--json");
  assert.equal(again.status, 0, again.notes);
  const theirs = JSON.parse(again.out[0]!) as Plan;
  const parts = ({ nodes }: Plan) => nodes.map(({ id, key, parts, config }) => ({ id, key, parts, config }));
  assert.equal(ours.nodes.length, 4);
  assert.ok(ours.nodes[0]!.key);
  assert.deepEqual(parts(theirs), parts(ours));
  const other = JSON.parse((await place.command("plan", file, "--json")).out[0]!) as Plan;
  assert.notDeepEqual(parts(other), parts(ours), "the seed is part of the keys");
  assert.equal(ours.nodes[2]!.config !== null, true);
});

placeTest(
  "ImageNet weights are loaded where the original looks for them, and missed before a run",
  async (place) => {
    const lists = await original(place);
    const { status, notes } = await place.command("ccvc", "--runs", place.runs, ...lists);
    assert.equal(status, 2);
    assert.match(
      notes,
      /there is no file ".*pretrained\/resnet101\.pth".*--set co-train\.pretrained=none\.$/,
    );
    assert.equal(place.has(place.runs), false);
  },
);

placeTest("lists: missing, of another data set, of two draws, without a validation list", async (place) => {
  const lists = await original(place);
  const fails = async (message: RegExp, ...args: string[]) => {
    const { status, notes } = await ccvc(place, ...lists, ...args, "--emit");
    assert.deepEqual([status, message.test(notes)], [2, true], notes);
  };
  await fails(
    /Cannot read the list ".*nowhere\.txt": there is no such file/,
    "--labeled_id_path",
    "nowhere.txt",
  );
  await fails(/it is no file but a folder/, "--labeled_id_path", place.folder);
  const city = join(place.folder, "city.yaml");
  await Deno.writeTextFile(city, cityscapesConfig);
  await fails(
    /Cannot train on cityscapes with --labeled_id_path: the list is that of pascal\/366/,
    ...["--config", city, "--labeled_id_path", "partitions/pascal/366/labeled.txt"],
  );
  await Deno.remove(join(place.folder, "mine/val.txt"));
  await fails(/Cannot find the validation list: the original reads partitions\/pascal\/val\.txt/);
});

const shared = sharedPath("partitions");

placeTest(
  "published lists are known by their content, and two draws of one share are not mixed",
  async (place) => {
    const lists = await original(place);
    const partition = (name: string) => [
      ...["--labeled_id_path", join(shared!, name, "labeled.txt")],
      ...["--unlabeled_id_path", join(shared!, name, "unlabeled.txt")],
    ];
    const emitted = await ccvc(place, ...lists, ...partition("pascal/u2pl_1_16"), "--emit");
    assert.match(emitted.out.join("\n"), /partition: "pascal\/u2pl_1_16",\n\s+partitions: "/);
    // U²PL's lists under CPS's names.
    const copy = join(place.folder, "partitions/pascal");
    await Deno.mkdir(join(copy, "1_16"), { recursive: true });
    for (const list of ["labeled", "unlabeled"]) {
      await Deno.copyFile(join(shared!, `pascal/u2pl_1_16/${list}.txt`), join(copy, `1_16/${list}.txt`));
    }
    await Deno.copyFile(join(shared!, "pascal/val.txt"), join(copy, "val.txt"));
    const renamed = await ccvc(
      place,
      ...[...lists, "--labeled_id_path", join(copy, "1_16/labeled.txt")],
      ...["--unlabeled_id_path", join(copy, "1_16/unlabeled.txt"), "--emit"],
    );
    assert.match(renamed.notes, /those of pascal\/u2pl_1_16 \(.*U²PL lists\), kept under other names/);
    assert.match(renamed.out.join("\n"), /lists: \{\n\s+labeled: /);
    const mixed = await ccvc(
      place,
      ...[...lists, ...partition("pascal/1_16")],
      ...["--unlabeled_id_path", join(shared!, "pascal/u2pl_1_16/unlabeled.txt"), "--emit"],
    );
    assert.equal(mixed.status, 2);
    assert.match(mixed.notes, /Cannot mix two draws of one share: .*CPS lists.*U²PL lists/);
  },
  lacksShared("partitions"),
);

placeTest("a wrong command line ends with status 2 and the way out", async (place) => {
  const lists = await original(place);
  const fails = async (message: RegExp, ...args: string[]) => {
    const { status, notes } = await ccvc(place, ...lists, ...args);
    assert.deepEqual([status, message.test(notes)], [2, true], notes);
  };
  await fails(/it must be no-aug, aug, or one of CCVC_no_aug\.py, CCVC_aug\.py/, "--script", "train.sh");
  await fails(/CCVC_no_aug\.py has no such flag, CCVC_aug\.py has it/, "--mode_criterion", "OHEM", "--plan");
  await fails(/both --plan and --emit/, "--plan", "--emit");
  await fails(/unknown option '--epoch'/, "--epoch", "3");
  await fails(/Cannot read the config ".*none\.yaml": there is no such file/, "--config", "none.yaml");
  await fails(/it is no file/, "--config", place.folder);
  await fails(/Cannot write --set into the file/, "--emit", "--set", "load.root=x");
  await fails(/the original hangs/, "--nodes", "2", "--plan");
  const big = join(place.folder, "big.yaml");
  await Deno.writeTextFile(big, pascalConfig + "#".repeat(1 << 20));
  await fails(/it has \d+ bytes; 65536 are read/, "--config", big, "--plan");
});
