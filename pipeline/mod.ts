/** The pipeline room: declaring stages and pipelines, fingerprints, cache, scheduler. Re-exports only. @module */
export * from "./artifact.ts";
export * from "./builder.ts";
export * from "./canonical_json.ts";
export * from "./config.ts";
export * from "./definition.ts";
export * from "./errors.ts";
export * from "./graph.ts";
export * from "./refs.ts";
export * from "./schema.ts";
export * from "./stage.ts";
export * from "./suggest.ts";
