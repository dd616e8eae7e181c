/// <reference lib="dom" />
/** A page with a network in it, driven in a browser as its reader does. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "puppeteer-core";
import type { LabeledEvent } from "../../../runtime/network_page/client/view.ts";
import { networkPage } from "../../../runtime/network_page/export.ts";
import { encodeWeights, predictionWeights } from "../../../runtime/network_page/weights.ts";
import { encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { open, type Opened, type View } from "../../support/browser.ts";
import { shapesSet, testCheckpoint } from "../../support/training.ts";

/** Writes a small network's page, and what it holds. */
export async function writePage(
  folder: string,
  options: Parameters<typeof testCheckpoint>[1] & { title?: string } = {},
): Promise<{ readonly file: string; readonly weights: Uint8Array<ArrayBuffer> }> {
  const checkpoint = await testCheckpoint(join(folder, "weights.safetensors"), options);
  const taken = predictionWeights(await checkpoint.read()), file = join(folder, "predict.html");
  const title = options.title ?? "Label photographs";
  await Deno.writeFile(file, networkPage(taken, { title, precision: "f32" }));
  return { file, weights: encodeWeights(taken, "f32") };
}

/** A scene, as a file. */
export function scene(width: number, height: number): Uint8Array {
  const set = shapesSet([{ width, height }]);
  return encodeRgbPng(set.image(0), width, height);
}

/** What the page has said of a picture. */
export interface Said {
  readonly width: number;
  readonly height: number;
  /** As the network has seen it: height × width × 4. */
  readonly data: Uint8ClampedArray;
  readonly labels: Uint8Array;
  readonly confidence: Float32Array;
  readonly logits: Float32Array;
  /** What stands under the picture. */
  readonly caption: string;
}

/** A page whose network is ready. */
export interface OpenedPage extends Opened {
  /** Gives it a picture by its file chooser, and waits for what it says; undefined where it says what is wrong. */
  choose(name: string, bytes: Uint8Array): Promise<Said | undefined>;
  /** Waits for the next picture to be labeled, by whatever way it comes. */
  labeled(act: () => Promise<unknown>): Promise<Said | undefined>;
  /** What its status says. */
  status(): Promise<string>;
}

/** Opens a page, and waits until its network is ready or it says why not. */
export async function openNetworkPage(browser: Browser, file: string, view: View = {}): Promise<OpenedPage> {
  const opened = await open(browser, pathToFileURL(file), view), { page } = opened;
  const status = () => page.$eval("#status", ({ textContent }) => textContent ?? "");
  const labeled = async (act: () => Promise<unknown>): Promise<Said | undefined> => {
    await page.evaluate(() => {
      const kept = globalThis as { said?: LabeledEvent | undefined };
      kept.said = undefined;
      const keep = (event: Event) => kept.said = (event as CustomEvent<LabeledEvent>).detail;
      document.addEventListener("labeled", keep, { once: true });
    });
    await act();
    await page.waitForFunction(
      () =>
        (globalThis as { said?: unknown }).said !== undefined ||
        document.getElementById("status")!.classList.contains("wrong"),
      { polling: 50, timeout: 0 },
    );
    const said = await page.evaluate(() => {
      const { said } = globalThis as { said?: LabeledEvent | undefined };
      if (said === undefined) return undefined;
      const text = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
        new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).toBase64();
      return {
        width: said.image.width,
        height: said.image.height,
        data: text(said.image.data),
        labels: text(said.labels),
        confidence: text(said.confidence),
        logits: text(said.logits.values),
        caption: document.getElementById("caption")!.textContent!,
      };
    });
    if (said === undefined) return undefined;
    const floats = (text: string) => new Float32Array(Uint8Array.fromBase64(text).buffer);
    return {
      ...said,
      data: Uint8ClampedArray.from(Uint8Array.fromBase64(said.data)),
      labels: Uint8Array.fromBase64(said.labels),
      confidence: floats(said.confidence),
      logits: floats(said.logits),
    };
  };
  await page.waitForFunction(
    () => !/^(The page is loading|Looking|Reading)/.test(document.getElementById("status")!.textContent!),
    { polling: 50, timeout: 0 },
  );
  return {
    ...opened,
    status,
    labeled,
    choose: (name, bytes) =>
      labeled(() =>
        page.evaluate(
          (name, text) => {
            const files = new DataTransfer(), chooser = document.getElementById("file") as HTMLInputElement;
            files.items.add(new File([Uint8Array.fromBase64(text)], name));
            chooser.files = files.files;
            chooser.dispatchEvent(new Event("change"));
          },
          name,
          bytes.toBase64(),
        )
      ),
  };
}

/** RGB of what a page has seen. */
export function rgbOf({ data }: Pick<Said, "data">): Uint8Array {
  return Uint8Array.from({ length: data.length / 4 * 3 }, (_, at) => data[4 * Math.floor(at / 3) + at % 3]!);
}

/** The largest distance of two arrays of numbers, as a share of the largest number of the second. */
export function relativeDistance(found: Float32Array, wanted: Float32Array): number {
  assert.equal(found.length, wanted.length);
  let distance = 0, largest = 0;
  wanted.forEach((value, i) => {
    distance = Math.max(distance, Math.abs(value - found[i]!));
    largest = Math.max(largest, Math.abs(value));
  });
  return distance / largest;
}
