/** `deno run --allow-read --allow-write=docs tools/event_schema.ts`: writes docs/events.schema.json anew. @module */
import { eventSchema } from "../runtime/runs/event_schema.ts";

/** The published file's text. */
export function eventSchemaText(): string {
  return JSON.stringify(eventSchema(), null, 2) + "\n";
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../docs/events.schema.json", import.meta.url), eventSchemaText());
}
