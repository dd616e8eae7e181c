/** A server on loopback that speaks HTTP byte by byte, so that it can lie about anything. @module */

/** What was asked. */
export interface RawRequest {
  readonly method: string;
  /** Without the slash in front. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Reads the body that the headers announce. */
  readonly body: () => Promise<Uint8Array<ArrayBuffer>>;
  /** Which request of its connection it is, from 0. */
  readonly nth: number;
}

/** The way back. */
export interface RawAnswer {
  /** Sends a text or bytes as they are; false once nobody listens. */
  readonly send: (part: string | Uint8Array) => Promise<boolean>;
  /** Sends status, headers and a body with its length. */
  readonly reply: (
    status: number,
    body?: Uint8Array | string,
    headers?: readonly string[],
  ) => Promise<boolean>;
  /** Sends status and headers, a line each; the body is up to whoever calls. */
  readonly head: (status: number, headers: readonly string[]) => Promise<boolean>;
  /** Waits, less long if the server is closed. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Answers a request. @returns Whether the connection stays open. */
export type RawHandler = (request: RawRequest, answer: RawAnswer) => Promise<boolean>;

/** A running server. */
export class RawServer {
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.Conn>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #work: Promise<unknown>;
  readonly #talks = new Set<Promise<void>>();

  /** Starts it. */
  constructor(readonly handler: RawHandler) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#work = this.#accept();
  }

  /** Its address. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#open.add(connection);
      const talk = this.#talk(connection).catch(() => {}).finally(() => {
        this.#open.delete(connection);
        this.#talks.delete(talk);
        try {
          connection.close();
        } catch { /* the other side was faster */ }
      });
      this.#talks.add(talk);
    }
  }

  async #talk(connection: Deno.Conn): Promise<void> {
    let pending = new Uint8Array();
    const more = async () => {
      const part = new Uint8Array(1 << 16);
      const count = await connection.read(part);
      if (count === null) throw new Deno.errors.UnexpectedEof();
      const all = new Uint8Array(pending.length + count);
      all.set(pending);
      all.set(part.subarray(0, count), pending.length);
      pending = all;
    };
    const take = (count: number) => {
      const taken = pending.slice(0, count);
      pending = pending.slice(count);
      return taken;
    };
    const send = async (part: string | Uint8Array) => {
      const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
      try {
        for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
        return true;
      } catch {
        return false;
      }
    };
    const head = (status: number, headers: readonly string[]) =>
      send(`HTTP/1.1 ${status} as said\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`);
    for (let nth = 0, isOpen = true; isOpen; nth++) {
      const end = () => new TextDecoder("latin1").decode(pending).indexOf("\r\n\r\n");
      while (end() < 0) await more();
      const lines = new TextDecoder("latin1").decode(take(end() + 4)).split("\r\n");
      const [method, target] = lines[0]!.split(" ") as [string, string];
      const headers = new Map(
        lines.slice(1).filter((line) => line.includes(":")).map((line) => {
          const colon = line.indexOf(":");
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }),
      );
      let left = Number(headers.get("content-length") ?? 0);
      const body = async () => {
        while (pending.length < left) await more();
        const bytes = take(left);
        left = 0;
        return bytes;
      };
      isOpen = await this.handler({ method, path: target.slice(1), headers, body, nth }, {
        send,
        head,
        sleep: (milliseconds) => this.#sleep(milliseconds),
        reply: async (status, given = "", more = []) => {
          const bytes = typeof given === "string" ? new TextEncoder().encode(given) : given;
          const isSent = await head(status, [`content-length: ${bytes.length}`, ...more]);
          return isSent && (method === "HEAD" || await send(bytes));
        },
      });
      if (isOpen) await body();
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, milliseconds);
    await Promise.race([over.promise, this.#closed.promise]);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.resolve();
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch { /* closed by the other side */ }
    }
    await this.#work.catch(() => {});
    await Promise.all(this.#talks);
  }
}
