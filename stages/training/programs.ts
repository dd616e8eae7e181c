/** The phases of a captured training as programs of a device. @module */
import type { Device } from "../../kernels/device.ts";
import { compile, type Program } from "../../kernels/program/program.ts";
import type { CapturedPhase, CapturedProgram, CapturedTraining } from "./capture.ts";
import type { Noted } from "./step_program.ts";

/** One of the programs that a step runs, one after another. */
export interface CompiledProgram {
  readonly program: Program;
  /** When a step runs it. */
  readonly per: CapturedProgram["per"];
}

/** A kind of step. */
export interface CompiledPhase extends Noted {
  readonly programs: readonly [CompiledProgram, ...CompiledProgram[]];
}

/** The kinds of steps; they take turns in one workspace. */
export type CompiledPhases = Readonly<Record<"method", CompiledPhase> & { "warm-up"?: CompiledPhase }>;

/** How they are compiled. */
export interface PhaseOptions {
  /** Whether outputs of norms are computed again instead of being kept. */
  readonly recompute: boolean;
  /** Called while pipelines are compiled. */
  readonly onCompile?: ((done: number, total: number) => void) | undefined;
}

/** Compiles the steps of the method, and those of the warm-up into their workspace. */
export function compilePhases(
  device: Device,
  phases: CapturedTraining["phases"],
  { recompute, onCompile }: PhaseOptions,
): CompiledPhases {
  const open = (
    { programs: [first, ...others], terms, shares }: CapturedPhase,
    lender?: Program,
  ): CompiledPhase => {
    const compiled = ({ graph, per }: CapturedProgram, lender?: Program): CompiledProgram => ({
      program: compile(device, graph, onCompile, { recompute, lender }),
      per,
    });
    const opened = compiled(first, lender), shared = lender ?? opened.program;
    return { programs: [opened, ...others.map((other) => compiled(other, shared))], terms, shares };
  };
  const method = open(phases.method), warmUp = phases["warm-up"];
  return { method, ...(warmUp && { "warm-up": open(warmUp, method.programs[0].program) }) };
}
