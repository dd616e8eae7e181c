/**
 * The process that downloads: it may reach one host and nothing else, neither file nor program. Requests come as a JSON
 * array on stdin, answers go as one line of JSON each, in their order, to stdout.
 *
 * @module
 */
import { type Download, download, type DownloadRequest } from "../../partitions/download.ts";

/** How many files are fetched at once. */
const together = 4;

/** An answer as text: bytes in base64. */
export type DownloadLine = { readonly base64: string } | Exclude<Download, { bytes: Uint8Array }>;

if (import.meta.main) {
  const requests: DownloadRequest[] = await new Response(Deno.stdin.readable).json();
  const encoder = new TextEncoder();
  let unreachable: Download | undefined;
  for (let at = 0; at < requests.length; at += together) {
    const some = requests.slice(at, at + together);
    for (const answer of await Promise.all(some.map((request) => unreachable ?? download(request)))) {
      if ("problem" in answer && answer.unreachable) unreachable = answer;
      const line: DownloadLine = "bytes" in answer ? { base64: answer.bytes.toBase64() } : answer;
      const bytes = encoder.encode(JSON.stringify(line) + "\n");
      for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
    }
  }
}
