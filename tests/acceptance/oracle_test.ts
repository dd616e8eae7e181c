/**
 * The training step against the published methods' numbers with ResNet-50, by the runner of `parity`: minutes each. Small cases
 * are in tests/stages/parity/small_cases_test.ts.
 *
 * @module
 */
import { publishedCaseTest } from "../stages/parity/case_tests.ts";

const published = [
  "no_aug_vote_threshold",
  "aug_vote_threshold",
  "cps_plain_pascal",
  "cps_cutmix_pascal",
  "cutmix_seg_frozen_adam",
  "cutmix_seg_trainbn_sgd",
  "unimatch_pascal",
  "unimatch_cityscapes",
  "u2pl_semi",
  "u2pl_sup_first",
  "u2pl_described",
  "simple_baseline_published",
  "simple_baseline_described",
  "ps_mt_published_xi",
  "ps_mt_xi10",
  "ael_pascal",
  "deeplabv3plus_published",
  "deeplabv3plus_textbook",
  "pseudoseg_tags_hard",
  "pseudoseg_unlabelled",
];
for (const name of published) publishedCaseTest(name);
