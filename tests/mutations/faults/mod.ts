/** The faults of all methods. @module */
import type { Faults } from "../fault.ts";
import { cps } from "./cps.ts";
import { simpleBaseline } from "./simple_baseline.ts";

/** In the order of the table. */
export const allFaults: readonly Faults[] = [cps, simpleBaseline];
