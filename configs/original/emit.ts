/** A translated command line as the TypeScript file of an experiment. @module */
import type { OriginalExperiment } from "./experiment.ts";

/**
 * Writes the file.
 *
 * @param command The command line that it stands for, for the comment.
 * @returns TypeScript that exports the same pipeline, wherever it is kept.
 */
export function emitExperiment({ settings, seed }: OriginalExperiment, command: string): string {
  const { name, load, augment, coTrain: { method, ...training }, evaluate } = settings;
  const scores = ["{ nets, samples: data.validation }"];
  if (Object.keys(evaluate).length > 0) scores.push(literal(evaluate, 2));
  const { batch = 1, shards = 1 } = training;
  const processes = shards > 1 && batch > shards
    ? `
 *
 * In as many processes as the original's, each of which takes its images and averages its losses; norms are synchronized:
 *
 *     mpirun -n ${shards} deno task train this-file.ts --seed ${seed} \\
 *       --set co-train.accumulate=${shards} --set co-train.synchronized=true`
    : "";
  const comment = command.replaceAll("*/", "*\\/").replaceAll(/\s+/g, " ");
  return `import { augment, ccvc, coTrain, evaluate, load, pipeline } from "@crossview/crossview";

/**
 * What this command line of CCVC's published code trains; its seed is given to the run: --seed ${seed}.
 *
 *     ${comment}${processes}
 */
export default pipeline(${JSON.stringify(name)}, () => {
  const data = load(${literal(load, 1)});
  const views = augment({ data }, ${literal(augment, 1)});
  const nets = coTrain({ views }, {
    method: ccvc(${literal(method, 2)}),
${members(training, 2)}
  });
  return {
    score: evaluate(${scores.join(", ")}),
  };
});
`;
}

/** A value as TypeScript, objects a member a line. */
function literal(value: unknown, depth: number): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  return `{\n${members(value, depth + 1)}\n${"  ".repeat(depth)}}`;
}

function members(value: object, depth: number): string {
  return Object.entries(value).filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${"  ".repeat(depth)}${key}: ${literal(member, depth)},`).join("\n");
}
