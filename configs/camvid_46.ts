import { small } from "./families/small.ts";

/** CamVid, every eighth training frame labeled (46 of 367), on the small backbone. */
export default small("camvid-46", {
  data: { dataset: "camvid", root: "data/camvid", labeledEvery: 8 },
  epochs: 6,
});
