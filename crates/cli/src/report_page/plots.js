// How the run goes over time: plots of the windows, each with a legend and totals in words.

import { el, svg } from "./dom.js";
import { grouped, spaced } from "./words.js";

const WIDTH = 600;
const HEIGHT = 200;
const LEFT = 84;
const RIGHT = 590;
const TOP = 12;
const BOTTOM = 164;
const KINDS = 8;

/** Returns the first of 1, 2, 5, 10, ... that is no smaller than a number. */
function roundUp(number) {
  let step = 1;
  while (true) {
    for (const digit of [1, 2, 5]) {
      if (digit * step >= number) {
        return digit * step;
      }
    }
    step *= 10;
  }
}

/** Writes a number of an axis in few letters. */
function short(number) {
  for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (number >= 10 * unit) {
      return `${number / unit} ${name}`;
    }
  }
  return grouped(number);
}

function drawn(title, series, references, length) {
  const top = roundUp(Math.max(1, ...series.flatMap(([, numbers]) => numbers)));
  const x = (at) => LEFT + (RIGHT - LEFT) * Math.min(1, (at * length) / Math.max(1, references));
  const y = (number) => BOTTOM - ((BOTTOM - TOP) * number) / top;
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": title });
  for (const share of [0, 0.5, 1]) {
    const at = y(top * share);
    chart.append(svg("line", { x1: LEFT, x2: RIGHT, y1: at, y2: at, class: "grid" }));
    if (Number.isInteger(top * share)) {
      chart.append(svg("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, short(top * share)));
    }
  }
  chart.append(
    svg("text", { x: LEFT, y: BOTTOM + 18 }, "0"),
    svg("text", { x: RIGHT, y: BOTTOM + 18, "text-anchor": "end" }, grouped(references)),
    svg("text", { x: (LEFT + RIGHT) / 2, y: BOTTOM + 32, "text-anchor": "middle" }, "references"),
  );
  series.forEach(([, numbers], at) => {
    const path = numbers.map((number, i) =>
      `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(number).toFixed(1)}H${x(i + 1).toFixed(1)}`);
    chart.append(svg("path", { d: path.join(""), class: `line kind${at % KINDS}` }));
  });
  return chart;
}

function figure(title, what, series, cut, references, length) {
  const legend = series.map(([name, numbers], at) => {
    const sample = svg("svg", { viewBox: "0 0 28 10", class: "sample", "aria-hidden": "true" },
      svg("path", { d: "M0 5H28", class: `line kind${at % KINDS}` }));
    return el("li", {}, sample, ` ${spaced(name)}: ${what(numbers)}`);
  });
  const unit = length === 1 ? "each reference" : `windows of ${grouped(length)} references`;
  return el("figure", {},
    el("figcaption", {}, el("b", {}, title), ` (${unit})`),
    drawn(title, series.map(([name, numbers]) => [name, cut ? numbers.slice(0, -1) : numbers]), references, length),
    series.length > 0 ? el("ul", { class: "legend" }, ...legend) : el("p", { class: "note" }, "There were none."));
}

/** Makes the plots. A last window that is shorter than the others would look like a fall of what is
    summed up: of several, it is in the totals and not in the lines. */
export function plots(root, windows, references) {
  const total = (numbers) => grouped(numbers.reduce((a, b) => a + b, 0));
  const peak = (numbers) => `${grouped(Math.max(0, ...numbers))} at most`;
  const cut = windows.last < windows.length && windows.invalidations.length > 1;
  const some = (name, numbers) => (numbers.some((number) => number > 0) ? [[name, numbers]] : []);
  root.append(el("div", { class: "two" }, ...[
    ["Misses by class", total, Object.entries(windows.classes), cut],
    ["Bus transactions", total, Object.entries(windows.bus), cut],
    ["Invalidations", total, some("invalidations", windows.invalidations), cut],
    ["Dirty lines at the end of each window", peak, some("dirty_lines", windows.dirty_lines), false],
  ].map(([title, what, series, cut]) => figure(title, what, series, cut, references, windows.length))));
}
