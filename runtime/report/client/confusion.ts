/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The confusion matrix: a cell's pixels are said where it is pointed at, or reached by keys. @module */

/** Makes the cells tell their counts. */
export function confusionCells(): void {
  const region = document.getElementById("confusion"), output = document.getElementById("confusion-value");
  if (region === null || output === null) return;
  output.setAttribute("aria-live", "polite");
  const rows = [...region.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td")]);
  let row = 0, column = -1;
  const choose = (cell: HTMLTableCellElement | undefined) => {
    if (cell === undefined) return;
    region.querySelector(".chosen")?.classList.remove("chosen");
    cell.classList.add("chosen");
    output.textContent = cell.title;
  };
  region.addEventListener("pointerover", ({ target }) => {
    if (target instanceof HTMLTableCellElement && target.title !== "") choose(target);
  });
  region.addEventListener("keydown", (event) => {
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    row = Math.max(0, Math.min(rows.length - 1, row + move[0]));
    column = Math.max(0, Math.min(rows.length - 1, column + move[1]));
    const cell = rows[row]?.[column];
    choose(cell);
    cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}
