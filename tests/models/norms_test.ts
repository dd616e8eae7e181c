import assert from "node:assert/strict";
import { Graph } from "../../kernels/graph.ts";
import { makeTensor } from "../../kernels/tensor.ts";
import { predict } from "../../models/deeplabv3plus.ts";
import { normLayer } from "../../models/layers.ts";
import { declareNetworks, type NetworkVariant } from "../../models/networks.ts";
import { normMistake, unusualEpsilons } from "../../models/norms.ts";
import { type Forward, Registry } from "../../models/registry.ts";
import { declaredTensors } from "../support/declared_tensors.ts";

const spec = {
  backbone: "resnet14",
  classes: 3,
  dilations: { replaceStride: [false, false, true] },
  rates: [1, 2, 3],
} as const;

/** What the norms of a network are launched with; nothing runs. */
function normsOf(variant: NetworkVariant, forward: Pick<Forward, "training" | "domain">) {
  const { registry, byName } = declareNetworks(spec, { net: variant });
  const tensors = declaredTensors(registry, { home: { buffer: {} as GPUBuffer, offset: 0 } });
  const graph = new Graph(0);
  const tensor = (name: string) => tensors.get(name) ?? assert.fail(`no tensor is called ${name}`);
  const counters = makeTensor({ label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" });
  predict(
    byName.net!,
    { graph, tensor, counters, parts: [""], ...forward },
    makeTensor({ label: "x", shape: [2, 33, 33, 3] }),
  );
  const launches = (kernel: RegExp) => graph.dispatches.filter(({ kernel: { name } }) => kernel.test(name));
  return {
    applied: launches(/^batch_norm$/).map(({ reads, uniforms: { epsilon }, constants }) => ({
      norm: reads[4]!.label.replace(/\.weight$/, ""),
      epsilon,
      clamped: constants.CLAMPED,
    })),
    momenta: launches(/^batch_norm_moments/).map(({ writes, uniforms: { momentum } }) => ({
      norm: writes[2]!.label.replace(/\.running_mean$/, ""),
      momentum,
    })),
  };
}

const ofBackbone = ({ norm }: { readonly norm: string }) => norm.startsWith("net.backbone.");

Deno.test("norms are PyTorch's unless told, and by part as they are told", () => {
  const { applied, momenta } = normsOf({}, { training: true });
  assert.ok(applied.length > 20 && applied.length === momenta.length);
  assert.ok(applied.every(({ epsilon, clamped }) => epsilon === 1e-5 && clamped === 0));
  assert.ok(momenta.every(({ momentum }) => momentum === 0.1));

  const norms = { backbone: { epsilon: 1e-3, momentum: 0.05 }, head: { clampsVariance: true } };
  const own = normsOf({ norms }, { training: true });
  assert.deepEqual(own.applied.map(({ norm }) => norm), applied.map(({ norm }) => norm));
  for (const norm of own.applied) {
    const { epsilon, clamped } = norm;
    assert.deepEqual([epsilon, clamped], ofBackbone(norm) ? [1e-3, 0] : [1e-5, 1], norm.norm);
  }
  for (const norm of own.momenta) assert.equal(norm.momentum, ofBackbone(norm) ? 0.05 : 0.1, norm.norm);
  // Evaluation adds epsilon.
  const evaluated = normsOf({ norms }, { training: false });
  assert.ok(evaluated.applied.some(ofBackbone) && evaluated.applied.every(({ clamped }) => clamped === 0));
  for (const norm of evaluated.applied) assert.equal(norm.epsilon, ofBackbone(norm) ? 1e-3 : 1e-5, norm.norm);
});

Deno.test("norms of two domains are there twice, and a pass goes through those of its domain", () => {
  const one = declareNetworks(spec, { net: {} }).registry;
  const two = declareNetworks(spec, { net: { norms: { domains: ["weak", "strong"] } } }).registry;
  const names = ({ parameters, statistics }: Registry) =>
    [...parameters, ...statistics].map(({ name }) => name);
  const second = names(two).filter((name) => name.includes(".aux."));
  const norms = [...one.parameters.filter(({ kind }) => kind === "norms"), ...one.statistics];
  assert.deepEqual(names(two).filter((name) => !name.includes(".aux.")), names(one));
  assert.deepEqual(second.map((name) => name.replace(".aux.", ".")), norms.map(({ name }) => name));
  for (const { name, startsAs } of [...two.parameters, ...two.statistics]) {
    assert.equal(startsAs, name.includes(".aux.") ? name.replace(".aux.", ".") : undefined);
  }
  const passes = { weak: undefined, strong: ".aux", other: undefined };
  for (const [domain, copy = ""] of Object.entries(passes)) {
    const { applied, momenta } = normsOf({ norms: { domains: ["weak", "strong"] } }, {
      training: true,
      domain,
    });
    const plain = normsOf({}, { training: true });
    const copies = (found: readonly { norm: string }[]) => found.map(({ norm }) => `${norm}${copy}`);
    assert.deepEqual(applied.map(({ norm }) => norm), copies(plain.applied), domain);
    assert.deepEqual(momenta.map(({ norm }) => norm), copies(plain.momenta), domain);
  }
});

Deno.test("a layer may have a norm without γ, of settings of its own", () => {
  const registry = new Registry();
  const norms = { head: { epsilon: 1e-3, momentum: 0.5 } };
  const layer = normLayer({ registry, prefix: "net.own", group: "head", norms }, 5, {
    weighted: false,
    momentum: 0.001,
  });
  const tensors = declaredTensors(registry, {});
  assert.deepEqual([...tensors.keys()], ["net.own.bias", "net.own.running_mean", "net.own.running_var"]);
  const graph = new Graph(0), x = makeTensor({ label: "x", shape: [2, 3, 3, 5] });
  layer({ graph, training: true, parts: [""], tensor: (name) => tensors.get(name)! }, { y: x });
  const [, moments, apply] = graph.dispatches;
  assert.equal(moments!.uniforms.momentum, 0.001);
  assert.equal(apply!.uniforms.epsilon, 1e-3);
  assert.equal(apply!.constants.WEIGHTED, 0);
});

Deno.test("norms that cannot be are told by part and rule", () => {
  const mistakes = [
    [
      { backbone: { epsilon: 0 } },
      /^epsilon of the norms of its backbone is 0; it must be a number above 0$/,
    ],
    [{ head: { epsilon: NaN } }, /^epsilon of the norms of its head is NaN; /],
    [{ head: { momentum: 1.1 } }, /^momentum of the norms of its head is 1\.1; it must lie in \[0, 1\]$/],
    [
      { domains: ["weak", "weak"] },
      /^its norms are of the domains weak, weak; there must be two, of different names$/,
    ],
    [{ domains: ["a", "b", "c"] as never }, /domains a, b, c; there must be two/],
  ] as const;
  for (const [norms, message] of mistakes) assert.match(normMistake(norms) ?? "none", message);
  assert.equal(
    normMistake({ backbone: { momentum: 0 }, head: { epsilon: 1 }, domains: ["a", "b"] }),
    undefined,
  );
});

Deno.test("epsilons that evaluation adds instead of PyTorch's are told by network and part", () => {
  const networks = {
    plain: {},
    same: { norms: { backbone: { epsilon: 1e-5, momentum: 0.5 } } },
    other: { norms: { backbone: { epsilon: 1e-3 }, head: { epsilon: 1e-4 } } },
  };
  assert.deepEqual(unusualEpsilons(networks), [
    "0.001 in the backbone of other",
    "0.0001 in the head of other",
  ]);
});
