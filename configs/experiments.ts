/** The published experiments by name: a package has no folder to look into. @module */

/** What the file of an experiment exports. */
export type Exports = Readonly<Record<string, unknown>>;

/** What the file of a family exports. */
interface Family {
  /** Name, which begins with the family's and a hyphen → pipeline. */
  readonly experiments: Exports;
}

/** Family → its file, loaded when one of its experiments is wanted. */
const families: Readonly<Record<string, () => Promise<Family>>> = {
  "ael": () => import("./families/ael.ts"),
  "cityscapes": () => import("./families/cityscapes.ts"),
  "cps": () => import("./families/cps.ts"),
  "cutmix-seg": () => import("./families/cutmix_seg.ts"),
  "deeplabv3plus": () => import("./families/deeplabv3plus.ts"),
  "pascal": () => import("./families/pascal.ts"),
  "ps-mt": () => import("./families/ps_mt.ts"),
  "pseudoseg": () => import("./families/pseudoseg.ts"),
  "simple-baseline": () => import("./families/simple_baseline.ts"),
  "u2pl": () => import("./families/u2pl.ts"),
  "unimatch": () => import("./families/unimatch.ts"),
};

/** Name → the file of an experiment that is like no other, loaded when it is wanted. */
const files: Readonly<Record<string, () => Promise<Exports>>> = {
  "camvid-46": () => import("./camvid_46.ts"),
  "nuclei": () => import("./nuclei.ts"),
  "shapes-12": () => import("./shapes_12.ts"),
  "voc-folder": () => import("./voc_folder.ts"),
};

/** The names of all, in no order. */
export async function publishedNames(): Promise<string[]> {
  const loaded = await Promise.all(Object.values(families).map((load) => load()));
  return [...Object.keys(files), ...loaded.flatMap(({ experiments }) => Object.keys(experiments))];
}

/** What the file of an experiment exports: the pipeline is its default export. None, if none is called so. */
export async function publishedExports(name: string): Promise<Exports | undefined> {
  if (Object.hasOwn(files, name)) return await files[name]!();
  const family = Object.keys(families).find((family) => name.startsWith(`${family}-`));
  if (family === undefined) return undefined;
  const { experiments } = await families[family]!();
  return Object.hasOwn(experiments, name) ? { default: experiments[name] } : undefined;
}
