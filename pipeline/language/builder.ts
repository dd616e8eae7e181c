/** The pipeline being built: stage calls find it here, and only while `pipeline().build()` runs. @module */
import { type Origin, resolveConfig } from "./config.ts";
import type { Override } from "./override.ts";
import { ConfigError, GraphError } from "../errors.ts";
import { isKind } from "./refs.ts";
import type { AnyStage, StageOptions } from "./definition.ts";
import { didYouMean, nearest } from "./suggest.ts";

/** Where an input comes from. */
export interface Edge {
  /** Producing node. */
  readonly from: GraphNode;
  /** Its output. */
  readonly output: string;
  /** The input of the consuming node: `name`, or `group.name`. */
  readonly input: string;
}

/** A stage with its config and inputs. */
export interface GraphNode {
  /** Instance id: the stage's name, or its `as`. */
  readonly id: string;
  /** What is done. */
  readonly stage: AnyStage;
  /** Parsed config, defaults filled in. */
  readonly config: unknown;
  /** Leaf name → who decided it. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** Where the inputs come from, in the order of the stage's declaration. */
  readonly edges: readonly Edge[];
}

/** A reference at run time. */
export interface RuntimeRef {
  /** The node that makes it. */
  readonly node: GraphNode;
  /** Which output. */
  readonly output: string;
}

/** Collects the nodes of one build. */
export interface Build {
  /** Name of the pipeline. */
  readonly pipeline: string;
  /** Overrides of this build. */
  readonly overrides: readonly Override[];
  /** What relative paths in the experiment's configs are relative to. */
  readonly folder: string | undefined;
  /** Nodes in the order they were called: an order of execution, too. */
  readonly nodes: Map<string, GraphNode>;
}

let current: Build | undefined;

/**
 * Runs `body` with stage calls adding to a new build.
 *
 * @throws {GraphError} If a pipeline is already being built (a pipeline inside a pipeline is a plain function).
 * @throws {ConfigError} If an override names a stage that the pipeline does not have.
 */
export function collect<R>(
  pipeline: string,
  overrides: readonly Override[],
  body: () => R,
  folder?: string,
): { build: Build; result: R } {
  if (current !== undefined) {
    throw new GraphError(
      `Cannot build pipeline "${pipeline}" inside "${current.pipeline}": compose with a plain function that calls stages`,
    );
  }
  const build: Build = current = { pipeline, overrides, folder, nodes: new Map() };
  try {
    const result = body();
    for (const override of overrides) assertSettable(build, override);
    return { build, result };
  } finally {
    current = undefined;
  }
}

/** @throws {ConfigError} If an override names no stage of a build, or no key of one. */
function assertSettable({ pipeline, nodes }: Build, { stage, path }: Override): void {
  if (nodes.has(stage) && path.length > 0) return;
  const typed = [stage, ...path].join(".");
  const settings = [...nodes].flatMap(([id, { origins }]) =>
    Object.keys(origins).map((leaf) => `${id}.${leaf}`)
  );
  const meant = settings.filter((name) => name.endsWith(`.${typed}`)).map((name) => `"${name}"`);
  const refuse = (rule: string) => new ConfigError(`Cannot set ${typed}: ${rule}`);
  if (nodes.has(stage)) {
    const [key] = Object.keys(nodes.get(stage)!.origins);
    const example = key === undefined ? "and this one has none" : `e.g. ${stage}.${key}`;
    throw refuse(`it is a stage; keys of one are set, ${example}. "plan --explain" lists them`);
  }
  if (meant.length > 0) {
    throw refuse(`a setting is named after its stage, stage.key. Did you mean ${meant.join(" or ")}?`);
  }
  if (path.length > 0) {
    throw refuse(`pipeline "${pipeline}" has no stage "${stage}". ${didYouMean(stage, [...nodes.keys()])}`);
  }
  const last = (name: string) => name.slice(name.lastIndexOf(".") + 1);
  const near = nearest(typed, settings.map(last));
  const example = settings.find((name) => last(name) === near) ?? settings[0];
  throw refuse(
    `a setting is named after its stage, stage.key${example === undefined ? "" : `, e.g. ${example}`}`,
  );
}

/** Adds a node to the pipeline being built and returns its references. Called by stages. */
export function addNode(stage: AnyStage, inputs: unknown, config: unknown, options?: StageOptions): unknown {
  const build = current;
  if (build === undefined) {
    throw new GraphError(
      `Cannot call stage "${stage.name}" outside a pipeline: call it in the function given to pipeline(name, function)`,
    );
  }
  const id = options?.as ?? stage.name;
  if (!/^[A-Za-z0-9_-]+$/.test(id)) {
    throw new GraphError(`Cannot name a stage "${id}": \`as\` may hold letters, digits, - and _ only`);
  }
  if (build.nodes.has(id)) {
    throw new GraphError(
      `Cannot use "${id}" twice in pipeline "${build.pipeline}": tell the repeats apart with ` +
        `{ as: "${stage.name}-2" } as the last argument`,
    );
  }
  const edges = wire(build, stage, id, inputs);
  const overrides = build.overrides.filter(({ stage, path }) => stage === id && path.length > 0);
  const resolved = resolveConfig(stage.config, config, overrides, id, build.folder);
  const node: GraphNode = { id, stage, edges, ...resolved };
  build.nodes.set(id, node);
  const refs = Object.keys(stage.outputs).map((output): [string, RuntimeRef] => [output, { node, output }]);
  return Object.fromEntries(refs);
}

function wire(build: Build, stage: AnyStage, id: string, inputs: unknown): Edge[] {
  const given = record(inputs, `the inputs of "${id}"`);
  const unknown = Object.keys(given).find((name) => !(name in stage.inputs));
  if (unknown !== undefined) {
    throw new GraphError(
      `Stage "${id}" has no input "${unknown}". ${didYouMean(unknown, Object.keys(stage.inputs))}`,
    );
  }
  const edges: Edge[] = [];
  for (const [name, kind] of Object.entries(stage.inputs as AnyStage["inputs"])) {
    if (isKind(kind as never)) {
      edges.push(edge(build, id, name, (kind as { name: string }).name, given[name]));
    } else {
      const group = record(given[name], `input "${name}" of "${id}"`);
      for (const [member, memberKind] of Object.entries(kind as Record<string, { name: string }>)) {
        edges.push(edge(build, id, `${name}.${member}`, memberKind.name, group[member]));
      }
    }
  }
  return edges;
}

function edge(build: Build, id: string, input: string, kind: string, given: unknown): Edge {
  const ref = asRef(given);
  if (ref === undefined) {
    const several = typeof given === "object" && given !== null &&
      Object.values(given).every((v) => asRef(v));
    throw new GraphError(
      several
        ? `Input "${input}" of "${id}" wants one ${kind}; it was given a stage with the outputs ` +
          `${Object.keys(given).join(", ")}. Choose one of them`
        : `Input "${input}" of "${id}" is missing: it wants a ${kind} that another stage makes`,
    );
  }
  if (build.nodes.get(ref.node.id) !== ref.node) {
    throw new GraphError(
      `Input "${input}" of "${id}" comes from stage "${ref.node.id}" of another pipeline. ` +
        `Call that stage inside pipeline "${build.pipeline}", too`,
    );
  }
  const made = ref.node.stage.outputs[ref.output].name;
  if (made !== kind) {
    throw new GraphError(
      `Input "${input}" of "${id}" wants a ${kind}; output "${ref.output}" of "${ref.node.id}" is a ${made}`,
    );
  }
  return { from: ref.node, output: ref.output, input };
}

/** A reference, or the only reference of a stage with one output. */
function asRef(given: unknown): RuntimeRef | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  if (isRef(given)) return given;
  const members = Object.values(given);
  return members.length === 1 && isRef(members[0]) ? members[0] : undefined;
}

/** Whether a value is a reference. */
export function isRef(given: unknown): given is RuntimeRef {
  return typeof given === "object" && given !== null && "node" in given && "output" in given &&
    typeof given.output === "string";
}

function record(given: unknown, what: string): Record<string, unknown> {
  if (typeof given !== "object" || given === null) {
    throw new GraphError(`Cannot read ${what}: it must be a record of references to outputs`);
  }
  return given as Record<string, unknown>;
}
