/** The faults of all methods. @module */
import type { Faults } from "../fault.ts";
import { cps } from "./cps.ts";

/** In the order of the table. */
export const allFaults: readonly Faults[] = [cps];
