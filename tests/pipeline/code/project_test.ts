import { strictEqual } from "node:assert/strict";
import { findProject, mapSpecifier } from "../../../pipeline/code/project.ts";

Deno.test("mapSpecifier() leads a project's own name to its exports, as Deno does, unless the import map says otherwise", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const write = (config: unknown) => Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    await write({ name: "@some/one", exports: "./mod.ts" });
    strictEqual(mapSpecifier(findProject(folder)!, "@some/one"), `file://${folder}/mod.ts`);
    strictEqual(mapSpecifier(findProject(folder)!, "@some/other"), "@some/other");
    await write({ name: "@some/one", exports: { ".": "./mod.ts", "./parts": "./some/parts.ts" } });
    strictEqual(mapSpecifier(findProject(folder)!, "@some/one"), `file://${folder}/mod.ts`);
    strictEqual(mapSpecifier(findProject(folder)!, "@some/one/parts"), `file://${folder}/some/parts.ts`);
    await write({ name: "@some/one", exports: "./mod.ts", imports: { "@some/one": "npm:one@1.0.0" } });
    strictEqual(mapSpecifier(findProject(folder)!, "@some/one"), "npm:one@1.0.0");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
