/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Runs a trained network in a page: takes photographs from file, clipboard or camera, and shows what it says of them. @module */
import "./style.css";
import { visible } from "../../pages/markup.ts";
import type { PageData } from "../data.ts";
import { adapterName, messageOf, openAdapter, PageError } from "./adapter.ts";
import { type Camera, openCamera } from "./camera.ts";
import { type Labeler, openLabeler } from "./labeler.ts";
import { decodePicture, type SeenPicture } from "./picture.ts";
import { element, type LabeledEvent, View } from "./view.ts";
import { takeWeights } from "./weights.ts";

const status = element("status", HTMLElement);
const controls = element("controls", HTMLFieldSetElement);
const chooser = element("file", HTMLInputElement);
const cameraButton = element("camera", HTMLButtonElement);
const side = element("longest", HTMLSelectElement);
const longest = () => Number(side.value) || Infinity;

/** Says how things stand; what went wrong stays until something else is done. */
function say(text: string, wrong = false): void {
  status.textContent = text;
  status.classList.toggle("wrong", wrong);
}

/** Where a picture comes from. */
type Source = () => SeenPicture | Promise<SeenPicture>;

class Page {
  readonly #view: View;
  #next: Source | undefined;
  #busy = false;
  #camera: Camera | undefined;
  #file: File | undefined;
  /** Files that came with it. */
  #others = 0;

  constructor(private readonly labeler: Labeler) {
    const { classes } = labeler.network;
    this.#view = new View({ ...classes, names: classes.names.map(visible) });
    chooser.addEventListener("change", () => this.#take(chooser.files));
    side.addEventListener("change", () => this.#again());
    document.addEventListener("paste", (event) => {
      if (event.clipboardData?.files.length === 0) say("There is no picture in the clipboard.", true);
      else this.#take(event.clipboardData?.files);
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer?.files.length === 0) {
        say("What was dropped is no file: save the picture first, and drop that.", true);
      } else this.#take(event.dataTransfer?.files);
    });
    cameraButton.addEventListener("click", () => this.#toggleCamera());
    controls.disabled = false;
  }

  /** The first picture of what was chosen, pasted or dropped. */
  #take(files: FileList | null | undefined): void {
    const file = files?.[0];
    if (file === undefined) return;
    this.#stopCamera();
    this.#file = file;
    this.#others = files!.length - 1;
    this.#again();
  }

  /** Labels the picture as it is to be seen now. */
  #again(): void {
    const file = this.#file, others = this.#others;
    if (this.#camera !== undefined || file === undefined) return;
    void this.#label(async () => {
      const { image, notes } = await decodePicture(file, longest());
      return { image, notes: others === 0 ? notes : [`The first of ${others + 1} files.`, ...notes] };
    });
  }

  /** Labels a picture once the one at work is done; of several that wait, the last. */
  async #label(source: Source): Promise<void> {
    this.#next = source;
    if (this.#busy) return;
    this.#busy = true;
    while (this.#next !== undefined) {
      const next: Source = this.#next;
      this.#next = undefined;
      const live = this.#camera !== undefined;
      try {
        if (!live) say("Labeling …");
        const { image, notes } = await next();
        const start = performance.now();
        const labeled = await this.labeler.label(image);
        const time = `${Math.round(performance.now() - start)} ms`;
        const first = labeled.prepared ? ", the first of this size, for which kernels were made ready" : "";
        const size = `${image.width} × ${image.height} pixels, labeled in ${time}${first}.`;
        this.#view.show({ image, labeled, caption: [size, ...notes].join(" ") });
        document.dispatchEvent(new CustomEvent<LabeledEvent>("labeled", { detail: { image, ...labeled } }));
        if (!live) say(`Labeled in ${time}.`);
        if (this.#camera !== undefined) this.#next ??= () => this.#camera!.frame(longest());
      } catch (error) {
        this.#stopCamera();
        say(explain(error), true);
      }
    }
    this.#busy = false;
  }

  async #toggleCamera(): Promise<void> {
    if (this.#camera !== undefined) return this.#stopCamera();
    cameraButton.disabled = true;
    try {
      this.#file = undefined;
      const camera = this.#camera = await openCamera(() => this.#stopCamera());
      cameraButton.textContent = "Stop the camera";
      say("The camera is on; each picture is labeled as soon as the one before is.");
      void this.#label(() => camera.frame(longest()));
    } catch (error) {
      say(explain(error), true);
    } finally {
      cameraButton.disabled = false;
    }
  }

  #stopCamera(): void {
    if (this.#camera === undefined) return;
    this.#camera.stop();
    this.#camera = undefined;
    this.#next = undefined;
    cameraButton.textContent = "Use the camera";
    say("The camera is off.");
  }
}

/** What went wrong, and the way out. */
function explain(error: unknown): string {
  if (error instanceof PageError) return error.message;
  return `The picture cannot be labeled: choose a smaller size, or load the page again. (${
    messageOf(error)
  })`;
}

async function start(): Promise<void> {
  const data = JSON.parse(element("data", HTMLScriptElement).textContent!) as PageData;
  say("Looking for a graphics adapter …");
  const device = await openAdapter(globalThis);
  say("Reading the weights …");
  const labeler = openLabeler(device, await takeWeights(document, data));
  element("adapter", HTMLElement).textContent = adapterName(device);
  void device.gpu.lost.then(({ message }) =>
    say(`The graphics adapter was lost: ${message} Load the page again.`, true)
  );
  new Page(labeler);
  say("Ready. Choose, drop or paste a photograph.");
}

start().catch((error) =>
  say(
    error instanceof PageError ? error.message : `The page cannot run its network. ${messageOf(error)}`,
    true,
  )
);
