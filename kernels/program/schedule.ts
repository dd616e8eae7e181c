import type { Dispatch, Graph } from "../graph.ts";
import { type MemoryPlan, type PlanLimits, planMemory } from "./plan.ts";
import { prune } from "./prune.ts";
import { recompute } from "./recompute.ts";

/** What a program will launch, in order, and where its workspace lies. */
export interface Schedule {
  readonly dispatches: readonly Dispatch[];
  readonly plan: MemoryPlan;
  /** Bytes of the workspace. */
  readonly workspaceBytes: number;
  /** Launches that are repeated so that their outputs need not be kept. */
  readonly repeated: number;
}

/** How a graph is scheduled. */
export interface ScheduleOptions {
  /** Whether outputs are made again where that saves memory (recompute.ts); default false. Results are the same bits. */
  readonly recompute?: boolean;
}

/**
 * Schedules a graph: leaves out what nobody reads, and plans the memory.
 *
 * @throws {KernelError} If a launch reads what none before it has written.
 */
export function schedule(graph: Graph, limits: PlanLimits, options: ScheduleOptions = {}): Schedule {
  const wanted = prune(graph.dispatches, graph.kept);
  const dispatches = options.recompute ? recompute(wanted, graph.kept) : wanted;
  const plan = planMemory(dispatches, graph.kept, limits);
  return {
    dispatches,
    plan,
    workspaceBytes: plan.arenas.reduce((sum, bytes) => sum + bytes, 0),
    repeated: dispatches.length - wanted.length,
  };
}
