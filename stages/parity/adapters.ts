/** The methods whose parity cases can be read. @module */
import type { CaseAdapter } from "./adapter.ts";
import { ccvcCases } from "./methods/ccvc.ts";
import { cpsCases } from "./methods/cps.ts";
import { aelCases } from "./methods/ael.ts";
import { cutMixSegCases } from "./methods/cutmix_seg.ts";
import { pseudoSegCases } from "./methods/pseudoseg.ts";
import { u2plCases } from "./methods/u2pl.ts";
import { deepLabV3PlusCases } from "./methods/deeplabv3plus.ts";
import { psMtCases } from "./methods/ps_mt.ts";
import { simpleBaselineCases } from "./methods/simple_baseline.ts";
import { unimatchCases } from "./methods/unimatch.ts";

/** By what a case's `method` says; one without is CCVC's. */
export function adapterOf(method: unknown): CaseAdapter | undefined {
  return adapters.find((adapter) => adapter.method === (method ?? ccvcCases.method));
}

// Each is only ever given settings that its own schema has read.
const adapters = [
  ccvcCases,
  cpsCases,
  unimatchCases,
  cutMixSegCases,
  aelCases,
  pseudoSegCases,
  u2plCases,
  deepLabV3PlusCases,
  psMtCases,
  simpleBaselineCases,
] as unknown as readonly CaseAdapter[];

/** Names of the methods. */
export const caseMethods: readonly string[] = adapters.map(({ method }) => method);
