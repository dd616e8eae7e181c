/** Teams of real processes, by each implementation of MPI that is there. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { projectRoot } from "../../../runtime/host/place.ts";
import { mpiLibrary } from "../../../runtime/team/start.ts";
import { testUnless } from "../../support/skip.ts";
import { implementations, mpiEnvironment } from "./implementations.ts";

async function started(starter: readonly string[], library: string, mode = "works") {
  const [program, ...flags] = starter as [string, ...string[]];
  const member = join(projectRoot, "tests/runtime/team/fixtures/member.ts");
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [
      ...flags,
      Deno.execPath(),
      "run",
      "--config",
      join(projectRoot, "deno.json"),
      "--no-prompt",
      "--allow-read",
      `--allow-ffi=${library}`,
      member,
      library,
      mode,
    ],
    env: mpiEnvironment,
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  return { code, out, err };
}

const made = (length: number, ...who: number[]) =>
  Uint8Array.from({ length }, (_, i) => who.reduce((sum, one) => 31 * sum + one, i) & 255);
const sum = (bytes: Uint8Array) => bytes.reduce((sum, byte, i) => (sum * 33 + byte + i) >>> 0, bytes.length);

for (const { name, lacks, library, starter } of implementations) {
  testUnless(
    lacks,
    `${name}: all hear the first, each hears all, and each what was meant for it`,
    async () => {
      for (const size of [1, 3]) {
        const { code, out, err } = await started(starter(size), library);
        assert.equal(code, 0, err);
        const said = out.trim().split("\n").map((line) => JSON.parse(line)).sort((a, b) => a.rank - b.rank);
        const ranks = Array.from({ length: size }, (_, rank) => rank);
        assert.deepEqual(
          said,
          ranks.map((rank) => ({
            rank,
            size,
            told: sum(made(3_000_001, 7)),
            nothing: 0,
            gathered: ranks.map((from) => sum(made(1000 * from, from))),
            exchanged: ranks.map((from) => sum(made(100 * rank + from, from, rank))),
          })),
        );
      }
    },
  );

  testUnless(lacks, `${name}: one that ends with a failure ends all, within seconds`, async () => {
    const start = performance.now(), { code, out, err } = await started(starter(3), library, "fails");
    assert.notEqual(code, 0);
    // MPICH says there that one has ended.
    assert.doesNotMatch(out, /gathered/);
    assert.match(err, /rank 2 fails/);
    assert.ok(performance.now() - start < 30_000);
  });

  testUnless(lacks, `${name}: what is no such library is refused by its name`, async () => {
    const { code, err } = await started(starter(1), "/nowhere/libmpi.so");
    assert.equal(code, 1);
    assert.match(err, /Cannot load MPI from "\/nowhere\/libmpi\.so": .*Name its library by CROSSVIEW_MPI/);
  });
}

Deno.test("the library is found by who has started the process, in the loader's path first", () => {
  const find = (variables: Readonly<Record<string, string>>, ...there: string[]) =>
    mpiLibrary((name) => variables[name], (path) => there.includes(path));
  assert.equal(find({}), undefined);
  assert.equal(find({ SLURM_PROCID: "0" }), undefined);
  assert.equal(find({ CROSSVIEW_MPI: "/a/libmpi.so" }, "/usr/lib/libmpi.so.40"), "/a/libmpi.so");
  const usual = "/usr/lib/x86_64-linux-gnu/libmpi.so.40", own = "/opt/ompi/lib/libmpi.so.40";
  assert.equal(find({ OMPI_COMM_WORLD_SIZE: "2" }, usual), usual);
  assert.equal(find({ OMPI_COMM_WORLD_SIZE: "2", LD_LIBRARY_PATH: "/x:/opt/ompi/lib" }, usual, own), own);
  assert.equal(
    find({ PMI_RANK: "0" }, "/usr/lib64/mpich/lib/libmpich.so.12"),
    "/usr/lib64/mpich/lib/libmpich.so.12",
  );
  // The loader looks further than this.
  assert.equal(find({ PMI_SIZE: "2" }), "libmpich.so.12");
});
