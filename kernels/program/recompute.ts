import type { Dispatch } from "../graph.ts";
import { ALIGNMENT, makeTensor, roundUp, type Tensor } from "../tensor.ts";

/** A tensor that is let go of between two of its uses, and made again before the second. */
interface Gap {
  readonly tensor: Tensor;
  /** Launch that makes it. */
  readonly maker: number;
  /** Last use before it is let go of. */
  readonly from: number;
  /** Use that it is made again for. */
  readonly to: number;
}

/**
 * Makes tensors again instead of keeping them: where a launch of a recomputable kernel has an output that lies idle while the
 * memory is at its busiest, the launch is repeated just before the next use, and the memory in between is free.
 *
 * Greedy: at the busiest moment the largest idle tensor goes first, and stays kept if letting it go makes no moment cheaper;
 * until no tensor helps. A launch is repeated on the same inputs, so no bit of any result changes.
 *
 * @returns The launches in order, with the repeated ones; those given, where nothing helps.
 * @see Chen et al., "Training Deep Nets with Sublinear Memory Cost", https://arxiv.org/abs/1604.06174; normalize and ReLU
 * alone, as here: Rota Bulò et al., "In-Place Activated BatchNorm", CVPR 2018
 */
export function recompute(dispatches: readonly Dispatch[], kept: ReadonlySet<Tensor>): Dispatch[] {
  const chosen = choose(dispatches, kept);
  if (chosen.length === 0) return [...dispatches];
  const before = new Map<number, Gap[]>();
  // In the order of their making: one may be made of another.
  for (const gap of [...chosen].sort((a, b) => a.maker - b.maker)) {
    before.set(gap.to, [...before.get(gap.to) ?? [], gap]);
  }
  const again = new Map<Tensor, Tensor>();
  const current = (tensor: Tensor) => again.get(tensor) ?? tensor;
  return dispatches.flatMap((dispatch, at) => {
    const repeated = (before.get(at) ?? []).map(({ tensor, maker }): Dispatch => {
      const fresh = makeTensor({ ...tensor, label: `${tensor.label} again` });
      const launch = dispatches[maker]!;
      // The inputs as they are now: one of them may have been made again itself.
      const reads = launch.reads.map(current);
      again.set(tensor, fresh);
      return { ...launch, reads, writes: [fresh] };
    });
    const { reads, writes } = dispatch;
    return [...repeated, { ...dispatch, reads: reads.map(current), writes: writes.map(current) }];
  });
}

function choose(dispatches: readonly Dispatch[], kept: ReadonlySet<Tensor>): readonly Gap[] {
  const uses = usesOf(dispatches);
  const changes = new Changes(dispatches);
  const size = (tensor: Tensor) => roundUp(tensor.bytes, ALIGNMENT);
  const alive = new Float64Array(dispatches.length + 1);
  const change = (from: number, to: number, bytes: number) => {
    for (let at = from; at <= to; at++) alive[at]! += bytes;
  };
  const last = (tensor: Tensor) => kept.has(tensor) ? dispatches.length : uses.get(tensor)!.at(-1)!;
  for (const [tensor, [first]] of uses) change(first!, last(tensor), size(tensor));

  const candidates = dispatches.flatMap(({ kernel, writes: [tensor], writes }, maker) =>
    kernel.recomputable && writes.length === 1 && !tensor!.home && !kept.has(tensor!) &&
      changes.count(tensor!) === 1
      ? [{ tensor: tensor!, maker }]
      : []
  ).sort((a, b) => size(b.tensor) - size(a.tensor) || a.maker - b.maker);
  const chosen: Gap[] = [], dropped = new Map<Tensor, Gap>(), refused = new Set<Tensor>();
  let [best] = peak(alive), bestCount = 0;
  for (;;) {
    const [most, busiest] = peak(alive);
    const gap = firstOf(candidates, ({ tensor, maker }): Gap | undefined => {
      if (dropped.has(tensor) || refused.has(tensor)) return undefined;
      const known = uses.get(tensor)!;
      const next = known.findIndex((at) => at > busiest);
      if (next < 1 || known[next - 1]! >= busiest) return undefined;
      const found = { tensor, maker, from: known[next - 1]!, to: known[next]! };
      const { reads } = dispatches[maker]!;
      const stands = reads.every((input) => {
        const hole = dropped.get(input);
        const isAway = hole !== undefined && hole.from < found.to && found.to < hole.to;
        return !isAway && changes.none(input, maker, found.to);
      });
      return stands ? found : undefined;
    });
    if (gap === undefined) break;
    const longer = [...new Set(dispatches[gap.maker]!.reads)].filter((input) =>
      !input.home && last(input) < gap.to
    );
    const apply = (sign: 1 | -1) => {
      change(gap.from + 1, gap.to - 1, -sign * size(gap.tensor));
      for (const input of longer) change(last(input) + 1, gap.to, sign * size(input));
    };
    const here = alive[busiest]!;
    apply(1);
    if (alive[busiest]! >= here || peak(alive)[0] > most) {
      apply(-1);
      refused.add(gap.tensor);
      continue;
    }
    for (const input of new Set(dispatches[gap.maker]!.reads)) {
      if (!input.home) insert(uses.get(input)!, gap.to);
    }
    dropped.set(gap.tensor, gap);
    chosen.push(gap);
    const [now] = peak(alive);
    if (now < best) [best, bestCount] = [now, chosen.length];
  }
  return chosen.slice(0, bestCount);
}

/** Bytes alive at the busiest moment, and the first launch where that is. */
function peak(alive: Float64Array): [bytes: number, at: number] {
  let at = 0;
  for (let i = 1; i < alive.length; i++) if (alive[i]! > alive[at]!) at = i;
  return [alive[at]!, at];
}

/** Launches that touch a tensor of the workspace, ascending. */
function usesOf(dispatches: readonly Dispatch[]): Map<Tensor, number[]> {
  const uses = new Map<Tensor, number[]>();
  dispatches.forEach(({ reads, writes }, at) => {
    for (const tensor of [...reads, ...writes]) {
      if (tensor.home) continue;
      const known = uses.get(tensor);
      if (!known) uses.set(tensor, [at]);
      else if (known.at(-1) !== at) known.push(at);
    }
  });
  return uses;
}

/** When which memory is written. Tensors with a home may overlap: an optimizer writes whole arenas. */
class Changes {
  readonly #workspace = new Map<Tensor, number[]>();
  readonly #homes = new Map<GPUBuffer, { start: number; end: number; at: number }[]>();

  constructor(dispatches: readonly Dispatch[]) {
    dispatches.forEach(({ writes }, at) => {
      for (const tensor of writes) {
        if (!tensor.home) {
          this.#workspace.set(tensor, [...this.#workspace.get(tensor) ?? [], at]);
          continue;
        }
        const { buffer, offset } = tensor.home;
        const known = this.#homes.get(buffer) ?? [];
        this.#homes.set(buffer, known);
        known.push({ start: offset, end: offset + tensor.bytes, at });
      }
    });
  }

  /** How many launches write a tensor of the workspace. */
  count(tensor: Tensor): number {
    return this.#workspace.get(tensor)?.length ?? 0;
  }

  /** Whether no launch after `from` and before `to` writes the tensor's memory. */
  none(tensor: Tensor, from: number, to: number): boolean {
    const within = (at: number) => from < at && at < to;
    if (!tensor.home) return !this.#workspace.get(tensor)?.some(within);
    const { buffer, offset } = tensor.home, end = offset + tensor.bytes;
    return !this.#homes.get(buffer)?.some((written) =>
      within(written.at) && written.start < end && offset < written.end
    );
  }
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function insert(sorted: number[], value: number): void {
  const at = sorted.findIndex((other) => other >= value);
  if (at < 0) sorted.push(value);
  else if (sorted[at] !== value) sorted.splice(at, 0, value);
}
