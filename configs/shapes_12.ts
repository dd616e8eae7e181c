import { augment, ccvc, coTrain, evaluate, load, pipeline, pseudoLabel } from "../mod.ts";

/** Generated scenes, 12 of 252 labeled: needs no download, and runs in minutes on a processor. */
export default pipeline("shapes-12", () => {
  const data = load({ dataset: "shapes" });
  const views = augment({ data }, { crop: 64 });
  const nets = coTrain({ views }, {
    method: ccvc(),
    backbone: "resnet14",
    epochs: 12,
    batch: 8,
    baseRate: 0.02,
    backboneRate: 1,
    headRate: 1,
    evaluateEvery: 3,
  });
  const labels = pseudoLabel({ nets, images: data.unlabeled });
  return { labels, score: evaluate({ nets, samples: data.validation }) };
});
