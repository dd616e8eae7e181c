/** A real browser, for tests of pages: Chromium where it is installed, driven without a network. @module */
import axe, { type AxeResults } from "axe-core";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { existsSync } from "node:fs";

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

/** Where screenshots are kept to look at, if anywhere. */
export const kept: string | undefined = Deno.env.get("CROSSVIEW_SCREENSHOTS");
/** A screen and a phone, light and dark. */
export const views: readonly Required<Pick<View, "width" | "height" | "scheme">>[] = [
  { width: 1280, height: 900, scheme: "light" },
  { width: 1280, height: 900, scheme: "dark" },
  { width: 390, height: 844, scheme: "light" },
  { width: 390, height: 844, scheme: "dark" },
];
