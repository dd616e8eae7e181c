/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Small things of a page: times, a button that copies. @module */

/** A time as the reader's clock shows it. */
export function localTime(time: string | Date, style: "short" | "medium" = "short"): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: style });
}

/** Writes each `<time>` of the page in the reader's zone and manner. */
export function localTimes(): void {
  for (const element of document.querySelectorAll("time")) {
    element.title = element.dateTime;
    element.textContent = localTime(element.dateTime);
  }
}

/** Lets the command be copied, where a page may do so. */
export function copyButton(): void {
  const button = document.querySelector<HTMLButtonElement>("#copy");
  const command = document.querySelector("#command");
  if (button === null || command === null || navigator.clipboard === undefined) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent ?? "");
      button.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(command);
      button.textContent = "Selected: press Ctrl-C";
    }
  });
}

/** What is chosen on the page, which outlives a reload of it. */
export function remembered(): Record<string, string> {
  return { ...(history.state as Record<string, string> | null) };
}

/** Remembers a choice. */
export function remember(name: string, value: string): void {
  try {
    history.replaceState({ ...remembered(), [name]: value }, "");
  } catch { /* a page without a history forgets */ }
}
