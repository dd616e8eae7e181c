/** What a training refuses. @module */
import { UserError } from "../../pipeline/mod.ts";

/** What the settings ask for does not fit the networks, the data or the device. */
export class SettingsError extends UserError {
  /** Class name, for logs. */
  override readonly name = "SettingsError";
}
