import type { Tensor } from "../tensor.ts";

/*
 * An input that a kernel only loads from may be copied to a texture before the launch. A software driver fetches texels without
 * the loop over lanes, and the test in it, that it makes of a load from an array: with 16 lanes convolutions by a wide tile gain a
 * fifth where the operand that differs from lane to lane is a texture. With 8 they do not, and the copy costs what any copy does.
 */

/** Texels of a row, each a vec4f; a row's bytes are a multiple of 256, as WebGPU's copies ask for. */
const WIDTH = 2048;
/** Rows that every adapter grants. */
const MOST_ROWS = 8192;
const TEXEL_BYTES = 16;

/** Whether a tensor can be copied to a texture: values of f32, as many as it holds. */
export function fitsTexture({ dtype, bytes }: Tensor): boolean {
  return dtype === "f32" && textureRows(bytes) <= MOST_ROWS;
}

/** Rows of a texture that holds so many bytes. */
export function textureRows(bytes: number): number {
  return Math.ceil(bytes / (WIDTH * TEXEL_BYTES));
}

/** A layer for each operand that a launch reads so, and rows for the largest of any launch. */
export interface TextureExtents {
  readonly rows: number;
  readonly layers: number;
}

/** Bytes of a texture. */
export function textureBytes({ rows, layers }: TextureExtents): number {
  return layers * rows * WIDTH * TEXEL_BYTES;
}

/** Extents that hold what any of several textures does. */
export function largestTexture(extents: readonly TextureExtents[]): TextureExtents {
  const most = (of: (extents: TextureExtents) => number) => Math.max(0, ...extents.map(of));
  return { rows: most(({ rows }) => rows), layers: most(({ layers }) => layers) };
}

/** What a texture is created as. */
export function textureDescriptor({ rows, layers }: TextureExtents): GPUTextureDescriptor {
  return {
    label: "operand",
    size: [WIDTH, rows, layers],
    format: "rgba32float",
    usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
  };
}

/** A copy of part of a buffer to a texture. */
export interface TextureCopy {
  readonly source: GPUTexelCopyBufferInfo;
  readonly destination: GPUTexelCopyTextureInfo;
  readonly size: [width: number, height: number];
}

/** A layer of a texture, as a shader reads it. */
export function textureLayer(texture: GPUTexture, layer: number): GPUTextureView {
  return texture.createView({ dimension: "2d", baseArrayLayer: layer, arrayLayerCount: 1 });
}

/** The copies that bring a tensor to a layer of a texture: its whole rows, and what is left of the last one. */
export function textureCopies(
  { texture, layer }: { readonly texture: GPUTexture; readonly layer: number },
  { buffer, offset }: { readonly buffer: GPUBuffer; readonly offset: number },
  bytes: number,
): TextureCopy[] {
  const bytesPerRow = WIDTH * TEXEL_BYTES;
  const rows = Math.floor(bytes / bytesPerRow), rest = bytes % bytesPerRow;
  const part = (row: number, width: number, height: number): TextureCopy => ({
    source: { buffer, offset: offset + row * bytesPerRow, bytesPerRow },
    destination: { texture, origin: [0, row, layer] },
    size: [width, height],
  });
  return [
    ...(rows > 0 ? [part(0, WIDTH, rows)] : []),
    ...(rest > 0 ? [part(rows, rest / TEXEL_BYTES, 1)] : []),
  ];
}

/** The element of a texture that an array's element `index` was copied to, in WGSL. */
export function texelOf(name: string, index: string): string {
  return `textureLoad(${name}, vec2u(${index} % ${WIDTH}u, ${index} / ${WIDTH}u), 0)`;
}
