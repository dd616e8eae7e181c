import assert from "node:assert/strict";
import { testedDeno, tooOld } from "../../../cli/process/deno_version.ts";

Deno.test("a Deno that cannot import texts is told which one is needed, and how to get it", () => {
  for (const version of ["1.46.3", "2.7.14", "2.7.99-rc.1"]) {
    assert.match(tooOld(version)!, new RegExp(`^Cannot run with Deno ${version}: 2\\.8 or later is needed`));
    assert.match(tooOld(version)!, /\. Type: deno upgrade 2\.9\.6$/);
  }
  for (const version of ["2.8.0", "2.8.3", "2.9.6", "2.10.0", "3.0.0"]) {
    assert.equal(tooOld(version), undefined);
  }
});

Deno.test("the Deno that is named is the one of the documents and the workflows", () => {
  const version = testedDeno.join(".");
  for (const path of ["README.md", ".ci/run", ".github/workflows/ci.yml"]) {
    assert.ok(Deno.readTextFileSync(new URL(`../../../${path}`, import.meta.url)).includes(version), path);
  }
});

Deno.test("what starts imports nothing that an older Deno cannot parse, before it has looked", () => {
  const text = (path: string) => Deno.readTextFileSync(new URL(`../../../${path}`, import.meta.url));
  const seen = new Set<string>(), open = ["cli/main.ts"];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    assert.doesNotMatch(text(path), /^import .* with \{/m, path);
    for (const [, name] of text(path).matchAll(/^import [^;]*? from "(\.[^"]+)";/gm)) {
      open.push(new URL(name!, `file:///${path}`).pathname.slice(1));
    }
  }
  assert.deepEqual([...seen].sort(), [
    "cli/main.ts",
    "cli/process/deno_version.ts",
    "cli/process/permissions.ts",
    "runtime/host/variables.ts",
  ]);
});
