/** The published id lists: what each must contain. The lists themselves are their authors' and are not kept here. */

/** A file of a partition as it was published. */
export interface PublishedList {
  /** Relative to the folder of lists, e.g. `"pascal/366/labeled.txt"`. */
  readonly path: string;
  /** Lines, one image each. */
  readonly count: number;
  /** Size in bytes, with LF line ends. */
  readonly bytes: number;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string;
}

const entry = (path: string, count: number, bytes: number, sha256: string): PublishedList => ({
  path,
  count,
  bytes,
  sha256,
});

/** Every published list, by path; `pascal/train_aug.txt` is the pool that PASCAL's lists divide. Each was held against the published file. */
// deno-fmt-ignore
export const publishedLists: readonly PublishedList[] = [
  entry("pascal/92/labeled.txt", 92, 5611, "8a02aa6a1253178b105bd25b36f0a27daeedf6b3959f399aa47d24783f3a8306"),
  entry("pascal/92/unlabeled.txt", 10490, 639889, "a3eb5ef8d2ae547f131bfa60b8111d21700d458b545741336633d5aa209254d5"),
  entry("pascal/183/labeled.txt", 183, 11162, "de3f4680391cb15324402dae17ac0919933d0d9004c11a641c924f3f67147f9f"),
  entry("pascal/183/unlabeled.txt", 10399, 634338, "39aa3fd2997799c57c7d68d1ab342e2ebf53224ab10c1766a9fcd1554afbfd6a"),
  entry("pascal/366/labeled.txt", 366, 22325, "74f6bd1e459a8b46fc204529d70b603769f8a45aef4553df8a5c04b5698e77b7"),
  entry("pascal/366/unlabeled.txt", 10216, 623175, "591c593546d1dbb65bd4d08ae99fabc1e9958d614c8079c8961422b8b7df7433"),
  entry("pascal/732/labeled.txt", 732, 44651, "02c8ec5b62e27364f5bc91eb95bccf54debaa721e9d31c50c07507aea258fd0f"),
  entry("pascal/732/unlabeled.txt", 9850, 600849, "8ddf828ec616b551447dc402c2c53eb7d0044697a0b6bacd6190ee843ffbf340"),
  entry("pascal/1464/labeled.txt", 1464, 89303, "b20486876df309c57c8230e957b2957fff5392ff5cb11f225e8453ed6c50ba3e"),
  entry("pascal/1464/unlabeled.txt", 9118, 556197, "3ba331d08fee0751486a8be3f9f269f9efc09faa82a32a703bbb7deda4d66544"),
  entry("pascal/1_16/labeled.txt", 662, 40382, "0f5e114e6504c8afec6523db91f05503f120d1365cf505e6f4ef99f316d5873b"),
  entry("pascal/1_16/unlabeled.txt", 9920, 605120, "29b30bf7adb5d39e642c57e3a3f4f26f9d4fb8f145098c430a597ef99160e36f"),
  entry("pascal/1_8/labeled.txt", 1323, 80703, "c5ea9bb095158a137e4c1db739b07d54a89af697de24ffd9e576493a4189653f"),
  entry("pascal/1_8/unlabeled.txt", 9259, 564799, "5246f6e0bec70363a5b898e0d685d37b0afcfab4a71c010e7026555294d9eca9"),
  entry("pascal/1_4/labeled.txt", 2646, 161406, "a4573ca0fa8f97c4013dba5f8b233e77a1a8dc7877539b1eb18c8206d37227d0"),
  entry("pascal/1_4/unlabeled.txt", 7936, 484096, "832ccd3a7971b1ed79e77f606a6736fa58d85f88aaf2eb88c856b27af74c847b"),
  entry("pascal/u2pl_1_16/labeled.txt", 662, 40382, "a58cf5eda18c8e060c8fef0233b388b488e62e5903076fed90b5bd34cf6735d3"),
  entry("pascal/u2pl_1_16/unlabeled.txt", 9920, 605120, "4f038ee0eef3dc96863906821f2eb78c430941d9151ad78366fdbcc0b9e3aa8f"),
  entry("pascal/u2pl_1_8/labeled.txt", 1323, 80703, "cebe5f2fda695dd72ff3336d6bfef95967c903fe4d404d9827a42c5fbc1dfd8a"),
  entry("pascal/u2pl_1_8/unlabeled.txt", 9259, 564799, "fc4708a91ce72d15c1bf3515334abcc09d604f83f5110c12a5548af126e6f768"),
  entry("pascal/u2pl_1_4/labeled.txt", 2646, 161406, "b740bcf1ac91477ff0df913594ea70a00ced359a007a4050cac487f136470fa4"),
  entry("pascal/u2pl_1_4/unlabeled.txt", 7936, 484096, "43652ae8048ee32a75df1e27dd56147ad606d65a3721ac056294d6c7fb08ee06"),
  entry("pascal/train_aug.txt", 10582, 645502, "f04ab664c71f84950a3a1fd28544b6851500c81a9aff890c4b9279639a32152c"),
  entry("pascal/val.txt", 1449, 88389, "df002e3a730c57678f63aa3e46a4c827a4066f1dc1814e24d0e8b215075e0c6c"),
  entry("cityscapes/1_30/labeled.txt", 100, 13459, "b11041fef70476fb5564af0ef006a8013622da9cf49c7faf4182f3e26eb32742"),
  entry("cityscapes/1_30/unlabeled.txt", 2875, 385319, "1b8a9b7bb4f9f6f06a3dffe766efe8b10a14a0137637af1738bbb417a5c85dbe"),
  entry("cityscapes/1_16/labeled.txt", 186, 24892, "64195914dce1231133c7dc611fece213bc3a87fe4e0b73fbd96add7dfa8a2f46"),
  entry("cityscapes/1_16/unlabeled.txt", 2789, 373888, "7f18e2aefb5e88598910e291a935117daaeef51c6828edeb62f8a6c882be0a79"),
  entry("cityscapes/1_8/labeled.txt", 372, 49839, "97291dfc509a8c90ee94e1c5fd1f7668c21205b995f53b963ac133f0ed96ee8e"),
  entry("cityscapes/1_8/unlabeled.txt", 2603, 348939, "5d7d33e39a8bda908e12d7f33ecb3299f93a8596fbe3c5e0cc1f2d3f5d358459"),
  entry("cityscapes/1_4/labeled.txt", 744, 99691, "8edd24ae817eed7b49d0a06c95b7bfaf769002c98387e4edeab5e221ab7791c3"),
  entry("cityscapes/1_4/unlabeled.txt", 2231, 299087, "6fc53258ed2e40f72f4a22b6e20d60a789168fdf6b860033f826e8bee3900e9b"),
  entry("cityscapes/1_2/labeled.txt", 1488, 199451, "90d8e29d4d182c3b3def3d1fac02e454868c4ca632f73696bb521aa05e937ee4"),
  entry("cityscapes/1_2/unlabeled.txt", 1487, 199327, "23d0efaa43a65608b25eb078ed058c53979957e44407d787e3abdda9a795d289"),
  entry("cityscapes/val.txt", 500, 65899, "cf5aa35c0e4446bc684b61b6be88e22299ef7b1851852b53fc6a34794f161544"),
];
