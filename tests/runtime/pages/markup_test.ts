import assert from "node:assert/strict";
import { markup } from "../../../runtime/pages/markup.ts";

Deno.test("whatever is put into a template stays text, and markup stays markup", () => {
  const cell = (text: string) => markup`<td title="${text}">${text}</td>`;
  assert.equal(
    markup`<tr>${["<img src=x onerror=alert(1)>", `"'&`].map(cell)}</tr>`.text,
    '<tr><td title="&#60;img src=x onerror=alert(1)&#62;">&#60;img src=x onerror=alert(1)&#62;</td>' +
      '<td title="&#34;&#39;&#38;">&#34;&#39;&#38;</td></tr>',
  );
  assert.equal(markup`${undefined}${false}${0}${[]}`.text, "0");
});

Deno.test("control characters are seen and do nothing", () => {
  assert.equal(markup`${"\x1b[31mred\0\x7f\x9b"}`.text, "␛[31mred␀\ufffd\ufffd");
  assert.equal(markup`${"a\u202egnp.exe\u2066\ud800"}`.text, "a\ufffdgnp.exe\ufffd\ufffd");
  assert.equal(markup`${"two\nlines\tand a tab, ä 漢 👩‍🚀"}`.text, "two\nlines\tand a tab, ä 漢 👩‍🚀");
});
