/** A host's images, and how a view is made of one: what draws give, tables on the device hold, and twins repeat. @module */

/** An image or mask on the host: height × width × channels bytes. */
export interface Bytes {
  readonly width: number;
  readonly height: number;
  /** Interleaved channels: 3 for RGB, 1 for a mask. */
  readonly channels: number;
  readonly data: Uint8Array;
}

/** How a view looks at its source: resized, cropped at (x, y), padded right and below, flipped left to right. */
export interface Geometry {
  /** Size of the source, pixels. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** Size it is resized to, pixels. */
  readonly width: number;
  readonly height: number;
  /** Upper left corner of the crop in the resized image, pixels. */
  readonly x: number;
  readonly y: number;
  readonly flip: boolean;
}

/** The four steps of a color jitter, by their number in the table of settings. */
export const jitterSteps = ["brightness", "contrast", "saturation", "hue"] as const;

/** Factors of a color jitter, and the order in which they apply. */
export interface Jitter {
  /** Indices into {@linkcode jitterSteps}, each at most once. */
  readonly order: readonly number[];
  /** Factors; 1 changes nothing. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turns of the color circle, in [−0.5, 0.5]. */
  readonly hue: number;
}

/** What is done to a view's colors. */
export interface Photometric {
  readonly jitter?: Jitter;
  readonly gray: boolean;
  /** Standard deviation of the Gaussian, pixels. */
  readonly blur?: number;
}
