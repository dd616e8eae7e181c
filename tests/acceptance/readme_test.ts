/** The README's commands, one after another, in a clone, as a newcomer types them; trainings are shortened. @module */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { testWithShared } from "../support/shared_data.ts";
import { withFolder } from "../support/stage_run.ts";
import { binaryFolder } from "./own_folders.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** What is added to a line, so that it ends within a minute; undefined: it is not run. */
const shortened: Readonly<Record<string, string | undefined>> = {
  train: "--set co-train.epochs=2 --set co-train.warmUpEpochs=1 --set co-train.stepsPerEpoch=2",
  // What runs this test.
  test: undefined,
  start: "--yes",
  compare: "--seeds 0 --set co-train.epochs=2 --set co-train.warmUpEpochs=1 --set co-train.stepsPerEpoch=2",
  predict: "",
};

/** The lines of the blocks of commands, without what is said beside them. */
function commandLines(text: string): string[] {
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block]) => block!.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim()).filter((line) => line !== "");
}

/** The files that git knows. */
async function clone(to: string): Promise<void> {
  const { stdout } = await new Deno.Command("git", { args: ["ls-files", "-z"], cwd: project }).output();
  for (const name of new TextDecoder().decode(stdout).split("\0").filter((name) => name !== "")) {
    await Deno.mkdir(dirname(join(to, name)), { recursive: true });
    await Deno.copyFile(join(project, name), join(to, name));
  }
}

testWithShared(
  "data/voc",
  "every command of the README ends well, in its order",
  (voc) =>
    withFolder(async (folder) => {
      const lines = commandLines(await Deno.readTextFile(join(project, "README.md")));
      assert.ok(lines.length >= 5, lines.join("\n"));
      await clone(folder);
      await binaryFolder(voc, join(folder, "photos"));
      for (const line of lines) {
        const [, name] = /^(?:npx -y deno@[\d.]+|deno) task (\w+)/.exec(line) ?? [];
        assert.ok(
          name !== undefined && Object.hasOwn(shortened, name),
          `nobody knows how to shorten: ${line}`,
        );
        const more = shortened[name];
        if (more === undefined) continue;
        const command = `${line.replace(/^npx -y deno@[\d.]+|^deno/, '"$DENO"')} ${more}`;
        const { success, stdout, stderr } = await new Deno.Command("bash", {
          args: ["-c", command],
          cwd: folder,
          env: { DENO: Deno.execPath(), INIT_CWD: folder, NO_COLOR: "1" },
          stdin: "null",
        }).output();
        const said = [stderr, stdout].map((bytes) => new TextDecoder().decode(bytes)).join("");
        assert.ok(success, `${command}\n${said}`);
        console.log(`${line}: ${said.trimEnd().split("\n").at(-1)}`);
      }
      const overlays = [...Deno.readDirSync(join(folder, "predictions", "overlays"))];
      assert.ok(overlays.length > 0);
    })(),
);
