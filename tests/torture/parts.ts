/** All parts of the torture, in the order they are tried. @module */
import { clock } from "./cache/clock.ts";
import { corrupt } from "./cache/corrupt.ts";
import { disk } from "./training/disk.ts";
import { edited } from "./cache/edited.ts";
import { fenced } from "./cache/fenced.ts";
import { foreign } from "./cache/foreign.ts";
import { fuzz } from "./data/fuzz.ts";
import { kill } from "./training/kill.ts";
import { long } from "./training/long.ts";
import { methods } from "./training/methods.ts";
import { mounts } from "./data/mounts.ts";
import { networked } from "./networked.ts";
import type { TorturePart } from "./part.ts";
import { processes } from "./cache/processes.ts";
import { special } from "./data/special.ts";

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
