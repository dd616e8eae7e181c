/** Plans as JSON: read back with every member checked, and completed by the run that followed. @module */
import type { Cache } from "../cache/cache.ts";
import { messageOf, UserError } from "../errors.ts";
import { keyOf } from "./fingerprint.ts";
import { contentDigests, type Plan, type PlanNode } from "./plan.ts";
import type { RunNode } from "../run/scheduler.ts";
import {
  anything,
  count,
  digest,
  list,
  object,
  oneOf,
  record,
  type Shape,
  text,
} from "../files/untrusted.ts";

/** A plan's JSON cannot be read. */
export class PlanError extends UserError {
  /** Class name, for logs. */
  override readonly name: string = "PlanError";
}

/** What a node of a plan must look like; plans of other versions may have more members. */
const node = object(
  {
    id: text,
    stage: text,
    version: count(0),
    config: anything,
    origins: record(oneOf("default", "experiment", "set")),
    parts: record(anything),
    modules: record(text),
    key: digest,
    outputs: record(digest),
    state: oneOf("hit", "miss", "waiting"),
    why: list(text),
    waitingFor: list(text),
    resources: list(text),
  },
  ["modules", "key", "outputs", "why", "waitingFor"],
  "more members",
);

const shape: Shape = object(
  {
    pipeline: text,
    seed: count(0),
    nodes: list(node),
    edges: list(object({ from: text, output: text, to: text, input: text })),
    outputs: list(object({ name: text, node: text, output: text })),
  },
  [],
  "more members",
);

/**
 * Reads a plan.
 *
 * @param text JSON.
 * @param path The file's name, for errors.
 * @throws {PlanError} If it is not JSON, a member is missing or of another type, an edge or output names a node that is not
 *   there, or a key is not that of its parts.
 */
export function decodePlan(text: string, path: string): Plan {
  const fail = (reason: string): never => {
    throw new PlanError(
      `Cannot read the plan "${path}": ${reason}. Make it again with "plan --json" or a run.`,
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(`it is not JSON (${messageOf(error)})`);
  }
  const problem = shape(value);
  if (problem !== undefined) return fail(problem.startsWith("has ") ? `it ${problem}` : `its ${problem}`);
  const plan = value as Plan;
  const ids = new Set(plan.nodes.map(({ id }) => id));
  if (ids.size !== plan.nodes.length) fail("two of its nodes have one id");
  const named = [
    ...plan.edges.flatMap(({ from, to }) => [from, to]),
    ...plan.outputs.map((output) => output.node),
    ...plan.nodes.flatMap(({ waitingFor = [] }) => waitingFor),
  ];
  const unknown = named.find((id) => !ids.has(id));
  if (unknown !== undefined) fail(`it names the node ${JSON.stringify(unknown)}, which it does not have`);
  for (const { id, key, parts } of plan.nodes) {
    if (key !== undefined && !isKeyOf(key, parts)) fail(`the key of "${id}" is not that of its parts`);
  }
  return { ...plan, nodes: plan.nodes.map((each) => ({ ...each, modules: each.modules ?? {} })) };
}

/** Whether a key is that of some parts, which may hold anything. */
export function isKeyOf(key: string, parts: PlanNode["parts"]): boolean {
  try {
    return keyOf(parts) === key;
  } catch (error) {
    // Text that is no Unicode, or nesting without end: nothing that has a key.
    if (error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}

/** The plan of a run that is done: each node with its key, the parts and modules of that key, and what it made. */
export async function settledPlan(plan: Plan, ran: readonly RunNode[], cache: Cache): Promise<Plan> {
  const done = new Map(ran.map((each) => [each.id, each]));
  const nodes = await Promise.all(plan.nodes.map(async (each): Promise<PlanNode> => {
    const result = done.get(each.id);
    if (result === undefined) return each;
    const { key, outputs } = result;
    const entry = await cache.peek(key);
    const known = entry === undefined ? {} : { parts: entry.parts, modules: entry.recorded.modules };
    return { ...each, ...known, key, outputs: contentDigests(outputs) };
  }));
  return { ...plan, nodes };
}
