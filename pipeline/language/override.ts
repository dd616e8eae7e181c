/** Overrides of configs, as the command line gives them. @module */
import { isTooDeep, mostLevels } from "./depth.ts";
import { ConfigError } from "../errors.ts";

/** One `--set stage.key.path=value`. */
export interface Override {
  /** Instance id of the stage: its name, or its `as`. */
  readonly stage: string;
  /** Keys from the config's root to the value; without any, no pipeline takes it, and says what was meant. */
  readonly path: readonly string[];
  /** The value: JSON where the text is JSON, else the text. */
  readonly value: unknown;
  /** The text as typed. */
  readonly text: string;
  /** Folder that a relative path in it is relative to; without it, to the process's. */
  readonly folder?: string;
}

/**
 * Reads one `stage.key=value`; the value is JSON where it is valid JSON (`0.9`, `true`, `[1,2]`), else the text itself.
 *
 * @throws {ConfigError} If there is no `=`, no stage or an empty key, or if path or value have more levels than a config may have.
 */
export function parseSet(text: string): Override {
  const at = text.indexOf("=");
  const [stage, ...path] = (at < 0 ? "" : text.slice(0, at)).split(".");
  if (!stage || path.some((key) => key === "")) {
    throw new ConfigError(
      `Cannot read "--set ${text}": it must be stage.key=value, e.g. --set co-train.epochs=2`,
    );
  }
  const raw = text.slice(at + 1);
  const value = jsonElseText(raw);
  if (path.length > mostLevels || isTooDeep(value)) {
    const what = path.length > mostLevels
      ? `its path has ${path.length} keys`
      : "its value is deeper than that";
    throw new ConfigError(
      `Cannot read "--set ${text.slice(0, 40)}…": a config has ${mostLevels} levels at most, and ${what}`,
    );
  }
  return { stage, path, value, text: raw };
}

function jsonElseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
