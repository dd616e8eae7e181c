/** Where CCVC's paper and code differ: what each of the two sets, and how that is known. @module */
import type { PresetChoice, PresetValues } from "./options.ts";

/** A value, and how it is known. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

type Rules = { readonly [K in keyof PresetValues]: (choice: PresetChoice) => Sourced<PresetValues[K]> };

const sourced = <T>(value: T, source: string): Sourced<T> => ({ value, source });

const publishedCode: Rules = {
  threshold: () => sourced(0.9, "both README commands, CCVC §3.7"),
  confidence: ({ mode }) =>
    mode === "normal"
      ? sourced("probability", "code: the one mode that takes the softmax, CCVC §2.2")
      : sourced("logit", "code: the largest raw logit, whatever the text says, CCVC §8.1.1"),
  conflictWeight({ augmentation, mode }) {
    if (augmentation === "weak") return sourced(2, "default of the script without strong views, CCVC §5");
    return mode === "vote" || mode === "vote_soft"
      ? sourced(1.5, "hard-coded in the script with strong views, CCVC §2.2")
      : sourced(1.5, "default of the script with strong views, CCVC §5");
  },
  unconfidentWeight: ({ augmentation }) =>
    augmentation === "weak"
      ? sourced(0.75, "default of the script without strong views, CCVC §5")
      : sourced(0.5, "hard-coded in the script with strong views, CCVC §2.2"),
  mixWeights: ({ mode }) =>
    mode === "normal" || mode === "soft"
      ? sourced(true, "code: this mode looks at mixed logits, CCVC §2.2")
      : sourced(false, "code: labels are mixed, the conflicts are those of the un-mixed images, CCVC §8.1.2"),
  rawWeights: ({ mode }) =>
    mode === "vote_soft"
      ? sourced("labeling", "code: the weights of another pass than the labels, CCVC §8.1.3")
      : sourced("own", "code, CCVC §2.2"),
  supervisedWeight: () => sourced(5, "both README commands, CCVC §3.7"),
  consistencyWeight: () => sourced(2, "both README commands, CCVC §3.7"),
  discrepancyWeight: () => sourced(1, "both README commands, CCVC §3.7"),
};

/** A value that the paper may have, but that could not be read there. */
function unverified<K extends keyof PresetValues>(name: K): Rules[K] {
  const rule = publishedCode[name] as (choice: PresetChoice) => Sourced<PresetValues[K]>;
  return ((choice) => {
    const { value, source } = rule(choice);
    return sourced(value, `the paper's value is not verified; ${source}`);
  }) as Rules[K];
}

const paper: Rules = {
  threshold: unverified("threshold"),
  confidence: () =>
    sourced("probability", "text, and the authors on their code's issue 4, CCVC §8.1.1, §8.3"),
  conflictWeight: unverified("conflictWeight"),
  unconfidentWeight: unverified("unconfidentWeight"),
  mixWeights: () => sourced(true, "as described: a pixel's weight belongs to its label, CCVC §8.1.2"),
  rawWeights: () => sourced("own", "as described: labels and weights are of one pass, CCVC §8.1.3"),
  supervisedWeight: unverified("supervisedWeight"),
  consistencyWeight: unverified("consistencyWeight"),
  discrepancyWeight: unverified("discrepancyWeight"),
};

/** The value that a preset gives a leaf, and how it is known. */
export function presetValue<K extends keyof PresetValues>(
  name: K,
  choice: PresetChoice,
): Sourced<PresetValues[K]> {
  const rules = choice.as === "paper" ? paper : publishedCode;
  return rules[name](choice) as Sourced<PresetValues[K]>;
}

/** All values of a preset. */
export function presetValues(choice: PresetChoice): PresetValues {
  const names = Object.keys(publishedCode) as (keyof PresetValues)[];
  return Object.fromEntries(
    names.map((name) => [name, presetValue(name, choice).value]),
  ) as PresetValues;
}
