// The trace as a list: the steps round the one that is shown.

import { el, mark } from "./dom.js";
import { leftOut } from "./source.js";
import { busOf, leftOutText } from "./words.js";

const ROWS = 15;

/** Makes the list; a click on a row goes there. */
export function stepList(root, source, names, hits, go) {
  const wanted = new Set(hits);
  const rows = Array.from({ length: Math.min(ROWS, source.count) }, () => {
    const row = { i: 0 };
    row.number = el("span", { class: "number" });
    row.what = el("span", { class: "what" });
    row.bus = el("span", { class: "op" });
    row.gap = el("span", { class: "gap" });
    row.button = el("button", { type: "button", onclick: () => go(row.i) });
    row.button.append(row.number, row.what, row.bus);
    return row;
  });
  root.append(el("ol", {}, ...rows.map((row) => el("li", {}, row.gap, row.button))));
  return ({ i }) => {
    const first = Math.max(1, Math.min(i - Math.floor(ROWS / 2), source.count - ROWS + 1));
    rows.forEach((row, at) => {
      row.i = first + at;
      const step = source.step(row.i);
      const left = leftOut(source, row.i);
      row.gap.hidden = left === 0;
      row.gap.textContent = leftOutText(left);
      row.number.textContent = `${wanted.has(row.i) ? "◆ " : ""}${step.i}`;
      row.what.textContent = `C${step.core} ${step.op} ${names.address(step.addr)}`;
      row.bus.textContent = busOf(step).join("+");
      mark(row.button, "aria-current", row.i === i && "step");
    });
  };
}
