/** All parts of the torture, in the order they are tried. @module */
import { kill } from "./kill.ts";
import type { TorturePart } from "./part.ts";

/** All parts. */
export const parts: readonly TorturePart[] = [kill];
