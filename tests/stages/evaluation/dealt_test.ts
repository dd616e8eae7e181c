import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { type Team, TeamError } from "../../../pipeline/mod.ts";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import type { SampleSet } from "../../../stages/datasets/samples.ts";
import { assertAlike, makeDealt, scoreDealt, TeamMismatchError } from "../../../stages/evaluation/dealt.ts";
import { teamOf } from "../../pipeline/run/team.ts";

const CLASSES = shapesClasses.names.length;

/** So many images of one pixel, whose class and value are their number; sizes are asked of the set itself. */
class Numbered implements SampleSet {
  readonly classes = shapesClasses;
  readonly ids: readonly string[];
  constructor(readonly length: number) {
    this.ids = Array.from({ length }, (_, i) => `image ${i}`);
  }
  size() {
    return { width: 1, height: 1 };
  }
  image(i: number) {
    return Uint8Array.of(i, i, i);
  }
  mask(i: number) {
    return Uint8Array.of(i % CLASSES);
  }
}

/** Counts each image as itself: truth its class, prediction that of the next. */
const score = (samples: SampleSet, progress: (done: number) => void) => {
  const matrix = new Float64Array(CLASSES ** 2);
  for (let i = 0; i < samples.length; i++) {
    const [value] = samples.image(i), [truth] = samples.mask(i);
    assert.equal(samples.ids[i], `image ${value}`);
    assert.deepEqual(samples.size(i), { width: 1, height: 1 });
    matrix[truth! * CLASSES + (value! + 1) % CLASSES]!++;
    progress(i + 1);
  }
  return Promise.resolve({ network: { classes: CLASSES, matrix } });
};

Deno.test("each image is scored once, whoever does, and all have the counts of all", async () => {
  for (const [size, images] of [[2, 7], [3, 2], [4, 100]] as const) {
    const set = new Numbered(images), wanted = await score(set, () => {});
    const told: number[] = [];
    const all = await Promise.all(
      teamOf(size).map((team) => scoreDealt(team, set, score, (done) => team.rank === 0 && told.push(done))),
    );
    for (const found of all) assert.deepEqual(found, wanted);
    assert.ok(told.every((done) => done <= images));
  }
});

Deno.test("a process that cannot score says why itself, and the others that it cannot", async () => {
  const set = new Numbered(5), broken = () => Promise.reject(new Error("no device"));
  const ends = await Promise.allSettled(
    teamOf(3).map((team) => scoreDealt(team, set, team.rank === 1 ? broken : score)),
  );
  const reasons = ends.map((end) => (end as PromiseRejectedResult).reason as Error);
  assert.deepEqual(reasons.map(({ message }) => message), [
    "Cannot score: rank 1 has failed",
    "no device",
    "rank 1 has failed",
  ]);
  assert.ok(reasons[2] instanceof TeamError);
});

Deno.test("what processes make in turns comes to the first in the order of the images", async () => {
  for (const [size, images] of [[1, 3], [2, 5], [4, 2], [3, 0]] as const) {
    const makers = new Map<number, number>(), taken: number[] = [];
    await Promise.all(
      teamOf(size).map((team) =>
        makeDealt(
          size === 1 ? undefined : team,
          images,
          (image) => {
            makers.set(image, team.rank);
            return Promise.resolve(Uint8Array.of(image, team.rank));
          },
          (image, bytes) => {
            assert.deepEqual([...bytes], [image, image % size]);
            assert.equal(team.rank, 0);
            taken.push(image);
            return Promise.resolve();
          },
        )
      ),
    );
    assert.deepEqual(taken, Array.from({ length: images }, (_, i) => i));
    assert.equal(makers.size, images);
  }
});

Deno.test("adapters of two kinds are refused before anything is computed", async () => {
  const device = (name: string, sharing = 8) =>
    ({ facts: { name, sharing, subgroupSize: 8 } }) as unknown as Device;
  const both = (one: Device, other: Device) => {
    const [first, second] = teamOf(2) as [Team, Team];
    return Promise.allSettled([assertAlike(first, one), assertAlike(second, other)]);
  };
  assert.deepEqual(await both(device("a"), device("a")), [
    { status: "fulfilled", value: ["a", "a"] },
    { status: "fulfilled", value: ["a", "a"] },
  ]);
  for (const other of [device("b"), device("a", 16)]) {
    const [one, two] = await both(device("a"), other) as [PromiseRejectedResult, PromiseRejectedResult];
    assert.ok(
      one.reason instanceof TeamMismatchError && /rank 1 computes on \["(a|b)",/.test(one.reason.message),
    );
    assert.ok(two.reason instanceof TeamError);
  }
});
