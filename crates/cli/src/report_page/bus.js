// The bus: the transactions up to the step that is shown, the latest first, and how many of each.

import { el } from "./dom.js";
import { busKey } from "./model.js";
import { busOf, grouped, supplierOf } from "./words.js";

const ROWS = 6;

/** Returns how many numbers of a sorted list are no larger than one. */
export function upTo(sorted, number) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Makes the lane of the bus; `whole` are the counts of the trace where not all its steps are there. */
export function busLane(root, source, bus, names, ops, whole, go) {
  const totals = el("p", { class: "totals" });
  const rows = Array.from({ length: Math.min(ROWS, bus.length) }, () => {
    const row = { i: 1 };
    row.text = el("span", { class: "what" });
    row.number = el("span", { class: "number" });
    row.op = el("span", { class: "op" });
    row.button = el("button", { type: "button", onclick: () => go(row.i) });
    row.button.append(row.number, row.op, row.text);
    row.item = el("li", {}, row.button);
    return row;
  });
  root.append(totals, el("ol", { class: "lane" }, ...rows.map((row) => row.item)));
  return (known) => {
    const sum = (op) => whole?.[busKey(op)] ?? known.counts.reduce((sum, counts) => sum + (counts[busKey(op)] ?? 0), 0);
    totals.textContent = ops.map((op) => `${op} ${grouped(sum(op))}`).join(" · ")
      + (whole === null ? "" : ", in the whole trace");
    const latest = upTo(bus, known.i);
    rows.forEach((row, at) => {
      const place = latest - 1 - at;
      row.item.hidden = place < 0;
      if (place < 0) {
        return;
      }
      row.i = bus[place];
      const step = source.step(row.i);
      row.number.textContent = String(step.i);
      row.op.textContent = busOf(step).join("+");
      const from = step.supplier === null ? "" : `, from ${supplierOf(step)}`;
      row.text.textContent = `C${step.core}: ${names.line(step.line) || step.line}${from}`;
      row.button.classList.toggle("now", row.i === known.i);
    });
  };
}
