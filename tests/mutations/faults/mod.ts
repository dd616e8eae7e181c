/** The faults of all methods. @module */
import type { Faults } from "../fault.ts";
import { ael } from "./ael.ts";
import { ccvc } from "./ccvc.ts";
import { cps } from "./cps.ts";
import { cutMixSeg } from "./cutmix_seg.ts";
import { deepLabV3Plus } from "./deeplabv3plus.ts";
import { psMt } from "./ps_mt.ts";
import { pseudoSeg } from "./pseudoseg.ts";
import { simpleBaseline } from "./simple_baseline.ts";
import { u2pl } from "./u2pl.ts";
import { unimatch } from "./unimatch.ts";

/** In the order of the table. */
export const allFaults: readonly Faults[] = [
  cps,
  cutMixSeg,
  unimatch,
  ccvc,
  u2pl,
  psMt,
  ael,
  pseudoSeg,
  simpleBaseline,
  deepLabV3Plus,
];
