import { small } from "./families/small.ts";

/** CamVid, every eighth training frame labeled (46 of 367), on the small backbone. More steps bring more than all else. */
export default small("camvid-46", {
  data: { dataset: "camvid", root: "data/camvid", labeledEvery: 8 },
  epochs: 20,
});
