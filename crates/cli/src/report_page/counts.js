// What was counted so far, core by core, beside the counts of the whole trace.

import { el } from "./dom.js";
import { busKey } from "./model.js";
import { grouped, spaced } from "./words.js";

/** Makes the table of counts; where not all steps are there, those of the whole trace. */
export function countTable(root, cores, report, ops, hasAll) {
  const keys = [
    "reads", "writes", "atomics", "fetches", "hits", "misses", ...Object.keys(report.classes),
    ...ops.map(busKey), "invalidations", "flushes", "cache_to_cache", "write_backs",
  ];
  const called = (key) => ops.find((op) => busKey(op) === key) ?? spaced(key);
  const whole = (key) => report.totals[key] ?? report.classes[key] ?? 0;
  const wholeOf = (core, key) => report.cores[core]?.[key] ?? report.cores[core]?.classes?.[key] ?? 0;
  const shown = keys.filter((key) => whole(key) > 0);
  const numbers = new Map();
  const table = el("table", { class: "counts" });
  root.append(el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Counts" }, table));
  const columns = Array.from({ length: cores }, (_, core) => `C${core}`);
  const head = ["", hasAll ? "so far" : "all cores", ...columns, ...(hasAll ? ["whole trace"] : [])];
  const rows = shown.map((key) => {
    const cells = Array.from({ length: cores + 1 }, () => el("td"));
    numbers.set(key, cells);
    cells[0].dataset.sofar = key;
    const total = el("td", { "data-whole": key }, grouped(whole(key)));
    const row = el("tr", {}, el("th", { scope: "row" }, called(key)), ...cells);
    row.append(...(hasAll ? [total] : []));
    return row;
  });
  table.append(
    el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows),
  );
  return (known) => {
    for (const [key, [sum, ...cells]] of numbers) {
      const of = (core) => (hasAll ? known.counts[core][key] ?? 0 : wholeOf(core, key));
      const counts = cells.map((_, core) => of(core));
      cells.forEach((cell, core) => { cell.textContent = grouped(counts[core]); });
      sum.textContent = grouped(counts.reduce((a, b) => a + b, 0));
    }
  };
}
