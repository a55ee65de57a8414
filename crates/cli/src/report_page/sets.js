// Which lines of a set a core holds, at its outermost private level, where its states are kept.

import { el } from "./dom.js";
import { holding } from "./matrix.js";
import { byAddress } from "./model.js";

const SETS_MAX = 16;

/** Makes the grid of sets and cores. */
export function setGrid(root, model, machine, isExcerpt, names, protocol) {
  const level = machine.caches.filter((cache) => cache.scope === "private").at(-1);
  const lineBytes = BigInt(machine.line_bytes);
  const setOf = (line) => Number((BigInt(line) / lineBytes) % BigInt(level.sets));
  const cores = Array.from({ length: model.cores }, (_, core) => core);
  const table = el("table", { class: "sets" });
  const note = el("p", { class: "note" });
  root.append(note, el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Sets" }, table));
  return (known) => {
    const sets = new Map();
    for (const [line, states] of known.lines) {
      const held = states.some((state) => holding(protocol, state) !== "absent");
      if (held || line === known.step.line) {
        const set = setOf(line);
        sets.set(set, [...(sets.get(set) ?? []), line]);
      }
    }
    const current = setOf(known.step.line);
    const near = [...sets.keys()].sort((a, b) => Math.abs(a - current) - Math.abs(b - current));
    const shown = near.slice(0, SETS_MAX).sort((a, b) => a - b);
    const more = sets.size > shown.length ? ` Shown are ${shown.length} of ${sets.size} sets that hold lines.` : "";
    const which = isExcerpt ? " Of the lines that the steps up to the next gap are about; there may be others." : "";
    note.textContent = `${level.name} of each core: ${level.sets} sets of ${level.ways} ways.${which}${more}`;
    const head = el("tr", {}, el("th", { scope: "col" }, "set"),
      ...cores.map((core) => el("th", { scope: "col" }, `C${core}`)));
    const rows = shown.map((set) => {
      const lines = sets.get(set).sort(byAddress);
      const cells = cores.map((core) => {
        const held = lines.filter((line) => holding(protocol, model.states(line)[core]) !== "absent");
        const chips = held.map((line) => {
          const state = model.states(line)[core];
          return el("span", { class: `chip ${holding(protocol, state)}` }, `${names.line(line) || line} ${state}`);
        });
        return el("td", {}, ...(chips.length > 0 ? chips : ["-"]));
      });
      return el("tr", { class: set === current ? "current" : null }, el("th", { scope: "row" }, String(set)), ...cells);
    });
    table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...rows));
  };
}
