/** What a pickle's instructions work on: a stack, and values kept for later; both within bounds. @module */
import { WeightsError } from "../errors.ts";
import { Tuple, type Value } from "./values.ts";

/** Lists, tuples, dictionaries and objects of one pickle at most. */
const MOST_CONTAINERS = 500_000;
/** Dictionaries, of those. */
const MOST_DICTIONARIES = 100_000;
/** Values of one pickle kept for later at most; picklers number them from 0 on. */
const MOST_KEPT = 500_000;

/** A place on the stack that later instructions go back to. */
const MARK = Symbol("mark");

/** The stack of one pickle. Its methods throw a {@linkcode WeightsError} where the pickle is damaged or makes too much. */
export class Stack {
  readonly #values: (Value | typeof MARK)[] = [];
  readonly #kept = new Map<number, Value>();
  #containers = 0;
  #dictionaries = 0;

  /** Puts a value on top. */
  push(value: Value): void {
    this.#values.push(value);
  }

  /** Puts a mark on top. */
  pushMark(): void {
    this.#values.push(MARK);
  }

  /** Takes a value or a mark off. */
  drop(): void {
    this.#values.pop();
  }

  /** The value on top. */
  top(): Value {
    const value = this.#values.at(-1);
    if (value === undefined || value === MARK) throw damaged("an instruction that lacks its operand");
    return value;
  }

  /** Takes a value off. */
  pop(): Value {
    const value = this.top();
    this.#values.pop();
    return value;
  }

  /** Takes some values off, in the order they were put there. */
  popSome(count: number): Value[] {
    const values: Value[] = [];
    for (let i = 0; i < count; i++) values.unshift(this.pop());
    return values;
  }

  /** Takes the values above the topmost mark off, and the mark. */
  popMark(): Value[] {
    const at = this.#values.lastIndexOf(MARK);
    if (at < 0) throw damaged("an instruction that lacks its mark");
    return this.#values.splice(at).slice(1) as Value[];
  }

  /** Counts work that an instruction of a few bytes does on `count` values. */
  charge(count: number): void {
    this.#containers += count;
    if (this.#containers > MOST_CONTAINERS) {
      throw new WeightsError(`its pickle makes more than ${MOST_CONTAINERS} objects: more than weights need`);
    }
  }

  /** Puts a new object on top. */
  pushNew(value: Value): void {
    this.charge(1);
    if (value instanceof Map && ++this.#dictionaries > MOST_DICTIONARIES) {
      throw new WeightsError(
        `its pickle makes more than ${MOST_DICTIONARIES} dictionaries: more than weights need`,
      );
    }
    this.push(value);
  }

  /** Puts a new tuple on top. */
  pushTuple(items: readonly Value[]): void {
    this.pushNew(new Tuple(items));
  }

  /** Keeps the value on top by a number, or by the next one. */
  keep(index: number = this.#kept.size): void {
    if (!(index < MOST_KEPT)) {
      throw new WeightsError(
        `its pickle keeps a value as number ${index}; ${MOST_KEPT} is the most that are kept`,
      );
    }
    this.#kept.set(index, this.top());
  }

  /** Puts a kept value on top. */
  recall(index: number): void {
    const value = this.#kept.get(index);
    if (value === undefined) throw damaged(`a reference to ${index}, which nothing was kept as`);
    this.push(value);
  }
}

/** Says what is wrong with a pickle. */
export function damaged(what: string): WeightsError {
  return new WeightsError(`its pickle is damaged: it has ${what}`);
}
