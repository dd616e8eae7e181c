/** Pickles, interpreted as data: every opcode is known, every global is on a list, and nothing is ever called. @module */
import { WeightsError } from "../errors.ts";
import { type Cursor, utf8 } from "./cursor.ts";
import { build, construct, findGlobal } from "./globals.ts";
import { damaged, Stack } from "./stack.ts";
import { Global, Opaque, Tuple, type Value } from "./values.ts";

/** Instructions of one pickle at most: some 50 a tensor are usual. */
const MOST_INSTRUCTIONS = 2_000_000;
/** Bytes of an integer at most: PyTorch's own are of 10. */
const MOST_INTEGER_BYTES = 256;

/** Bytes of text of one pickle at most. */
const MOST_TEXT_BYTES = 64 << 20;

/** Turns a persistent id, such as that of a storage, into what it stands for. */
export type PersistentLoad = (id: Value) => Value;

/**
 * Interprets one pickle of protocol 0 to 5 and leaves the cursor after it.
 *
 * @throws {WeightsError} If it names a global that is not on the list, is damaged, cut off, or larger than weights need.
 * @see https://docs.python.org/3/library/pickletools.html
 */
export function readPickle(cursor: Cursor, persistentLoad: PersistentLoad): Value {
  return new Machine(cursor, persistentLoad).run();
}

class Machine {
  readonly #stack = new Stack();
  #textBytes = 0;

  constructor(private readonly cursor: Cursor, private readonly persistentLoad: PersistentLoad) {}

  run(): Value {
    for (let count = 0; count < MOST_INSTRUCTIONS; count++) {
      const opcode = this.cursor.byte();
      if (opcode === 0x2e) return this.#stack.pop();
      this.#step(opcode);
    }
    throw new WeightsError(
      `its pickle has more than ${MOST_INSTRUCTIONS} instructions: more than weights need`,
    );
  }

  #step(opcode: number): void {
    const { cursor } = this;
    switch (String.fromCharCode(opcode)) {
      case "\x80": // PROTO
        return this.#protocol(cursor.byte());
      case "\x95": // FRAME
        return void cursor.take(8);
      case "(": // MARK
        return this.#stack.pushMark();
      case "0": // POP
        return this.#stack.drop();
      case "1": // POP_MARK
        return void this.#stack.popMark();
      case "2": // DUP
        return this.#stack.push(this.#stack.top());
      case "N":
        return this.#stack.push(null);
      case "\x88":
        return this.#stack.push(true);
      case "\x89":
        return this.#stack.push(false);
      case "K": // BININT1
        return this.#stack.push(cursor.byte());
      case "M": // BININT2
        return this.#stack.push(cursor.uint16());
      case "J": // BININT
        return this.#stack.push(cursor.int32());
      case "I": // INT, and booleans of protocol 0
        return this.#stack.push(integer(cursor.line(), true));
      case "L": // LONG
        return this.#stack.push(integer(cursor.line().replace(/L$/, ""), false));
      case "\x8a": // LONG1
        return this.#stack.push(this.#long(cursor.byte()));
      case "\x8b": // LONG4
        return this.#stack.push(this.#long(cursor.uint32()));
      case "F": // FLOAT
        return this.#stack.push(Number(cursor.line()));
      case "G": // BINFLOAT
        return this.#stack.push(cursor.float64());
      case "S": // STRING: quoted, with escapes that are left as they are
        return this.#stack.push(cursor.line().slice(1, -1));
      case "V": // UNICODE
        return this.#stack.push(cursor.line());
      case "U": // SHORT_BINSTRING
      case "\x8c": // SHORT_BINUNICODE
        return this.#stack.push(this.#text(cursor.byte()));
      case "T": // BINSTRING
      case "X": // BINUNICODE
        return this.#stack.push(this.#text(cursor.uint32()));
      case "\x8d": // BINUNICODE8
        return this.#stack.push(this.#text(cursor.uint64()));
      case "C": // SHORT_BINBYTES
        return this.#stack.push(cursor.take(cursor.byte()));
      case "B": // BINBYTES
        return this.#stack.push(cursor.take(cursor.uint32()));
      case "\x8e": // BINBYTES8
      case "\x96": // BYTEARRAY8
        return this.#stack.push(cursor.take(cursor.uint64()));
      default:
        return this.#stepContainer(opcode);
    }
  }

  #stepContainer(opcode: number): void {
    switch (String.fromCharCode(opcode)) {
      case ")": // EMPTY_TUPLE
        return this.#stack.pushTuple([]);
      case "\x85": // TUPLE1
        return this.#stack.pushTuple(this.#stack.popSome(1));
      case "\x86": // TUPLE2
        return this.#stack.pushTuple(this.#stack.popSome(2));
      case "\x87": // TUPLE3
        return this.#stack.pushTuple(this.#stack.popSome(3));
      case "t": // TUPLE
        return this.#stack.pushTuple(this.#stack.popMark());
      case "]": // EMPTY_LIST
        return this.#stack.pushNew([]);
      case "l": // LIST
        return this.#stack.pushNew(this.#stack.popMark());
      case "}": // EMPTY_DICT
        return this.#stack.pushNew(new Map());
      case "d": // DICT
        return this.#stack.pushNew(insert(new Map(), this.#stack.popMark()));
      case "\x8f": // EMPTY_SET
        return this.#stack.pushNew(new Opaque("set"));
      case "\x91": // FROZENSET
        this.#stack.popMark();
        return this.#stack.pushNew(new Opaque("frozenset"));
      case "\x90": // ADDITEMS
        this.#stack.popMark();
        return this.#addTo("a set", (target) => target instanceof Opaque);
      case "a": // APPEND
        return this.#append(this.#stack.popSome(1));
      case "e": // APPENDS
        return this.#append(this.#stack.popMark());
      case "s": // SETITEM
        return this.#setItems(this.#stack.popSome(2));
      case "u": // SETITEMS
        return this.#setItems(this.#stack.popMark());
      default:
        return this.#stepObject(opcode);
    }
  }

  #stepObject(opcode: number): void {
    const { cursor } = this;
    switch (String.fromCharCode(opcode)) {
      case "q": // BINPUT
        return this.#stack.keep(cursor.byte());
      case "r": // LONG_BINPUT
        return this.#stack.keep(cursor.uint32());
      case "p": // PUT
        return this.#stack.keep(Number(cursor.line()));
      case "\x94": // MEMOIZE
        return this.#stack.keep();
      case "h": // BINGET
        return this.#stack.recall(cursor.byte());
      case "j": // LONG_BINGET
        return this.#stack.recall(cursor.uint32());
      case "g": // GET
        return this.#stack.recall(Number(cursor.line()));
      case "c": // GLOBAL
        return this.#stack.pushNew(findGlobal(cursor.line(), cursor.line()));
      case "\x93": { // STACK_GLOBAL
        const [module, name] = this.#stack.popSome(2);
        if (typeof module !== "string" || typeof name !== "string") throw damaged("a global without a name");
        return this.#stack.pushNew(findGlobal(module, name));
      }
      case "i": { // INST
        const global = findGlobal(cursor.line(), cursor.line());
        return this.#construct(global, new Tuple(this.#stack.popMark()));
      }
      case "o": { // OBJ
        const [global = null, ...args] = this.#stack.popMark();
        return this.#construct(global, new Tuple(args));
      }
      case "R": // REDUCE
      case "\x81": { // NEWOBJ
        const [global = null, args = null] = this.#stack.popSome(2);
        return this.#construct(global, args);
      }
      case "\x92": { // NEWOBJ_EX
        const [global = null, args = null] = this.#stack.popSome(3);
        return this.#construct(global, args);
      }
      case "b": { // BUILD
        const [target = null, state = null] = this.#stack.popSome(2);
        return this.#stack.push(build(target, state));
      }
      case "Q": // BINPERSID
        return this.#stack.pushNew(this.persistentLoad(this.#stack.pop()));
      case "P": // PERSID
        return this.#stack.pushNew(this.persistentLoad(cursor.line()));
    }
    const code = `0x${opcode.toString(16).padStart(2, "0")}`;
    throw damaged(`${code} at byte ${cursor.at - 1}, which is no instruction that weights need`);
  }

  #protocol(version: number): void {
    if (version > 5) {
      throw new WeightsError(`its pickle is of protocol ${version}, and 5 is the last that is known`);
    }
  }

  #long(length: number): Value {
    if (length > MOST_INTEGER_BYTES) {
      throw new WeightsError(
        `its pickle has an integer of ${length} bytes; ${MOST_INTEGER_BYTES} is the most that is read`,
      );
    }
    let value = 0n;
    for (const byte of this.cursor.take(length).toReversed()) value = value << 8n | BigInt(byte);
    return narrow(length === 0 ? 0n : BigInt.asIntN(8 * length, value));
  }

  #text(length: number): string {
    this.#textBytes += length;
    if (this.#textBytes <= MOST_TEXT_BYTES) return utf8(this.cursor.take(length));
    throw new WeightsError(
      `its pickle claims ${this.#textBytes} bytes of text; ${MOST_TEXT_BYTES} is the most that is read`,
    );
  }

  #addTo(what: string, fits: (target: Value) => boolean): void {
    if (!fits(this.#stack.top())) throw damaged(`items for ${what}, and there is none`);
  }

  #append(items: Value[]): void {
    this.#addTo("a list", (target) => Array.isArray(target) || target instanceof Opaque);
    const target = this.#stack.top();
    if (Array.isArray(target)) { for (const item of items) target.push(item); }
  }

  #setItems(items: Value[]): void {
    this.#addTo("a dictionary", (target) => target instanceof Map || target instanceof Opaque);
    const target = this.#stack.top();
    if (target instanceof Map) insert(target, items);
  }

  #construct(global: Value, args: Value): void {
    if (!(global instanceof Global) || !(args instanceof Tuple)) throw damaged("a call of what is no global");
    // What is copied counts: one long list can be asked for again and again.
    for (const arg of args.items) {
      if (Array.isArray(arg)) this.#stack.charge(arg.length);
      else if (arg instanceof Map) this.#stack.charge(arg.size);
    }
    this.#stack.pushNew(construct(global, args.items));
  }
}

function insert(target: Map<Value, Value>, items: readonly Value[]): Map<Value, Value> {
  if (items.length % 2) throw damaged("a key without a value");
  for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!);
  return target;
}

/** An integer as a number where that is exact. */
function narrow(value: bigint): Value {
  return BigInt(Number.MIN_SAFE_INTEGER) <= value && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
}

function integer(text: string, booleans: boolean): Value {
  if (booleans && (text === "00" || text === "01")) return text === "01";
  if (text.length > 2 * MOST_INTEGER_BYTES || !/^[+-]?\d+$/.test(text)) {
    throw damaged(`"${text.slice(0, 20)}" for an integer`);
  }
  return narrow(BigInt(text.replace("+", "")));
}
