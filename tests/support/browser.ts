/// <reference lib="dom" />
/** A real browser, for tests of pages: Chromium where it is installed, driven without a network. @module */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe, { type AxeResults } from "axe-core";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

const known = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const program = known.find((path) => existsSync(path));

/** What is lacking for tests in a browser; undefined where one is there. */
export const lacksBrowser: string | undefined = program === undefined ? "needs Chromium" : undefined;

/** Flags by which Chromium grants WebGPU on a processor. */
export const softwareGpu: readonly string[] = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

/** A page, and what went wrong in it. */
export interface Opened {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, refusals of the policy, and requests beyond files and data. */
  readonly complaints: readonly string[];
}

/** What is asked of a page when it opens. */
export interface View {
  /** Of the window, pixels that style sheets count. */
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** Runs in the page before its own scripts. */
  readonly before?: () => void;
}

/**
 * Runs `body` with a browser, which is closed afterwards.
 *
 * @param flags Further flags of Chromium.
 */
export async function withBrowser(
  body: (browser: Browser) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const browser = await puppeteer.launch({
    executablePath: program!,
    headless: true,
    pipe: true,
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...flags],
    protocolTimeout: 300_000,
  });
  try {
    await body(browser);
  } finally {
    await browser.close();
  }
}

/** Opens a file or an address in a page of its own, without a network beyond this machine. */
export async function open(browser: Browser, address: string | URL, view: View = {}): Promise<Opened> {
  const { width = 1280, height = 900, scheme = "light", before } = view;
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warn", "assert"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!/^(file|data|blob|http:\/\/(localhost|127\.0\.0\.1)[:/])/.test(request.url())) {
      complaints.push(`asks for ${request.url()}`);
    }
  });
  page.on("requestfailed", (request) => complaints.push(`cannot load ${request.url().slice(0, 200)}`));
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  if (before !== undefined) await page.evaluateOnNewDocument(before);
  if (String(address).startsWith("file:")) await page.setOfflineMode(true);
  await page.goto(String(address), { waitUntil: "load" });
  return { page, complaints };
}

/** What axe finds against a page's accessibility, one line each. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate("axe.run()") as AxeResults;
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(" ")}: ${failureSummary}`)
  );
}

/** Runs `body` with a page's file, in a folder of its own and alone there, as one that was sent is. */
export async function withPage(html: string, body: (file: URL) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "elsewhere " });
  try {
    const file = join(folder, "page.html");
    await Deno.writeTextFile(file, html);
    await body(pathToFileURL(file));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Opens a file until it has what a selector finds, and tells how many seconds that took of a browser that runs. */
export async function openTimed(
  browser: Browser,
  file: URL,
  selector: string,
): Promise<Opened & { readonly seconds: number }> {
  await (await open(browser, "data:text/html,<title>ready</title>")).page.close();
  const started = performance.now(), opened = await open(browser, file);
  await opened.page.waitForSelector(selector);
  return { ...opened, seconds: (performance.now() - started) / 1000 };
}

/** Where screenshots are kept to look at, if anywhere. */
const kept = Deno.env.get("CROSSVIEW_SCREENSHOTS");

/**
 * Holds an opened page to be as wide as its window and free of complaints and of findings against its accessibility, and keeps a
 * picture of it where that is asked for.
 *
 * @param name Of the picture.
 * @param view In which it was opened.
 */
export async function holdsIn(
  { page, complaints }: Opened,
  name: string,
  { width, scheme }: Pick<Required<View>, "width" | "scheme">,
): Promise<void> {
  const what = `${name}-${width}-${scheme}`;
  if (kept !== undefined) {
    await page.screenshot({ path: join(kept, `${what}.png`) as `${string}.png`, fullPage: true });
  }
  assert.deepEqual(await accessibilityFindings(page), [], what);
  assert.deepEqual(complaints, [], what);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, what);
}

/** A screen and a phone, light and dark. */
export const views: readonly Required<Pick<View, "width" | "height" | "scheme">>[] = [
  { width: 1280, height: 900, scheme: "light" },
  { width: 1280, height: 900, scheme: "dark" },
  { width: 390, height: 844, scheme: "light" },
  { width: 390, height: 844, scheme: "dark" },
];

/**
 * Opens each page in every view from a folder of its own, holds it as {@linkcode holdsIn} does, and its title not to be "broken",
 * which is what hostile names in tests make of it.
 *
 * @param pages HTML by name.
 */
export async function holdInEveryView(pages: Readonly<Record<string, string>>): Promise<void> {
  await withBrowser(async (browser) => {
    for (const [name, html] of Object.entries(pages)) {
      await withPage(html, async (file) => {
        for (const view of views) {
          const opened = await open(browser, file, view);
          await holdsIn(opened, name, view);
          assert.notEqual(await opened.page.title(), "broken", name);
          await opened.page.close();
        }
      });
    }
  });
}
