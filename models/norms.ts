/** How the batch norms of a network compute, and how many copies of them it has. @module */

/** Settings of batch norms; what is left out is as PyTorch has it. */
export interface NormSettings {
  /** What keeps a deviation from being 0, above 0: √(variance + epsilon). 1e-5 unless told. */
  readonly epsilon?: number;
  /** Share of a batch in the new running statistics, in [0, 1]; 0.1 unless told. */
  readonly momentum?: number;
  /** Whether in training the deviation is √max(variance, epsilon) instead; evaluation adds epsilon all the same. */
  readonly clampsVariance?: boolean;
}

/** The batch norms of a network. */
export interface NetworkNorms {
  /** Those of the backbone. */
  readonly backbone?: NormSettings;
  /** All others. */
  readonly head?: NormSettings;
  /**
   * Each norm has two copies of all that it learns and remembers: `<norm>.…`, which evaluation uses, and `<norm>.aux.…`, which
   * starts as the first. A training pass goes through the copy of the domain that it is named after, the first or the second.
   */
  readonly domains?: readonly [evaluated: string, other: string];
}

/** Settings as a norm computes with them. */
export function normSettings(
  { epsilon = 1e-5, momentum = 0.1, clampsVariance = false }: NormSettings = {},
): Required<NormSettings> {
  return { epsilon, momentum, clampsVariance };
}

/** What of a network's norms no norm can have, in words; undefined where there is nothing. */
export function normMistake({ backbone, head, domains }: NetworkNorms): string | undefined {
  for (const [part, settings] of Object.entries({ backbone, head })) {
    const { epsilon, momentum } = normSettings(settings);
    if (!(epsilon > 0 && epsilon < Infinity)) {
      return `epsilon of the norms of its ${part} is ${epsilon}; it must be a number above 0`;
    }
    if (!(momentum >= 0 && momentum <= 1)) {
      return `momentum of the norms of its ${part} is ${momentum}; it must lie in [0, 1]`;
    }
  }
  if (domains === undefined || (domains.length === 2 && domains[0] !== domains[1])) return undefined;
  return `its norms are of the domains ${domains.join(", ")}; there must be two, of different names`;
}

/** Epsilons that evaluation adds instead of PyTorch's, in words: what a file without a description loses. */
export function unusualEpsilons(
  networks: Readonly<Record<string, { readonly norms?: NetworkNorms }>>,
): string[] {
  const usual = normSettings().epsilon;
  return Object.entries(networks).flatMap(([name, { norms }]) =>
    (["backbone", "head"] as const).flatMap((part) => {
      const { epsilon } = normSettings(norms?.[part]);
      return epsilon === usual ? [] : [`${epsilon} in the ${part} of ${name}`];
    })
  );
}
