/** Holds what a case's last step has left against what is recorded of it. @module */
import { networkOf } from "../../models/registry.ts";
import type { StateDict } from "../../models/state_dict.ts";
import type { ParityCase, Table } from "./case.ts";
import type { Comparison } from "./compare_step.ts";
import { spreadOf, strayNamed, strayOf } from "./deviation.ts";
import { median, norm, ofLargest, percentile, type Quantity, quantity, relative } from "./quantity.ts";
import { sampledValues } from "./recorded.ts";
import type { CaseRun, EndState } from "./run.ts";
import { tableKind } from "./tables.ts";

/** Multiples of what PyTorch strayed by. */
const STRAYS = 5, NORM_STRAYS = 3;
/** What a parameter that is recorded as it is may be off by: the last digits of single precision, and a step of the average. */
const PARAMETERS = 1e-5;

/** Whether a quantity is of the end. */
export function isOfEnd({ kind, name }: Quantity): boolean {
  return kind === "evaluation logits" || kind === "running statistics" || kind === "parameters" ||
    kind === "parameter changes" || kind === "update norms" || kind === "update norm" ||
    name.startsWith(MOVES);
}

const MOVES = "num_batches_tracked";

/** Logits in evaluation mode, running statistics, and how far the parameters went. */
export async function compareEnd(comparison: Comparison, run: CaseRun): Promise<Quantity[]> {
  const { parity, setup: { floors, unread = {} } } = comparison;
  const { float64: { arrays, tables }, float32_deviation: dev } = parity;
  const logits = Object.entries(await run.evaluate()).map(([name, values]) => {
    const tolerance = Math.max(floors.evaluation, STRAYS * strayOf(dev, name, "eval_logits"));
    return quantity(name, "evaluation logits", ofLargest(values, arrays[name]!), tolerance);
  });
  const read = Object.entries(tables).filter(([name]) => unread[name] === undefined);
  if (read.length === 0) return logits;
  const end = await run.end();
  return [...logits, ...read.flatMap(([name, table]) => compareTable(comparison, name, table, end))];
}

function compareTable(
  { parity, setup: { floors } }: Comparison,
  name: string,
  table: Table,
  { start, now, moves }: EndState,
): Quantity[] {
  const { case: { salt }, float32_deviation: dev } = parity;
  const entries = (tensor: string, count: number) =>
    sampledValues(salt, tensor, now.get(tensor)!.values, count);
  switch (tableKind(name)) {
    case "changes":
      return compareChanges(parity, table, start, now);
    case "updates":
      return compareUpdates(parity, floors, table, start, now);
    case "statistics":
      return Object.entries(table).map(([tensor, values]) => {
        const wanted = [values].flat(), stray = strayOfStatistics(parity, name, tensor);
        const error = ofLargest(entries(tensor, wanted.length), wanted);
        return quantity(tensor, "running statistics", error, Math.max(floors.statistics, STRAYS * stray));
      });
    case "sums":
      return Object.entries(table).flatMap(([tensor, values]) => {
        const [sum, ...wanted] = [values].flat() as [number, ...number[]];
        const { values: all } = now.get(tensor)!, stray = strayOfStatistics(parity, name, tensor);
        const tolerance = Math.max(floors.statistics, STRAYS * stray);
        // A sum of both signs is small beside what it is of.
        const size = all.reduce((total, value) => total + Math.abs(value), 0);
        const error = Math.abs(all.reduce((total, value) => total + value, 0) - sum!) / size;
        return [
          quantity(`${tensor} sum`, "running statistics", error, tolerance),
          quantity(
            tensor,
            "running statistics",
            ofLargest(entries(tensor, wanted.length), wanted),
            tolerance,
          ),
        ];
      });
    case "parameters":
      return Object.entries(table).map(([tensor, values]) => {
        const wanted = [values].flat(), found = entries(tensor, wanted.length);
        const error = Math.max(...wanted.map((value, k) => Math.abs(found[k]! - value)));
        return quantity(
          tensor,
          "parameters",
          error,
          Math.max(PARAMETERS, STRAYS * strayNamed(dev, `${name}_max_abs`)),
        );
      });
    case "counts":
      return Object.entries(table).map(([network, values]) => {
        const { stem, fuse } = moves.get(network) ?? { stem: 0, fuse: 0 };
        const wanted = [values].flat(), found = [stem, fuse].slice(0, wanted.length);
        const error = Math.max(...wanted.map((value, k) => Math.abs(found[k]! - value)));
        return quantity(`${MOVES} ${network}`, "count", error, 0);
      });
  }
  return [];
}

function strayOfStatistics({ float32_deviation: dev }: ParityCase, table: string, tensor: string): number {
  return Math.max(
    spreadOf(dev, `${table}_rel:${networkOf(tensor)}`).max,
    strayNamed(dev, `${table}_max_rel`),
  );
}

/** By network: single tensors are at the limit of single precision, where a change is the last digit of a weight. */
function compareChanges(
  { case: { salt }, float32_deviation: dev }: ParityCase,
  wanted: Table,
  start: StateDict,
  now: StateDict,
) {
  const kind = "parameter changes";
  return [...new Set(Object.keys(wanted).map(networkOf))].flatMap((network) => {
    const { median: typical, p95 } = spreadOf(dev, `param_delta_rel:${network}`);
    const errors = Object.entries(wanted).filter(([name]) => networkOf(name) === network)
      .map(([name, values]) => {
        const [before, after] = [start, now].map((state) =>
          sampledValues(salt, name, state.get(name)!.values, 4)
        );
        return ofLargest(after!.map((value, k) => value - before![k]!), [values].flat());
      });
    return [
      quantity(`${network}, median of all`, kind, median(errors), Math.max(1e-2, STRAYS * typical)),
      quantity(`${network}, 95 % of all`, kind, percentile(errors, 0.95), Math.max(5e-2, NORM_STRAYS * p95)),
    ];
  });
}

/** A parameter that is not to move must not move at all. */
function compareUpdates(
  { float32_deviation: dev }: ParityCase,
  floors: Comparison["setup"]["floors"],
  wanted: Table,
  start: StateDict,
  now: StateDict,
): Quantity[] {
  const bound = Math.max(floors.update, NORM_STRAYS * strayNamed(dev, "update_norm_max_rel"));
  const all = Object.entries(wanted).map(([name, values]) => {
    const [expected] = [values].flat() as [number], before = start.get(name)!.values;
    const found = norm(now.get(name)!.values.map((value, i) => value - before[i]!));
    if (expected === 0) return quantity(name, "update norm", found, 0, { expected, found });
    return quantity(name, "update norm", relative(found, expected), bound, { expected, found });
  });
  const moving = all.filter(({ expected }) => expected !== 0).map(({ error }) => error);
  const typical = Math.max(floors.updates, NORM_STRAYS * strayNamed(dev, "update_norm_median_rel"));
  return [quantity("median of all", "update norms", median(moving), typical), ...all];
}
