/// <reference lib="dom" />
/** Networks in pages of a real browser, on a processor: what they see, what they say, and who can use them. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encode } from "fast-png";
import type { ElementHandle } from "puppeteer-core";
import { networkPage } from "../../runtime/network_page/export.ts";
import { openLabeler } from "../../runtime/network_page/client/labeler.ts";
import { encodeWeights, predictionWeights } from "../../runtime/network_page/weights.ts";
import { decodePicture } from "../../stages/codecs/picture.ts";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { numberedClasses, pascalClasses, shapesClasses } from "../../stages/datasets/classes.ts";
import golden from "../golden/pillow_pictures.json" with { type: "json" };
import { accessibilityFindings, lacksBrowser, softwareGpu, withBrowser } from "../support/browser.ts";
import { gpuTest } from "../support/gpu.ts";
import { openNetworkPage, relativeDistance, rgbOf } from "./network_page.ts";
import { lacksShared, sharedPath } from "../support/shared_data.ts";
import { testUnless } from "../support/skip.ts";
import { withFolder } from "../support/stage_run.ts";
import { shapesSet, testCheckpoint } from "../support/training.ts";

/** Where screenshots are kept to look at, if anywhere. */
const kept = Deno.env.get("CROSSVIEW_SCREENSHOTS");

/** Writes a small network's page, and what it holds. */
async function writePage(
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
function scene(width: number, height: number): Uint8Array {
  const set = shapesSet([{ width, height }]);
  return encodeRgbPng(set.image(0), width, height);
}

const photographs = "data/voc/JPEGImages";
const one = {
  networks: { branch1: {} },
  predictions: { branch1: ["branch1"] },
  headline: "branch1",
} as const;
for (
  const { backbone, longest, change } of [
    { backbone: "resnet14", longest: "0", change: {} },
    // At its own size each takes the processor's adapter minutes.
    { backbone: "resnet50", longest: "256", change: one },
  ] as const
) {
  gpuTest(
    `${backbone} gives three photographs the logits in a page that it gives them in Deno`,
    (device) =>
      withFolder(async (folder) => {
        const { file, weights } = await writePage(folder, {
          classes: pascalClasses,
          change: { backbone, ...change },
        });
        const labeler = openLabeler(device, weights), root = sharedPath(photographs)!;
        const names = [...Deno.readDirSync(root)].map(({ name }) => name).sort().slice(0, 3);
        assert.equal(names.length, 3);
        await withBrowser(async (browser) => {
          const { page, choose, complaints, status } = await openNetworkPage(browser, file);
          assert.match(await status(), /^Ready/);
          await page.select("#longest", longest);
          for (const name of names) {
            const bytes = await Deno.readFile(join(root, name));
            const said = await choose(name, bytes) ?? assert.fail(await status());
            const decoded = await decodePicture(bytes, name, { orientation: "upright" });
            if (longest === "0") assert.deepEqual(rgbOf(said), decoded.data);
            else assert.match(said.caption, /Shrunk from \d+ × \d+, which predict does not do/);
            const { width, height, data } = said, wanted = await labeler.label({ width, height, data });
            const distance = relativeDistance(said.logits, wanted.logits.values);
            assert.ok(distance <= 1e-4, `${name}: logits are ${distance} of the largest away`);
            const others = said.labels.filter((label, i) => label !== wanted.labels[i]).length;
            assert.ok(others <= 1e-3 * said.labels.length, `${name}: ${others} labels are others`);
            console.log(`${backbone} ${name}: ${distance}, ${others} labels; ${said.caption}`);
          }
          assert.deepEqual(complaints, []);
        }, softwareGpu);
      })(),
    lacksBrowser ?? lacksShared(photographs),
  );
}

/** Orientations that Chromium does not look for, or not where they are: such pictures lie on their side. */
const unturned = [
  "exif_long.jpg",
  "exif_signed.jpg",
  "exif_two_values.jpg",
  "exif_8_raw_profile.png",
  "xmp_6.png",
  "xmp_6_zipped.png",
  "exif_5_lossless.webp",
];

testUnless(
  lacksBrowser,
  "a page sees pictures as predict does, but for what docs/browser.md says",
  withFolder(async (folder) => {
    const { file } = await writePage(folder);
    await withBrowser(async (browser) => {
      const { choose, status } = await openNetworkPage(browser, file);
      let equal = 0;
      for (const [name, { file }] of Object.entries(golden.cases)) {
        const bytes = Uint8Array.fromBase64(file), said = await choose(name, bytes);
        if (name.endsWith(".tif")) {
          assert.equal(said, undefined);
          assert.match(await status(), /^This browser cannot decode ".*\.tif": /);
          continue;
        }
        const { data, width, height } = said ?? assert.fail(`${name}: ${await status()}`);
        const wanted = await decodePicture(bytes, name, { orientation: "upright" });
        if (unturned.includes(name)) {
          assert.deepEqual([width, height], [wanted.height, wanted.width], name);
          continue;
        }
        assert.deepEqual([width, height], [wanted.width, wanted.height], name);
        if (/transparent in places, which are seen white/.test(said!.caption)) {
          assert.match(name, /rgba|animated/);
          continue;
        }
        const apart = Math.max(...rgbOf({ data }).map((value, i) => Math.abs(value - wanted.data[i]!)));
        // Four inks, and 5 or 6 bits a sample, are rounded otherwise.
        assert.ok(apart <= (/cmyk|ycck|_5[56]5/.test(name) ? 1 : 0), `${name}: ${apart}`);
        if (apart === 0) equal++;
      }
      assert.ok(equal >= 25, `${equal} are equal`);
      const data = new Uint16Array(24 * 20 * 3).map((_, i) => i * 40503);
      const deep = encode({ width: 24, height: 20, data, channels: 3, depth: 16 });
      const said = await choose("deep.png", deep) ?? assert.fail(await status());
      assert.match(said.caption, /It has 16 bits a sample, of which the browser gives the upper 8/);
      assert.deepEqual(rgbOf(said), (await decodePicture(deep, "deep.png")).data);
    }, softwareGpu);
  }),
);

testUnless(
  lacksBrowser,
  "a page without WebGPU, or whose adapter is missing or lost, says so",
  withFolder(async (folder) => {
    const { file } = await writePage(folder);
    await withBrowser(async (browser) => {
      const none = await openNetworkPage(browser, file, {
        before: () => {
          Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });
        },
      });
      assert.match(
        await none.status(),
        /^This browser has no WebGPU, .* Chrome and Edge have it from version 123/,
      );
      assert.equal(await none.page.$eval("#controls", (e) => (e as HTMLFieldSetElement).disabled), true);
      assert.deepEqual(none.complaints, []);
      const refused = await openNetworkPage(browser, file, {
        before: () => {
          GPU.prototype.requestAdapter = () => Promise.resolve(null);
        },
      });
      assert.match(await refused.status(), /^This browser has WebGPU, but no graphics adapter for it/);
      assert.deepEqual(await accessibilityFindings(refused.page), []);
      const lost = await openNetworkPage(browser, file, {
        before: () => {
          const { requestDevice } = GPUAdapter.prototype;
          GPUAdapter.prototype.requestDevice = async function (asked) {
            const device = await requestDevice.call(this, asked);
            document.addEventListener("labeled", () => device.destroy());
            return device;
          };
        },
      });
      await lost.choose("a.png", scene(40, 30)) ?? assert.fail();
      await lost.page.waitForFunction(() => document.querySelector("#status.wrong") !== null);
      assert.match(await lost.status(), /^The graphics adapter was lost: .* Load the page again\.$/);
      assert.equal(await lost.choose("b.png", scene(40, 30)), undefined);
      assert.match(await lost.status(), /^The picture cannot be labeled: .* load the page again\. \(.*lost/);
    }, softwareGpu);
  }),
);

testUnless(
  lacksBrowser,
  "with the limits that WebGPU guarantees and no feature a page says the same; what it cannot hold, it names",
  withFolder(async (folder) => {
    const { file } = await writePage(folder), png = scene(48, 64);
    await withBrowser(async (browser) => {
      const whole = await openNetworkPage(browser, file), wanted = await whole.choose("a.png", png);
      const { page, choose, labeled, status, complaints } = await openNetworkPage(browser, file, {
        before: () => {
          const requestAdapter = GPU.prototype.requestAdapter;
          GPU.prototype.requestAdapter = async function (options) {
            const adapter = (await requestAdapter.call(this, options))!;
            const limits = {
              maxBufferSize: 2 ** 28,
              maxStorageBufferBindingSize: 2 ** 27,
              maxComputeWorkgroupStorageSize: 2 ** 14,
              maxComputeInvocationsPerWorkgroup: 256,
              maxComputeWorkgroupSizeX: 256,
              maxStorageBuffersPerShaderStage: 8,
            };
            const request = adapter.requestDevice.bind(adapter);
            Object.defineProperty(adapter, "limits", { value: limits });
            Object.defineProperty(adapter, "features", { value: new Set() });
            adapter.requestDevice = (asked = {}) => {
              if ([...asked.requiredFeatures ?? []].length > 0) {
                return Promise.reject(new TypeError("unknown"));
              }
              return request(asked);
            };
            return adapter;
          };
        },
      });
      assert.match(await status(), /^Ready/);
      await page.select("#longest", "0");
      const said = await choose("a.png", png);
      assert.deepEqual(said?.logits, wanted?.logits);
      const large = encodeRgbPng(new Uint8Array(3 * 6400 * 6400), 6400, 6400);
      assert.equal(await choose("large.png", large), undefined);
      assert.match(
        await status(),
        /^The picture cannot be labeled: choose a smaller size, .* binds 134217728 /,
      );
      // What was too large at its own size is labeled at a smaller one without being chosen again.
      const smaller = await labeled(() => page.select("#longest", "256"));
      assert.match(smaller!.caption, /^256 × 256 pixels, .* Shrunk from 6400 × 6400/);
      assert.deepEqual(complaints, []);
    }, softwareGpu);
  }),
);

gpuTest(
  "with the kernels of a graphics card a page gives the logits of Deno, too",
  (device) =>
    withFolder(async (folder) => {
      const { file, weights } = await writePage(folder);
      await withBrowser(async (browser) => {
        const { choose, complaints, page } = await openNetworkPage(browser, file, {
          // What stands for a card shares through the memory of workgroups, and gets no more work at once than one.
          before: () =>
            Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false }),
        });
        const said = await choose("a.png", scene(72, 56)) ?? assert.fail();
        assert.equal(await page.$eval("#adapter", ({ textContent }) => textContent), "google swiftshader");
        const { width, height, data } = said;
        const wanted = await openLabeler(device, weights).label({ width, height, data });
        const distance = relativeDistance(said.logits, wanted.logits.values);
        assert.ok(distance > 0 && distance <= 1e-4, `logits are ${distance} of the largest away`);
        assert.deepEqual(complaints, []);
      }, softwareGpu);
    })(),
  lacksBrowser,
);

testUnless(
  lacksBrowser,
  "a page can be used by keyboard, by dropping and pasting, on a phone and in the dark; hostile names are text",
  withFolder(async (folder) => {
    const bad = '<img src=x onerror="document.title=1">', long = "x".repeat(200);
    const { names } = shapesClasses;
    const classes = { ...shapesClasses, names: [bad, long, "\x1b[31m", ...names.slice(3)] };
    const { file } = await writePage(folder, { classes, title: bad });
    const png = scene(64, 48);
    await withBrowser(async (browser) => {
      for (const scheme of ["light", "dark"] as const) {
        for (const width of [1280, 390]) {
          const { page, choose, labeled, complaints } = await openNetworkPage(browser, file, {
            scheme,
            width,
          });
          assert.deepEqual(await accessibilityFindings(page), [], "before a picture");
          await choose("a.png", png) ?? assert.fail();
          await page.$eval("details", (details) => details.open = true);
          if (kept !== undefined) {
            const path = join(kept, `network-${width}-${scheme}.png`) as `${string}.png`;
            await page.screenshot({ path, fullPage: true });
          }
          assert.deepEqual(await accessibilityFindings(page), [], `${scheme}, ${width}`);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
          assert.equal(await page.title(), bad);
          const areas = await page.$eval("#areas", ({ textContent }) => textContent!);
          const absent = await page.$eval("#absent", ({ textContent }) => textContent!);
          for (const name of [bad, long, "␛[31m"]) assert.ok((areas + absent).includes(name));
          for (const kind of ["drop", "paste"]) {
            const said = await labeled(() =>
              page.evaluate(
                (kind, text) => {
                  const files = new DataTransfer();
                  files.items.add(new File([Uint8Array.fromBase64(text)], "b.png"));
                  document.dispatchEvent(
                    kind === "drop"
                      ? new DragEvent("drop", { dataTransfer: files, cancelable: true })
                      : new ClipboardEvent("paste", { clipboardData: files }),
                  );
                },
                kind,
                png.toBase64(),
              )
            );
            assert.equal(said?.width, 64, kind);
          }
          await page.focus("#picture");
          await page.keyboard.press("ArrowRight");
          await page.keyboard.press("ArrowDown");
          const point = () => page.$eval("#point", ({ textContent }) => textContent!);
          assert.match(await point(), /, \d+ % \(column 34, row 26\)$/);
          await page.keyboard.press("Tab");
          assert.equal(await point(), "");
          for (const way of ["classes", "confidence", "picture"]) await page.select("#way", way);
          const canvas = await page.$("#picture") as ElementHandle<HTMLCanvasElement>;
          const first = await canvas.evaluate((
            canvas,
          ) => [...canvas.getContext("2d")!.getImageData(9, 9, 1, 1).data]);
          const [r, g, b] = shapesSet([{ width: 64, height: 48 }]).image(0).subarray(3 * (9 * 64 + 9));
          assert.deepEqual(first, [r, g, b, 255]);
          assert.deepEqual(complaints, []);
          await page.close();
        }
      }
    }, softwareGpu);
  }),
);

testUnless(
  lacksBrowser,
  "a page labels what the camera sees until it is stopped",
  withFolder(async (folder) => {
    const { file } = await writePage(folder, { classes: numberedClasses(3) });
    await withBrowser(async (browser) => {
      const { page, labeled, status, complaints } = await openNetworkPage(browser, file);
      await page.select("#longest", "256");
      for (let i = 0; i < 2; i++) {
        const said = await labeled(async () => {
          if (i === 0) await page.click("#camera");
        });
        assert.deepEqual([said?.width, said?.height], [256, 192]);
      }
      await page.click("#camera");
      await page.waitForFunction(() =>
        document.getElementById("status")!.textContent === "The camera is off."
      );
      assert.equal(await page.$eval("#camera", ({ textContent }) => textContent), "Use the camera");
      assert.equal(await status(), "The camera is off.");
      assert.deepEqual(complaints, []);
    }, [...softwareGpu, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]);
    await withBrowser(async (browser) => {
      const { page, status } = await openNetworkPage(browser, file);
      await page.click("#camera");
      await page.waitForFunction(() => /camera/.test(document.getElementById("status")!.textContent!));
      assert.match(await status(), /^The camera cannot be used: /);
    }, [...softwareGpu, "--deny-permission-prompts"]);
  }),
);
