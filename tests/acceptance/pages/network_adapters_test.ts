/// <reference lib="dom" />
/** Networks in pages of browsers whose adapter is missing, lost, small, or a card's. @module */
import assert from "node:assert/strict";
import { openLabeler } from "../../../runtime/network_page/client/labeler.ts";
import { encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { accessibilityFindings, lacksBrowser, softwareGpu, withBrowser } from "../../support/browser.ts";
import { gpuTest } from "../../support/gpu.ts";
import { testUnless } from "../../support/skip.ts";
import { withFolder } from "../../support/stage_run.ts";
import { openNetworkPage, relativeDistance, scene, writePage } from "./network_page.ts";

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
