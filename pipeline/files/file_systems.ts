/** What a file's time of change is worth where it lies. @module */
import { statfsSync } from "node:fs";

/** What is known of a file system. */
export interface FileSystemTraits {
  /**
   * Whether it notes every change of a file in a time that no program can set back, so that a file of the same time, size and
   * inode is the same file. An image (squashfs, ISO 9660) has the times of whoever built it, and FUSE what a program says.
   */
  readonly keepsChanges: boolean;
  /** Whether its times are of this machine's clock, and not of a server's. */
  readonly ownClock: boolean;
}

/** Tells the traits of the file system that holds a path, on a device. */
export type FileSystems = (path: string, device: number) => FileSystemTraits;

const keeping = { keepsChanges: true, ownClock: true } as const;
const local = { keepsChanges: false, ownClock: true } as const;
const unknown = { keepsChanges: false, ownClock: false } as const;

/** By the magic numbers of statfs(2). */
const known: ReadonlyMap<number, FileSystemTraits> = new Map<number, FileSystemTraits>([
  [0xef53, keeping], // ext2, ext3, ext4
  [0x58465342, keeping], // XFS
  [0x9123683e, keeping], // Btrfs
  [0x2fc12fc1, keeping], // ZFS
  [0xf2f52010, keeping], // F2FS
  [0xca451a4e, keeping], // bcachefs
  [0x3153464a, keeping], // JFS
  [0x52654973, keeping], // ReiserFS
  [0x01021994, keeping], // tmpfs
  [0x858458f6, keeping], // ramfs
  [0x794c7630, local], // overlayfs: what lies below may be an image
  [0x73717368, local], // squashfs
  [0x9660, local], // ISO 9660
  [0xe0f5e1e2, local], // EROFS
]);

/** Major number of loop devices: an image of any type, in whose place another may be mounted. */
const loop = 7;

/** The traits as the system tells them: nothing is known where it tells no type, or Deno may not ask (`--allow-sys=statfs`). */
export const systemFileSystems: FileSystems = (path, device) => {
  if (Deno.build.os !== "linux") return local;
  try {
    const traits = known.get(Number(statfsSync(path).type) >>> 0) ?? unknown;
    return ((device >>> 8) & 0xfff) === loop ? { ...traits, keepsChanges: false } : traits;
  } catch {
    return unknown;
  }
};

/** Asks once for each device; for one pass over many files, as what is mounted may change after it. */
export function onePass(ask: FileSystems): FileSystems {
  const asked = new Map<number, FileSystemTraits>();
  return (path, device) => {
    const traits = asked.get(device) ?? ask(path, device);
    asked.set(device, traits);
    return traits;
  };
}
