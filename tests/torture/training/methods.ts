/** A training of each method that is killed and started again ends with the same bytes. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import * as library from "../../../mod.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { bindMethod, drawnAs } from "../../../stages/methods/bound_method.ts";
import { definitionOf } from "../../../stages/methods/method.ts";
import { randomNumbers, type TortureOptions, type TorturePart } from "../part.ts";
import { resultsOf, sleep, startTraining } from "./training.ts";

/** The part. */
export const methods: TorturePart = {
  name: "methods",
  summary: "kills a training of each method (kill -9) and compares its result with one left alone",
  run: torture,
};

/** The library's methods, by the names that they are exported by. */
const exported = Object.entries<unknown>(library).flatMap(([name, value]) =>
  isMethod(value) ? [[name, value] as const] : []
);

function isMethod(value: unknown): value is library.AnyMethod {
  return typeof value === "function" && "definition" in value && "predictions" in value;
}

/** Options of a method whose own defaults do not fit crops of 32 pixels. */
const options: Readonly<Record<string, string>> = { pseudoSeg: "{ hole: 4 }" };

/** The text of an experiment in a user's own file; a method that learns from pseudo-labels has those of a step by labels alone. */
function experiment(name: string, method: library.AnyMethod): string {
  const defaults = parseConfig(definitionOf(method).options, {}, name);
  const isRound = drawnAs("pseudo-labeled", bindMethod(method, defaults)).length > 0;
  const names = [
    "augment",
    "coTrain",
    "evaluate",
    "load",
    name,
    "pipeline",
    ...(isRound ? ["pseudoLabel", "supervised"] : []),
  ];
  return `import { ${names.join(", ")} } from "@crossview/crossview";

export default pipeline("killed", () => {
  const data = load({ dataset: "shapes" }), views = augment({ data });
  const settings = { backbone: "resnet14", baseRate: 0.03 } as const;
${
    isRound
      ? `  const once = { ...settings, epochs: 1, stepsPerEpoch: 1, batch: 2 };
  const first = coTrain({ views }, { method: supervised(), ...once }, { as: "first" });
  const pseudoLabels = pseudoLabel({ nets: first, images: data.unlabeled }, { threshold: 0 });
  const given = { views, pseudoLabels, start: first.last };`
      : "  const given = { views };"
  }
  const nets = coTrain(given, { method: ${name}(${options[name] ?? ""}), ...settings });
  return { score: evaluate({ nets, samples: data.validation }) };
});
`;
}

async function torture({ short, seed, folder, say }: TortureOptions): Promise<void> {
  const random = randomNumbers(seed), rounds = short ? 1 : 5;
  for (const [method, value] of exported) {
    const place = join(folder, method), file = join(place, "experiment.ts");
    await Deno.mkdir(place);
    await Deno.writeTextFile(file, experiment(method, value));
    // A method that trains one of two mixed images has two of them.
    const set = ["co-train.batch=4"];
    const start = (name: string, every: number) => startTraining(join(place, name), every, set, file);
    const started = performance.now(), alone = start("alone", 1e6);
    assert.equal((await alone.ended).code, 0, alone.text());
    const whole = performance.now() - started, wanted = await resultsOf(alone.cache);
    const steps: string[] = [];
    for (let round = 0; steps.length < rounds; round++) {
      assert.ok(round < 5 * rounds, `${method}: ${round} runs ended before they could be killed`);
      const run = start("stopped", 0);
      await run.saved(1);
      await Promise.race([run.ended, sleep(whole / 4 * random())]);
      run.kill("SIGKILL");
      const { signal } = await run.ended;
      const last = start("stopped", 1e6);
      assert.equal((await last.ended).code, 0, last.text());
      assert.deepEqual(await resultsOf(last.cache), wanted);
      const step = /goes on from the checkpoint of step (\d+)/.exec(last.text())?.[1];
      if (signal === "SIGKILL" && step !== undefined) steps.push(step);
      await Deno.remove(join(place, "stopped"), { recursive: true });
    }
    say(`${method}: killed, gone on from step ${steps.join(", ")}, and the same bytes`);
  }
}
