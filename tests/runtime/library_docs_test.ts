/** The programs of docs/library.md, run as they stand there, in a folder outside the clone. @module */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { placeTest } from "../cli/support.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = Deno.readTextFileSync(join(root, "docs", "library.md"));
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map((match) => match[1]!);

/** The clone as a folder's `deno.json` would name the package. */
function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const { name, exports, imports } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));
  const own = Object.entries<string>(exports).map((
    [entry, path],
  ) => [name + entry.slice(1), join(root, path)]);
  const config = { imports: { ...imports, ...Object.fromEntries(own) } };
  const all = { "deno.json": JSON.stringify(config), ...files };
  for (const [path, content] of Object.entries(all)) {
    Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(join(folder, path), content);
    else Deno.writeFileSync(join(folder, path), content);
  }
}

async function run(folder: string, line: string): Promise<string> {
  const [program, ...args] = line.trim().split(/\s+/);
  assert.equal(program, "deno");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assert.equal(code, 0, text(stdout) + text(stderr));
  return text(stdout);
}

/** 8 × 6 pixels, the left half greener than red. */
const picture = encodeRgbPng(
  Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => [90, Math.floor(i / 3) % 8 < 4 ? 160 : 20, 40][i % 3]!),
  8,
  6,
);

placeTest(
  "the program of docs/library.md trains, opens the network and labels a photograph",
  async ({ folder }) => {
    const [program] = blocks("ts"), [line] = blocks("sh");
    assert.ok(program!.trim().split("\n").length <= 12);
    write(folder, { "program.ts": program!, "photograph.png": picture });
    const [scores, name, confidence] = (await run(folder, line!)).split(/(?<=\}) | (?=[\d.]+$)/);
    assert.match(scores!, /average: [\d.]+/);
    assert.match(name!, /^(background|disc|square|triangle|ring|star|cross)$/);
    assert.ok(Number(confidence) > 0 && Number(confidence) <= 1);
  },
);

placeTest("the stage of docs/library.md loads photographs, under its own name", async ({ folder }) => {
  const program = `import { augment, coTrain, evaluate, pipeline, supervised } from "@crossview/crossview";
import { train } from "@crossview/crossview/library";
import { photos } from "./photos.ts";
const run = await train(pipeline("mine", () => {
  const data = photos({ root: "photographs" });
  const training = { method: supervised(), backbone: "resnet14", batch: 2, epochs: 1, stepsPerEpoch: 1 } as const;
  const nets = coTrain({ views: augment({ data }, { crop: 32 }) }, training);
  return { score: evaluate({ nets, samples: data.validation }) };
}));
console.log(JSON.stringify(run.metrics!.perClass!.map(({ name }) => name)));`;
  const photographs = Object.fromEntries(["a", "b", "c"].map((name) => [`photographs/${name}.png`, picture]));
  write(folder, { "photos.ts": blocks("ts")[1]!, "program.ts": program, ...photographs });
  await run(folder, "deno install --quiet");
  // Of code that changed in the second in which the process starts, nobody can tell whether it was loaded before.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(JSON.parse(await run(folder, blocks("sh")[0]!)), ["background", "leaf"]);
});
