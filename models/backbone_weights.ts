/** ImageNet weights of a classifier as the start of a backbone: by name, with an account of what did not fit. @module */
import { WeightsError } from "./errors.ts";
import { Registry } from "./registry.ts";
import { type BackboneName, BACKBONES, resnet, stemOf } from "./resnet.ts";
import { compareState, describeDifferences, type HostTensor, type StateDict } from "./state_dict.ts";
import { hostTensor, type StoredTensor } from "./stored_tensor.ts";

/** What became of a file's tensors. */
export interface BackboneReport {
  /** How many tensors of the backbone were found. */
  readonly loaded: number;
  /** Left over as is to be expected: the classifier's last layer `fc`; batch counters are not even listed. */
  readonly classifier: readonly string[];
  /** In words, what else did not fit; empty where all did. */
  readonly differences: readonly string[];
}

/**
 * Takes a backbone's tensors from a file, by name: `conv1.0.weight` or `conv1.weight` … `layer4.2.bn3.running_var`.
 *
 * @param strict Whether anything that is missing, unexpected or of another shape is an error; otherwise it is reported, and
 *   what does not fit keeps its fresh start.
 * @returns The tensors by their names in the backbone.
 * @throws {WeightsError} With the reason alone: `strict` and not all fits, or nothing does.
 */
export function takeBackbone(
  tensors: ReadonlyMap<string, StoredTensor>,
  backbone: BackboneName,
  { strict }: { readonly strict: boolean },
): { state: StateDict; report: BackboneReport } {
  const classifier = [...tensors.keys()].filter((name) => name.startsWith("fc."));
  const candidates = new Map(
    [...tensors].filter(([name]) => !name.startsWith("fc.") && !name.endsWith(".num_batches_tracked")),
  );
  const wanted = backboneTensors(backbone);
  const compared = compareState(candidates, wanted);
  const differences = describeDifferences(compared);
  const unfit = new Set(compared.reshaped.map(({ name }) => name));
  const fitting = wanted.filter(({ name }) => candidates.has(name) && !unfit.has(name));
  if (differences.length > 0 && (strict || fitting.length === 0)) {
    throw new WeightsError(`${whatItIs(tensors, backbone)}: ${differences.join("; ")}`);
  }
  const state: StateDict = new Map<string, HostTensor>(
    fitting.map(({ name }) => [name, hostTensor(candidates.get(name)!)]),
  );
  return { state, report: { loaded: state.size, classifier, differences } };
}

/** Which backbone has these blocks, by their number, kind and width, and this stem, where there is one; undefined where none has. */
export function recognizeBackbone(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  prefix = "",
): BackboneName | undefined {
  return (Object.keys(BACKBONES) as BackboneName[]).find((name) => {
    const { blocks, block, widths } = BACKBONES[name];
    const stem = stemIn(tensors, prefix);
    return (stem === undefined || stem === stemOf(BACKBONES[name])) && blocks.every((count, stage) => {
      const first = (index: number) => tensors.get(`${prefix}layer${stage + 1}.${index}.conv1.weight`)?.shape;
      const [width, , taps] = first(count - 1) ?? [];
      return width === widths[stage] && taps === (block === "basic" ? 3 : 1) && !first(count);
    });
  });
}

function backboneTensors(backbone: BackboneName): { name: string; shape: readonly number[] }[] {
  const registry = new Registry();
  resnet({ registry, prefix: "", group: "backbone" }, BACKBONES[backbone], {
    replaceStride: [false, false, false],
  });
  return [...registry.parameters, ...registry.statistics];
}

/** Says what a file holds that is not the backbone wanted. */
function whatItIs(tensors: ReadonlyMap<string, StoredTensor>, wanted: BackboneName): string {
  const found = recognizeBackbone(tensors);
  const stem = stemIn(tensors), stemWanted = stemOf(BACKBONES[wanted]);
  if (stem !== undefined && stem !== stemWanted) {
    return `it is ${
      found && found !== wanted ? `a ${found}` : "a ResNet"
    } whose stem is ${stem}, and the stem of ${wanted} is ` +
      stemWanted;
  }
  if (found !== undefined && found !== wanted) {
    return `it holds the weights of a ${found}, not of a ${wanted}`;
  }
  const whole = [...tensors.keys()].filter((name) => name.endsWith(".classifier.weight"));
  if (whole.length > 0) return `it holds trained networks ("${whole[0]}"), not a backbone`;
  return `it does not hold the weights of a ${wanted}`;
}

/** The stem that a file has, in the words of {@linkcode stemOf}; undefined where it has none of these. */
function stemIn(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  prefix = "",
): string | undefined {
  const { shape: [, , taps] = [] } = tensors.get(`${prefix}conv1.weight`) ?? {};
  if (taps !== undefined) return `one ${taps}×${taps} convolution`;
  return tensors.has(`${prefix}conv1.6.weight`) ? "three 3×3 convolutions" : undefined;
}
