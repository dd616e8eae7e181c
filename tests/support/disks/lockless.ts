/** A file system without locks and sync, as this process sees it: what Deno throws there, word for word. @module */

const refusal = Deno.build.os === "windows"
  ? "Incorrect function. (os error 1)"
  : `No locks available (os error ${Deno.build.os === "linux" ? 37 : 77})`;

/** Runs `body` while no file can be locked or synced. */
export async function withoutLocks(body: () => Promise<void>): Promise<void> {
  const file = Deno.FsFile.prototype;
  const { lock, lockSync, tryLock, tryLockSync, sync, syncSync, syncData, syncDataSync } = file;
  const refuse = () => {
    throw new Error(refusal);
  };
  const reject = () => Promise.reject(new Error(refusal));
  Object.assign(file, { lock: reject, tryLock: reject, sync: reject, syncData: reject });
  Object.assign(file, { lockSync: refuse, tryLockSync: refuse, syncSync: refuse, syncDataSync: refuse });
  try {
    await body();
  } finally {
    Object.assign(file, { lock, lockSync, tryLock, tryLockSync, sync, syncSync, syncData, syncDataSync });
  }
}
