import assert from "node:assert/strict";
import { adapterMemory, grantedNote } from "../../runtime/gpu/gpu_memory.ts";
import { placeTest } from "./support.ts";

placeTest(
  "plan --memory tells what training will hold, by captures alone, and writes nothing",
  async (place) => {
    const { status, out, notes } = await place.command("plan", "shapes-12", "--memory");
    assert.equal(status, 0, notes);
    const row = (name: string) => out.find((line) => line.startsWith(name))?.split(/ {2,}/) ?? [];
    for (const name of ["parameters", "gradients", "moments", "workspace", "  lower bound", "peak in all"]) {
      assert.match(
        row(name).at(name.startsWith(" ") ? 2 : 1) ?? "",
        /^[\d.]+ [kMG]B$/,
        `${name}: ${row(name)}`,
      );
    }
    assert.ok(out.includes("co-train: resnet14, crop 48, 4 + 4 images a step"), out.join("\n"));
    assert.match(row("largest binding")[1]!, /B$/);
    assert.equal(place.has(place.cache) || place.has(place.runs), false);
  },
);

placeTest("plan --memory --json adds up, and follows --set", async (place) => {
  const planned = async (...set: string[]) => {
    const args = set.flatMap((text) => ["--set", text]);
    const { out } = await place.command("plan", "shapes-12", "--memory", "--json", ...args);
    assert.equal(out.length, 1);
    return JSON.parse(out[0]!).trainings[0];
  };
  const base = await planned();
  const { memory, device } = base;
  const held = ["parameter", "gradient", "moment", "statistic", "input", "workspace"];
  assert.equal(held.reduce((sum, name) => sum + memory[`${name}Bytes`], 0), memory.peakBytes);
  assert.ok(memory.workspaceBytes >= memory.lowerBoundBytes);
  assert.ok(memory.workspaceBytes <= 1.15 * memory.lowerBoundBytes, "the plan is near its bound");
  assert.deepEqual([base.fits, memory.repeated], [true, 0]);
  assert.ok(device.maxBufferSize >= device.bufferBytes && device.bufferBytes > 0);
  assert.ok(device.maxStorageBufferBindingSize > 0);
  const again = await planned("co-train.recompute=always");
  assert.ok(again.memory.repeated > 0 && again.memory.workspaceBytes < memory.workspaceBytes);
  const micro = await planned("co-train.batch=8", "co-train.accumulate=2");
  assert.deepEqual([micro.accumulate, micro.memory.workspaceBytes], [2, memory.workspaceBytes]);
});

placeTest("plan --memory says what cannot fit, and what would, with status 1", async (place) => {
  const { status, notes } = await place.command(
    "plan",
    "camvid-46",
    "--memory",
    "--set",
    "augment.crop=2001",
    "--set",
    "co-train.batch=16",
  );
  assert.equal(status, 1, notes);
  assert.match(notes, /error: Cannot train "co-train": .*\. What fits: .*augment\.crop=\d+ in batches of 16/);
  const small = await place.command("plan", "shapes-12", "--memory", "--set", "co-train.batch=1");
  assert.equal(small.status, 1);
  assert.match(small.notes, /error: Cannot train "co-train": .*use a batch of 2 or more/);
});

placeTest(
  "plan takes one of --memory, --frozen and --explain; what it cannot plan it names",
  async (place) => {
    const both = await place.command("plan", "shapes-12", "--memory", "--explain");
    assert.equal(both.status, 2);
    assert.match(both.notes, /Cannot take --explain and --memory together/);
    const uneven = await place.command("plan", "shapes-12", "--memory", "--set", "co-train.accumulate=3");
    assert.equal(uneven.status, 2);
    assert.match(
      uneven.notes,
      /a batch of 4 does not divide into 3 equal micro-batches; it does into 1, 2, 4/,
    );
  },
);

Deno.test("where an adapter grants smaller buffers than it claims, both are told", () => {
  assert.equal(grantedNote({ bufferBytes: 2_147_483_392, maxBufferSize: 2_147_483_647 }), "");
  assert.equal(
    grantedNote({ bufferBytes: 215e6, maxBufferSize: 2_147_483_647 }),
    "granted, of 2.15 GB claimed; what is larger lies in several",
  );
});

/** A system that answers by command lines. */
const system = (answers: Readonly<Record<string, string>>) => (program: string, args: readonly string[]) =>
  Promise.resolve(answers[[program, ...args].join(" ")]);

Deno.test("software computes in the machine's memory, or in what a container may take of it", async () => {
  const info = { description: "llvmpipe (LLVM 15.0.6, 256 bits)", vendor: "65541" };
  const total = { "grep -m1 MemTotal /proc/meminfo": "MemTotal:       24000000 kB" };
  const limit = "cat /sys/fs/cgroup/memory.max";
  const memory = (answers: Readonly<Record<string, string>>) => adapterMemory(info, system(answers));
  assert.equal(await memory(total), 24000000 * 1024);
  assert.equal(await memory({ ...total, [limit]: "max" }), 24000000 * 1024);
  assert.equal(await memory({ ...total, [limit]: "1000000" }), 1000000);
  assert.equal(await memory({}), undefined);
  assert.equal(await memory({ "grep -m1 MemTotal /proc/meminfo": "garbage" }), undefined);
});

Deno.test("a card's memory is its driver's word; of several of one name the smallest counts", async () => {
  const query = "nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits";
  const nvidia = (cards: string) =>
    adapterMemory({ description: "NVIDIA H100 80GB HBM3", vendor: "4318" }, system({ [query]: cards }));
  assert.equal(await nvidia("NVIDIA H100 80GB HBM3, 81559"), 81559 * 2 ** 20);
  assert.equal(await nvidia("NVIDIA T4, 15360\nNVIDIA H100 80GB HBM3, 81559"), 81559 * 2 ** 20);
  assert.equal(await nvidia("NVIDIA T4, 15360\nNVIDIA A10, 23028"), 15360 * 2 ** 20);
  assert.equal(await nvidia("NVIDIA-SMI has failed"), undefined);
  const amd = { description: "AMD Radeon", vendor: "4098" };
  const path = "cat /sys/class/drm/card1/device/mem_info_vram_total";
  assert.equal(await adapterMemory(amd, system({ [path]: "17163091968" })), 17163091968);
  assert.equal(await adapterMemory({ description: "Other", vendor: "1" }, system({})), undefined);
});
