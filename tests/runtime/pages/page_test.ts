import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { markup } from "../../../runtime/pages/markup.ts";
import { page } from "../../../runtime/pages/page.ts";

const client = { script: "document.title += 1;", style: "body{margin:0}" };
const hash = (text: string) => `sha256-${createHash("sha256").update(text).digest("base64")}`;

Deno.test("a page allows its own script and style by their digests, pictures within it, and nothing else", () => {
  const text = page({ title: "<b>", client, body: markup`<main>text</main>` });
  const policy = /content-security-policy" content="([^"]+)"/.exec(text)![1]!.replaceAll("&#39;", "'");
  assert.deepEqual(policy.split("; "), [
    "default-src 'none'",
    `script-src '${hash(client.script)}'`,
    `style-src '${hash(client.style)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ]);
  assert.match(text, /<title>&#60;b&#62;<\/title>/);
  assert.match(text, /<script>document\.title \+= 1;<\/script>/);
});

Deno.test("data cannot end its element, and is the same when it is read", () => {
  const data = { name: "</script><script>alert(1)</script><!--" };
  const text = page({ title: "", client, body: markup``, data });
  const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(text)!;
  assert.deepEqual(JSON.parse(json!), data);
  assert.equal(text.split("</script>").length, 3);
});

Deno.test("what else a page may do is added to its policy", () => {
  const allowed = { "script-src": ["'wasm-unsafe-eval'"], "media-src": ["blob:"] };
  const text = page({ title: "", client, body: markup``, allowed });
  assert.match(text, /script-src &#39;sha256-[A-Za-z0-9+/=]+&#39; &#39;wasm-unsafe-eval&#39;; /);
  assert.match(text, /; media-src blob:"/);
});
