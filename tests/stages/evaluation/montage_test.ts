import assert from "node:assert/strict";
import { decodePng } from "../../../stages/codecs/png.ts";
import { legend, montage } from "../../../stages/evaluation/montage.ts";

const classes = { names: ["Straße & <Weg>", "cat\u0007"], colors: [[1, 2, 3], [255, 0, 128]] } as const;

Deno.test("a legend has each class in its color, whatever its name", () => {
  const svg = legend(classes);
  assert.ok(svg.includes('fill="rgb(1 2 3)"') && svg.includes('fill="rgb(255 0 128)"'));
  assert.ok(svg.includes(">Straße &#38; &#60;Weg&#62;</text>") && svg.includes(">cat </text>"), svg);
});

Deno.test("a montage has all pictures, none over another, none off the page, and the legend under them", () => {
  const cells = Array.from({ length: 9 }, (_, i) => {
    const size = { width: 20 + 7 * i, height: 60 - 5 * i };
    const data = new Uint8Array(size.width * size.height * 3).fill(i);
    return { name: `${"folder/".repeat(i)}${i}.jpg`, pictures: [{ ...size, data }, { ...size, data }] };
  });
  const svg = montage(cells, classes);
  const page = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.slice(1).map(Number);
  const found = [
    ...svg.matchAll(
      /<image x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" href="data:image\/png;base64,(.*?)"/g,
    ),
  ];
  assert.equal(found.length, 18);
  const boxes = found.map(([, ...numbers]) =>
    numbers.slice(0, 4).map(Number) as [number, number, number, number]
  );
  found.forEach(([, , , , , png], index) => {
    const picture = decodePng(Uint8Array.fromBase64(png!), "picture");
    assert.deepEqual([picture.width, picture.height], boxes[index]!.slice(2));
    assert.ok(picture.data.every((value) => value === index >> 1));
  });
  boxes.forEach(([x, y, width, height], index) => {
    assert.ok(x >= 0 && x + width <= page[0]! && y + height <= page[1]!);
    boxes.slice(index + 1).forEach(([u, v, w, h]) =>
      assert.ok(x + width <= u || u + w <= x || y + height <= v || v + h <= y, `${index}`)
    );
  });
  const lowest = Math.max(...boxes.map(([, y, , height]) => y + height));
  assert.ok(Number(/translate\(0 (\d+)\)/.exec(svg)![1]) >= lowest);
  assert.ok(svg.includes(">0.jpg</text>") && svg.includes("…"), "long names keep their end");
});
