import assert from "node:assert/strict";
import { program } from "../../cli/main.ts";
import { commandPermissions } from "../../cli/permissions.ts";

const text = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const tasks = JSON.parse(text("deno.json")).tasks as Record<string, string>;

Deno.test("every command is a task with the permissions that the program counts on, and no more", () => {
  for (const { name } of program.commands!) {
    assert.equal(tasks[name], `deno run ${commandPermissions.join(" ")} cli/main.ts ${name}`);
  }
  for (const [name, task] of Object.entries(tasks)) {
    assert.doesNotMatch(task, /(^|\s)(-A|--allow-all|--allow-net|--allow-ffi)\b/, name);
  }
});

Deno.test("`ok` checks format, lint, types, documentation and tests; CI runs the test line", () => {
  const steps = ["deno fmt --check", "deno lint", "deno check", "deno doc --lint mod.ts", "deno task test"];
  for (const step of steps) assert.ok(tasks.ok!.includes(step), step);
  assert.match(tasks.accept!, /cli\/main\.ts test tests\/acceptance$/);
  assert.match(text(".ci/run"), /deno task test[^]*npx -y deno@2\.9\.6 task test/);
});
