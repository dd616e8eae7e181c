/**
 * The lines of a run's `events.jsonl`, as a JSON Schema. Types hold it to the events, member by member: an event that has no
 * schema, or another one, does not compile.
 *
 * @module
 */
import { z } from "zod";
import type { PipelineEvent } from "../../pipeline/mod.ts";
import type { TrainingEvent } from "../../stages/training/progress.ts";

/** What differs in writing alone is made equal. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;
type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** The schemas of a union's events, by what tells these apart. */
type SchemasOf<Event extends object, Tag extends keyof Event> = {
  readonly [Name in Event[Tag] & string]: z.ZodType<Extract<Event, { readonly [K in Tag]: Name }>>;
};

/** The names under which a schema is not of just its event's members. */
type Differing<Schemas, Wanted> = {
  [Name in keyof Schemas | keyof Wanted]: Name extends keyof Schemas & keyof Wanted
    ? IsSame<Frozen<z.output<Schemas[Name]>>, Frozen<z.output<Wanted[Name]>>> extends true ? never : Name
    : Name;
}[keyof Schemas | keyof Wanted];

/** Anything, if the schemas are those of the events; else what nothing is of: the compiler's message shows it. */
type Checked<Schemas, Wanted> = [Differing<Schemas, Wanted>] extends [never] ? unknown
  : { readonly "schema and event differ in": Differing<Schemas, Wanted> };

/** Takes a schema for each event of a union, and no other. */
export function schemasOf<Event extends object, Tag extends keyof Event>(): <
  Schemas extends Readonly<Record<string, z.ZodType>>,
>(schemas: Schemas & Checked<Schemas, SchemasOf<Event, Tag>>) => Schemas {
  return (schemas) => schemas;
}

const count = z.int().min(0), position = z.int().min(1);
const node = z.string().describe("Id of the stage in the experiment");
const key = z.string().regex(/^[0-9a-f]{64}$/).describe("Key of the stage's result");
const seconds = z.number().min(0);
const percent = z.number().nullable();
const step = count.describe("Steps taken");
const steps = count.describe("Steps of the whole training");
const epoch = position.describe("Counts from 1"), epochs = position;

/** Events of a training that are kept: all but steps whose losses are not read. */
type KeptTraining = Exclude<TrainingEvent, { readonly kind: "tick" }>;

const training = schemasOf<KeptTraining, "kind">()({
  pretrained: z.strictObject({
    kind: z.literal("pretrained"),
    backbone: z.string(),
    file: z.string().exactOptional().describe("Absent where the weights are random"),
    loaded: count.exactOptional().describe("Tensors of the file that each network has taken"),
    classifier: z.array(z.string()).exactOptional().describe("Left over: of a classifier"),
    differences: z.array(z.string()).exactOptional().describe("What else did not fit, in words"),
  }).describe("What the backbones start from"),
  memory: z.strictObject({
    kind: z.literal("memory"),
    parameterBytes: count,
    gradientBytes: count,
    momentBytes: count,
    statisticBytes: count,
    stateBytes: count.describe("What the method keeps from step to step"),
    inputBytes: count.describe("Images and tables of a step, running losses"),
    workspaceBytes: count.describe(
      "Activations, their gradients and what else lives within a step, as planned",
    ),
    lowerBoundBytes: count.describe("What is alive at the busiest moment: no plan can need less"),
    peakBytes: count.describe("All of it"),
    repeated: count.describe("Launches that are repeated in a step to save memory"),
  }).describe("What the training holds on the device"),
  compile: z.strictObject({ kind: z.literal("compile"), done: count, total: count })
    .describe("Launches whose kernels are compiled"),
  resumed: z.strictObject({
    kind: z.literal("resumed"),
    step: step.describe("0: no checkpoint could be used"),
    steps,
    damage: z.array(z.string()).describe("What was wrong with checkpoints that were passed over"),
    adapter: z.string().exactOptional().describe("That made the checkpoint, where it is another one"),
  }).describe("The training goes on from a checkpoint"),
  step: z.strictObject({
    kind: z.literal("step"),
    step,
    steps,
    epoch,
    epochs,
    phase: z.enum(["warm-up", "method"]),
    rate: z.number().min(0).describe("Base learning rate of the step"),
    images: count.describe("Images seen so far"),
    losses: z.record(z.string(), z.number()).describe(
      "Mean of each term since the last reading, before its weight",
    ),
    shares: z.record(z.string(), z.number().min(0).max(1)).exactOptional().describe(
      "Mean of each share of pixels that the method tells, such as of those whose labels are confident",
    ),
  }).describe("A reading of the losses"),
  scoring: z.strictObject({ kind: z.literal("scoring"), epoch, epochs, done: count, total: count })
    .describe("So many images of the validation set are scored"),
  evaluation: z.strictObject({
    kind: z.literal("evaluation"),
    epoch,
    epochs,
    protocol: z.string().describe("How was scored, e.g. sliding_window_712"),
    miou: z.record(z.string(), percent).describe("By prediction, percent; null where no pixel was counted"),
  }).describe("Scores of an epoch on the validation set"),
  stopped: z.strictObject({
    kind: z.literal("stopped"),
    epoch,
    epochs,
    best: position.describe("The epoch of the best score"),
  }).describe("The rest of the epochs is left out: scores have not become better"),
  checkpoint: z.strictObject({
    kind: z.literal("checkpoint"),
    step,
    steps,
    leaving: z.boolean().describe("Whether the run is about to stop"),
    bytes: count,
    seconds,
  }).describe("A checkpoint was written"),
  note: z.strictObject({ kind: z.literal("note"), message: z.string() })
    .describe("What was done where the settings leave it open"),
  warning: z.strictObject({ kind: z.literal("warning"), message: z.string() })
    .describe("Nothing failed, and yet it is worth knowing"),
});

const images = z.strictObject({ unit: z.literal("images"), done: count, total: count })
  .describe("Images that a stage has done");

const other = z.record(z.string(), z.unknown())
  .meta({
    not: { properties: { kind: { enum: [...Object.keys(training), "tick"] } }, required: ["kind"] },
    description: "What a stage of one's own tells",
  });

const data: z.ZodType<Readonly<Record<string, unknown>>> = z.union([
  ...Object.entries(training).map(([kind, event]) => event.meta({ ...event.meta(), id: `training-${kind}` })),
  images,
  other,
]);

const events = schemasOf<PipelineEvent, "type">()({
  planned: z.strictObject({
    type: z.literal("planned"),
    pipeline: z.string(),
    seed: count,
    nodes: z.array(z.strictObject({
      id: node,
      stage: z.string(),
      after: z.array(z.string()).describe("Stages whose results it takes"),
    })),
  }).describe("The run begins: its stages"),
  hit: z.strictObject({
    type: z.literal("hit"),
    node,
    key,
    from: z.literal("remote").exactOptional().describe("It was brought from a remote cache just now"),
  }).describe("A stage's result is in the cache"),
  miss: z.strictObject({
    type: z.literal("miss"),
    node,
    key,
    why: z.array(z.string()).describe("A line for each part that differs from the nearest earlier result"),
    short: z.string().describe("The same in a few words"),
  }).describe("It is not"),
  waiting: z.strictObject({
    type: z.literal("waiting"),
    node,
    key,
    takesOverIn: z.number().exactOptional().describe("It seems dead; seconds until it counts as that"),
  }).describe("Another process makes the same result, which will be taken"),
  started: z.strictObject({ type: z.literal("started"), node, key }).describe("A stage begins"),
  progress: z.strictObject({ type: z.literal("progress"), node, data }).describe(
    "What a stage tells; of one stage and kind the first thousand are kept, then every tenth, and so on",
  ),
  finished: z.strictObject({
    type: z.literal("finished"),
    node,
    key,
    seconds,
    outputs: z.record(z.string(), z.string()).describe("Content digests by output"),
    stored: z.boolean().describe("False where code or sources changed meanwhile: it serves this run only"),
  }).describe("A stage has ended"),
  changed: z.strictObject({ type: z.literal("changed"), node, message: z.string() })
    .describe("Code or sources have changed"),
  damaged: z.strictObject({ type: z.literal("damaged"), node, message: z.string() })
    .describe("Something in the cache was damaged and is made again"),
  notice: z.strictObject({ type: z.literal("notice"), message: z.string() })
    .describe("Nothing failed, and yet it is worth knowing"),
  failed: z.strictObject({ type: z.literal("failed"), node, message: z.string() }).describe("A stage failed"),
  done: z.strictObject({ type: z.literal("done"), ran: count, hits: count, seconds })
    .describe("All stages have ended: how many ran, and how many were in the cache"),
});

const time = z.iso.datetime().meta({ id: "time", description: "When the line was written, UTC" });

/** The JSON Schema (draft 2020-12) of a line of `events.jsonl`: an event, and when it was written. */
export function eventSchema(): object {
  const lines = Object.entries(events).map(([id, event]) =>
    event.extend({ time }).meta({ ...event.meta(), id })
  );
  return z.toJSONSchema(z.union(lines).meta({ title: "A line of a run's events.jsonl" }));
}
