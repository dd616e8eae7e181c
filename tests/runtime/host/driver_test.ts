/** How Mesa's software driver is asked to compile. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { vectorWidth } from "../../../runtime/host/driver.ts";
import { fixture, type Place, placeTest } from "../../cli/support.ts";
import { lacksSystem, skip } from "../../support/skip.ts";

/** Deno's own cache: where it is not named, Deno makes one in XDG_CACHE_HOME, and fetches the packages anew. */
const { stdout: info } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
const DENO_DIR: string = JSON.parse(new TextDecoder().decode(info)).denoDir;

/** Which folder the driver's shaders are kept in, and what is said of its vectors, as `doctor` says it. */
async function told(
  place: Place,
  { MESA_SHADER_CACHE_DIR = "", LP_NATIVE_VECTOR_WIDTH = "", XDG_CACHE_HOME = place.folder },
): Promise<{ folder: string | undefined; width: string | undefined }> {
  // A process that has tests run may have set the variables, and a child can only be given others.
  const unset = ["env", "-u", "MESA_SHADER_CACHE_DIR", "-u", "LP_NATIVE_VECTOR_WIDTH"];
  const given = Object.entries({ DENO_DIR, MESA_SHADER_CACHE_DIR, LP_NATIVE_VECTOR_WIDTH, XDG_CACHE_HOME })
    .filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}`);
  const { stdout } = await place.spawn(["doctor", "--json"], {}, [...unset, ...given]).output();
  const findings: { name: string; value: string }[] = JSON.parse(new TextDecoder().decode(stdout));
  const value = (name: string) => findings.find((finding) => finding.name === name)?.value;
  const variables = value("driver variables set by the commands");
  assert.ok(variables !== undefined, JSON.stringify(findings));
  return { folder: /MESA_SHADER_CACHE_DIR=(\S+)/.exec(variables)?.[1], width: value("width of vectors") };
}

Deno.test("512 bits are asked for where they were measured to be faster, and nowhere else", () => {
  assert.equal(vectorWidth(true, 15).width, "512");
  assert.equal(vectorWidth(true, 15, true).width, "256");
  for (const llvm of [16, 17, 19, 20, 30, undefined]) assert.equal(vectorWidth(true, llvm).width, undefined);
  for (const llvm of [15, 19, undefined]) assert.equal(vectorWidth(false, llvm).width, undefined);
  assert.match(vectorWidth(true, 19).reason, /faster up to LLVM 15, and this is 19/);
  assert.match(vectorWidth(true, undefined).reason, /LLVM was not found/);
});

placeTest("each width has its folder of shaders, and what the user has set stays", async (place) => {
  const folder = (width: string) => join(place.folder, `crossview-mesa-${width}`);
  const narrow = await told(place, { LP_NATIVE_VECTOR_WIDTH: "128" });
  assert.equal(narrow.folder, folder("128"));
  if (narrow.width === undefined) skip("the adapter is not lavapipe");
  else assert.equal(narrow.width, "128 bits, as LP_NATIVE_VECTOR_WIDTH says");

  const own = (await told(place, {})).folder;
  assert.ok([folder("own"), folder("512")].includes(own!), own);

  const chosen = join(place.folder, "chosen");
  assert.equal((await told(place, { MESA_SHADER_CACHE_DIR: chosen })).folder, undefined);
  // That of a process that started this one, with another width, is no choice of the user's.
  const inherited = await told(place, {
    MESA_SHADER_CACHE_DIR: folder("512"),
    LP_NATIVE_VECTOR_WIDTH: "256",
  });
  assert.equal(inherited.folder, folder("256"));

  // The driver would make the last folder of a path, and no more.
  const missing = join(place.folder, "not", "there");
  assert.equal((await told(place, { XDG_CACHE_HOME: missing })).folder, undefined);
}, lacksSystem("linux"));

placeTest("a command that evaluates an experiment computes with what its launcher chose", async (place) => {
  const { status, out, notes } = await place.process(["train", fixture("needs_gpu")], {
    DENO_DIR,
    LP_NATIVE_VECTOR_WIDTH: "128",
    MESA_SHADER_CACHE_DIR: "",
    XDG_CACHE_HOME: place.folder,
  });
  assert.equal(status, 0, notes);
  if (!/llvmpipe/.test(out.join("\n"))) return skip("the adapter is not lavapipe");
  assert.match(out.join("\n"), /adapter: llvmpipe \(LLVM [\d.]+, 128 bits\)/);
  assert.ok(place.has(join(place.folder, "crossview-mesa-128")));
}, lacksSystem("linux"));
