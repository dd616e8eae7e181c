import type { Faults } from "../fault.ts";

const file = "stages/methods/unimatch.ts";
const caught = ["unimatch_small"];

export const unimatch: Faults = {
  method: "unimatch",
  cases: ["unimatch_small"],
  faults: [
    {
      why: "the partner is labeled in training mode",
      file,
      find: 'step.evaluate("student", { partner: partner.image })',
      replace: 'step.constant(() => step.train("student", { partner: partner.image }))',
      caught,
    },
    {
      why: "the decoder's statistics are over no dropped half of the labeled images",
      file,
      find: 'labeledDropped: dropped("labeled"), ',
      replace: "",
      caught,
    },
    {
      why: "clean and dropped halves are normalized apart",
      file,
      find: `const { clean, strong } = step.train("student", {
    // Nothing learns from the labeled images' dropped half; the statistics of the decoder are over it, too.
    clean: { ...taps.clean, labeledDropped: dropped("labeled"), unlabeledDropped: dropped("unlabeled") },
    strong: taps.strong,
  });`,
      replace: `const apart = step.train("student", {
    clean: taps.clean,
    dropped: { labeledDropped: dropped("labeled"), unlabeledDropped: dropped("unlabeled") },
    strong: taps.strong,
  });
  const { strong } = apart, clean = { ...apart.clean, ...apart.dropped };`,
      caught,
    },
    {
      why: "channels are dropped of the high tap alone",
      file,
      find: "low: step.dropChannels(low, { probability, stream: `${name}/low` }),",
      replace: "low,",
      caught,
    },
    {
      why: "a strong view's loss weighs 1/4",
      file,
      find: 'consistency("strong1", strong.strong1, 1 / 8, boxes1)',
      replace: 'consistency("strong1", strong.strong1, 1 / 4, boxes1)',
      caught,
    },
    {
      why: "consistency is a mean over the confident pixels",
      file,
      find:
        '      weights: where(step, mixed(ours.confidence, theirs.confidence), "at least", options.threshold),\n    });',
      replace:
        '      weights: where(step, mixed(ours.confidence, theirs.confidence), "at least", options.threshold),\n    }, { denominator: "weights" });',
      caught,
    },
    {
      why: "confidence is not mixed",
      file,
      find: "mixed(ours.confidence, theirs.confidence)",
      replace: "ours.confidence",
      caught,
    },
    {
      why: "padding is not mixed",
      file,
      find: "mixed(unlabeled.validity, partner.validity)",
      replace: "unlabeled.validity",
      caught,
    },
    {
      why: "the second strong view is mixed by the first one's boxes",
      file,
      find: "strong2: mix(step, unlabeled.strong2, boxes2, partner.strong2)",
      replace: "strong2: mix(step, unlabeled.strong2, boxes1, partner.strong2)",
      caught,
    },
    {
      why: "nothing is mined",
      file,
      find: 'supervise(step, "ce", seen, minedLabels(step, seen, labels, options))',
      replace: 'supervise(step, "ce", seen, labels)',
      caught,
    },
  ],
};
