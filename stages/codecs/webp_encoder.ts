/** Writes WebP by libwebp: small pictures to look at, which are no masks and not the pixels that were seen. */

/** libwebp's own settings, but for the quality. */
const settings = {
  target_size: 0,
  target_PSNR: 0,
  method: 4,
  sns_strength: 50,
  filter_strength: 60,
  filter_sharpness: 0,
  filter_type: 1,
  partitions: 0,
  segments: 4,
  pass: 1,
  show_compressed: 0,
  preprocessing: 0,
  autofilter: 0,
  partition_limit: 0,
  alpha_compression: 1,
  alpha_filtering: 1,
  alpha_quality: 100,
  lossless: 0,
  exact: 0,
  image_hint: 0,
  emulate_jpeg_size: 0,
  thread_level: 0,
  low_memory: 0,
  near_lossless: 100,
  use_delta_palette: 0,
  use_sharp_yuv: 0,
};

/** Encodes pictures; its memory is kept from one to the next. */
export interface WebpEncoder {
  /**
   * Encodes a picture.
   *
   * @param pixels height × width × 3, RGB.
   * @param quality 0 to 100.
   * @throws {RangeError} If the length does not fit the size, or a side is 0 or over 16383.
   */
  encode(pixels: Uint8Array, width: number, height: number, quality: number): Uint8Array;
}

/** Opens an encoder. */
export async function webpEncoder(): Promise<WebpEncoder> {
  const { default: create } = await import("@jsquash/webp/codec/enc/webp_enc.js");
  const encoder = await create({ noInitialRun: true });
  return {
    encode(pixels, width, height, quality) {
      if (
        width < 1 || height < 1 || width > 16383 || height > 16383 || pixels.length !== width * height * 3
      ) {
        throw new RangeError(
          `Cannot encode a WebP of ${width} × ${height}: there are ${pixels.length} bytes; sides of 1 to 16383 pixels and ` +
            `${width * height * 3} bytes are needed`,
        );
      }
      const rgba = new Uint8Array(width * height * 4).fill(255);
      for (let pixel = 0; pixel < width * height; pixel++) {
        rgba.set(pixels.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel);
      }
      const encoded = encoder.encode(rgba, width, height, { ...settings, quality });
      if (encoded === null) {
        throw new Error(`Cannot encode a WebP of ${width} × ${height}: libwebp gives nothing`);
      }
      return encoded;
    },
  };
}
