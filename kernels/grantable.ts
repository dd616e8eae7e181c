/** How large a buffer a device grants, which may be less than it claims. @module */

/** Larger ones are not looked for: what needs more memory lies in several. */
const MOST = 4 * 2 ** 30;
/** What is taken for granted. */
const LEAST = 16 * 2 ** 20;
/**
 * Share of what was granted that is counted on where more was refused: the drivers' own buffers lie in the same heap, above all
 * what is uploaded until it is copied ({@linkcode UPLOADED_AT_ONCE}).
 */
const LASTING = 3 / 4;

/** Bytes that are uploaded before a submission lets the device copy them, and take their room back. */
export const UPLOADED_AT_ONCE = 16 * 2 ** 20;

/**
 * The largest buffer that a device grants now, bytes, by asking for some and giving each back at once: one, where the device keeps
 * what it claims, else a dozen. None is written to.
 *
 * Drivers count a buffer against heaps that it will not lie in: wgpu 29 refuses all that comes near the smallest heap of the
 * device's own memory, some 230 MB on NVIDIA cards without resizable BAR.
 *
 * @param claimed The device's `maxBufferSize`, or less.
 * @see https://github.com/gfx-rs/wgpu/issues/9206
 */
export async function grantableBytes(gpu: GPUDevice, claimed: number): Promise<number> {
  let refused = Math.min(claimed, MOST), granted = Math.min(claimed, LEAST);
  if (granted === claimed || await isGranted(gpu, refused)) return refused;
  while (refused - granted > granted / 32) {
    const size = (granted + refused) / 2;
    if (await isGranted(gpu, size)) granted = size;
    else refused = size;
  }
  return LASTING * granted;
}

async function isGranted(gpu: GPUDevice, bytes: number): Promise<boolean> {
  const size = Math.floor(bytes / 16) * 16;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  gpu.pushErrorScope("out-of-memory");
  const buffer = gpu.createBuffer({ label: "how large a buffer may be", size, usage });
  const refusal = await gpu.popErrorScope();
  buffer.destroy();
  return refusal === null;
}
