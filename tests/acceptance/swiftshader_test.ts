/**
 * SwiftShader, the software Vulkan inside Chromium: another driver and compiler than Mesa's, of four lanes, without f16, that binds
 * ten arrays. Kernels run there in a process of its own, whose memory is bounded: its compiler took 24 GB for one convolution whose
 * `&&` and `||` branched.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { testPermissions } from "../../cli/process/permissions.ts";
import { lacksSystem, testUnless } from "../support/skip.ts";

/** Where Debian, Ubuntu's archives, Fedora and Chrome put it. */
const PLACES = [
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/opt/google/chrome",
].map((folder) => `${folder}/vk_swiftshader_icd.json`);
/** Bytes of private memory that the tests may take, in KiB; they took 1.2 GB, most of them the buffers asked for at the start. */
const MOST_KIB = 4_000_000;
/** Of each kind of kernel some, and a small net, also in windows; each file opens a device, which takes seconds there. */
const TESTS = [
  "ops/convolution/convolution_test.ts",
  "ops/norm/batch_norm_test.ts",
  "ops/feature/max_pool_test.ts",
  "ops/loss/softmax_cross_entropy_test.ts",
  "ops/update/sgd_test.ts",
  "ops/view/color_jitter_test.ts",
  "shader/windows_test.ts",
].map((path) => `tests/kernels/${path}`);

const driver = [Deno.env.get("CROSSVIEW_SWIFTSHADER"), ...PLACES].find((path) => path && isFile(path));
const lacks = lacksSystem("linux") ??
  (driver
    ? undefined
    : "no SwiftShader: apt-get install chromium, or name its file by CROSSVIEW_SWIFTSHADER");

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Runs Deno on SwiftShader. */
async function onSwiftShader(...args: string[]): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `ulimit -d ${MOST_KIB} && exec "$@"`, "sh", Deno.execPath(), ...args],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env: {
      VK_DRIVER_FILES: driver!,
      VK_ICD_FILENAMES: driver!,
      DENO_WEBGPU_BACKEND: "vulkan",
      NO_COLOR: "1",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, text: decode(stdout) + decode(stderr) };
}

testUnless(lacks, "kernels give on SwiftShader what their twins do, in bounded memory", async () => {
  const asked = "console.log((await navigator.gpu.requestAdapter()).info.description); Deno.exit(0)";
  assert.match((await onSwiftShader("eval", asked)).text, /^SwiftShader/);
  const { success, text } = await onSwiftShader("test", ...testPermissions, "--no-check", ...TESTS);
  assert.ok(success, text.slice(-4000));
  assert.match(text, /\nok \| \d\d+ passed/);
});
