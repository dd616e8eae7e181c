import assert from "node:assert/strict";
import { KernelError } from "../../kernels/errors.ts";
import { Graph, type Launch } from "../../kernels/graph.ts";
import { defineKernel, MAX_GROUPS, MAX_LOOP_ITERATIONS } from "../../kernels/shader/kernel.ts";
import { makeTensor, type Tensor } from "../../kernels/tensor.ts";

const kernel = defineKernel({
  name: "twofold",
  source: "",
  uniforms: {},
  reads: { x: "vec4f" },
  writes: { y: "vec4f" },
});

const input = (label: string) => makeTensor({ label, shape: [4], tracked: true });

/** An op of any inputs whose gradient by input i is the tensor `d<output>/d<input>`. */
function op(graph: Graph, label: string, ...inputs: Tensor[]): Tensor {
  const output = graph.output({ label, shape: [4] }, inputs);
  graph.record(
    output,
    (gradient) =>
      inputs.map((x) => [x, makeTensor({ label: `${gradient.label}·${label}/${x.label}`, shape: [4] })]),
  );
  return output;
}

/** Runs the backward pass from d`output`; sums are written as `(a+b)`. */
function differentiate(graph: Graph, ...outputs: Tensor[]): Record<string, string> {
  const seeds = outputs.map((y) => [y, makeTensor({ label: `d${y.label}`, shape: [4] })] as const);
  const gradients = graph.backward(
    seeds,
    (a, b) => makeTensor({ label: `(${a.label}+${b.label})`, shape: [4] }),
  );
  return Object.fromEntries([...gradients].map(([x, gradient]) => [x.label, gradient.label]));
}

Deno.test("Graph.backward() follows the chain rule and returns the gradients of inputs alone", () => {
  const graph = new Graph(0), x = input("x");
  const z = op(graph, "z", op(graph, "y", x));
  assert.deepEqual(differentiate(graph, z), { x: "dz·z/y·y/x" });
});

Deno.test("Graph.backward() adds the gradients of a tensor that is used twice, last use first", () => {
  const graph = new Graph(0), x = input("x");
  const a = op(graph, "a", x), b = op(graph, "b", x);
  const y = op(graph, "y", a, b);
  assert.deepEqual(differentiate(graph, y), { x: "(dy·y/b·b/x+dy·y/a·a/x)" });
});

Deno.test("Graph.backward() sums an op's uses before it goes through the op", () => {
  const graph = new Graph(0), x = input("x");
  const h = op(graph, "h", x);
  const y = op(graph, "y", op(graph, "a", h), op(graph, "b", h));
  assert.deepEqual(differentiate(graph, y), { x: "(dy·y/b·b/h+dy·y/a·a/h)·h/x" });
});

Deno.test("Graph.backward() adds several seeds of one tensor in their order", () => {
  const graph = new Graph(0), x = input("x");
  const y = op(graph, "y", x);
  const [one, two] = ["one", "two"].map((label) => makeTensor({ label, shape: [4] }));
  const gradients = graph.backward(
    [[y, one!], [y, two!]],
    (a, b) => makeTensor({ label: `(${a.label}+${b.label})`, shape: [4] }),
  );
  assert.equal(gradients.get(x)?.label, "(one+two)·y/x");
});

Deno.test("Graph.backward() leaves out ops that no seed reaches, and inputs that are not tracked", () => {
  const graph = new Graph(0), x = input("x");
  const constant = makeTensor({ label: "c", shape: [4] });
  op(graph, "unused", x);
  const y = op(graph, "y", x, constant);
  assert.deepEqual(differentiate(graph, y), { x: "dy·y/x" });
});

Deno.test("Graph.withoutGradients() makes constants of outputs, and recording goes on after it", () => {
  const graph = new Graph(0), x = input("x");
  const detached = graph.withoutGradients(() => op(graph, "detached", x));
  assert.equal(detached.tracked, false);
  const y = op(graph, "y", x, detached);
  assert.equal(y.tracked, true);
  assert.deepEqual(differentiate(graph, y), { x: "dy·y/x" });
});

Deno.test("Graph.withoutGradients() may be nested, and ends when its body throws", () => {
  const graph = new Graph(0), x = input("x");
  graph.withoutGradients(() => {
    graph.withoutGradients(() => {});
    assert.equal(op(graph, "still", x).tracked, false);
  });
  assert.throws(() =>
    graph.withoutGradients(() => {
      throw new Error("a body's own");
    }), /a body's own/);
  assert.equal(op(graph, "again", x).tracked, true);
});

/** `Graph.gradient` by `at` of d`output`, where `body` makes the output. */
function gradientBy(graph: Graph, at: Tensor, body: (at: Tensor) => Tensor): string {
  const add = (a: Tensor, b: Tensor) => makeTensor({ label: `(${a.label}+${b.label})`, shape: [4] });
  const { label } = graph.gradient(at, (at) => {
    const y = body(at);
    return [[y, makeTensor({ label: `d${y.label}`, shape: [4] })]];
  }, add);
  return label;
}

Deno.test("Graph.gradient() goes back in the middle of a step, on a tape of its own", () => {
  const graph = new Graph(0), x = input("x"), constant = makeTensor({ label: "c", shape: [4] });
  const before = op(graph, "before", x);
  const found = gradientBy(graph, constant, (c) => op(graph, "y", op(graph, "a", c), op(graph, "b", c)));
  assert.equal(found, "(dy·y/b·b/c+dy·y/a·a/c)");
  // The step's own way back is as if nothing had been.
  assert.deepEqual(differentiate(graph, op(graph, "z", before)), { x: "dz·z/before·before/x" });
});

Deno.test("Graph.gradient() records within what is a constant, and not what is made constant within", () => {
  const graph = new Graph(0), c = makeTensor({ label: "c", shape: [4] });
  graph.withoutGradients(() => {
    const found = gradientBy(graph, c, (at) => {
      const detached = graph.withoutGradients(() => op(graph, "detached", at));
      return op(graph, "y", at, detached);
    });
    assert.equal(found, "dy·y/c");
    assert.equal(op(graph, "still", input("x")).tracked, false);
  });
});

Deno.test("Graph.gradient() may be nested, and ends when its body throws", () => {
  const graph = new Graph(0), c = makeTensor({ label: "c", shape: [4] });
  const found = gradientBy(graph, c, (outer) => {
    gradientBy(graph, c, (inner) => op(graph, "inner", inner));
    return op(graph, "y", outer);
  });
  assert.equal(found, "dy·y/c");
  assert.throws(() =>
    gradientBy(graph, c, () => {
      throw new Error("a body's own");
    }), /a body's own/);
  assert.deepEqual(differentiate(graph, op(graph, "z", input("x"))), { x: "dz·z/x" });
});

Deno.test("what reads the tensor that Graph.gradient() follows reads the tensor itself", () => {
  const graph = new Graph(0), c = makeTensor({ label: "c", shape: [4] });
  gradientBy(graph, c, (at) => {
    const y = graph.output({ label: "y", shape: [4] }, [at]);
    graph.launch({ kernel, reads: [at], writes: [y], groups: [1, 1, 1], loops: 0 });
    graph.record(y, (gradient) => {
      graph.launch({ kernel, reads: [at], writes: [y], groups: [1, 1, 1], loops: 0 });
      return [[at, gradient]];
    });
    return y;
  });
  assert.deepEqual(graph.dispatches.map(({ reads }) => reads[0] === c), [true, true]);
});

Deno.test("Graph.gradient() refuses a loss that does not depend on the tensor, and gradients of parameters", () => {
  const graph = new Graph(0), c = makeTensor({ label: "c", shape: [4] });
  assert.throws(
    () => gradientBy(graph, c, () => op(graph, "y", input("x"))),
    (error: Error) =>
      error instanceof KernelError &&
      /Cannot differentiate by c: the loss does not depend/.test(error.message),
  );
  const weight = makeTensor({
    label: "w",
    shape: [4],
    tracked: true,
    gradient: makeTensor({ label: "dw", shape: [4] }),
  });
  assert.throws(
    () =>
      gradientBy(graph, c, (at) => {
        const y = graph.output({ label: "y", shape: [4] }, [at, weight]);
        graph.record(y, (gradient) => {
          graph.gradientOf(weight);
          return [[at, gradient]];
        });
        return y;
      }),
    /Cannot differentiate by w in the middle of a step/,
  );
  assert.equal(graph.hasGradient(weight), false);
  assert.equal(graph.gradientOf(weight).accumulate, false);
});

Deno.test("outputs follow the graph's precision and gradients their tensors; all else is f32 unless it says", () => {
  const graph = new Graph(0, { precision: "f16" }), image = [1, 2, 3, 4];
  const y = graph.output({ label: "y", shape: image }, []);
  assert.equal(y.dtype, "f16");
  assert.equal(new Graph(0).output({ label: "y", shape: image }, []).dtype, "f32");
  assert.equal(graph.output({ label: "map", shape: [1, 2, 3], layout: "map" }, []).dtype, "f32");
  assert.equal(graph.output({ label: "sum", shape: image, dtype: "f32" }, []).dtype, "f32");
  assert.equal(graph.tensor({ label: "partials", shape: [8] }).dtype, "f32");
  const { label, shape, dtype, bytes } = graph.gradientLike(y);
  assert.deepEqual({ label, shape, dtype, bytes }, { label: "d y", shape: image, dtype: "f16", bytes: 48 });
});

Deno.test("Graph.inPrecision() holds for its body alone, may be nested, and ends when its body throws", () => {
  const graph = new Graph(0, { precision: "f16" });
  const now = () => graph.output({ label: "y", shape: [1, 1, 1, 4] }, []).dtype;
  const seen = graph.inPrecision("f32", () => [now(), graph.inPrecision("f16", now), now()]);
  assert.deepEqual([...seen, now()], ["f32", "f16", "f32", "f16"]);
  assert.throws(() =>
    graph.inPrecision("f32", () => {
      throw new Error("a body's own");
    }), /a body's own/);
  assert.equal(now(), "f16");
});

Deno.test("Graph.derived() makes a derived tensor once a tensor, whatever its label", () => {
  const graph = new Graph(0);
  let made = 0;
  const make = () => graph.tensor({ label: `${made++}`, shape: [4] });
  const a = makeTensor({ label: "a", shape: [4] }), other = makeTensor({ label: "a", shape: [4] });
  const first = graph.derived(a, make);
  assert.equal(graph.derived(a, make), first);
  assert.notEqual(graph.derived(other, make), first);
  assert.equal(made, 2);
});

Deno.test("Graph.gradientOf() lets the first writer of a step overwrite and later ones add", () => {
  const graph = new Graph(0);
  const gradient = makeTensor({ label: "dw", shape: [4] });
  const weight = makeTensor({ label: "w", shape: [4], gradient, tracked: true });
  assert.equal(graph.hasGradient(weight), false);
  assert.deepEqual(graph.gradientOf(weight), { tensor: gradient, accumulate: false });
  assert.deepEqual(graph.gradientOf(weight), { tensor: gradient, accumulate: true });
  assert.equal(graph.hasGradient(weight), true);
  assert.deepEqual(new Graph(0).gradientOf(weight), { tensor: gradient, accumulate: false });
  assert.throws(
    () => graph.gradientOf(input("x")),
    (error) => error instanceof KernelError && /by x: it is not a parameter/.test(error.message),
  );
});

const [x, y] = [input("x"), makeTensor({ label: "y", shape: [4] })];
const launch: Launch = { kernel, reads: [x], writes: [y], groups: [1, 1, 1], loops: 0 };

Deno.test("Graph.launch() takes what a kernel is made for", () => {
  const graph = new Graph(0);
  graph.launch({ ...launch, groups: [MAX_GROUPS, 1, 1], loops: MAX_LOOP_ITERATIONS });
  graph.launch({ ...launch, groups: [1, MAX_GROUPS + 1, 1], divisible: 1 });
  assert.deepEqual(graph.dispatches.map(({ groups, divisible }) => [groups, divisible]), [
    [[MAX_GROUPS, 1, 1], undefined],
    [[1, MAX_GROUPS + 1, 1], 1],
  ]);
});

const refused: Record<string, readonly [Partial<Launch>, RegExp]> = {
  "other inputs": [{ reads: [x, x] }, /with 2 inputs and 1 outputs: it has 1 and 1/],
  "other outputs": [{ writes: [] }, /with 1 inputs and 0 outputs/],
  "no workgroups": [{ groups: [1, 0, 1] }, /\[1,0,1\] workgroups: each axis takes 1 to 65535/],
  "too many workgroups": [{ groups: [1, MAX_GROUPS + 1, 1] }, /\[1,65536,1\] workgroups/],
  "too many along another axis": [{ groups: [1, MAX_GROUPS + 1, 1], divisible: 0 }, /\[1,65536,1\] work/],
  "half a workgroup": [{ groups: [1.5, 1, 1] }, /\[1.5,1,1\] workgroups/],
  "too many iterations": [{ loops: MAX_LOOP_ITERATIONS + 1 }, /60001 loop iterations, and at most 60000/],
};

Deno.test("Graph.launch() refuses, naming the kernel, what would fail or lie later", async (t) => {
  for (const [what, [change, message]] of Object.entries(refused)) {
    await t.step(what, () => {
      const graph = new Graph(0);
      assert.throws(
        () => graph.launch({ ...launch, ...change }),
        (error) =>
          error instanceof KernelError && message.test(error.message) && /"twofold"/.test(error.message),
      );
      assert.equal(graph.dispatches.length, 0);
    });
  }
});
