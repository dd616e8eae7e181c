/** The system's error numbers: Deno names few of them, and each system counts its own. @module */
import assert from "node:assert/strict";
import { CacheError } from "../../../pipeline/errors.ts";
import { explainWrite } from "../../../pipeline/files/files.ts";
import { acquireLease } from "../../../pipeline/locks/leases.ts";
import {
  codeOfNumber,
  isDiskFault,
  isDiskFull,
  isUnsupported,
  systemCode,
} from "../../../pipeline/files/system_error.ts";
import { withoutLocks } from "../../support/disks/lockless.ts";
import { withDirectory } from "../support.ts";
import { lacksSystem, testUnless } from "../../support/skip.ts";

Deno.test("a number in the message tells what Deno does not name", () => {
  const linux = { ENOLCK: 37, ENOSYS: 38, EDQUOT: 122, ESTALE: 116, ENODEV: 19, ENXIO: 6, EOPNOTSUPP: 95 };
  for (const [name, number] of Object.entries(linux)) {
    assert.equal(codeOfNumber(number, "linux", linux), name);
  }
  assert.equal(codeOfNumber(524, "linux", linux), "ENOTSUP", "a kernel's own, which no header names");
  // The same numbers mean other things elsewhere.
  assert.equal(codeOfNumber(69, "darwin", { EDQUOT: 69, ENOLCK: 77 }), "EDQUOT");
  assert.equal(codeOfNumber(112, "windows"), "ENOSPC");
  assert.equal(codeOfNumber(1295, "windows"), "EDQUOT");
  assert.equal(codeOfNumber(99_999), undefined);
});

Deno.test("systemCode() reads code, then message, along the causes; a path may be called anything", () => {
  const stale = Deno.build.os === "linux" ? 116 : 70;
  const raw = new Error(`Stale file handle (os error ${stale}): stat '/data'`);
  assert.equal(systemCode(raw), "ESTALE");
  assert.equal(systemCode(new CacheError("Cannot read", { cause: raw })), "ESTALE");
  assert.equal(systemCode(Object.assign(new Error("x"), { code: "ENOSPC" })), "ENOSPC");
  assert.equal(systemCode(new Error("Cannot read '(os error 28)'")), undefined);
  assert.equal(systemCode("(os error 28)"), undefined);
  assert.ok(isDiskFault(raw) && !isDiskFull(raw) && !isUnsupported(raw));
});

testUnless(
  lacksSystem("linux"),
  "a quota that is used up is a full disk; a file system without locks is none at fault",
  () => {
    const quota = new Error("Disk quota exceeded (os error 122)");
    assert.ok(isDiskFull(quota) && isDiskFault(quota));
    assert.match(
      explainWrite(quota, "/cache/cas/x", 1234).message,
      /no space left \(your quota is used up\): 1,234 bytes are needed\. Make room/,
    );
    for (const text of ["No locks available (os error 37)", "Function not implemented (os error 38)"]) {
      assert.ok(isUnsupported(new Error(text)) && !isDiskFault(new Error(text)), text);
    }
  },
);

Deno.test("without the kernel's locks leases hold by their files alone, and nothing is left behind", () =>
  withDirectory((directory) =>
    withoutLocks(async () => {
      let holders = 0;
      await Promise.all(Array.from({ length: 4 }, async () => {
        using _lease = await acquireLease(directory, "key", { timing: { beat: 20, stale: 5000 } });
        assert.equal(++holders, 1);
        await new Promise((resolve) => setTimeout(resolve, 3));
        holders--;
      }));
      assert.deepEqual([...Deno.readDirSync(directory)], []);
    })
  ));
