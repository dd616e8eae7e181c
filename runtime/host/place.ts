/** Where the project lies. @module */
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const projectRoot: string = fileURLToPath(new URL("../../", import.meta.url));
