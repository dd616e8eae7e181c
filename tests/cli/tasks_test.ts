import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { program } from "../../cli/program.ts";
import { permissionsOf, testPermissions } from "../../cli/process/permissions.ts";

const text = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const tasks = JSON.parse(text("deno.json")).tasks as Record<string, string>;

Deno.test("every command is a task with the permissions that the program counts on, and no more", () => {
  for (const { name } of program.commands!) {
    assert.equal(tasks[name], `deno run ${permissionsOf(name).join(" ")} cli/main.ts ${name}`);
  }
  for (const [name, task] of Object.entries(tasks)) {
    assert.doesNotMatch(task, /(^|\s)(-A|--allow-all|--allow-net|--allow-ffi)\b/, name);
    // The same in every shell, and in Deno's own on Windows.
    assert.match(task, /^[\w\s.,:=/-]+( && [\w\s.,:=/-]+)*$/, name);
  }
});

Deno.test("nothing in the project is given all permissions, and the network only on this machine", async () => {
  const files = await Array.fromAsync(walk(fileURLToPath(new URL("../../", import.meta.url))));
  // Foreign code is called where it is named.
  const everything = new RegExp(`${"--allow"}-(all\\b|ffi\\b(?!=))|["'\`\\s]${"-"}A["'\`\\s]`);
  const found = files.filter((path) =>
    path !== import.meta.filename && everything.test(Deno.readTextFileSync(path))
  );
  assert.ok(files.length > 300);
  assert.deepEqual(found, []);
  assert.deepEqual(testPermissions.filter((flag) => flag.includes("net")), [
    "--allow-net=127.0.0.1,localhost",
  ]);
});

Deno.test("no file's path is taken from its URL as it is spelled there, which a space or an umlaut would break", async () => {
  const files = await Array.fromAsync(walk(fileURLToPath(new URL("../../", import.meta.url))));
  const spelled = /new URL\([^()]*import\.meta\.url[^()]*\)\.pathname|decodeURIComponent\(\w+\.pathname/;
  assert.deepEqual(files.filter((path) => spelled.test(Deno.readTextFileSync(path))), []);
});

/** Files of the project that start processes, or say how. */
async function* walk(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory && !/^(\.git|\.cache|\.test-server|runs|data|node_modules|lists)$/.test(name)) {
      yield* walk(path);
    } else if (/\.(ts|json|ya?ml|md|sh)$|[/\\]run$/.test(path) && !isDirectory) yield path;
  }
}

Deno.test("`ok` checks format, lint, types, documentation and tests; CI runs the test line", () => {
  const steps = ["deno fmt --check", "deno lint", "deno check", "deno doc --lint mod.ts", "deno task test"];
  for (const step of steps) assert.ok(tasks.ok!.includes(step), step);
  assert.match(tasks.accept!, /cli\/main\.ts test tests\/acceptance$/);
  assert.match(text(".ci/run"), /deno task test[^]*npx -y deno@2\.9\.6 task test/);
});
