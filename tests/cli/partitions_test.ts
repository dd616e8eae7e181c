import assert from "node:assert/strict";
import { join } from "node:path";
import { lacksShared, sharedPath } from "../support/shared_data.ts";
import { type Place, placeTest } from "./support.ts";

type Handler = (path: string) => Response | Promise<Response>;

/** Runs `body` beside a server of this machine. */
async function serving(handler: Handler, body: (address: string) => Promise<void>): Promise<void> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => handler(new URL(request.url).pathname),
  );
  try {
    await body(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

/** `partitions get NAME` from a server that answers every list in the folder `pascal/` by `handler`. */
async function refusal(place: Place, handler: Handler, ...more: string[]): Promise<string> {
  let said = "";
  const lists = join(place.folder, "lists");
  await serving(handler, async (address) => {
    const { status, out, notes } = await place.command(
      ...["partitions", "get", "pascal/92", "--from", address, "--lists", lists, ...more],
    );
    assert.equal(status, 1);
    said = [...out, notes].join("\n");
  });
  assert.deepEqual(place.files(lists), [], "nothing was written");
  return said;
}

const wrong = "JPEGImages/x.jpg SegmentationClass/x.png\n".repeat(92);

placeTest("a server that has no lists, or other ones, is refused with what is wrong", async (place) => {
  const missing = await refusal(place, () => new Response("no", { status: 404 }));
  assert.match(missing, /^pascal\/92: not in http:\/\/127\.0\.0\.1:\d+\/$/m);
  const failing = await refusal(place, () => new Response("no", { status: 500 }));
  assert.match(failing, /Cannot get "pascal\/92\/labeled\.txt" from http.*: the server answers 500/);
  const differing = await refusal(place, () => new Response(wrong));
  assert.match(differing, /Cannot use "pascal\/92\/labeled\.txt of http[^"]*" as the published list/);
  assert.match(
    differing,
    /has the published number of lines, but 91 of them are repeated.* The first line that differs is line 1: it is "JPEGImages\/x\.jpg/,
  );
  assert.match(differing, /"pascal\/92\/unlabeled\.txt": it has 92 lines, 10490 were published/);
});

placeTest("a server that sends elsewhere, too much or nothing is not followed", async (place) => {
  let elsewhere = 0;
  await serving(() => {
    elsewhere++;
    return new Response(wrong);
  }, async (target) => {
    const sent = await refusal(place, (path) => Response.redirect(target + path, 302));
    assert.match(sent, /the server sends on to "http:\/\/127\.0\.0\.1:\d+\/.*", which is not followed/);
  });
  assert.equal(elsewhere, 0);
  const flood = await refusal(place, () => {
    const block = new Uint8Array(65536);
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(block) }));
  });
  assert.match(flood, /the server sends more than the \d+ bytes that are allowed/);
  let answer = () => {};
  const never = new Promise<void>((done) => answer = done);
  const asked = refusal(place, () => never.then(() => new Response()), "--timeout", "1");
  const timer = setTimeout(answer, 3000); // The server closes when its requests are answered.
  const silent = await asked.finally(() => clearTimeout(timer));
  assert.match(silent, /nothing complete came within 1 s\. .*--from FOLDER/);
});

placeTest("an address nobody listens at, and what is no address", async (place) => {
  const closed = await new Promise<number>((done) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    done(port);
  });
  const get = (...args: string[]) => place.command("partitions", "get", "pascal/92", ...args);
  const nobody = await get("--from", `http://127.0.0.1:${closed}`, "--lists", place.folder);
  assert.equal(nobody.status, 1);
  assert.match(nobody.notes, /Cannot fetch lists from http:\/\/127\.0\.0\.1:\d+\/: .*refused/i);
  for (const address of ["ftp://host/lists", "http://user:secret@host/", "https://host/?a=b"]) {
    const { status, notes } = await get("--from", address);
    assert.deepEqual([status, /it must be a folder, or an address such as/.test(notes)], [2, true]);
  }
  const page = await get("--from", "https://github.com/LiheYoung/UniMatch");
  assert.deepEqual([page.status, /shows pages, not files/.test(page.notes)], [2, true]);
  const none = await get("--from", place.folder);
  assert.deepEqual([none.status, /Cannot find lists in/.test(none.notes)], [1, true]);
  const unknown = await place.command("partitions", "get", "pascal/93");
  assert.deepEqual([unknown.status, /Did you mean "pascal\/92"\?/.test(unknown.notes)], [2, true]);
  const timeout = await get("--timeout", "0");
  assert.deepEqual([timeout.status, /1 to 3600/.test(timeout.notes)], [2, true]);
});

const shared = sharedPath("partitions");

placeTest(
  "lists come from a server and from copies in each layout, and then verify",
  async (place) => {
    const lists = (name: string) => join(place.folder, name);
    const get = (name: string, from: string, ...names: string[]) =>
      place.command("partitions", "get", ...names, "--from", from, "--lists", lists(name));
    const asked: string[] = [];
    await serving(async (path) => {
      asked.push(path);
      if (!path.startsWith("/splits/")) return new Response("", { status: 404 });
      return new Response(await Deno.readFile(`${shared}/${path.slice("/splits/".length)}`));
    }, async (address) => {
      const { status, out } = await get("served", address, "pascal/92", "pascal/u2pl_1_16");
      assert.deepEqual([status, ...out], [
        0,
        "pascal/92: 3 lists written",
        "pascal/u2pl_1_16: 2 lists written",
      ]);
      const before = asked.length;
      assert.equal((await get("served", address, "pascal/92")).out[0], "pascal/92: as published already");
      assert.equal(asked.length, before);
    });
    // CCVC's layout, without U²PL's lists.
    const copy = join(place.folder, "copy");
    for (const path of ["pascal/val.txt", "pascal/1_16/labeled.txt", "pascal/1_16/unlabeled.txt"]) {
      const target = join(copy, "partitions", path);
      await Deno.mkdir(join(target, ".."), { recursive: true });
      await Deno.copyFile(join(shared!, path), target);
    }
    const all = await get("copied", copy);
    assert.equal(all.status, 0);
    assert.ok(all.out.includes("pascal/1_16: 3 lists written"));
    assert.ok(all.out.includes(`pascal/u2pl_1_16: not in "${copy}"`));
    assert.equal((await get("copied", copy, "pascal/u2pl_1_16")).status, 1);
    const verify = await place.command(
      ...["partitions", "verify", "pascal/1_16", "--lists", lists("copied")],
    );
    assert.deepEqual([verify.status, verify.out[0]], [0, "pascal/1_16: as published"]);
    // One list under the other's name.
    const list = join(copy, "partitions/pascal/1_16/labeled.txt");
    await Deno.copyFile(join(shared!, "pascal/u2pl_1_16/labeled.txt"), list);
    const mixed = await get("mixed", copy, "pascal/1_16");
    assert.equal(mixed.status, 1);
    assert.match(
      mixed.out.join("\n"),
      /it is the published list "pascal\/u2pl_1_16\/labeled\.txt"; results on the two must not be mixed/,
    );
    assert.deepEqual(place.files(lists("mixed")), []);
    // One line changed.
    const lines = (await Deno.readTextFile(join(shared!, "pascal/1_16/labeled.txt"))).split("\n");
    lines[40] = lines[41]!.replace("JPEGImages", "Images");
    await Deno.writeTextFile(list, lines.join("\n"));
    const changed = (await get("changed", copy, "pascal/1_16")).out.join("\n");
    assert.match(changed, /The first line that differs is line 41: it is "Images\/.*"\./);
  },
  lacksShared("partitions"),
);

placeTest(
  "show says who drew a partition, who publishes it, and what it must not be mixed with",
  async (place) => {
    const { out } = await place.command("partitions", "show", "pascal/1_16");
    assert.equal(out[0], "pascal/1_16: PASCAL blended 1/16, CPS lists");
    assert.match(out[1]!, /^drawn by CPS/);
    assert.equal(out[2], "finely labeled: 93 of 662 (14 %); the others have SBD's coarser masks");
    assert.ok(out.some((line) => /^published: .*UniMatch at 0324f3d \(license: MIT\)/.test(line)));
    assert.ok(out.some((line) => /^not to be mixed with pascal\/u2pl_1_16 \(.*U²PL lists\)/.test(line)));
    const json = JSON.parse((await place.command("partitions", "show", "pascal/366", "--json")).out[0]!);
    assert.deepEqual([json.finelyLabeled, json.labeled.count, json.counterpart], [366, 366, undefined]);
    assert.equal(json.publishers.length, 2);
  },
);
