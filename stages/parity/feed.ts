/** Brings a case's hashed images to the device, in the place of a training's. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate, upload } from "../../kernels/memory.ts";
import type { Tensor, TensorSpec } from "../../kernels/tensor.ts";
import { drawnImages, type Feed, sharesOfSets } from "../training/feed.ts";
import type { Draw } from "../views/specs.ts";
import { boxShape } from "../views/tables.ts";
import type { CaseSetup, Moment, ViewSource, ViewSources } from "./adapter.ts";
import { caseImage, caseLabels } from "./inputs.ts";
import type { CaseSettings } from "./settings.ts";

/** A view on the device. */
interface HeldView {
  readonly draw: string;
  readonly view: string;
  readonly tensor: Tensor;
}

/** A feed of the views that a case has. */
export interface HashedFeed extends Feed {
  /** Says what the next step is given, and which it is. */
  turn(sources: ViewSources, t: number): void;
}

/**
 * Makes a feed.
 *
 * What a step reads and the case does not have is an error of the method's adapter.
 */
export function hashedFeed(
  device: Device,
  { salt, batch, size }: CaseSettings,
  { method: { draws }, classes, views, warmUp, choice }: CaseSetup,
): HashedFeed {
  const places = Object.entries(draws).flatMap(([draw, spec]) => {
    const count = drawnImages(draw, spec.share ?? 1, batch);
    return Object.entries(specsOf(spec, count, size)).map(([view, tensor]) => ({ draw, view, tensor }));
  });
  const memory = allocate(
    device,
    "parity views",
    places.map(({ draw, view, tensor }) => ({ ...tensor, label: `${draw} ${view}` })),
  );
  const held: HeldView[] = places.map(({ draw, view }, i) => ({ draw, view, tensor: memory.tensors[i]! }));
  const wanted = new Set<HeldView>();
  /** What a map or boxes hold that are the same in each step. */
  const constant = new Map<HeldView, ViewSource>();
  let next: { readonly sources: ViewSources; readonly t: number } | undefined;
  const read = (one: HeldView) => {
    if ([views, warmUp?.views].every((sources) => sources?.[one.draw]?.[one.view] === undefined)) {
      throw new Error(`Cannot run the case: its adapter has no "${one.view}" of draw "${one.draw}"`);
    }
    wanted.add(one);
    return one.tensor;
  };
  const valuesOf = ({ view }: HeldView, source: Exclude<ViewSource, Uint32Array>, moment: Moment) => {
    if (typeof source === "function") return source(moment);
    const name = `${source}:${moment.t}`, extents = { batch, size };
    return view === "labels" ? caseLabels(salt, name, extents, classes) : caseImage(salt, name, extents);
  };
  return {
    bytes: memory.bytes,
    get sets() {
      return sharesOfSets([...wanted].map(({ draw: name }) => {
        const { set, images, share = 1 } = draws[name]!;
        return { name, walk: images ?? set, share };
      }));
    },
    sizes: { labeled: batch, unlabeled: batch, "pseudo-labeled": 2 * batch, ...choice?.sizes },
    capture: () =>
      Object.fromEntries(
        Object.keys(draws).map((draw) => {
          const own = held.filter((one) => one.draw === draw);
          const getters = own.map((one) => [one.view, { enumerable: true, get: () => read(one) }] as const);
          return [draw, Object.defineProperties({}, Object.fromEntries(getters))];
        }),
      ),
    turn: (sources, t) => void (next = { sources, t }),
    pass() {},
    fill({ chosen = {} }) {
      const { sources, t } = next!, moment = { t, chosen: (draw: string) => chosen[draw]! };
      for (const one of wanted) {
        const source = sources[one.draw]?.[one.view];
        // The kinds of steps may read different views.
        if (source === undefined || constant.get(one) === source) continue;
        if (source instanceof Uint32Array) constant.set(one, source);
        upload(device, one.tensor, source instanceof Uint32Array ? source : valuesOf(one, source, moment));
      }
    },
    free: memory.free,
  };
}

/** The tensors of a draw, by their names in a step. */
function specsOf(
  { set, views }: Draw,
  batch: number,
  size: number,
): Record<string, Omit<TensorSpec, "label">> {
  const words = (shape: readonly number[]) => ({ shape, dtype: "u32", layout: "map" }) as const;
  const map = words([batch, size, size]);
  return {
    validity: map,
    ...(set !== "unlabeled" && { labels: map }),
    ...(set === "pseudo-labeled" && { clean: map }),
    ...Object.fromEntries(
      Object.entries(views).map(([name, view]) => [
        name,
        view.kind === "boxes" ? words(boxShape(view, batch)) : { shape: [batch, size, size, 3] },
      ]),
    ),
  };
}
