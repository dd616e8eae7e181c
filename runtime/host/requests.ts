/** Requests of this process to the one that started it, which may do more: {@linkcode answers} names them. @module */
import process from "node:process";

/** A question, or word that it was stopped so many times; what the launcher sends. */
export type ToCommand =
  | { readonly id: number; readonly answer?: unknown }
  | { readonly id: number; readonly problem: { readonly name: string; readonly message: string } }
  | { readonly stops: number };
/** What a command sends. */
export interface ToLauncher {
  readonly id: number;
  readonly ask: string;
  readonly args: readonly string[];
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Milliseconds that a command has for its last step, once its launcher is gone. */
const patience = 300_000;

let pending: Map<number, Pending> | undefined;
let asked = 0;
let listener: ((stops: number) => void) | undefined;

/** Whether there is a launcher to ask. */
export function isConnected(): boolean {
  return pending !== undefined;
}

/**
 * Listens to the launcher from now on. Where it is gone, killed without a word, this process has been stopped once.
 *
 * @param stopped What being stopped means while nobody has said more by {@linkcode onStop}.
 */
export function connect(stopped: () => void): void {
  if (process.connected !== true) return;
  const answers = pending = new Map();
  const stop = (stops: number) => listener === undefined ? stopped() : listener(stops);
  process.on("message", (message: ToCommand) => {
    if ("stops" in message) return stop(message.stops);
    const question = answers.get(message.id);
    answers.delete(message.id);
    if (!("problem" in message)) return question?.resolve(message.answer);
    const { name, message: text } = message.problem;
    question?.reject(Object.assign(new Error(text), { name }));
  });
  process.on("disconnect", () => {
    for (const { reject } of answers.values()) reject(new Error("The process that started this one is gone"));
    stop(1);
    // Nobody is left who could press Ctrl-C a second time.
    Deno.unrefTimer(setTimeout(() => stop(2), patience));
  });
}

/** Has `heard` called when the launcher is told to stop, with how often it was; undefined: nobody listens any more. */
export function onStop(heard: ((stops: number) => void) | undefined): void {
  listener = heard;
}

/**
 * Asks the launcher.
 *
 * @throws What the launcher's answer threw, by its name and message.
 */
export function request(ask: string, ...args: readonly string[]): Promise<unknown> {
  const id = asked++;
  return new Promise((resolve, reject) => {
    pending!.set(id, { resolve, reject });
    process.send!({ id, ask, args } satisfies ToLauncher);
  });
}
