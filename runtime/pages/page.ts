/**
 * A page in one file: text, style, script, data and pictures, which asks for nothing beyond itself.
 *
 * Its script is TypeScript of the tree: `tools/clients.ts` bundles each folder `client/` into a `client.json` beside it, which is
 * kept in the tree, so that whoever writes a page needs no bundler.
 *
 * @module
 */
import { sha256 } from "../../pipeline/mod.ts";
import { type Markup, markup } from "./markup.ts";

/** What a folder `client/` was bundled into. */
export interface Client {
  readonly script: string;
  readonly style: string;
}

/** What a page is made of. */
export interface PageParts {
  readonly title: string;
  readonly client: Client;
  /** What is seen without the script. */
  readonly body: Markup;
  /** What the script reads as JSON of the element `data`. */
  readonly data?: unknown;
  /** What the policy allows beside this file's script and style and pictures within it: directive → sources. */
  readonly allowed?: Readonly<Record<string, readonly string[]>>;
}

/** The page's HTML. */
export function page({ title, client: { script, style }, body, data, allowed = {} }: PageParts): string {
  const policy: Record<string, readonly string[]> = {
    "default-src": ["'none'"],
    "script-src": [hashSource(script)],
    "style-src": [hashSource(style)],
    "img-src": ["data:"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
  };
  for (const [directive, sources] of Object.entries(allowed)) {
    policy[directive] = [...policy[directive] ?? [], ...sources];
  }
  const rules = Object.entries(policy).map(([directive, sources]) => [directive, ...sources].join(" "));
  // Within script and style nothing is escaped, and what is hashed is what stands between the tags.
  return [
    markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${rules.join("; ")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
`.text,
    `<style>${style}</style>\n</head>\n<body>\n`,
    body.text,
    data === undefined ? "" : `\n<script type="application/json" id="data">${jsonText(data)}</script>`,
    `\n<script>${script}</script>\n</body>\n</html>\n`,
  ].join("");
}

/** JSON in which nothing ends the element around it, and nothing is hidden in the file's text. */
function jsonText(data: unknown): string {
  return JSON.stringify(data).replaceAll(
    /[<\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function hashSource(text: string): string {
  return `'sha256-${Uint8Array.fromHex(sha256(text)).toBase64()}'`;
}
