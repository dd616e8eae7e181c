/** What a device holds of memory: counted as it is asked for and given back, as WebGPU does not tell. @module */

/** Bytes of a texel, of the formats that kernels read. */
const TEXEL: Partial<Record<GPUTextureFormat, number>> = { rgba32float: 16, rgba16float: 8 };

/** Counts the bytes of a device's buffers and textures. */
export class HeldMemory {
  #held = 0;
  #most = 0;

  /** @param device What it is asked for from now on is counted. */
  constructor(device: GPUDevice) {
    const buffer = device.createBuffer.bind(device), texture = device.createTexture.bind(device);
    device.createBuffer = (descriptor) => this.#counted(buffer(descriptor), descriptor.size);
    device.createTexture = (descriptor) => this.#counted(texture(descriptor), textureBytes(descriptor));
  }

  /** Bytes that were held at once at most, since {@linkcode reset}. */
  get most(): number {
    return this.#most;
  }

  /** Begins anew, with what is held now. */
  reset(): void {
    this.#most = this.#held;
  }

  #counted<T extends { destroy(): void }>(made: T, bytes: number): T {
    this.#held += bytes;
    this.#most = Math.max(this.#most, this.#held);
    const destroy = made.destroy.bind(made);
    let isHeld = true;
    made.destroy = () => {
      if (isHeld) this.#held -= bytes;
      isHeld = false;
      destroy();
    };
    return made;
  }
}

function textureBytes({ size, format }: GPUTextureDescriptor): number {
  const [width = 1, height = 1, layers = 1] = Symbol.iterator in size
    ? [...size]
    : [size.width, size.height, size.depthOrArrayLayers];
  return width * height * layers * (TEXEL[format] ?? 4);
}
