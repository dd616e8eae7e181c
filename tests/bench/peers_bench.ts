/**
 * Crossview beside jax-js, TensorFlow.js and, where installed, PyTorch: the same work from the same numbers, in one run, by turns.
 *
 *     deno task bench peers [--only convolution,small,ccvc] [--backbone NAME] [--crop N] [--batch N] [--rounds N] [--json]
 */
import { holdContest, standings, type WorkSpec } from "./contest/contest.ts";
import { ccvcGigaflop } from "./kernels/convolution_shapes.ts";
import { contestTables } from "./contest/contest_tables.ts";
import { orExit } from "./options.ts";
import { entries } from "./contest/entries.ts";
import { readPeersOptions, type WorkName } from "./peers_options.ts";
import { figure, heading, openBench } from "./report.ts";
import { convolutionGigaflop, convolutionWork, smallStepGigaflop, smallStepWork } from "./contest/works.ts";

const { works: wanted, ccvc, rounds, json } = orExit(() => readPeersOptions(Deno.args));
const { device, surroundings } = await openBench();
device.close();
const rivals = await entries();
const all = rivals.map(({ name }) => name);
const specs = {
  convolution: () => ({
    name: "convolution",
    title: "3×3 convolution, 64 → 64 on 64×64, forward and both gradients",
    spec: convolutionWork,
    gigaflop: convolutionGigaflop(convolutionWork),
    counted: "padding among it",
    entries: all,
  }),
  small: () => ({
    name: "smallStep",
    title: "the small training step",
    spec: smallStepWork,
    gigaflop: smallStepGigaflop(smallStepWork),
    counted: "padding and a gradient by the image among it",
    entries: all,
  }),
  ccvc: () => {
    const { useful, counted } = ccvcGigaflop(ccvc);
    return {
      name: "ccvc",
      title:
        `CCVC step, ${ccvc.backbone}, crop ${ccvc.crop}, ${ccvc.batch} + ${ccvc.batch} images, weak views`,
      spec: ccvc,
      gigaflop: useful,
      counted: `${figure(counted)} with padding`,
      // The others have no step of this kind.
      entries: all.filter((name) => name === "Crossview" || name.startsWith("PyTorch")),
    };
  },
} satisfies Record<WorkName, () => WorkSpec>;
if (!json) console.log(`## Peers\n\n${heading(surroundings)}`);
const say = (line: string) => console.error(line);
const result = await holdContest(rivals, wanted.map((name) => specs[name]()), rounds, say);
if (json) {
  const works = result.works.map((work) => ({ ...work, standings: standings(work) }));
  console.log(JSON.stringify({ surroundings, rounds, works, absences: result.absences }));
} else console.log(`\n${contestTables(result, rounds)}`);
if (result.absences.some(({ name }) => name === "Crossview")) Deno.exit(1);
