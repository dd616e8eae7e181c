import assert from "node:assert/strict";
import { join } from "node:path";
import { remedyFor } from "../../../runtime/gpu/gpu_driver.ts";
import { Cache, run } from "../../../pipeline/mod.ts";
import needsGpu from "../../cli/fixtures/needs_gpu.ts";
import { fixture, placeTest } from "../../cli/support.ts";
import { lacksSystem } from "../../support/skip.ts";

/** Hides every driver from WebGPU. */
const noDriver = { VK_DRIVER_FILES: "/none", VK_ICD_FILENAMES: "/none", DENO_WEBGPU_BACKEND: "vulkan" };
const onLinux = Deno.build.os === "linux";

const debian = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n';

Deno.test("Debian and its kin as root: the driver is installed", () => {
  const install = [["apt-get", "update"], ["apt-get", "install", "-y", "mesa-vulkan-drivers"]];
  for (const release of [debian, "ID=ubuntu\nID_LIKE=debian\n", 'ID=pop\nID_LIKE="ubuntu debian"\n']) {
    assert.deepEqual(remedyFor({ os: "linux", release, isRoot: true, mayInstall: true }), { install });
  }
});

Deno.test("elsewhere one command is named to type", () => {
  const typed = (release: string, isRoot: boolean, mayInstall = true) =>
    (remedyFor({ os: "linux", release, isRoot, mayInstall }) as { type: string }).type;
  const asUser = "sudo apt-get update && sudo apt-get install -y mesa-vulkan-drivers";
  assert.equal(typed(debian, false), asUser);
  assert.equal(typed(debian, true, false), asUser.replaceAll("sudo ", ""));
  assert.equal(typed("ID=fedora\n", true), "dnf install -y mesa-vulkan-drivers");
  assert.match(typed("", true), /lavapipe/);
  assert.match(
    (remedyFor({ os: "darwin", release: "", isRoot: true, mayInstall: true }) as { type: string }).type,
    /Metal/,
  );
});

placeTest("without an adapter: status 1, the command to type, nothing written", async (place) => {
  const { status, notes } = await place.process(["train", fixture("needs_gpu")], {
    ...noDriver,
    CROSSVIEW_INSTALL: "0",
  });
  assert.equal(status, 1, notes);
  assert.match(notes, /no WebGPU adapter was found\. To get one:\n {2}\S/);
  assert.doesNotMatch(notes, /\n\s+at /);
  assert.equal(place.has(place.runs), false);
}, lacksSystem("linux"));

placeTest("when all is in the cache no GPU is opened, and the recorded adapter is named", async (place) => {
  const handle = { facts: { name: "Recorded GPU" } };
  const describe = () => ({ adapter: "Recorded GPU", driver: "1.2", features: "subgroups", software: "no" });
  await run(needsGpu.build(), {
    cache: new Cache(place.cache),
    resources: { gpu: () => Promise.resolve({ handle, describe, close: () => {} }) },
  });
  const { status, out, notes } = await place.process(["train", fixture("needs_gpu")], noDriver);
  assert.equal(status, 0, notes);
  assert.match(out[0]!, /^adapter: Recorded GPU; hardware, driver 1\.2; features: subgroups \(recorded/);
}, lacksSystem("linux"));

placeTest(
  "the driver is installed once, and the command goes on in a process that would see it",
  async (place) => {
    const log = join(place.folder, "log");
    const fake = join(place.folder, "apt-get");
    await Deno.writeTextFile(fake, `#!/bin/sh\necho "$@ $DEBIAN_FRONTEND" >> "${log}"\n`);
    await Deno.chmod(fake, 0o755);
    const { status, notes } = await place.process(["train", fixture("needs_gpu")], {
      ...noDriver,
      PATH: `${place.folder}:${Deno.env.get("PATH")}`,
      CROSSVIEW_INSTALL: "1",
    });
    // No driver appears, as nothing was installed: the second process says so instead of trying again.
    assert.equal(status, 1);
    assert.match(notes, /Installing Mesa's software driver/);
    assert.match(notes, /though mesa-vulkan-drivers was just installed/);
    const calls = (await Deno.readTextFile(log)).trim().split("\n");
    assert.deepEqual(calls, ["update noninteractive", "install -y mesa-vulkan-drivers noninteractive"]);
  },
  onLinux && Deno.uid() === 0 && /debian|ubuntu/.test(releaseText())
    ? undefined
    : "needs root on Debian or Ubuntu",
);

function releaseText(): string {
  try {
    return Deno.readTextFileSync("/etc/os-release");
  } catch {
    return "";
  }
}
