/** All parts of the torture, in the order they are tried. @module */
import { clock } from "./clock.ts";
import { corrupt } from "./corrupt.ts";
import { disk } from "./disk.ts";
import { edited } from "./edited.ts";
import { fenced } from "./fenced.ts";
import { foreign } from "./foreign.ts";
import { fuzz } from "./fuzz.ts";
import { kill } from "./kill.ts";
import { long } from "./long.ts";
import { methods } from "./methods.ts";
import { mounts } from "./mounts.ts";
import { networked } from "./networked.ts";
import type { TorturePart } from "./part.ts";
import { processes } from "./processes.ts";
import { special } from "./special.ts";

/** All parts. */
export const parts: readonly TorturePart[] = [
  kill,
  methods,
  disk,
  fuzz,
  corrupt,
  processes,
  special,
  foreign,
  clock,
  fenced,
  edited,
  mounts,
  long,
  ...networked,
];
