/** A run as those see it that follow: they run the stages that all share, as they are told, and store nothing. @module */
import { join } from "node:path";
import type { Cache } from "../cache/cache.ts";
import type { StoredArtifact } from "../cache/entry.ts";
import type { GraphNode } from "../language/builder.ts";
import type { StageContext } from "../language/definition.ts";
import type { Graph } from "../language/graph.ts";
import { makeFolderOf } from "../files/files.ts";
import { canonicalJson, sha256 } from "../plan/canonical_json.ts";
import { prepare, type Prepared } from "../plan/prepare.ts";
import { readSource } from "../plan/source_reader.ts";
import { readInputs } from "./inputs.ts";
import { type ResourceOpeners, Resources } from "./resources.ts";
import { askTeam, hearTeam, type Team, tellTeam } from "./team.ts";
import { StageError } from "../errors.ts";

/** What the one that leads tells those that follow of its run. */
type Told =
  | { readonly kind: "stage"; readonly node: string; readonly inputs: readonly StoredArtifact[] }
  | { readonly kind: "end"; readonly result?: unknown };

/** What a run is followed with. */
export interface FollowOptions {
  readonly team: Team;
  /** The cache that the leading process puts its results in: the same folder, by whatever name. */
  readonly cache: Cache;
  readonly seed?: number;
  readonly resources?: ResourceOpeners;
}

/** Something failed on all of a team alike; the one that leads says it. */
export class TeamError extends Error {
  override readonly name = "TeamError";
}

/**
 * Tells those that follow that a stage begins, and makes sure that it is the same to all.
 *
 * @param artifact The artifact that an edge carries.
 * @throws {StageError} If the stage's code or its sources are not the same to all.
 */
export async function beginTogether(
  team: Team,
  prepared: Prepared,
  artifact: (from: GraphNode, output: string) => StoredArtifact,
): Promise<void> {
  const { node } = prepared;
  const inputs = node.edges.map(({ from, output }) => artifact(from, output));
  await tellTeam(team, { kind: "stage", node: node.id, inputs } satisfies Told);
  await agree(team, prepared);
}

/**
 * Tells those that follow that the run is over.
 *
 * @param result What it has come to, plain data; without it, it has failed.
 */
export async function endTogether(team: Team, result?: unknown): Promise<void> {
  await tellTeam(team, { kind: "end", result } satisfies Told);
}

/** @throws {StageError} On the one that leads, TeamError on the others, if code or sources differ. */
async function agree(team: Team, { node, code, sources }: Prepared): Promise<void> {
  const said = await askTeam(team, {
    code: sha256(canonicalJson(code.parts)),
    sources: sources?.digest,
    deno: Deno.version.deno,
  });
  const names = { code: "its code", sources: "the files that it reads", deno: "Deno" } as const;
  for (const [what, name] of Object.entries(names)) {
    const other = said.findIndex((one) =>
      one[what as keyof typeof names] !== said[0]![what as keyof typeof names]
    );
    if (other < 0) continue;
    if (team.rank > 0) throw new TeamError(`${name} differs`);
    throw new StageError(
      node.id,
      `Cannot run stage "${node.id}" in ${team.size} processes: ${name} is another on rank ${other} ` +
        `(${said[other]![what as keyof typeof names]}) than on rank 0 (${
          said[0]![what as keyof typeof names]
        }). ` +
        "Give all of them the same version of the project, and the same data",
    );
  }
}

/**
 * Follows a run to its end.
 *
 * @returns What it has come to.
 * @throws {TeamError} If it has failed; what a stage throws here and not on the one that leads.
 */
export async function follow(graph: Graph, options: FollowOptions): Promise<unknown> {
  const { team, cache } = options;
  const prepared = await prepare(graph, cache);
  const resources = new Resources(options.resources ?? {});
  try {
    for (;;) {
      const told = await hearTeam(team) as Told;
      if (told.kind === "end") {
        if (told.result === undefined) throw new TeamError("The run has failed on the process that leads it");
        return told.result;
      }
      const node = graph.nodes.find(({ id }) => id === told.node);
      if (node === undefined) throw new Error(`Cannot follow: there is no stage "${told.node}"`);
      try {
        await runTogether(prepared.get(node)!, told.inputs, options, resources);
      } catch (error) {
        if (!(error instanceof TeamError)) throw error;
      }
    }
  } finally {
    await resources.close();
  }
}

async function runTogether(
  prepared: Prepared,
  told: readonly StoredArtifact[],
  { team, cache, seed = 0 }: FollowOptions,
  resources: Resources,
): Promise<void> {
  const { node } = prepared;
  await agree(team, prepared);
  const release = await resources.acquire(node.stage.resources ?? []);
  const scratch = await cache.scratch();
  try {
    const artifacts = new Map(node.edges.map(({ input }, i) => [input, told[i]!]));
    const inputs = await readInputs(node, cache, ({ input }) => artifacts.get(input)!);
    const context: StageContext = {
      team,
      seed: node.stage.seeded === true ? seed : 0,
      signal: new AbortController().signal,
      read: async (path, most = Infinity) => (await readSource(prepared, path, most)).bytes,
      scratch(name) {
        const path = join(scratch, "work", name);
        makeFolderOf(path);
        return path;
      },
      // The one that leads keeps them, and tells what is in them.
      checkpoints: {
        load: () => Promise.resolve({ damage: [] }),
        due: () => false,
        save: () => Promise.resolve(undefined),
        addPart: () => Promise.reject(new Error("Cannot keep a part of a checkpoint: this process follows")),
        copyPart: () => Promise.reject(new Error("Cannot copy a part of a checkpoint: this process follows")),
      },
      progress() {},
      fact() {},
      resource: async <T>(name: string) => (await resources.open(name)).handle as T,
    };
    await node.stage.run({ inputs, config: node.config, context });
  } finally {
    release();
    await cache.discard(scratch);
  }
}
