/** The browser's graphics adapter, or in plain words why there is none. @module */
import { type Device, openDevice } from "../../../kernels/device.ts";

/** What keeps a page from running its network, in words for its reader. */
export class PageError extends Error {
  /** Class name, for logs. */
  override readonly name = "PageError";
}

/** What is asked of a browser: `globalThis`, or what stands for it in a test. */
export interface Browser {
  readonly isSecureContext: boolean;
  readonly navigator: { readonly gpu?: GPU };
}

/**
 * Bytes of a buffer at most, though the adapter may claim more: what WebGPU guarantees. A phone may grant larger ones, and end the
 * page for them.
 */
const BUFFER_BYTES = 2 ** 28;

/**
 * Opens the adapter, with the limits and features that it has.
 *
 * @throws {PageError} If there is none.
 */
export async function openAdapter({ isSecureContext, navigator: { gpu } }: Browser): Promise<Device> {
  if (gpu === undefined) {
    throw new PageError(
      isSecureContext
        ? "This browser has no WebGPU, which the network runs on. Chrome and Edge have it from version 123, Safari from 26, " +
          "Firefox from 141, on most devices, if their system and graphics driver are recent."
        : "This page came over http, and browsers grant WebGPU, which the network runs on, only to pages that come over https " +
          "or are opened as a file. Save the page, and open the file.",
    );
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) {
    throw new PageError(
      "This browser has WebGPU, but no graphics adapter for it: its graphics acceleration is switched off, or it does not use " +
        "this device's graphics card. In Chrome and Edge, chrome://gpu says why.",
    );
  }
  try {
    return await openDevice(gpu, { bufferBytes: BUFFER_BYTES });
  } catch (error) {
    throw new PageError(`The graphics adapter refuses to run the network. ${messageOf(error)}`);
  }
}

/** What a thrown thing says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The adapter in words. */
export function adapterName({ facts: { name, vendor, architecture, isSoftware } }: Device): string {
  const known = [vendor, architecture].filter((part) => part !== "").join(" ");
  const shown = name !== "unknown adapter" ? name : known || "an adapter that the browser does not name";
  return isSoftware ? `${shown}, a processor that stands for a graphics card: slow` : shown;
}
