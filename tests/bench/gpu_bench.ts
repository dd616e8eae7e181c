/**
 * A first look at a GPU, in eight minutes: what it is and grants, whether its kernels are right, how fast they and a training step
 * are, also beside PyTorch on the same card, and whether it learns. Each part has a time limit; one that fails or is stopped does not
 * keep the others. `--write` keeps the report in results.md, in place of what was measured on this adapter before. Where there
 * is no GPU the short form runs, which proves the parts and measures nothing.
 *
 *     deno task bench gpu [--case FILE] [--short] [--write | --json] [--rounds N]
 */
import { fileURLToPath } from "node:url";
import type { Device } from "../../kernels/device.ts";
import { projectRoot } from "../../runtime/host/place.ts";
import { BUDGET, described, type GpuPart, gpuParts, type Outcome, readGpuOptions } from "./gpu_options.ts";
import { orExit } from "./options.ts";
import { figure, heading, openBench, table } from "./report.ts";
import { sectionTitle, withSection } from "./results.ts";

const RESULTS = new URL("results.md", import.meta.url);
/** Less is too little for any part. */
const LEAST_SECONDS = 15;

const choice = orExit(() => readGpuOptions(Deno.args));
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
const { device, surroundings } = await openBench();
const { isSoftware, features } = device.facts;
const short = choice.short || isSoftware;
const limits = await limitsOf(device);
device.close();
const found: string[] = [];
const results: unknown[] = [];
const say = (text: string) => {
  found.push(text);
  if (!choice.json) console.log(`${text}\n`);
};
say(`### A GPU\n\n${heading(surroundings)}`);
if (isSoftware) {
  say(
    `No GPU: "${surroundings.adapter}" computes on the processor. The short form runs, which measures nothing.`,
  );
}
say(limits);
let failed = 0;
const folder = await Deno.makeTempDir({ prefix: "crossview-gpu-" });
try {
  for (const part of gpuParts({ ...choice, short }, { folder, halves: features.includes("shader-f16") })) {
    const command = ["deno task", ...part.words].join(" "), left = BUDGET - elapsed();
    const title = `### ${part.title}\n\n\`${command}\``;
    if (!short && left < LEAST_SECONDS) {
      failed++;
      say(`${title}\n\nLeft out: the ${BUDGET} s were over.`);
      results.push({ command });
      continue;
    }
    console.error(`\n${command}`);
    const limited = short ? part : { ...part, limit: Math.min(part.limit, Math.floor(left)) };
    const outcome = await run(limited);
    if (outcome.code !== 0) failed++;
    say(`${title}\n\n${described(limited, outcome)}`);
    results.push({ command, ...outcome });
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
if (choice.json) console.log(JSON.stringify({ surroundings, short, parts: results }));
if (choice.write && !short) {
  const text = withSection(
    await Deno.readTextFile(RESULTS),
    sectionTitle(surroundings),
    found.join("\n\n"),
  );
  await Deno.writeTextFile(RESULTS, text);
  const path = fileURLToPath(RESULTS);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path], cwd: projectRoot }).output();
  console.error(`Written to ${path}`);
} else if (choice.write) console.error("Nothing was written: without a GPU nothing was measured.");
// What a stopped part has left running keeps no one.
Deno.exit(failed > 0 ? 1 : 0);

/** What the device grants, and what it takes the host to wait for it. */
async function limitsOf({ gpu, facts }: Device): Promise<string> {
  const names = [
    "maxBufferSize",
    "maxStorageBufferBindingSize",
    "maxStorageBuffersPerShaderStage",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
    "maxComputeWorkgroupsPerDimension",
  ] as const;
  const waits: number[] = [];
  for (let n = 0; n < 5; n++) {
    const buffer = gpu.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const from = performance.now();
    await buffer.mapAsync(GPUMapMode.READ);
    waits.push(performance.now() - from);
    buffer.destroy();
  }
  return table(["what it is", "value"], [
    ...names.map((name) => [name, String(gpu.limits[name])]),
    ["bytes of a buffer, as granted", String(facts.bufferBytes)],
    ["lanes of a subgroup", String(facts.subgroupSize)],
    ["kernels share by", String(facts.sharing || "nothing")],
    ["GFLOP at once", facts.flopsAtOnce === undefined ? "any" : String(facts.flopsAtOnce / 1e9)],
    ["ms to read back, the least of 5", figure(Math.min(...waits))],
  ]);
}

/** Runs a part as a user types it, and stops it at its limit. */
async function run({ words, limit }: GpuPart): Promise<Outcome> {
  const from = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...words],
    cwd: projectRoot,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = { stdout: "", stderr: "" };
  const listen = async (name: keyof typeof said) => {
    for await (const text of child[name].pipeThrough(new TextDecoderStream())) said[name] += text;
  };
  const ended = Promise.all([child.status, listen("stdout"), listen("stderr")]);
  const within = (seconds: number) => {
    const { promise: over, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), 1000 * seconds);
    return Promise.race([ended, over]).finally(() => clearTimeout(timer));
  };
  let code = (await within(limit))?.[0].code;
  if (code === undefined) {
    child.kill("SIGTERM");
    // A driver that hangs hears no signal.
    const GRACE = 5;
    if (await within(GRACE) === undefined) child.kill("SIGKILL");
    code = undefined;
  }
  return { ...said, code, seconds: (performance.now() - from) / 1000 };
}
