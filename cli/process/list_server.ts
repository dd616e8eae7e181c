/** Lists from a server: the commands may not reach the network, so a process that may reach that one host fetches them. @module */
import type { Download, DownloadRequest } from "../../partitions/download.ts";
import type { ListSource } from "../../partitions/install.ts";
import { mostBytes } from "../../partitions/reader.ts";
import type { PublishedList } from "../../partitions/lists.ts";
import { listFolders, uniMatch } from "../../partitions/publishers.ts";
import { PartitionError } from "../../partitions/reader.ts";
import type { DownloadLine } from "./download_process.ts";
import { moduleAddress } from "../../runtime/host/place.ts";
import { UsageError } from "../terminal/errors.ts";

/**
 * A server's lists.
 *
 * @param address URL of the folder of lists, or of a copy of a repository that has them in one of {@linkcode listFolders}.
 * @param seconds Most seconds for one list.
 * @throws {UsageError} If the address is no HTTP address.
 */
export function serverSource(address: string, seconds: number): ListSource {
  const base = baseOf(address);
  return {
    name: base.href,
    async read(lists) {
      const folder = await findFolder(base, lists[0]!, seconds);
      const answers = await downloadAll(lists.map((list) => requestOf(folder, list, seconds)));
      return new Map(lists.map((list, i) => [list.path, answers[i]!]));
    },
  };
}

function baseOf(address: string): URL {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw new UsageError(
      `Cannot use "--from ${address}": it must be a folder, or an address such as https://host/path without name, password ` +
        `and question mark`,
    );
  }
  if (url.hostname === "github.com") {
    throw new UsageError(
      `Cannot fetch lists from "${address}": that address shows pages, not files. Leave --from out for the published ` +
        `repository, or clone it and name the folder.`,
    );
  }
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

function requestOf(folder: URL, list: PublishedList, seconds: number): DownloadRequest {
  return { url: new URL(list.path, folder).href, limit: mostBytes(list), seconds };
}

/**
 * The first of the known folders below an address that has a list; the address itself if none has.
 *
 * @throws {PartitionError} If the server does not answer.
 */
async function findFolder(base: URL, list: PublishedList, seconds: number): Promise<URL> {
  const folders = listFolders.map((folder) => new URL(folder, base));
  const answers = await downloadAll(folders.map((folder) => requestOf(folder, list, seconds)));
  const found = answers.findIndex((answer) => "bytes" in answer);
  if (found >= 0) return folders[found]!;
  for (const answer of answers) {
    if (!("problem" in answer) || !answer.unreachable) continue;
    throw new PartitionError(
      `Cannot fetch lists from ${base.href}: ${answer.problem}. Try again later, or get a copy another way ` +
        `(git clone ${uniMatch.page}) and name its folder: --from FOLDER.`,
    );
  }
  return folders[0]!;
}

/**
 * Fetches files of one host.
 *
 * @throws {PartitionError} If the process that fetches fails.
 */
async function downloadAll(requests: readonly DownloadRequest[]): Promise<Download[]> {
  const { hostname, port, protocol } = new URL(requests[0]!.url);
  const host = `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--allow-net=${host}`,
      moduleAddress("cli/process/download_process"),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(requests)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new PartitionError(`Cannot fetch lists from ${host}: ${text(stderr)}`);
  return text(stdout).split("\n").map((line) => {
    const answer: DownloadLine = JSON.parse(line);
    return "base64" in answer ? { bytes: Uint8Array.fromBase64(answer.base64) } : answer;
  });
}
