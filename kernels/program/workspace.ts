/** The memory of a program: what its plan gives places in, and what operands are copied to. @module */
import type { Device } from "../device.ts";
import { type TextureExtents, textureLayer } from "../shader/texture_operand.ts";
import type { Home, Tensor } from "../tensor.ts";
import type { MemoryPlan, Place } from "./plan.ts";

/** What another program may use while this one does not run. */
export interface Lent {
  /** Buffers that the workspace lies in. */
  readonly arenas: readonly GPUBuffer[];
  /** What operands are copied to that are read as textures, those of one launch at a time. */
  readonly texture: GPUTexture | undefined;
}

/** A program's memory. */
export interface Workspace extends Lent {
  /** The layers of the texture. */
  readonly layers: readonly GPUTextureView[];
  /** Where a tensor is, or each window of one that is larger than a buffer. */
  homes(tensor: Tensor): readonly [Home, ...Home[]];
  /** Gives back what is the program's own. */
  free(): void;
}

/** Makes room for a plan and a texture; of what another program lends, what is large enough is used by both. */
export function openWorkspace(
  device: Device,
  plan: MemoryPlan,
  extents: TextureExtents,
  lender: Lent | undefined,
): Workspace {
  const arenas = plan.arenas.map((bytes, i) => {
    const lent = lender?.arenas[i];
    return lent && lent.size >= bytes ? lent : device.buffer(`workspace ${i}`, bytes);
  });
  const { height: rows = 0, depthOrArrayLayers: layers = 0 } = lender?.texture ?? {};
  const lentTexture = rows >= extents.rows && layers >= extents.layers ? lender?.texture : undefined;
  const texture = extents.layers > 0 ? lentTexture ?? device.texture(extents) : undefined;
  return {
    arenas,
    texture,
    layers: Array.from({ length: extents.layers }, (_, layer) => textureLayer(texture!, layer)),
    homes(tensor) {
      if (tensor.home) return [tensor.home];
      const home = ({ arena, offset }: Place): Home => ({ buffer: arenas[arena]!, offset });
      const [first, ...others] = plan.places.get(tensor)!;
      return [home(first), ...others.map(home)];
    },
    free() {
      for (const buffer of arenas) if (!lender?.arenas.includes(buffer)) buffer.destroy();
      if (texture !== lentTexture) texture?.destroy();
    },
  };
}
