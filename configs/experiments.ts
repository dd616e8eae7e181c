/** The published experiments by name: a package has no folder to look into. @module */

/** What the file of an experiment exports. */
type Exports = Readonly<Record<string, unknown>>;

/** Name → its file, loaded when it is wanted. */
export const experiments: Readonly<Record<string, () => Promise<Exports>>> = {
  "camvid-46": () => import("./camvid_46.ts"),
  "cityscapes-1-16": () => import("./cityscapes_1_16.ts"),
  "cityscapes-1-30": () => import("./cityscapes_1_30.ts"),
  "cityscapes-1-4": () => import("./cityscapes_1_4.ts"),
  "cityscapes-1-8": () => import("./cityscapes_1_8.ts"),
  "cps-cityscapes-1-16": () => import("./cps_cityscapes_1_16.ts"),
  "cps-cityscapes-1-4": () => import("./cps_cityscapes_1_4.ts"),
  "cps-cityscapes-1-8": () => import("./cps_cityscapes_1_8.ts"),
  "cps-cutmix-cityscapes-1-16": () => import("./cps_cutmix_cityscapes_1_16.ts"),
  "cps-cutmix-cityscapes-1-4": () => import("./cps_cutmix_cityscapes_1_4.ts"),
  "cps-cutmix-cityscapes-1-8": () => import("./cps_cutmix_cityscapes_1_8.ts"),
  "cps-cutmix-pascal-1-16": () => import("./cps_cutmix_pascal_1_16.ts"),
  "cps-cutmix-pascal-1-4": () => import("./cps_cutmix_pascal_1_4.ts"),
  "cps-cutmix-pascal-1-8": () => import("./cps_cutmix_pascal_1_8.ts"),
  "cps-pascal-1-16": () => import("./cps_pascal_1_16.ts"),
  "cps-pascal-1-4": () => import("./cps_pascal_1_4.ts"),
  "cps-pascal-1-8": () => import("./cps_pascal_1_8.ts"),
  "cutmix-seg-cityscapes-1-8": () => import("./cutmix_seg_cityscapes_1_8.ts"),
  "cutmix-seg-pascal-1-16": () => import("./cutmix_seg_pascal_1_16.ts"),
  "cutmix-seg-pascal-1-4": () => import("./cutmix_seg_pascal_1_4.ts"),
  "cutmix-seg-pascal-1-8": () => import("./cutmix_seg_pascal_1_8.ts"),
  "nuclei": () => import("./nuclei.ts"),
  "pascal-1464": () => import("./pascal_1464.ts"),
  "pascal-183": () => import("./pascal_183.ts"),
  "pascal-1-16": () => import("./pascal_1_16.ts"),
  "pascal-1-4": () => import("./pascal_1_4.ts"),
  "pascal-1-8": () => import("./pascal_1_8.ts"),
  "pascal-366": () => import("./pascal_366.ts"),
  "pascal-732": () => import("./pascal_732.ts"),
  "pascal-92": () => import("./pascal_92.ts"),
  "shapes-12": () => import("./shapes_12.ts"),
  "unimatch-cityscapes-1-8": () => import("./unimatch_cityscapes_1_8.ts"),
  "unimatch-pascal-366": () => import("./unimatch_pascal_366.ts"),
  "voc-folder": () => import("./voc_folder.ts"),
};
