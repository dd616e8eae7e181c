/** What a server may do instead of answering as it should: wrong bytes, wrong lengths, no end, no answer. @module */
import { gzipSync } from "node:zlib";
import type { RawAnswer, RawRequest } from "./raw_server.ts";

/** What an honest server would give; undefined where it has nothing. */
export type Honest = Uint8Array | undefined;

/** Answers a `GET` or `HEAD`; the connection is closed afterwards. */
export type HostileAnswer = (request: RawRequest, answer: RawAnswer, honest: Honest) => Promise<unknown>;

const nothing = new Uint8Array();
const page = "<!doctype html><title>Sign in</title><form action=/login><input name=password></form>";
/** 64 MB of zeros in 64 kB. */
const bomb = gzipSync(new Uint8Array(1 << 26));

/** Milliseconds after which whoever still listens has hung. */
const longest = 120_000;

async function endlessly(send: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + longest; await send() && performance.now() < end;);
}

/** Ways to answer. */
export const hostileAnswers: Readonly<Record<string, HostileAnswer>> = {
  async "more bytes announced than sent"(_, { head, send }, honest = nothing) {
    await head(200, [`content-length: ${honest.length + 1000}`]);
    await send(honest);
  },
  async "a gigabyte announced"(_, { head, send, sleep }, honest = nothing) {
    await head(200, ["content-length: 1000000000"]);
    await send(honest);
    await sleep(longest);
  },
  async "fewer bytes announced than sent"(_, { head, send }, honest = nothing) {
    await head(200, [`content-length: ${Math.floor(honest.length / 2)}`]);
    await send(honest);
  },
  async "a length that is none"(_, { head, send }, honest = nothing) {
    await head(200, ["content-length: many"]);
    await send(honest);
  },
  async "a body without end"(_, { head, send }) {
    await head(200, []);
    const part = new Uint8Array(1 << 16);
    await endlessly(() => send(part));
  },
  async "single bytes, each a chunk of its own"({ method }, { head, send }) {
    await head(200, ["transfer-encoding: chunked"]);
    const part = "1\r\n{\r\n".repeat(10_000);
    if (method !== "HEAD") await endlessly(() => send(part));
  },
  async "a bomb in gzip"(_, { reply }) {
    await reply(200, bomb, ["content-encoding: gzip"]);
  },
  async "headers without end"(_, { send }) {
    await send("HTTP/1.1 200 OK\r\n");
    const part = `x-more: ${"x".repeat(1 << 12)}\r\n`;
    await endlessly(() => send(part));
  },
  async "one byte now and then"(_, { head, send, sleep }, honest = nothing) {
    await head(200, [`content-length: ${Math.max(honest.length, 100)}`]);
    let isHeard = true;
    for (let i = 0; i < 1000 && isHeard; i++) {
      isHeard = await send(honest.slice(i, i + 1).length > 0 ? honest.slice(i, i + 1) : "x");
      await sleep(20);
    }
  },
  async "headers, then silence"(_, { head, sleep }) {
    await head(200, ["content-length: 100"]);
    await sleep(longest);
  },
  async silence(_, { sleep }) {
    await sleep(longest);
  },
  "a closed door": () => Promise.resolve(),
  "no HTTP": (_, { send }) => send("220 ready for mail\r\n"),
  "a page to log in": (_, { reply }) => reply(200, page, ["content-type: text/html; charset=utf-8"]),
  "a flipped bit": (_, { reply }, honest = nothing) =>
    reply(200, honest.map((byte, at) => at === honest.length >> 1 ? byte ^ 4 : byte)),
  "half of it": (_, { reply }, honest = nothing) => reply(200, honest.slice(0, honest.length >> 1)),
  nothing: (_, { reply }) => reply(200),
  "it is gone": (_, { reply }) => reply(404),
  "an error": (_, { reply }) => reply(500, page),
  "too many requests": (_, { reply }) => reply(429, "", ["retry-after: 86400"]),
};

/** Answers a `PUT`, and keeps nothing. */
export const hostileReceptions: Readonly<Record<string, HostileAnswer>> = {
  async "taken, and not kept"({ body }, { reply }) {
    await body();
    await reply(201);
  },
  async "taken by a login"({ body }, { reply }) {
    await body();
    await reply(200, page, ["content-type: text/html"]);
  },
  async "never read"(_, { sleep }) {
    await sleep(longest);
  },
  async "read, and never answered"({ body }, { sleep }) {
    await body();
    await sleep(longest);
  },
  async "an answer without end"({ body }, { head, send }) {
    await body();
    await head(201, []);
    const part = new Uint8Array(1 << 16);
    await endlessly(() => send(part));
  },
  async "headers without end"(request, answer) {
    await request.body();
    await hostileAnswers["headers without end"]!(request, answer, undefined);
  },
  "refused before it was read": (_, { reply }) => reply(413),
  "a closed door": () => Promise.resolve(),
  async "an error"({ body }, { reply }) {
    await body();
    await reply(507);
  },
};
