/// <reference lib="dom" />
/** A page of a run that goes on: loaded again when there should be something new, and honest where nothing comes. @module */
import type { PageData } from "../page.ts";
import { localTime, remember, remembered } from "./small.ts";

/** Seconds by which a page is looked at later than it is written. */
const SLACK = 2;

/** Keeps the page fresh, and says when its run has stopped. */
export function keepFresh({ freshness }: PageData): void {
  const box = document.getElementById("fresh"), text = document.getElementById("freshness");
  const button = document.querySelector<HTMLButtonElement>("#pause");
  if (freshness === undefined || box === null || text === null || button === null) return;
  const { written, promised, every } = freshness;
  const isLate = Date.now() > Date.parse(promised);
  if (isLate) {
    box.classList.add("bad");
    box.setAttribute("role", "status");
    text.textContent = `Stopped, it seems: this page was written ${localTime(written, "medium")}, and by ` +
      `${
        localTime(promised, "medium")
      } it should have been written again. The run's process is gone, or its machine sleeps; ` +
      "the same command goes on from the last checkpoint.";
    const state = document.getElementById("state");
    if (state !== null) state.textContent = "stopped, it seems";
    state?.parentElement?.setAttribute("data-state", "stopped");
  } else {
    text.textContent = `Written ${
      localTime(written, "medium")
    }; this page renews itself while the run goes on.`;
  }
  let isPaused = remembered()["paused"] === "yes";
  const show = () => {
    button.setAttribute("aria-pressed", String(isPaused));
    button.textContent = isPaused ? "Renewal is paused" : "Pause renewal";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    isPaused = !isPaused;
    remember("paused", isPaused ? "yes" : "no");
    show();
  });
  show();
  const due = isLate
    ? Date.now() + 1000 * every
    : Math.max(Date.parse(written) + 1000 * (every + SLACK), Date.now() + 5000);
  setInterval(() => {
    if (!isPaused && Date.now() >= due && document.visibilityState === "visible") location.reload();
  }, 1000);
}
