/** Brings a case's hashed images to the device, in the place of a training's. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate, upload } from "../../kernels/memory.ts";
import { boxWords } from "../../kernels/ops/map/mix_boxes.ts";
import type { Tensor, TensorSpec } from "../../kernels/tensor.ts";
import { drawnImages, type Feed, sharesOfSets } from "../training/feed.ts";
import type { Draw } from "../views/specs.ts";
import type { CaseSetup, ViewSource } from "./adapter.ts";
import { caseImage, caseLabels } from "./inputs.ts";
import type { CaseSettings } from "./settings.ts";

/** A view on the device. */
interface HeldView {
  readonly draw: string;
  readonly view: string;
  readonly tensor: Tensor;
  readonly source: ViewSource | undefined;
}

/**
 * A feed of the views that a case has.
 *
 * What a step reads and the case does not have is an error of the method's adapter.
 */
export function hashedFeed(device: Device, { salt, batch, size }: CaseSettings, setup: CaseSetup): Feed {
  const places = Object.entries(setup.method.draws).flatMap(([draw, spec]) =>
    Object.entries(specsOf(spec, drawnImages(draw, spec.share ?? 1, batch), size)).map(([view, tensor]) => ({
      draw,
      view,
      tensor,
    }))
  );
  const memory = allocate(
    device,
    "parity views",
    places.map(({ draw, view, tensor }) => ({ ...tensor, label: `${draw} ${view}` })),
  );
  const held: HeldView[] = places.map(({ draw, view }, i) => ({
    draw,
    view,
    tensor: memory.tensors[i]!,
    source: setup.views[draw]?.[view],
  }));
  const wanted = new Set<HeldView>();
  const read = (one: HeldView) => {
    if (one.source === undefined) {
      throw new Error(`Cannot run the case: its adapter has no "${one.view}" of draw "${one.draw}"`);
    }
    if (!wanted.has(one) && typeof one.source !== "string") upload(device, one.tensor, one.source);
    wanted.add(one);
    return one.tensor;
  };
  return {
    bytes: memory.bytes,
    get sets() {
      const { draws } = setup.method;
      return sharesOfSets([...wanted].map(({ draw: name }) => {
        const { set, images, share = 1 } = draws[name]!;
        return { name, walk: images ?? set, share };
      }));
    },
    sizes: { labeled: batch, unlabeled: batch },
    capture: () =>
      Object.fromEntries(
        Object.keys(setup.method.draws).map((draw) => {
          const own = held.filter((one) => one.draw === draw);
          const getters = own.map((one) => [one.view, { enumerable: true, get: () => read(one) }] as const);
          return [draw, Object.defineProperties({}, Object.fromEntries(getters))];
        }),
      ),
    fill(_, { step }) {
      for (const { view, tensor, source } of wanted) {
        if (typeof source !== "string") continue;
        const name = `${source}:${step}`, extents = { batch, size };
        upload(
          device,
          tensor,
          view === "labels" ? caseLabels(salt, name, extents, setup.classes) : caseImage(salt, name, extents),
        );
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
    ...(set === "labeled" && { labels: map }),
    ...Object.fromEntries(
      Object.entries(views).map(([name, view]) => [
        name,
        view.kind === "boxes" ? words([1, batch, boxWords(view.count)]) : { shape: [batch, size, size, 3] },
      ]),
    ),
  };
}
