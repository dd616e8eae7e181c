/** The file that backbones start from, as a source of a training: found, read, and held against the backbone. @module */
import { type BackboneReport, takeBackbone } from "../../models/backbone_weights.ts";
import { WeightsError } from "../../models/errors.ts";
import { type BackboneName, BACKBONES, stemOf } from "../../models/resnet.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { type SourceFile, type StageContext, UserError } from "../../pipeline/mod.ts";
import { FileReadError, fileSize } from "../../pipeline/files/read_file.ts";
import { maximumWeightsBytes, readWeightsFile } from "./weights_source.ts";

/** What stands for no file: backbones start from random weights. */
export const NO_PRETRAINED = "none";

/** The settings that say which file. */
export interface PretrainedConfig {
  readonly backbone: BackboneName;
  /** Path, or {@linkcode NO_PRETRAINED}. */
  readonly pretrained: string;
  /** Whether all of it must fit. */
  readonly pretrainedStrict: boolean;
}

/** The file of pretrained weights cannot be used. */
export class PretrainedError extends UserError {
  /** Class name, for logs. */
  override readonly name = "PretrainedError";
}

/**
 * The file, as a source: its content is part of the training's key.
 *
 * @throws {PretrainedError} If it is not there, or no file that can be read.
 */
export function pretrainedSources({ backbone, pretrained }: PretrainedConfig): SourceFile[] {
  if (pretrained === NO_PRETRAINED) return [];
  try {
    fileSize(pretrained, maximumWeightsBytes);
    return [{ name: "pretrained", path: pretrained }];
  } catch (error) {
    if (error instanceof FileReadError) throw unreadable(error);
    throw error;
  }

  function unreadable({ reason }: FileReadError): PretrainedError {
    return new PretrainedError(
      `Cannot start from "${pretrained}" (co-train.pretrained): ${reason}. Put ${
        wanted(backbone)
      } there, name another file, ` +
        `or start from random weights: --set co-train.pretrained=${NO_PRETRAINED}`,
    );
  }
}

/**
 * Reads the file, and gives each backbone what it holds.
 *
 * @param networks Names of the networks.
 * @param read Gives a file's bytes: in a stage, {@linkcode StageContext.read}.
 * @throws {PretrainedError} If it cannot be read, or does not fit the backbone.
 */
export async function readPretrained(
  { backbone, pretrained, pretrainedStrict }: PretrainedConfig,
  networks: readonly string[],
  read?: StageContext["read"],
): Promise<{ state: StateDict; report: BackboneReport } | undefined> {
  if (pretrained === NO_PRETRAINED) return undefined;
  try {
    const { tensors } = await readWeightsFile(pretrained, read ? { read } : {});
    const { state, report } = takeBackbone(tensors, backbone, { strict: pretrainedStrict });
    const each = networks.flatMap((network) =>
      [...state].map(([name, tensor]) => [`${network}.backbone.${name}`, tensor] as const)
    );
    return { state: new Map(each), report };
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    throw new PretrainedError(
      `Cannot start from "${pretrained}" (co-train.pretrained): ${error.message}. Name ${
        wanted(backbone)
      }, or another ` +
        "co-train.backbone; to take only what fits: --set co-train.pretrainedStrict=false",
      { cause: error },
    );
  }
}

function wanted(backbone: BackboneName): string {
  return `ImageNet weights of a ${backbone} with a stem of ${stemOf(BACKBONES[backbone])}`;
}
