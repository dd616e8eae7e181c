/** One list over HTTP: bounded in size and time, from the very address that was asked for. @module */

/** What was asked for. */
export interface DownloadRequest {
  readonly url: string;
  /** Most bytes that are read. */
  readonly limit: number;
  /** Most seconds until the last byte is there. */
  readonly seconds: number;
}

/** What came of it: the bytes, or why there are none. */
export type Download =
  | { readonly bytes: Uint8Array }
  | {
    readonly problem: string;
    /** There is no such file. */
    readonly missing: boolean;
    /** No server answered to the end, so asking it for more is pointless. */
    readonly unreachable?: boolean;
  };

/** Fetches one file. Never throws for what a server or a network does. */
export async function download({ url, limit, seconds }: DownloadRequest): Promise<Download> {
  const fail = (problem: string, missing = false): Download => ({ problem, missing });
  const signal = AbortSignal.timeout(seconds * 1000);
  try {
    const response = await fetch(url, { redirect: "manual", signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      const target = response.headers.get("location");
      if (target !== null) {
        return fail(`the server sends on to "${target}", which is not followed; name the address itself`);
      }
      const missing = response.status === 404 || response.status === 410;
      return fail(`the server answers ${response.status} ${response.statusText}`.trimEnd(), missing);
    }
    const bytes = await readBounded(response, limit);
    if (bytes === undefined) return fail(`the server sends more than the ${limit} bytes that are allowed`);
    return { bytes };
  } catch (error) {
    const problem = signal.aborted ? `nothing complete came within ${seconds} s` : reasonOf(error);
    return { problem, missing: false, unreachable: true };
  }
}

/** The message of the deepest cause: what is wrong, where "fetch failed" only says that something is. */
function reasonOf(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}

async function readBounded(response: Response, limit: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  for (let chunk; !(chunk = await reader.read()).done;) {
    size += chunk.value.length;
    if (size > limit) {
      await reader.cancel();
      return undefined;
    }
    parts.push(chunk.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
