import assert from "node:assert/strict";
import { resultNames } from "../../../cli/predictions/names.ts";

const names = (images: readonly string[], ...folders: string[]) =>
  resultNames(images, folders).map(({ name }) => name);

Deno.test("results lie as the images do below what was named", () => {
  assert.deepEqual(names(["/p/2024/a.jpg", "/p/2024/b.c.jpg"], "/p"), ["2024/a", "2024/b.c"]);
  assert.deepEqual(names(["/p/a.jpg"], "/p"), ["a"]);
  assert.deepEqual(names(["/p/x/a.jpg", "/p/y/z/a.jpg"], "/p/x", "/p/y"), ["x/a", "y/z/a"]);
  assert.deepEqual(names(["/p/x/a.jpg", "/q/a.jpg"], "/p/x", "/q"), ["p/x/a", "q/a"]);
  assert.deepEqual(resultNames(["/p/x/.hidden/a.jpg"], ["/p/x"]), [{
    path: ".hidden/a.jpg",
    name: ".hidden/a",
  }]);
  assert.deepEqual(names([]), []);
});

Deno.test("no two results have one name, also where case is ignored", () => {
  assert.deepEqual(names(["/p/a.jpg", "/p/a.png", "/p/b.png"], "/p"), ["a.jpg", "a.png", "b"]);
  assert.deepEqual(names(["/p/A.jpg", "/p/a.png"], "/p"), ["A.jpg", "a.png"]);
  assert.deepEqual(names(["/p/a.jpg", "/p/a.JPG", "/p/A.jpg"], "/p"), ["a.jpg", "a.JPG_2", "A.jpg_3"]);
});
