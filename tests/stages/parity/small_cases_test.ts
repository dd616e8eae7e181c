/** The training step against numbers of the small backbone, seconds each: published ones, and those of tests/golden/parity. */
import { caseTest, publishedCaseTest } from "./case_tests.ts";

const published = [
  "deeplabv3plus_published_small",
  "deeplabv3plus_textbook_small",
  "simple_baseline_published_small",
  "simple_baseline_described_small",
  "pseudoseg_tags_hard_small",
  "pseudoseg_unlabelled_small",
];
for (const name of published) publishedCaseTest(name);

const own = new URL("../../golden/parity/", import.meta.url);
for (const { name } of [...Deno.readDirSync(own)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (name.endsWith(".json")) caseTest(name, new URL(name, own));
}
