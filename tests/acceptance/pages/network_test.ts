/** Networks in pages of a real browser, on a processor: they see what predict sees, and say what networks say in Deno. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { encode } from "fast-png";
import { openLabeler } from "../../../runtime/network_page/client/labeler.ts";
import { decodePicture } from "../../../stages/codecs/picture.ts";
import { pascalClasses } from "../../../stages/datasets/classes.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };
import { lacksBrowser, softwareGpu, withBrowser } from "../../support/browser.ts";
import { gpuTest } from "../../support/gpu.ts";
import { lacksShared, sharedPath } from "../../support/shared_data.ts";
import { testUnless } from "../../support/skip.ts";
import { withFolder } from "../../support/stage_run.ts";
import { openNetworkPage, relativeDistance, rgbOf, writePage } from "./network_page.ts";

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
