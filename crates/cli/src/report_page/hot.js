// The lines with the most coherence trouble: how each is shared, what that costs, and which core
// touches which of its bytes.

import { el, mark } from "./dom.js";
import { grouped, spaced } from "./words.js";

const PARTS = 4;
/** Of lines with more words, letters are too narrow for the strip, and words say it below. */
const WORDS_MAX = 16;

/** Names cores: `C0, C2-C4`. */
function coresNamed(cores) {
  const runs = [];
  for (const core of cores) {
    const run = runs.at(-1);
    if (run && run[1] === core - 1) {
      run[1] = core;
    } else {
      runs.push([core, core]);
    }
  }
  return runs.map(([first, last]) => (first === last ? `C${first}` : `C${first}-C${last}`)).join(", ");
}

/** Puts cores together that touch the same bytes. */
function alike(cores) {
  const groups = new Map();
  for (const { core, reads, writes } of cores) {
    const key = JSON.stringify([reads, writes]);
    const group = groups.get(key) ?? { cores: [], reads, writes };
    group.cores.push(core);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Cuts a line where one of several lists of ranges begins or ends; `what` names a piece. */
function pieces(lists, lineBytes, what) {
  const edges = [...new Set([0, lineBytes, ...lists.flat(2)])].sort((a, b) => a - b);
  const within = (ranges, at) => ranges.some(([first, end]) => first <= at && at < end);
  return edges.slice(0, -1).map((first, at) => ({
    first,
    end: edges[at + 1],
    what: what(lists.map((ranges) => within(ranges, first))),
  }));
}

/** Draws who touches which bytes: a row for cores that do the same, as wide as the line. */
function strip(line, lineBytes, wordBytes) {
  const row = (name, all, kind) => {
    const cells = all.map(({ first, end, what }) => {
      const cell = el("td", { colspan: (end - first) / wordBytes, title: `${name}: bytes ${first} to ${end - 1}` }, what);
      if (what !== "") {
        cell.dataset.bytes = `${first}..${end}`;
        cell.className = kind(what);
        cell.append(el("span", { class: "unseen" }, ` +${first}..${end}`));
      }
      return cell;
    });
    return el("tr", {}, el("th", { scope: "row" }, name), ...cells);
  };
  const rows = alike(line.cores).map(({ cores, reads, writes }) => {
    const all = pieces([reads, writes], lineBytes, ([r, w]) => `${r ? "R" : ""}${w ? "W" : ""}`);
    return row(coresNamed(cores), all, (what) => ({ R: "read", W: "write", RW: "both" })[what]);
  });
  if (line.apart !== null) {
    const lists = line.apart.map((part) => part.bytes);
    const all = pieces(lists, lineBytes, (inside) => (inside.includes(true) ? String(inside.indexOf(true) + 1) : ""));
    rows.push(row("apart", all, () => "part"));
  }
  const words = lineBytes / wordBytes;
  const parts = words % PARTS === 0 ? PARTS : 1;
  const head = Array.from({ length: parts }, (_, part) =>
    el("th", { scope: "colgroup", colspan: words / parts }, `+${(part * lineBytes) / parts}`));
  // A table of fixed columns needs a row in which each is alone.
  const columns = Array.from({ length: words }, () => el("col"));
  return el("table", { class: "strip" },
    el("caption", { class: "unseen" }, `Who touches which bytes of ${line.address}`),
    el("colgroup", {}, el("col", { class: "cores" }), ...columns),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "bytes"), ...head)),
    el("tbody", {}, ...rows));
}

/** Says in words what the strip of a line of many words shows. */
function stripText(line, lineBytes, wordBytes) {
  if (lineBytes / wordBytes <= WORDS_MAX) {
    return "";
  }
  const said = (does, ranges) => (ranges.length === 0 ? [] : [`${does} ${ranges.map(([first, end]) => `+${first}..${end}`).join(" and ")}`]);
  return el("ul", { class: "note" }, ...alike(line.cores).map(({ cores, reads, writes }) =>
    el("li", {}, `${coresNamed(cores)}: ${[...said("reads", reads), ...said("writes", writes)].join(", ")}`)));
}

/** Draws a bar a class of misses. */
function bars(classes, most) {
  const items = Object.entries(classes).filter(([, count]) => count > 0).map(([name, count]) =>
    el("li", {}, el("span", {}, spaced(name)),
      el("span", { class: "bar" }, el("span", { style: `width:${((100 * count) / most).toFixed(1)}%` })),
      el("span", { class: "count", "data-class": name }, grouped(count))));
  return items.length > 0 ? el("ul", { class: "bars", "aria-label": "Misses by class" }, ...items) : "";
}

/** Makes the cards of the lines; for those that have steps, `next` returns what goes to the next one. */
export function hotLines(root, report, next) {
  const { lines, lines_counted: counted, machine } = report;
  const most = Math.max(1, ...lines.flatMap((line) => Object.values(line.classes)));
  const cards = lines.map((line) => {
    const { used, in_vain: inVain } = line.moves;
    const facts = [
      ["invalidations", line.invalidations], ["updates", line.updates], ["misses", line.misses],
      ["bytes", line.bytes], ["moves", used + inVain],
    ].filter(([key, number]) => number > 0 || !["updates", "moves"].includes(key));
    const said = (key, number) => (key === "moves" ? `${grouped(number)}, ${grouped(inVain)} in vain` : grouped(number));
    const title = el("h3", {}, el("code", {}, line.address));
    if (line.name !== null) {
      title.append(" ", el("span", { class: "name" }, line.name));
    }
    title.append(" ", el("span", { class: `badge ${line.pattern}` }, line.pattern));
    const card = el("li", { "data-line": line.address }, title,
      el("dl", {}, ...facts.flatMap(([key, number]) =>
        [el("dt", {}, key === "bytes" ? "bytes moved" : key), el("dd", { "data-key": key }, said(key, number))])),
      bars(line.classes, most),
      strip(line, machine.line_bytes, counted.word_bytes),
      stripText(line, machine.line_bytes, counted.word_bytes));
    if (line.advice !== null) {
      card.append(el("p", { class: "advice" }, el("b", {}, "Padding: "), line.advice));
    }
    if (line.code.length > 0) {
      const places = line.code.map(({ pc, place, accesses }) => `${place ?? pc}: ${grouped(accesses)}`);
      card.append(el("p", { class: "note code" }, el("b", {}, "Code: "), places.join("; ")));
    }
    const onclick = next(line.address);
    if (onclick !== null) {
      card.append(el("button", { type: "button", onclick }, "Next step on this line"));
    }
    return card;
  });
  const forgotten = counted.forgotten + counted.refused_references > 0
    ? " There were more lines than are told apart, and some are counted in part." : "";
  root.append(
    el("p", { class: "note" }, `${lines.length} of ${grouped(counted.lines)} lines of the whole trace, those with the most`
      + ` invalidations first.${forgotten} R: reads, W: writes; apart: bytes that are better in lines of their own.`),
    el("ol", { class: "hot" }, ...cards));
  return (known) => cards.forEach((card) =>
    mark(card, "aria-current", known !== null && card.dataset.line === known.step.line));
}
