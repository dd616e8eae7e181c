/** The original's YAML configs: read strictly, held to what its scripts could train on. CCVC §5. @module */
import { isAlias, isMap, isNode, parseAllDocuments, visit } from "yaml";
import { ConfigError } from "../../mod.ts";

/** What the original reads of a config. */
export interface OriginalConfig {
  readonly dataset: "pascal" | "cityscapes";
  /** Folder of the data set, as written. */
  readonly dataRoot: string;
  /** Output stride of the last features: what stands for the two ResNet keys and the dilations. */
  readonly outputStride: 8 | 16;
  /** Of the criterion, which only OHEM reads. */
  readonly ohem?: { readonly threshold: number; readonly minKept: number };
  /** Keys that the original never reads. */
  readonly unread: readonly string[];
}

/** Longest config, bytes; the published ones have a few hundred. */
export const longestConfig = 65536;

/** Classes of each data set. */
const classes = { pascal: 21, cityscapes: 19 } as const;

/** The two networks that the original's configs describe. */
const networks = [
  {
    outputStride: 16,
    multi_grid: false,
    replace_stride_with_dilation: [false, false, true],
    dilations: [6, 12, 18],
  },
  {
    outputStride: 8,
    multi_grid: true,
    replace_stride_with_dilation: [false, true, true],
    dilations: [12, 24, 36],
  },
] as const;

const networkKeys = ["multi_grid", "replace_stride_with_dilation", "dilations"] as const;
const readKeys: readonly string[] = ["dataset", "nclass", "data_root", ...networkKeys];

/**
 * Reads a config of the original.
 *
 * @param text The file's text.
 * @param path Its name, for messages.
 * @throws {ConfigError} If it is no plain YAML mapping, or describes what the original could not train, or what is not
 *   built here.
 */
export function readConfigFile(text: string, path: string): OriginalConfig {
  const refuse = (reason: string) => new ConfigError(`Cannot use the config "${path}": ${reason}.`);
  const config = parseMapping(text, refuse);
  const { dataset } = config;
  if (dataset === "coco") {
    throw refuse(
      "COCO could not run in the original either: its config lacks multi_grid and replace_stride_with_dilation, which the " +
        "network asks for, and there are no COCO lists; use pascal.yaml or cityscapes.yaml",
    );
  }
  if (dataset !== "pascal" && dataset !== "cityscapes") {
    throw refuse(`dataset is ${shown(dataset)}; the original knows pascal and cityscapes`);
  }
  const missing = readKeys.filter((key) => !Object.hasOwn(config, key));
  if (missing.length > 0) {
    throw refuse(
      `the original stops, as it lacks ${missing.join(", ")}; add ${missing.length === 1 ? "it" : "them"}`,
    );
  }
  if (config.nclass !== classes[dataset]) {
    throw refuse(
      `nclass is ${shown(config.nclass)}, and ${dataset} has ${
        classes[dataset]
      }: with fewer outputs than classes the ` +
        `original's loss fails, and with more its score counts classes that no image has; write nclass: ${
          classes[dataset]
        }`,
    );
  }
  if (typeof config.data_root !== "string" || config.data_root === "") {
    throw refuse(`data_root is ${shown(config.data_root)}; it must be the path of the data set's folder`);
  }
  const network = networks.find((network) =>
    networkKeys.every((key) => JSON.stringify(config[key]) === JSON.stringify(network[key]))
  );
  if (network === undefined) {
    const given = networkKeys.map((key) => `${key}: ${shown(config[key])}`).join(", ");
    const known = networks.map((network) =>
      networkKeys.map((key) => `${key}: ${shown(network[key])}`).join(", ")
    );
    throw refuse(`there is no network with ${given}; there are ${known.join(", and ")}`);
  }
  const { ohem, unread } = readCriterion(config.criterion, refuse);
  const others = Object.keys(config).filter((key) => !readKeys.includes(key) && key !== "criterion");
  return {
    dataset,
    dataRoot: config.data_root,
    outputStride: network.outputStride,
    ...(ohem === undefined ? {} : { ohem }),
    unread: [...others, ...unread],
  };
}

type Refuse = (reason: string) => ConfigError;

function parseMapping(text: string, refuse: Refuse): Record<string, unknown> {
  if (new TextEncoder().encode(text).length > longestConfig) {
    throw refuse(`it has more than ${longestConfig} bytes, which no config of the original has`);
  }
  try {
    // PyYAML, which the original reads with, speaks YAML 1.1. Of two equal keys it silently takes the last one.
    const documents = parseAllDocuments(text, { version: "1.1", uniqueKeys: true, logLevel: "silent" });
    const [document] = documents;
    if (!("length" in documents) || document === undefined || documents.length !== 1) {
      throw refuse("it must hold one YAML document");
    }
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) {
      // What overflows the parser's stack comes back as an error of the document.
      if (/call stack/i.test(error.message)) throw new RangeError(error.message);
      throw refuse(`it is no plain YAML: ${error.message.split("\n")[0]!.replace(/[.:]$/, "")}`);
    }
    visit(document, (_, node) => {
      if (isAlias(node) || (isNode(node) && "anchor" in node && node.anchor !== undefined)) {
        throw refuse("it holds an anchor or an alias; write the value out");
      }
      if (isNode(node) && node.tag !== undefined && !isDefaultTag(node.tag)) {
        throw refuse(`it holds the tag ${node.tag}; write a plain value`);
      }
    });
    if (!isMap(document.contents)) throw refuse('it must be a mapping, "key: value" a line');
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    // Anything but a stack that overflows is a defect, and not the file's.
    if (!(error instanceof RangeError)) throw error;
    throw refuse("it cannot be read: it is nested too deeply");
  }
}

/** Tags that a plain value resolves to. */
function isDefaultTag(tag: string): boolean {
  return /^tag:yaml\.org,2002:(map|seq|str|int|float|bool|null)$/.test(tag);
}

function readCriterion(value: unknown, refuse: Refuse): Pick<OriginalConfig, "ohem" | "unread"> {
  if (value === undefined || value === null) return { unread: [] };
  if (typeof value !== "object" || Array.isArray(value)) {
    throw refuse(`criterion is ${shown(value)}; it must be a mapping`);
  }
  const { kwargs, ...others } = value as Record<string, unknown>;
  const unread = Object.keys(others).map((key) => `criterion.${key}`);
  if (kwargs === undefined) return { unread };
  if (typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs)) {
    throw refuse(`criterion.kwargs is ${shown(kwargs)}; it must be a mapping`);
  }
  const { ignore_index = 255, thresh = 0.7, min_kept = 100000, ...rest } = kwargs as Record<string, unknown>;
  const [other] = Object.keys(rest);
  if (other !== undefined) throw refuse(`criterion.kwargs.${other} is not built here; leave it out`);
  if (ignore_index !== 255) {
    throw refuse(`criterion.kwargs.ignore_index is ${shown(ignore_index)}; it must be 255`);
  }
  if (typeof thresh !== "number" || !(thresh > 0 && thresh <= 1) || !isWhole(min_kept)) {
    throw refuse(
      `criterion.kwargs.thresh must be a number above 0 and up to 1, and min_kept a whole number from 0; they are ${
        shown(thresh)
      } and ${shown(min_kept)}`,
    );
  }
  return { ohem: { threshold: thresh, minKept: min_kept }, unread };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "absent").slice(0, 80);
}
