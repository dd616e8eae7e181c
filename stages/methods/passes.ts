/** The passes of a step: which images run together, whose statistics they share, and which part of a network they take. @module */
import type { Graph } from "../../kernels/graph.ts";
import { add } from "../../kernels/ops/feature/add.ts";
import { joinBatches } from "../../kernels/ops/feature/batches.ts";
import { channelDropout } from "../../kernels/ops/feature/channel_dropout.ts";
import { uniformMap } from "../../kernels/ops/map/uniform_map.ts";
import { makeTensor, type Tensor } from "../../kernels/tensor.ts";
import {
  type Features,
  type Network,
  type Prediction,
  splitFeatures,
  splitTaps,
  type Taps,
} from "../../models/deeplabv3plus.ts";
import type { Networks } from "../../models/networks.ts";
import type { BoundMethod } from "./bound_method.ts";
import type { Forward } from "../../models/registry.ts";
import { MethodError } from "./method.ts";
import type { Outputs, Passes, Passing, Source } from "./step.ts";

/** What passes are captured with. */
export interface PassOptions extends Partial<Pick<BoundMethod, "averages" | "frozenNorms">> {
  /** Parameters and statistics by name. */
  readonly tensor: (name: string) => Tensor;
  readonly counters: Tensor;
  /** Whether passes of a call may run as one batch; else one by one, where one would be more than a device binds. */
  readonly together: boolean;
}

/** A source with where its output goes, `pass` or `pass.part`. */
interface Part {
  readonly name: string;
  readonly source: Source;
}

/** Parts that share batch statistics. */
type Pass = readonly Part[];

/** The pass of one batch that has no name. */
const UNNAMED = "image";

/** How far a network is run, and on what. */
type Run<Y> = (network: Network, forward: Forward, source: Source) => Y[];

/** What all batches of a call are run with. */
type Given = Omit<Forward, "graph" | "parts" | "joint">;

/** Told of each output, and of the running statistics that its pass has left. */
type Note<Y> = (output: Y, left: Left) => void;

/** The running statistics that a training pass has left, and the domain whose norms it went through. */
type Left = NonNullable<Forward["after"]> & Pick<Forward, "domain">;

/** Makes the passes of a step. */
export function makePasses(
  graph: Graph,
  { byName }: Pick<Networks, "byName">,
  { tensor, counters, together, averages = {}, frozenNorms = new Set() }: PassOptions,
): Passing {
  const left = new WeakMap<Prediction, { readonly network: string; readonly after: Left }>();
  const dropped = new Set<string>(), drawn = new Set<string>();
  /** Applications of own modules so far: what tells the dropout of one from another's. */
  let applied = 0;
  /** Whether a gradient in the middle of the step is being captured. */
  let differentiating = false;
  const frozen = frozenParameters(tensor);
  const find = (name: string): Network => {
    const network = byName[name];
    if (network) return frozenNorms.has(name) ? withFrozenNorms(network) : network;
    throw new MethodError(`Cannot run network "${name}": there are ${Object.keys(byName).join(", ")}`);
  };

  const capture = <Y>(
    name: string,
    passes: Passes,
    forward: Given,
    run: Run<Y>,
    note?: Note<Y>,
  ): unknown => {
    const network = find(name);
    const domains = forward.training ? network.domains : undefined;
    const batches = batchesOf(name, passes, together && !domains);
    if (domains) checkDomains(name, domains, batches.flat());
    return arrange(passes, runBatches(network, batches, { ...forward, graph }, run, note));
  };
  /** A training pass; that of an average without gradients. */
  const captureTraining = <Y>(network: string, passes: Passes, run: Run<Y>, note?: Note<Y>): unknown => {
    if (differentiating) {
      throw new MethodError(
        `Cannot differentiate through a training pass of "${network}", which moves statistics: evaluate it`,
      );
    }
    const body = () => capture(network, passes, { training: true, tensor, counters }, run, note);
    return averages[network] === undefined ? body() : graph.withoutGradients(body);
  };

  return {
    train<const P extends Passes>(network: string, passes: P) {
      const seen = captureTraining(network, passes, predictions, (prediction, after) => {
        left.set(prediction, { network, after });
      });
      return seen as Outputs<P, Prediction>;
    },
    backbone<const P extends Passes<Tensor>>(network: string, passes: P) {
      return captureTraining(network, passes, taps) as Outputs<P, Taps>;
    },
    features<const P extends Passes<Tensor | Taps>>(network: string, passes: P) {
      return captureTraining(network, passes, features) as Outputs<P, Features>;
    },
    evaluate<const P extends Passes>(
      network: string,
      passes: P,
      { after: pass }: { readonly after?: Prediction } = {},
    ) {
      const found = pass && left.get(pass);
      if (pass && found?.network !== network) {
        throw new MethodError(`Cannot evaluate "${network}" after a pass that is no training pass of it`);
      }
      const read = byName[network]?.domains?.[0];
      if (found && found.after.domain !== read) {
        throw new MethodError(
          `Cannot evaluate "${network}" after a pass of domain "${found.after.domain}": it leaves no statistics of domain ` +
            `"${read}", which evaluation reads`,
        );
      }
      if (found && differentiating) {
        throw new MethodError(
          `Cannot differentiate through "${network}" as a pass has left it: evaluate it as all calls before have`,
        );
      }
      const after = found && { after: found.after };
      const evaluated = (tensor: (name: string) => Tensor) =>
        capture(network, passes, { training: false, tensor, ...after }, predictions) as Outputs<
          P,
          Prediction
        >;
      return differentiating ? evaluated(frozen) : graph.withoutGradients(() => evaluated(tensor));
    },
    apply(network: string, module: string, input: unknown) {
      const { modules } = find(network), run = modules[module];
      if (run === undefined) {
        throw new MethodError(
          `Cannot apply "${module}" of network "${network}": its own modules are ${
            Object.keys(modules).join(", ") || "none"
          }. Declare it: trained({ modules: { ${module}: ownModule(…) } })`,
        );
      }
      if (differentiating) {
        throw new MethodError(
          `Cannot differentiate through "${module}" of "${network}", which is in training mode`,
        );
      }
      const parts = [`${module}/${applied++}`];
      const body = () => run({ graph, training: true, tensor, counters, parts }, input);
      return (averages[network] === undefined ? body() : graph.withoutGradients(body)) as never;
    },
    dropChannels(x, { probability, stream }) {
      if (dropped.has(stream)) {
        throw new MethodError(
          `Cannot drop channels twice by the numbers of "${stream}": name another stream`,
        );
      }
      dropped.add(stream);
      return channelDropout(graph, x, { probability, streams: [`channels/${stream}`], counters });
    },
    uniform(stream, shape, { per = "image" } = {}) {
      if (drawn.has(stream)) {
        throw new MethodError(`Cannot draw the random numbers of "${stream}" twice: name another stream`);
      }
      drawn.add(stream);
      return uniformMap(graph, { stream: `uniform/${stream}`, shape, byImage: per === "image", counters });
    },
    constant: (body) => graph.withoutGradients(body),
    gradient(at, loss) {
      if (at.dtype !== "f32") {
        throw new MethodError(
          `Cannot differentiate by ${at.label}, which is stored in ${at.dtype}: make it in f32, which holds small gradients`,
        );
      }
      const before = differentiating;
      differentiating = true;
      try {
        return graph.inPrecision(
          "f32",
          () => graph.gradient(at, (at) => loss(at).backward(graph, 1), (a, b) => add(graph, a, b)),
        );
      } finally {
        differentiating = before;
      }
    },
  };
}

/** Parameters that have no gradient, by name: each once, so that what is derived of one is derived once. */
function frozenParameters(tensor: PassOptions["tensor"]): PassOptions["tensor"] {
  const known = new Map<string, Tensor>();
  return (name) => {
    const found = known.get(name) ?? tensor(name);
    const { gradient: _, ...rest } = found;
    const frozen = found.tracked ? makeTensor({ ...rest, tracked: false }) : found;
    known.set(name, frozen);
    return frozen;
  };
}

/** The passes of a call in batches: one of all where they may run together and are equally large, else one of each. */
function batchesOf(network: string, passes: Passes, together: boolean): readonly (readonly Pass[])[] {
  const named = passesOf(passes);
  if (!named.length || named.some(({ length }) => !length)) {
    throw new MethodError(`Cannot run network "${network}" on no images`);
  }
  const sizes = new Set(named.map(({ length }) => length));
  return together && sizes.size === 1 ? [named] : named.map((pass) => [pass]);
}

/** Passes are named after the domains whose norms they go through. */
function checkDomains(network: string, domains: readonly string[], passes: readonly Pass[]): void {
  const other = passes.map(nameOf).find((name) => !domains.includes(name));
  if (other === undefined) return;
  throw new MethodError(
    `Cannot train network "${network}" on pass "${other}": its norms are of the domains ${
      domains.join(" and ")
    }. Name the pass after one of them.`,
  );
}

function nameOf(pass: Pass): string {
  return pass[0]!.name.split(".", 1)[0]!;
}

/** Runs a network on batches, one after another; gives the output of each part by its name. */
function runBatches<Y>(
  network: Network,
  batches: readonly (readonly Pass[])[],
  forward: Given & Pick<Forward, "graph">,
  run: Run<Y>,
  note?: Note<Y>,
): ReadonlyMap<string, Y> {
  const outputs = new Map<string, Y>();
  for (const batch of batches) {
    const parts = batch.flat(), joint = parts.length / batch.length;
    const statistics = new Map<string, Tensor>();
    // Passes of other domains are batches of their own.
    const domain = network.domains && forward.training && { domain: nameOf(batch[0]!) };
    const given = {
      ...forward,
      parts: parts.map(({ name }) => name),
      joint,
      ...domain,
      ...(note && { afterEach: statistics }),
    };
    run(network, given, join(forward.graph, parts.map(({ source }) => source))).forEach((output, i) => {
      outputs.set(parts[i]!.name, output);
      note?.(output, { statistics, pass: Math.floor(i / joint), ...domain });
    });
  }
  return outputs;
}

/** A network whose backbone normalizes by running statistics in each of its passes. */
function withFrozenNorms(network: Network): Network {
  return {
    ...network,
    backbone: (forward, images) => network.backbone({ ...forward, training: false }, images),
  };
}

const taps: Run<Taps> = (network, forward, source) => {
  if (kindOf(source) !== "images") throw new MethodError("Cannot run a backbone on what a backbone has made");
  return splitTaps(forward.graph, network.backbone(forward, source as Tensor), forward.parts.length);
};

const features: Run<Features> = (network, forward, source) =>
  splitFeatures(forward.graph, featuresOf(network, forward, source), forward.parts.length);

const predictions: Run<Prediction> = (network, forward, source) =>
  network.predict(forward, featuresOf(network, forward, source));

function featuresOf(network: Network, forward: Forward, source: Source): Features {
  if ("kind" in source && source.kind === "features") return source;
  return network.features(forward, "kind" in source ? source : network.backbone(forward, source));
}

function kindOf(source: Source): "images" | "taps" | "features" {
  return "kind" in source ? source.kind : "images";
}

/** Sources of one kind as one batch. */
function join(graph: Graph, sources: readonly Source[]): Source {
  const [first] = sources as [Source, ...Source[]], kinds = new Set(sources.map(kindOf));
  if (kinds.size > 1) {
    throw new MethodError(`Cannot run a network on ${[...kinds].join(" and ")} in one batch`);
  }
  if (!("kind" in first)) return joinBatches(graph, sources as readonly Tensor[]);
  if (first.kind === "taps") return joinTaps(graph, sources as readonly Taps[]);
  const features = sources as readonly Features[];
  return {
    ...first,
    values: joinBatches(graph, features.map(({ values }) => values)),
    taps: joinTaps(graph, features.map(({ taps }) => taps)),
  };
}

function joinTaps(graph: Graph, taps: readonly Taps[]): Taps {
  const of = (stage: "low" | "middle" | "high") => joinBatches(graph, taps.map((tap) => tap[stage]));
  return { ...taps[0]!, low: of("low"), middle: of("middle"), high: of("high") };
}

function isSource(value: Passes | Source): value is Source {
  const { shape, kind } = value as { readonly shape?: unknown; readonly kind?: unknown };
  return Array.isArray(shape) || typeof kind === "string";
}

function passesOf(passes: Passes): Pass[] {
  if (isSource(passes)) return [[{ name: UNNAMED, source: passes }]];
  return Object.entries(passes).map(([pass, inner]) =>
    isSource(inner)
      ? [{ name: pass, source: inner }]
      : Object.entries(inner).map(([part, source]) => ({ name: `${pass}.${part}`, source }))
  );
}

/** Outputs in the shape of the passes. */
function arrange<Y>(passes: Passes, outputs: ReadonlyMap<string, Y>): unknown {
  if (isSource(passes)) return outputs.get(UNNAMED);
  return Object.fromEntries(
    Object.entries(passes).map(([pass, inner]) => [
      pass,
      isSource(inner)
        ? outputs.get(pass)
        : Object.fromEntries(Object.keys(inner).map((part) => [part, outputs.get(`${pass}.${part}`)])),
    ]),
  );
}
