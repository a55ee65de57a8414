// The protocol's two tables: the cells of the step are lit, those that were used are ticked.

import { el } from "./dom.js";
import { grouped } from "./words.js";

/** The cells that a run can be seen to use: of the transactions of lines that a core does not hold,
    steps do not tell. */
function countable(protocol) {
  const absent = protocol.states[0].name;
  const ops = protocol.ops.map((op) => `${absent}.${op}`);
  return Object.keys(protocol.cells).filter((cell) => !ops.includes(cell));
}

/** Makes the tables; `uses` are those of a whole run, of which not all steps are there. */
export function protocolTables(root, protocol, uses) {
  const all = countable(protocol);
  const seen = el("p", { class: "totals", id: "seen" });
  const places = new Map();
  const table = (title, columns, states) => {
    const head = el("tr", {}, el("th", { scope: "col" }, "state"),
      ...columns.map((column) => el("th", { scope: "col" }, column)));
    const rows = states.map((state) => {
      const cells = columns.map((column) => {
        const name = `${state.name}.${column}`;
        const tick = el("span", { class: "tick" });
        const td = el("td", { "data-cell": name }, protocol.cells[name] ?? "never", " ", tick);
        td.classList.toggle("never", protocol.cells[name] === undefined);
        if (all.includes(name)) {
          places.set(name, { td, tick });
        }
        return td;
      });
      return el("tr", {}, el("th", { scope: "row", title: state.meaning }, state.name), ...cells);
    });
    const made = el("table", {}, el("caption", {}, title), el("thead", {}, head), el("tbody", {}, ...rows));
    return el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": title }, made);
  };
  root.append(
    el("h2", {}, protocol.name),
    seen,
    el("div", { class: "two" },
      table("Own accesses", protocol.events, protocol.states),
      table("Other cores' transactions", protocol.ops, protocol.states.filter((state) => state.valid))),
  );
  return (known) => {
    const cells = uses ?? known.cells;
    const lit = known ? known.step.cells : [];
    for (const [name, { td, tick }] of places) {
      const used = cells.get(name) ?? 0;
      tick.textContent = used > 0 ? `✓ ${grouped(used)}` : "";
      td.classList.toggle("lit", lit.includes(name));
      td.classList.toggle("used", used > 0);
    }
    const used = all.filter((name) => (cells.get(name) ?? 0) > 0).length;
    seen.textContent = `${used} of ${all.length} cells seen`;
  };
}

/** Returns the uses of cells that a report counts. */
export function usesOf(coverage) {
  const uses = new Map();
  for (const side of [coverage.processor, coverage.snoop]) {
    for (const [state, row] of Object.entries(side)) {
      for (const [event, count] of Object.entries(row)) {
        uses.set(`${state}.${event}`, count);
      }
    }
  }
  return uses;
}
