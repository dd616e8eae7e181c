import assert from "node:assert/strict";
import { adapterName, openAdapter, PageError } from "../../../../runtime/network_page/client/adapter.ts";
import { gpuTest } from "../../../support/gpu.ts";

/** A browser whose adapter is this one. */
const browser = (adapter: () => Promise<GPUAdapter | null>) => ({
  isSecureContext: true,
  navigator: { gpu: { requestAdapter: adapter } as GPU },
});

Deno.test("what a browser lacks is said by what is lacking", async () => {
  const cases = [
    [{ isSecureContext: true, navigator: {} }, /^This browser has no WebGPU/],
    [
      { isSecureContext: false, navigator: {} },
      /^This page came over http.* Save the page, and open the file\.$/,
    ],
    [browser(() => Promise.resolve(null)), /but no graphics adapter for it/],
    [browser(() => Promise.reject(new Error("no"))), /but no graphics adapter for it/],
    [
      browser(() =>
        Promise.resolve({
          limits: {},
          features: new Set(),
          info: { description: "old card" },
          requestDevice: () => Promise.reject(new Error("limits")),
        } as unknown as GPUAdapter)
      ),
      /^The graphics adapter refuses to run the network\. .*old card.*limits/,
    ],
  ] as const;
  for (const [browser, message] of cases) {
    await assert.rejects(
      openAdapter(browser),
      (error) => error instanceof PageError && message.test(error.message),
    );
  }
});

gpuTest("an adapter is opened with no larger buffers than WebGPU guarantees, and named", async () => {
  const device = await openAdapter({ isSecureContext: true, navigator });
  assert.ok(device.facts.bufferBytes <= 2 ** 28);
  assert.ok(adapterName(device).startsWith(device.facts.name));
  const named = {
    ...device.facts,
    name: "unknown adapter",
    vendor: "v",
    architecture: "a",
    isSoftware: true,
  };
  assert.match(
    adapterName({ ...device, facts: named }),
    /^v a, a processor that stands for a graphics card: slow$/,
  );
  device.close();
});
