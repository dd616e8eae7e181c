/** The faults of all methods. @module */
import type { Faults } from "../fault.ts";
import { cps } from "./cps.ts";
import { deepLabV3Plus } from "./deeplabv3plus.ts";

/** In the order of the table. */
export const allFaults: readonly Faults[] = [cps, deepLabV3Plus];
