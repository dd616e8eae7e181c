/** What the ways differ in. @module */
import { type Insert, type Markup, markup } from "../../pages/markup.ts";
import { details, section, table } from "../../report/sections/parts.ts";
import { type Difference, differences, shownValue } from "../differences.ts";
import type { ComparedWay } from "../ways.ts";

/** Digits of a digest that tell it apart. */
const SHORT = 12;

/** The section. */
export function settingsSection(ways: readonly ComparedWay[]): Markup {
  const firsts = ways.map(({ runs }) => runs[0]!);
  const { settings, code, files } = differences(firsts);
  const unknown = ways.filter((_, i) => firsts[i]!.plan === undefined).map(({ name }) => name);
  const rows = (found: readonly Difference[], shown: (value: unknown) => string) =>
    found.map(({ name, values }): Insert[] => [name, ...values.map(shown)]);
  const names = ways.map(({ name }) => name);
  return section(
    "settings",
    "Settings",
    unknown.length > 0 &&
      markup`<p class="note">Nothing is known of the settings of ${
        unknown.join(", ")
      }: plan.json is missing or damaged.</p>`,
    settings.length === 0
      ? markup`<p>${ways.length === 1 ? "The runs differ in their seeds alone." : "No setting differs."}</p>`
      : table("Settings that differ", ["setting", ...names], rows(settings, shownValue)),
    code.length > 0 &&
      details(
        "Code and packages that differ",
        table(
          "Code and packages that differ",
          ["part", ...names],
          rows(code, (value) => short(shownValue(value))),
        ),
      ),
    files.length > 0 &&
      details(
        "Files that differ",
        table(
          "Digests of the files that stages read",
          ["stage", ...names],
          rows(files, (value) => short(shownValue(value))),
        ),
      ),
  );
}

/** A digest in a few digits, and a package's version. */
function short(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, SHORT) : text.replace(/ sha512-\S+$/, "");
}
