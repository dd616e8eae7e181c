/** The schema of `events.jsonl`, by a validator that has no part in its making. @module */
import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { augment, coTrain, evaluate, load, pipeline, supervised } from "../../../mod.ts";
import { train } from "../../../library.ts";
import { eventSchema, schemasOf } from "../../../runtime/runs/event_schema.ts";
import { eventSchemaText } from "../../../tools/event_schema.ts";
import { fixture, placeTest } from "../../cli/support.ts";
import { gpuTest } from "../../support/gpu.ts";

const published = Deno.readTextFileSync(new URL("../../../docs/events.schema.json", import.meta.url));
const ajv = new Ajv2020({ allErrors: true, validateFormats: false });
const isValid = ajv.compile(JSON.parse(published));

type Line = Readonly<Record<string, unknown>>;

function linesOf(folder: string): Line[] {
  return Deno.readTextFileSync(join(folder, "events.jsonl")).trim().split("\n").map((text) =>
    JSON.parse(text)
  );
}

function assertValid(lines: readonly Line[]): void {
  for (const line of lines) {
    assert.ok(isValid(line), `${JSON.stringify(line)}: ${ajv.errorsText(isValid.errors).slice(0, 500)}`);
  }
}

/** What lines are: types, and kinds of what trainings tell. */
function kindsOf(lines: readonly Line[]): Set<unknown> {
  return new Set(lines.map(({ type, data }) => type === "progress" ? (data as Line).kind ?? "other" : type));
}

Deno.test("docs/events.schema.json is what the schemas say; tools/event_schema.ts writes it", () => {
  assert.equal(published, eventSchemaText());
  assert.deepEqual(JSON.parse(published), eventSchema());
});

gpuTest("each line of a training's run is valid", async () => {
  const folder = await Deno.makeTempDir({ prefix: "crossview-" });
  try {
    const experiment = pipeline("few-labels", () => {
      const data = load({ dataset: "shapes", shapes: { size: 32, labeled: 4, unlabeled: 4, validation: 2 } });
      const options = {
        backbone: "resnet14",
        batch: 2,
        epochs: 2,
        stepsPerEpoch: 2,
        warmUpEpochs: 1,
      } as const;
      const nets = coTrain({ views: augment({ data }, { crop: 32 }) }, { method: supervised(), ...options });
      return { score: evaluate({ nets, samples: data.validation }) };
    });
    const options = { cache: join(folder, "cache"), runs: join(folder, "runs"), checkpointEvery: 0 };
    const controller = new AbortController();
    const stopped = train(experiment, {
      ...options,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === "progress" && event.data.kind === "checkpoint") controller.abort();
      },
    });
    await assert.rejects(stopped);
    const [before] = [...Deno.readDirSync(join(options.runs, "few-labels"))].map(({ name }) => name);
    const { folder: after } = await train(experiment, options), again = await train(experiment, options);
    const lines = [join(options.runs, "few-labels", before!), after, again.folder].flatMap(linesOf);
    assertValid(lines);
    const kinds = kindsOf(lines);
    const wanted = [
      "planned",
      "hit",
      "miss",
      "started",
      "finished",
      "done",
      "memory",
      "compile",
      "resumed",
    ];
    for (const kind of [...wanted, "step", "scoring", "evaluation", "checkpoint", "other"]) {
      assert.ok(kinds.has(kind), `${kind} is not among ${[...kinds].join(", ")}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

placeTest("each line of a run that failed, or whose stages are of one's own, is valid", async (place) => {
  assert.equal((await place.command("train", fixture("tiny"), "--set", "co-train.diverge=true")).status, 1);
  assert.equal((await place.command("train", fixture("tiny"))).status, 0);
  assert.equal((await place.command("train", fixture("bare"))).status, 0);
  const folders = place.files().filter((path) => path.endsWith("events.jsonl"));
  const lines = folders.flatMap((path) => linesOf(join(place.runs, path, "..")));
  assertValid(lines);
  assert.ok(lines.length > 20 && kindsOf(lines).has("failed"));
});

const time = "2026-01-31T23:59:59.000Z", node = "co-train", key = "0".repeat(64);

Deno.test("lines of every type and kind are valid, and none with a member too few, too many or of another type", () => {
  const counts = { epoch: 1, epochs: 2 }, steps = { step: 1, steps: 2 };
  const held = {
    parameterBytes: 1,
    gradientBytes: 1,
    momentBytes: 1,
    statisticBytes: 1,
    stateBytes: 1,
    inputBytes: 1,
  };
  const told: Line[] = [
    { kind: "pretrained", backbone: "resnet50" },
    {
      kind: "pretrained",
      backbone: "resnet50",
      file: "a.pth",
      loaded: 3,
      classifier: ["fc.bias"],
      differences: [],
    },
    { kind: "memory", ...held, workspaceBytes: 1, lowerBoundBytes: 1, peakBytes: 1, repeated: 0 },
    { kind: "compile", done: 1, total: 2 },
    { kind: "resumed", ...steps, damage: [], adapter: "llvmpipe" },
    { kind: "step", ...steps, ...counts, phase: "warm-up", rate: 0.1, images: 4, losses: { ce1: 0.5 } },
    { kind: "scoring", ...counts, done: 1, total: 2 },
    { kind: "evaluation", ...counts, protocol: "whole", miou: { average: 50, branch1: null } },
    { kind: "stopped", ...counts, best: 1 },
    { kind: "checkpoint", ...steps, leaving: false, bytes: 9, seconds: 0.1 },
    { kind: "note", message: "a" },
    { kind: "warning", message: "a" },
    { unit: "images", done: 1, total: 2 },
    { anything: [1, { of: "one's own" }] },
  ];
  const lines: Line[] = [
    { type: "planned", pipeline: "a", seed: 0, nodes: [{ id: node, stage: node, after: [] }] },
    { type: "hit", node, key, from: "remote" },
    { type: "miss", node, key, why: ["a"], short: "a" },
    { type: "waiting", node, key, takesOverIn: 2.5 },
    { type: "started", node, key },
    { type: "finished", node, key, seconds: 1, outputs: { last: key }, stored: true },
    { type: "changed", node, message: "a" },
    { type: "damaged", node, message: "a" },
    { type: "notice", message: "a" },
    { type: "failed", node, message: "a" },
    { type: "done", ran: 1, hits: 1, seconds: 1 },
    ...told.map((data) => ({ type: "progress", node, data })),
  ];
  assertValid(lines.map((line) => ({ time, ...line })));
  const types = Object.keys(JSON.parse(published).$defs).filter((name) =>
    !/^(time|progress|training-)/.test(name)
  );
  assert.deepEqual([...kindsOf(lines)].filter((kind) => types.includes(String(kind))).sort(), types.sort());

  const optional = ["from", "takesOverIn", "file", "loaded", "classifier", "differences", "adapter"];
  const refuse = (line: Line) => assert.ok(!isValid(line), JSON.stringify(line));
  for (const line of lines) {
    refuse(line); // It has no time.
    refuse({ time, ...line, more: 1 });
    const data = line.data as Line | undefined, isKnown = data === undefined || "kind" in data;
    for (const name of Object.keys(line)) {
      const { [name]: _, ...less } = line;
      if (!optional.includes(name)) refuse({ time, ...less });
      if (isKnown) refuse({ time, ...line, [name]: () => {} });
    }
    if (data === undefined || !isKnown) continue;
    refuse({ time, ...line, data: { ...data, more: 1 } });
    for (const name of Object.keys(data).filter((name) => name !== "kind")) {
      const { [name]: _, ...less } = data;
      if (!optional.includes(name)) refuse({ time, ...line, data: less });
      refuse({ time, ...line, data: { ...data, [name]: { is: "another type" } } });
    }
  }
  refuse({ time, type: "progress", node, data: { kind: "tick", step: 1 } });
  refuse({ time, type: "renamed", node });
  refuse({ time: "yesterday", type: "notice", message: "a" });
});

Deno.test("an event without a schema, with another one, or with a member more or less does not compile", () => {
  type Event = { readonly type: "one"; readonly count: number; readonly name?: string } | {
    readonly type: "two";
  };
  const schemas = schemasOf<Event, "type">();
  const one = z.strictObject({ type: z.literal("one"), count: z.number(), name: z.string().exactOptional() });
  const two = z.strictObject({ type: z.literal("two") });
  assert.deepEqual(Object.keys(schemas({ one, two })), ["one", "two"]);
  // @ts-expect-error: "two" is missing.
  schemas({ one });
  // @ts-expect-error: there is no "three".
  schemas({ one, two, three: two });
  // @ts-expect-error: its member may be left out.
  schemas({ one: one.required(), two });
  // @ts-expect-error: its member is missing.
  schemas({ one: one.omit({ name: true }), two });
  // @ts-expect-error: it has a member more.
  schemas({ one, two: two.extend({ more: z.string().exactOptional() }) });
  // @ts-expect-error: its count is a number.
  schemas({ one: one.extend({ count: z.string() }), two });
});
