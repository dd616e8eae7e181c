/** All parts of the torture, in the order they are tried. @module */
import { corrupt } from "./corrupt.ts";
import { disk } from "./disk.ts";
import { fuzz } from "./fuzz.ts";
import { kill } from "./kill.ts";
import { networked } from "./networked.ts";
import type { TorturePart } from "./part.ts";
import { processes } from "./processes.ts";

/** All parts. */
export const parts: readonly TorturePart[] = [kill, disk, fuzz, corrupt, processes, ...networked];
