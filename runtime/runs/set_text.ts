/** Settings as they are typed. @module */
import { type Graph, isLocation, leaves, type Override } from "../../pipeline/mod.ts";

/** A `--set` as it would be typed from anywhere: with whole paths. */
export function setText({ nodes }: Graph, { stage, path, text, folder }: Override): string {
  const { config, stage: { config: schema } } = nodes.find(({ id }) => id === stage)!;
  const set = folder === undefined || !isLocation(schema, path)
    ? text
    : leaves(config).find(({ path: at }) => at.join("\n") === path.join("\n"))?.value ?? text;
  return `${[stage, ...path].join(".")}=${set}`;
}
