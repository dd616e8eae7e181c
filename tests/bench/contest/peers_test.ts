/** Peers stay in a folder of their own. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const text = (path: string) => Deno.readTextFileSync(`${root}${path}`);
const peers = /jax|tensorflow|torch_peer/i;

Deno.test("no command's module graph holds a peer, and the project's lock knows none", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "cli/program.ts"],
    cwd: root,
    stderr: "null",
  }).output();
  assert.ok(success);
  const { modules, npmPackages = {} } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { specifier: string }[];
    npmPackages?: Record<string, unknown>;
  };
  const names = [...modules.map(({ specifier }) => specifier), ...Object.keys(npmPackages)];
  assert.ok(names.length > 200, String(names.length));
  assert.deepEqual(
    names.filter((name) => /tests\/bench/.test(name) || peers.test(name.replace(root, ""))),
    [],
  );
  assert.doesNotMatch(text("deno.lock"), peers);
  assert.doesNotMatch(text("deno.json"), peers);
});

Deno.test("peers are pinned to the byte", () => {
  const { imports } = JSON.parse(text("tests/bench/peers/deno.json")) as { imports: Record<string, string> };
  const { npm } = JSON.parse(text("tests/bench/peers/deno.lock")) as {
    npm: Record<string, { integrity: string }>;
  };
  for (const specifier of Object.values(imports)) {
    assert.match(specifier, /^npm:(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+$/);
    const found = Object.keys(npm).find((name) => name.startsWith(specifier.slice("npm:".length)));
    assert.match(npm[found!]!.integrity, /^sha512-/);
  }
});
