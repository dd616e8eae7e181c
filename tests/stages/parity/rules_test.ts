import assert from "node:assert/strict";
import {
  absoluteWithin,
  type Compared,
  counted,
  directionWithin,
  ofLargestWithin,
  type Recorded,
  relativeWithin,
  type Rule,
  scheduled,
  share,
  type Stray,
  where,
} from "../../../stages/parity/rules.ts";

const at = (first: boolean, stray: Stray = 0): Compared => ({ first, stray, wanted: {}, found: {} });
const first = at(true), later = at(false);

/** Whether it is within; undefined where the rule says nothing. */
function within(rule: Rule, found: Recorded, wanted: Recorded, when: Compared): boolean | undefined {
  const verdict = rule.compare(found, wanted, when);
  return verdict && verdict[0] <= verdict[1];
}

Deno.test("counts are equal in the first step, and in later ones as the case says", () => {
  const places = [[38, 8], [57, 27]], other = [[38, 8], [57, 28]];
  assert.equal(within(counted(), places, places, first), true);
  assert.equal(within(counted(), places, other, first), false);
  assert.equal(within(counted(), places, other, later), false);
  assert.equal(within(counted({ first: 10 }), 90, 100, later), true);
  assert.equal(within(counted({ first: 10 }), 89, 100, later), false);
  const kept = counted({ first: 10, later: { share: 0.005 } });
  assert.deepEqual([1005, 1006].map((found) => within(kept, found, 1000, later)), [true, false]);
  assert.deepEqual([1010, 1011].map((found) => within(kept, found, 1000, first)), [true, false]);
  const same = counted({ later: "same" });
  assert.equal(within(same, 3, 4, at(false, "same")), false);
  assert.equal(within(same, 3, 4, at(false, -2)), undefined, "PyTorch did not meet it either");
  assert.equal(within(same, 3, 4, at(true, -2)), false);
  assert.equal(within(counted({ later: "unsaid" }), 3, 4, later), undefined);
});

Deno.test("arrays of another form are out, and so is a number that is none", () => {
  for (
    const rule of [
      counted({ first: 1e9 }),
      relativeWithin(9),
      ofLargestWithin(9),
      absoluteWithin(9),
      share(),
      scheduled,
    ]
  ) {
    assert.equal(within(rule, [1, 2], [1, 2, 3], first), false);
    assert.equal(within(rule, 1, [1], first), false);
    assert.equal(within(rule, [[1], [2]], [[1, 2]], first), false);
    assert.equal(within(rule, [1, NaN], [1, 2], first), false);
    assert.equal(within(rule, [[1, 2], 3], [[1, 2], 3], first), true);
  }
  assert.equal(within(directionWithin(1e-3), [1, NaN], [1, 2], first), false);
});

Deno.test("a share of each number, of the largest, and so much at all", () => {
  assert.equal(within(relativeWithin(1e-3), [1000, 1.01], [1000, 1], first), false);
  assert.equal(within(ofLargestWithin(1e-3), [1000, 1.01], [1000, 1], first), true);
  assert.equal(within(absoluteWithin(1e-3), [1000, 1.01], [1000, 1], first), false);
  assert.equal(within(relativeWithin(1e-4, 1e-1), [1.05], [1], later), true);
  assert.equal(within(relativeWithin(1e-4, 1e-1), [1.05], [1], first), false);
  assert.equal(
    within(relativeWithin(1e-4), 1.05, 1, at(true, -0.011)),
    true,
    "5 times what PyTorch strayed by",
  );
  assert.equal(within(scheduled, 1 + 2e-9, 1, first), false);
});

Deno.test("a direction is out when it turns or is none, and not when its length changes", () => {
  const rule = directionWithin(1e-3), wanted = [3, 4, 0];
  assert.equal(within(rule, [3.0001, 4, 0], wanted, first), true);
  assert.equal(within(rule, [3, 4, 0.3], wanted, first), false);
  assert.equal(within(rule, [6, 8, 0], wanted, first), true);
  assert.equal(within(rule, [-3, -4, 0], wanted, first), false);
  assert.equal(within(rule, [0, 0, 0], wanted, first), false);
  assert.equal(within(rule, [3, 4], wanted, first), false);
});

Deno.test("a rule may hold where another number is equal alone", () => {
  const rule = where(({ found, wanted }) => found.count === wanted.count, relativeWithin(1e-3));
  const when = (count: number): Compared => ({ ...first, found: { count }, wanted: { count: 3 } });
  assert.equal(within(rule, 1.1, 1, when(3)), false);
  assert.equal(within(rule, 1.1, 1, when(2)), undefined);
});
