/** The pipeline room: declaring stages and pipelines, fingerprints, cache, scheduler. Re-exports only. @module */
export * from "./language/artifact.ts";
export { artifactReader } from "./cache/artifact_store.ts";
export type { Edge, GraphNode, RuntimeRef } from "./language/builder.ts";
export { Cache, type Lookup, type Staged } from "./cache/cache.ts";
export * from "./plan/canonical_json.ts";
export type * from "./checkpoints/checkpoints.ts";
export * from "./bytes.ts";
export { type Code, codeOf } from "./code/code.ts";
export * from "./cache/gc.ts";
export * from "./language/config.ts";
export { toMermaid } from "./plan/dag.ts";
export { toSvg } from "./plan/dag_svg.ts";
export * from "./language/definition.ts";
export { appointDeputy, type Deputy } from "./run/deputy.ts";
export {
  type Behind,
  type Difference,
  differenceLines,
  differences,
  type KeyRecord,
} from "./plan/difference.ts";
export * from "./cache/entry.ts";
export * from "./errors.ts";
export * from "./run/events.ts";
export * from "./language/explain.ts";
export { type FileStamp, Notes } from "./files/files.ts";
export * from "./plan/fingerprint.ts";
export { FolderCheckpoints } from "./checkpoints/folder_checkpoints.ts";
export * from "./language/graph.ts";
export { type Override, parseSet } from "./language/override.ts";
export { nearestConfig } from "./code/project.ts";
export { recipesOf } from "./plan/recipe.ts";
export type { Lease, LeaseOptions, LeaseTiming } from "./locks/leases.ts";
export { loadedCode, outsideCodeComes, outsideCodeFollows } from "./code/loaded_code.ts";
export type { Lock } from "./locks/locks.ts";
export { type Plan, plan, type PlanNode, type PlanOptions, type PlanState } from "./plan/plan.ts";
export * from "./plan/plan_json.ts";
export type { Outputs, Prepared } from "./plan/prepare.ts";
export * from "./cache/pins.ts";
export * from "./remote/pull.ts";
export * from "./language/refs.ts";
export * from "./remote/remote.ts";
export * from "./remote/remote_cache.ts";
export type { OpenResource, ResourceOpeners } from "./run/resources.ts";
export * from "./run/scheduler.ts";
export { endTogether, follow, type FollowOptions, TeamError } from "./run/follow.ts";
export * from "./run/team.ts";
export * from "./language/schema.ts";
export { type DeepPartial, schemaOf } from "./language/schema_of.ts";
export type { SourcesDigest } from "./plan/sources.ts";
export * from "./language/stage.ts";
export * from "./language/suggest.ts";
export { upTo } from "./language/up_to.ts";
export * from "./cache/verify.ts";
export { History, type Reason, reasonOf } from "./plan/why.ts";
