// Every core's state of every line: what the step changed is marked, with what was there.

import { el } from "./dom.js";
import { byAddress } from "./model.js";

const LINES_MAX = 24;

/** The class of a state, which its colour hangs on: by what the state holds. */
export function holding(protocol, name) {
  const state = protocol.states.find((state) => state.name === name);
  if (!state || !state.valid) {
    return "absent";
  }
  if (state.dirty) {
    return state.unique ? "modified" : "owned";
  }
  if (state.unique) {
    return "exclusive";
  }
  return state.forwards ? "forward" : "shared";
}

/** Makes the matrix of lines and cores. */
export function matrix(root, model, all, isExcerpt, names, protocol) {
  const cores = Array.from({ length: model.cores }, (_, core) => core);
  const head = el("tr", {}, el("th", { scope: "col" }, "line"));
  head.append(...cores.map((core) => el("th", { scope: "col" }, `C${core}`)));
  const body = el("tbody");
  const note = el("p", { class: "note" });
  const table = el("table", { class: "states" }, el("thead", {}, head), body);
  root.append(el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "States" }, table), note);
  const isPart = isExcerpt || all.length > LINES_MAX;
  if (isExcerpt) {
    note.textContent = `Lines that the steps up to the next gap are about, ${LINES_MAX} at most.`;
  } else if (isPart) {
    note.textContent = `The ${LINES_MAX} lines that were touched last, of ${all.length}.`;
  }
  return (known) => {
    const touched = [...known.lines.keys()];
    const lines = isPart ? touched.slice(-LINES_MAX).sort(byAddress) : all;
    const rows = lines.map((line) => {
      const states = model.states(line);
      const name = names.line(line);
      const th = el("th", { scope: "row" }, el("code", {}, line));
      if (name !== "") {
        th.append(" ", el("span", { class: "name" }, name));
      }
      const cells = cores.map((core) => {
        const change = known.changes.find((change) => change.line === line && change.core === core);
        const state = states[core];
        const attributes = { "data-line": line, "data-core": core, "data-state": state };
        const cell = el("td", { ...attributes, class: holding(protocol, state) }, el("b", {}, state));
        if (change) {
          cell.classList.add("changed");
          cell.append(el("small", {}, `was ${change.was}`));
        }
        return cell;
      });
      return el("tr", { class: line === known.step.line ? "current" : null }, th, ...cells);
    });
    body.replaceChildren(...rows);
  };
}
