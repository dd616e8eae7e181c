/** Things that are called like a picture and cannot be read as one, and what is said of each. @module */

/** Why such a thing cannot be made here. */
export type Unavailable = string;

/** A way to put something in a picture's place. */
export interface SpecialFile {
  readonly name: string;
  /** What an error says of it. */
  readonly reason: RegExp;
  /** Puts it at the path; says why where this system or user cannot. */
  make(path: string): Promise<Unavailable | undefined>;
}

const isWindows = Deno.build.os === "windows";
const posix = isWindows ? "Windows has none" : undefined;

/** All of them; none is ever opened, but for the file without permission. */
export const specialFiles: readonly SpecialFile[] = [
  {
    name: "a folder",
    reason: /it is no file but a folder/,
    make: async (path) => void await Deno.mkdir(path),
  },
  {
    name: "a link to a device without end",
    reason: /it is no file but a device/,
    make: async (path) => posix ?? void await Deno.symlink("/dev/zero", path),
  },
  {
    name: "a named pipe that nobody writes to",
    reason: /it is no file but a named pipe/,
    async make(path) {
      if (isWindows) return posix;
      const made = await new Deno.Command("mkfifo", { args: [path] }).output().catch(() => undefined);
      return made?.success ? undefined : "there is no mkfifo";
    },
  },
  {
    name: "a link to itself",
    reason: /it is a symbolic link that leads back to itself/,
    make: async (path) => posix ?? void await Deno.symlink(path, path),
  },
  {
    name: "a link to nothing",
    reason: /there is no (such file|image|mask|file)/,
    make: async (path) => posix ?? void await Deno.symlink(`${path}.gone`, path),
  },
  {
    name: "a file of more bytes than are read",
    reason: /it has 1099511627776 bytes; \d+ are read/,
    async make(path) {
      using file = await Deno.create(path);
      // No byte of it is stored; not every file system can.
      return await file.truncate(2 ** 40).then(
        () => undefined,
        (error) => `no file can be so long: ${error}`,
      );
    },
  },
  {
    name: "a file without permission",
    reason: /permissions/,
    async make(path) {
      if (isWindows || Deno.uid() === 0) return isWindows ? posix : "root may read everything";
      await Deno.writeTextFile(path, "x");
      await Deno.chmod(path, 0);
    },
  },
];
