// The steps round the one that is shown as a sequence chart: a life line a core, and one for what
// lies below the bus.

import { el, svg } from "./dom.js";
import { holding } from "./matrix.js";
import { leftOut } from "./source.js";
import { busOf, leftOutText, statesOf, supplyingCore } from "./words.js";

const ROWS = 9;
const ROW = 44;
const HEAD = 30;
const LETTER = 7.4;
const LABEL_LETTERS_MAX = 40;
/** How small the chart gets where there is little room, before it is moved sideways. */
const SCALE_MIN = 0.7;
const COLUMN = 92;
const LAST = 128;

function arrow(x1, x2, y, kind) {
  const tip = x2 > x1 ? -7 : 7;
  const line = svg("line", { x1, x2: x2 + tip / 2, y1: y, y2: y, class: kind });
  const head = `${x2},${y} ${x2 + tip},${y - 4} ${x2 + tip},${y + 4}`;
  return [line, svg("polygon", { points: head, class: kind })];
}

function badge(x, y, state, kind) {
  const width = 12 + 8 * state.length;
  const box = { x: x - width / 2, y: y - 9, width, height: 18, rx: 4 };
  return svg("g", { class: `state ${kind}` },
    svg("rect", box), svg("text", { x, y: y + 4.5, "text-anchor": "middle" }, state));
}

/** Returns how many letters the labels of steps have at most. */
function lettersOf(source, lines, names) {
  const addresses = [...lines.map((line) => line.length), ...[...names.names.values()].map((name) => name.length)];
  const longest = `${source.step(source.count).i}  C63 W `.length + Math.max(...addresses);
  return Math.min(longest, LABEL_LETTERS_MAX);
}

/** Makes the chart. */
export function sequenceChart(root, source, cores, lines, names, protocol) {
  const letters = lettersOf(source, lines, names);
  const left = 16 + LETTER * letters;
  const x = (core) => left + COLUMN * (core + 0.5);
  const below = left + COLUMN * cores + LAST / 2;
  const width = left + COLUMN * cores + LAST;
  const rows = Math.min(ROWS, source.count);
  const height = HEAD + ROW * rows + 6;
  const style = `max-width:${width}px;min-width:${Math.round(SCALE_MIN * width)}px`;
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, style, class: "chart", role: "img" });
  root.append(el("div", { class: "wide", tabindex: 0, role: "group", "aria-label": "Sequence chart" }, chart));

  const lifeLines = () => Array.from({ length: cores + 1 }, (_, core) => {
    const at = core < cores ? x(core) : below;
    const name = core < cores ? `C${core}` : "below the bus";
    return [
      svg("text", { x: at, y: 18, "text-anchor": "middle", class: "head" }, name),
      svg("line", { x1: at, x2: at, y1: HEAD - 4, y2: height, class: "life" }),
    ];
  }).flat();

  const drawn = (step, y, isCurrent) => {
    const parts = [];
    if (isCurrent) {
      parts.push(svg("rect", { x: 0, y: y - 16, width, height: ROW, class: "current" }));
    }
    const label = `${step.i}  C${step.core} ${step.op} ${names.address(step.addr)}`;
    const shown = label.length > letters ? `${label.slice(0, letters - 1)}…` : label;
    parts.push(svg("text", { x: 8, y: y + 10, class: "label" }, shown, svg("title", {}, label)));
    const me = x(step.core);
    const ops = busOf(step).join("+");
    if (ops !== "") {
      // A transaction is for all to see.
      parts.push(svg("line", { x1: x(0), x2: below, y1: y, y2: y, class: "request" }));
      const side = step.core < cores - 1 ? 1 : -1;
      const anchor = side > 0 ? "start" : "end";
      parts.push(svg("text", { x: me + side * 16, y: y - 5, "text-anchor": anchor, class: "ops" }, ops));
    }
    const from = supplyingCore(step);
    if (step.supplier !== null && ops !== "") {
      parts.push(...arrow(from === null ? below : x(from), me, y + 16, "data"));
      if (from === null) {
        parts.push(svg("text", { x: below - 6, y: y + 12, "text-anchor": "end", class: "ops" }, step.supplier));
      }
    }
    for (const event of step.events.filter((event) => event.do === "write_back")) {
      parts.push(...arrow(x(event.core), below, y + 24, "writeback"));
    }
    const [before, after] = [statesOf(step.before), statesOf(step.after)];
    after.forEach((state, core) => {
      if (core === step.core || state !== before[core]) {
        parts.push(badge(x(core), core === step.core ? y : y + 3, state, holding(protocol, state)));
      }
    });
    return parts;
  };

  const gap = (left, y) => (left === 0 ? [] : [
    svg("line", { x1: 0, x2: width, y1: y - 16, y2: y - 16, class: "cut" }),
    svg("text", { x: 8, y: y - 4, class: "ops" }, leftOutText(left)),
  ]);

  return ({ i }) => {
    const first = Math.max(1, Math.min(i - Math.floor(ROWS / 2), source.count - ROWS + 1));
    const all = Array.from({ length: rows }, (_, at) => {
      const y = HEAD + ROW * at + 16;
      return [...drawn(source.step(first + at), y, first + at === i), ...gap(leftOut(source, first + at), y)];
    });
    const [one, last] = [first, first + rows - 1].map((at) => source.step(at).i);
    chart.setAttribute("aria-label", `Steps ${one} to ${last}, and what goes over the bus for them`);
    // Behind what happens, the row that is shown, and the life lines.
    chart.replaceChildren(...lifeLines(), ...all.flat());
  };
}
