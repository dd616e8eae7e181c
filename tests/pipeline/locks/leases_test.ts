/** Leases: one holder at a time, on one machine and between machines, and none that a dead holder keeps. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../../pipeline/plan/canonical_json.ts";
import { CacheError, LeaseLostError } from "../../../pipeline/errors.ts";
import { acquireLease, type LeaseOptions } from "../../../pipeline/locks/leases.ts";
import { withDirectory } from "../support.ts";

const timing = { beat: 20, stale: 400 };
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How long it took to get a lease, which is given back at once. */
async function secondsToGet(directory: string, options: LeaseOptions = {}): Promise<number> {
  const started = performance.now();
  using _lease = await acquireLease(directory, "key", { timing, ...options });
  return (performance.now() - started) / 1000;
}

/** Takes turns, each of them on a machine of its own if `apart`; throws if two have the lease at once. */
async function takeTurns(directory: string, apart: boolean): Promise<void> {
  let holders = 0, turns = 0;
  await Promise.all(Array.from({ length: 8 }, async (_, i) => {
    for (let turn = 0; turn < 5; turn++) {
      const machine = apart ? { machine: `machine-${i}` } : {};
      using _lease = await acquireLease(directory, "key", { timing: { beat: 20, stale: 5000 }, ...machine });
      assert.equal(++holders, 1);
      await pause(3);
      holders--;
      turns++;
    }
  }));
  assert.equal(turns, 40);
  assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), []);
}

Deno.test("one holder at a time, and nothing is left behind", () =>
  withDirectory((directory) => takeTurns(directory, false)));

Deno.test("machines that share no kernel's lock take turns all the same", () =>
  withDirectory((directory) => takeTurns(directory, true)));

Deno.test("a waiting one says so once, and hears an abort", () =>
  withDirectory(async (directory) => {
    using _lease = await acquireLease(directory, "key", { timing });
    const controller = new AbortController();
    let said = 0;
    const waiting = acquireLease(directory, "key", {
      timing,
      signal: controller.signal,
      waiting: () => void said++,
    });
    await pause(200);
    controller.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    assert.equal(said, 1);
    // Other names are free.
    (await acquireLease(directory, "other", { timing }))[Symbol.dispose]();
  }));

Deno.test("a process that was killed keeps nobody waiting on its machine", () =>
  withDirectory(async (directory) => {
    const module = new URL("../../../pipeline/locks/leases.ts", import.meta.url).href;
    const script = `import { acquireLease } from ${JSON.stringify(module)};
      const lease = await acquireLease(${JSON.stringify(directory)}, "key");
      console.log("held");
      setTimeout(() => lease, 60_000);`;
    const config = fileURLToPath(new URL("../../../deno.json", import.meta.url));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--config", config, script],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    assert.match(new TextDecoder().decode((await reader.read()).value), /held/);
    let said = 0;
    const waiting = secondsToGet(directory, { timing: {}, waiting: () => void said++ });
    await pause(300);
    assert.equal(said, 1);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    assert.ok(await waiting < 15);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), []);
  }));

Deno.test("a lease of another machine holds while its heart beats, and is taken over when it has stopped", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "key");
    const text = JSON.stringify({ machine: "far away", pid: 1, token: "theirs" });
    // Its clock is an hour behind, which must not matter.
    let time = Date.now() - 3_600_000;
    const beat = async () => await Deno.utime(path, new Date(time), new Date(time += 1000));
    await Deno.writeTextFile(path, text);
    await beat();
    const seconds = secondsToGet(directory);
    for (let beats = 0; beats < 10; beats++) {
      await pause(100);
      await beat();
    }
    assert.equal(await Deno.readTextFile(path), text);
    const got = await seconds;
    assert.ok(got > 1.3 && got < 15, `${got} s`);
  }));

Deno.test("of many machines that see one dead lease, one at a time has the next", () =>
  withDirectory(async (directory) => {
    for (let round = 0; round < 5; round++) {
      await Deno.writeTextFile(
        join(directory, "key"),
        JSON.stringify({ machine: "gone", token: `dead ${round}` }),
      );
      let holders = 0, most = 0;
      await Promise.all(Array.from({ length: 8 }, async (_, i) => {
        const options = { timing: { beat: 10, stale: 100 }, machine: `machine-${i}` };
        using _lease = await acquireLease(directory, "key", options);
        most = Math.max(most, ++holders);
        await pause(20);
        holders--;
      }));
      assert.equal(most, 1);
      assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), []);
    }
  }));

Deno.test("what is no lease is taken over as soon as nobody writes to it", () =>
  withDirectory(async (directory) => {
    const { token } = { token: "x".repeat(5000) };
    for (const text of ["", "{}", "null", "\u0000", '{"token":1,"machine":[]}', JSON.stringify({ token })]) {
      await Deno.writeTextFile(join(directory, "key"), text);
      assert.ok(
        await secondsToGet(directory, { timing: { beat: 20, stale: 60_000 } }) < 15,
        text.slice(0, 20),
      );
    }
  }));

Deno.test("a holder whose lease was taken over leaves the new one alone", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "key");
    const lease = await acquireLease(directory, "key", { timing });
    const theirs = JSON.stringify({ machine: "far away", pid: 1, token: "theirs" });
    await Deno.writeTextFile(`${path}.new`, theirs);
    await Deno.utime(`${path}.new`, 1, 1);
    await Deno.rename(`${path}.new`, path);
    await pause(100);
    assert.equal(Deno.statSync(path).mtime?.getTime(), 1000);
    lease[Symbol.dispose]();
    assert.equal(await Deno.readTextFile(path), theirs);
  }));

/** Keeps a lease's heart beating until the end. */
function beating(path: string): { [Symbol.dispose](): void } {
  let time = 1e9;
  const timer = setInterval(() => Deno.utimeSync(path, time, time += 1), 20);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

Deno.test("a beating heart counts for more than a kernel's lock that is free, as another mount's is", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "key"), machine = "this-one";
    // As its holder leaves it that is dead, or that has its lock in another mount.
    const lockPath = join(directory, `key@${machine}`);
    await Deno.writeTextFile(lockPath, "");
    const { dev, ino } = await Deno.stat(lockPath);
    const theirs = (lock: string) => JSON.stringify({ machine, pid: 1, token: "theirs", beat: 40, lock });
    for (const lock of [`${dev}:${ino}`, "9:9"]) {
      await Deno.writeTextFile(path, theirs(lock));
      const told: (number | undefined)[] = [];
      let seconds;
      {
        using _heart = beating(path);
        seconds = secondsToGet(directory, {
          machine,
          timing: { beat: 40, stale: 1500 },
          waiting: (takesOverIn) => void told.push(takesOverIn),
        });
        await pause(1000);
        assert.equal(await Deno.readTextFile(path), theirs(lock), "it beats");
        assert.ok(told.includes(undefined), "it is waited for");
      }
      const got = await seconds - 1;
      // Two beats and a half where the lock would have kept us out, else all of the long silence.
      if (lock === "9:9") assert.ok(got > 1.4 && got < 15, `${got} s`);
      else assert.ok(got > 0.08 && got < 1.4, `${got} s`);
      assert.ok(
        told.some((takesOverIn) => takesOverIn !== undefined),
        "that it seems dead is told, with the time",
      );
      await Deno.writeTextFile(lockPath, "");
    }
  }));

Deno.test("what a process slept through, it has not watched", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "key");
    await Deno.writeTextFile(path, JSON.stringify({ machine: "far away", pid: 1, token: "theirs" }));
    const now = performance.now;
    let slept = 0;
    performance.now = () => now.call(performance) + slept;
    try {
      const seconds = secondsToGet(directory, { timing: { beat: 20, stale: 1500 } });
      await pause(100);
      slept = 3_600_000; // The lid of a laptop, on which both run.
      await pause(400);
      assert.match(await Deno.readTextFile(path), /theirs/);
      await seconds;
    } finally {
      performance.now = now;
    }
  }));

Deno.test("a claim on a dead lease is believed as long as it was not watched to be left, whatever the clock", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "key");
    await Deno.writeTextFile(path, JSON.stringify({ machine: "gone", pid: 1, token: "dead" }));
    const claim = `${path}.${sha256("dead").slice(0, 16)}.taken`;
    await Deno.writeTextFile(claim, "");
    await Deno.utime(claim, 1, 1); // By the clock of a host that is years ahead, it was left years ago.
    const seconds = secondsToGet(directory, { timing: { beat: 20, stale: 400 } });
    await pause(600);
    assert.ok(Deno.statSync(claim).isFile);
    const got = await seconds;
    assert.ok(got > 0.8 && got < 15, `${got} s`);
  }));

Deno.test("check() tells a holder that its lease is another's, or gone", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "key");
    for (
      const [lose, said] of [
        [
          () => Deno.writeTextFileSync(path, JSON.stringify({ machine: "m", token: "t" })),
          /another process's by now/,
        ],
        [() => Deno.removeSync(path), /is gone/],
      ] as const
    ) {
      using lease = await acquireLease(directory, "key", { timing });
      lease.check();
      lose();
      assert.throws(
        () => lease.check(),
        (error) => error instanceof LeaseLostError && said.test(error.message),
      );
      await Deno.remove(path).catch(() => {});
    }
    const place = join(directory, "mount");
    using lease = await acquireLease(place, "key", { timing });
    await Deno.remove(place, { recursive: true });
    assert.throws(
      () => lease.check(),
      (error) =>
        error instanceof CacheError && !(error instanceof LeaseLostError) &&
        /disk is gone/.test(error.message),
    );
  }));
