import type { Faults } from "../fault.ts";

const file = "stages/methods/u2pl.ts";
const published = "u2pl_published_small", described = "u2pl_described_small";
const caught = [published, described];

export const u2pl: Faults = {
  method: "u2pl",
  cases: [published, described],
  faults: [
    {
      why: "the teacher labels in training mode",
      file,
      find: 'step.evaluate("teacher", { u: unlabeled.image }).u',
      replace: 'step.train("teacher", { labels: unlabeled.image }).labels',
      caught,
    },
    {
      why: "the teacher says in evaluation mode what is sure",
      file,
      find: 'step.train("teacher", { both }).both',
      replace: 'step.evaluate("teacher", { both }).both',
      caught,
    },
    {
      why: "the student's halves are normalized apart",
      file,
      find: 'step.train("student", { both }).both',
      replace: 'step.train("student", both)',
      caught,
    },
    {
      why: "the labels of unmixed images are learned on mixed ones",
      file,
      find: "mix(step, label(step, ",
      replace: "((_: unknown, own: Tensor, __: Tensor) => own)(step, label(step, ",
      caught,
    },
    {
      why: "what the teacher is unsure of is learned, and nothing else",
      file,
      find: '"below", limit("drop")',
      replace: '"at least", limit("drop")',
      caught,
    },
    {
      why: "the mean over the kept pixels is not raised by the share of the others",
      file,
      find: "labeledShare(step, kept)",
      replace: "labeledShare(step, pseudo)",
      caught,
    },
    {
      why: "any sure pixel is an anchor",
      file,
      find: "anchors = positions(graph, flags, ANCHOR)",
      replace: "anchors = (ANCHOR, positions(graph, flags, SURE))",
      caught,
    },
    {
      why: "the share of the run that is over leaves out its epochs of labels alone",
      file,
      find: "1 - (epoch + warmUpEpochs) / (epochs + warmUpEpochs)",
      replace: "1 - epoch / (epochs + 0 * warmUpEpochs)",
      caught: [published],
    },
    {
      why: "in epochs of labels alone the teacher follows the student",
      file,
      find: "      start,",
      replace: '      start: "copy",',
      caught: [published],
    },
    {
      why: "the student's statistics become the teacher's",
      file,
      find: 'statistics: "own",',
      replace: 'statistics: "copied",',
      caught,
    },
    {
      why: "the contrastive loss is a mean over the classes that have anchors and keys",
      file: "kernels/ops/contrast/info_nce_terms.wgsl",
      find: "load_turns(4u * row + 3u) > 0u",
      replace: "some",
      caught: [published],
    },
    {
      why: "a labeled pixel that is void is of class 0 where label planes are joined",
      file: "kernels/ops/contrast/members.wgsl",
      find: "  if ((image == 0u) & labeled) {",
      replace: "  if (image == 0u) {",
      caught: [],
      unseen: "the same: a void pixel is not sure, and no labeled one is a key",
    },
    {
      why: "keys of a class may be of its first ranks",
      file: "kernels/ops/contrast/members.wgsl",
      find: "(ranks >= vec4u(extents.low_rank)) & (ranks < vec4u(extents.high_rank))",
      replace: "ranks < vec4u(extents.high_rank)",
      caught,
    },
  ],
};
