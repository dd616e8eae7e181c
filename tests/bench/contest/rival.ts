/** A contestant's process, as the contest sees it. */
import { ANSWER, type Request } from "./contestant.ts";
import { lines } from "./lines.ts";

/** How a contestant is started. */
export interface Entry {
  /** What it is called before it has named itself. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What to type to have it, where it is absent. */
  readonly remedy: string;
}

/** A contestant did not answer, or is not there. */
export class RivalError extends Error {
  override readonly name = "RivalError";
}

/** A contestant at work. */
export class Rival {
  readonly #child: Deno.ChildProcess;
  readonly #answers: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #complaints: Promise<string>;
  #facts: { name: string; adapter: string };

  private constructor(readonly entry: Entry) {
    this.#child = new Deno.Command(entry.program, {
      args: [...entry.args],
      env: { NO_COLOR: "1", ...entry.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#answers = lines(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
    this.#complaints = new Response(this.#child.stderr).text();
    this.#facts = { name: entry.name, adapter: "" };
  }

  /**
   * Starts a contestant and waits until it has named itself.
   * @throws {RivalError} If it cannot be started.
   */
  static async start(entry: Entry, patience: number): Promise<Rival> {
    let rival: Rival;
    try {
      rival = new Rival(entry);
    } catch (error) {
      throw new RivalError(error instanceof Error ? error.message : String(error));
    }
    rival.#facts = await rival.#answer(patience) as typeof rival.facts;
    return rival;
  }

  /** Its own name, with its version, and what it runs on. */
  get facts(): { readonly name: string; readonly adapter: string } {
    return this.#facts;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param patience Milliseconds after which it is ended.
   * @throws {RivalError} If it ends without an answer, or takes longer.
   */
  async ask(request: Request, patience: number): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(JSON.stringify(request) + "\n")).catch(() => {});
    return await this.#answer(patience);
  }

  async #answer(patience: number): Promise<unknown> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#kill();
    }, patience);
    try {
      for (;;) {
        const { value, done } = await this.#answers.next();
        if (done) throw new RivalError(isLate ? `no answer within ${patience / 1e3} s` : await this.#last());
        if (value.startsWith(ANSWER)) return JSON.parse(value.slice(ANSWER.length));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The line of its complaints that says what went wrong, or the last of all. */
  async #last(): Promise<string> {
    const said = (await this.#complaints).split("\n").map((line) => line.trim()).filter((line) =>
      line !== ""
    );
    return said.findLast((line) => /^(error|\w*(Error|Exception)):/.test(line)) ?? said.at(-1) ??
      "it ended without a word";
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    this.#kill();
    for await (const _ of this.#answers);
    await this.#complaints;
    await this.#child.status;
  }
}
