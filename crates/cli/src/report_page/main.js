// The page: puts the parts together.

import { el, mark } from "./dom.js";
import { recordedSource } from "./source.js";
import { Names, grouped, sentence } from "./words.js";
import { Model, surveyed } from "./model.js";
import { stepList } from "./steps.js";
import { matrix } from "./matrix.js";
import { busLane, upTo } from "./bus.js";
import { whyPanel } from "./why.js";
import { sequenceChart } from "./sequence.js";
import { setGrid } from "./sets.js";
import { protocolTables, usesOf } from "./protocol.js";
import { hotLines } from "./hot.js";
import { countTable } from "./counts.js";
import { plots } from "./plots.js";
import { scrubber } from "./scrubber.js";
import { keys } from "./keys.js";

const at = (id) => document.getElementById(id);

/** Says in a line what the machine is. */
function machineText(machine) {
  const caches = machine.caches.map((cache) =>
    `${cache.name} ${cache.scope}, ${cache.size_bytes} bytes, ${cache.ways} ways`);
  const cores = machine.cores === 1 ? "1 core" : `${machine.cores} cores`;
  return `${cores}, ${machine.protocol}, lines of ${machine.line_bytes} bytes; ${caches.join("; ")}`;
}

/** Says which steps there are, where some were left out. */
function excerptText({ condition, hits, is_full: isFull }, count) {
  const meet = hits.length === 1 ? "the step that meets" : `the ${isFull ? "first " : ""}${grouped(hits.length)} steps that meet`;
  return `Here are ${grouped(count)} steps, up to 50 on either side of ${meet} ${condition} (◆). Counts, uses and plots`
    + " are of the whole trace.";
}

/** Views that share a place: one of them is there at a time, and shown when it is looked at. */
function tabs(nav, place, views, known) {
  let current = null;
  const show = () => current.view.show(known());
  const choose = (tab) => {
    current = tab;
    for (const other of all) {
      mark(other.button, "aria-pressed", String(other === tab));
      other.root.hidden = other !== tab;
    }
    show();
  };
  const all = views.map((view) => {
    const root = el("section", { id: `view-${view.id}`, "aria-label": view.name, hidden: true });
    const tab = { view, root };
    tab.button = el("button", { type: "button", id: `tab-${view.id}`, onclick: () => choose(tab) }, view.name);
    view.show = view.make(root) ?? (() => {});
    nav.append(tab.button);
    place.append(root);
    return tab;
  });
  choose(all[0]);
  return show;
}

/** Shows a source of steps, beside what else is known of the run. */
function show(source, page) {
  const { report, protocol, around } = page;
  const { machine } = report;
  const { cores } = machine;
  const names = new Names(page.names, machine.line_bytes);
  at("title").textContent = source.header.title ?? "mesim";
  at("machine").textContent = machineText(machine);
  const plotted = { id: "plots", name: "Plots", make: (root) => plots(root, page.windows, report.totals.accesses) };
  const hasSteps = source.count > 0;
  const counted = { id: "counts", name: "Counts", make: (root) => countTable(root, cores, report, protocol.ops, hasSteps && around === null) };
  const uses = hasSteps && around === null ? null : usesOf(report.coverage);
  if (!hasSteps) {
    at("said").textContent = `Of all ${grouped(report.totals.accesses)} references; \`--limit N\` shows the first ones step by step, \`--around CONDITION\` others.`;
    const views = [plotted, { id: "hot", name: "Hot lines", make: (root) => hotLines(root, report, () => null) }, counted,
      { id: "protocol", name: "Protocol", make: (root) => protocolTables(root, protocol, uses) }];
    tabs(at("tabs"), at("view"), views, () => null);
    return;
  }

  const model = new Model(source, cores);
  const { bus, hits, lines, byLine } = surveyed(source, new Set(around?.hits));
  const gaps = (around?.starts ?? []).map((start) => start.at).filter((i) => i > 1);
  const near = {
    hasHits: hits.length > 0,
    nextHit: (i) => hits[upTo(hits, i)] ?? i,
    previousHit: (i) => hits[upTo(hits, i - 1) - 1] ?? i,
    next: (i) => bus[upTo(bus, i)] ?? i,
    previous: (i) => bus[upTo(bus, i - 1) - 1] ?? i,
  };
  let known = null;
  const parts = [];
  const go = (wanted) => {
    const i = Math.max(1, Math.min(source.count, Math.floor(wanted)));
    known = model.at(i);
    parts.forEach((part) => part(known));
    const meets = hits[upTo(hits, i) - 1] === i ? `, meets ${around.condition}` : "";
    const which = around === null ? `of ${source.count}` : `(${i} of ${source.count} shown${meets})`;
    at("said").textContent = sentence(known.step, which, names, cores);
    document.body.dataset.step = String(known.step.i);
  };
  const bar = scrubber(at("bar"), source, bus, gaps, near, go);
  parts.push(
    bar.show,
    stepList(at("list"), source, names, hits, bar.asked),
    matrix(at("matrix"), model, lines, around !== null, names, protocol),
    busLane(at("bus"), source, bus, names, protocol.ops, around && report.totals, bar.asked),
    whyPanel(at("why"), names, protocol),
  );
  for (const id of ["list", "middle", "why"]) {
    at(id).hidden = false;
  }
  if (around !== null) {
    at("machine").after(el("p", { id: "excerpt" }, excerptText(around, source.count)));
  }
  go(hits[0] ?? 1);
  const nextOn = (line) => {
    const steps = byLine.get(line);
    return steps === undefined ? null : () => bar.asked(steps[upTo(steps, known.i)] ?? steps[0]);
  };
  const views = [
    { id: "sequence", name: "Sequence chart", make: (root) => sequenceChart(root, source, cores, lines, names, protocol) },
    { id: "protocol", name: "Protocol", make: (root) => protocolTables(root, protocol, uses) },
    { id: "sets", name: "Sets", make: (root) => setGrid(root, model, machine, around !== null, names, protocol) },
    { id: "hot", name: "Hot lines", make: (root) => hotLines(root, report, nextOn) },
    counted,
    plotted,
  ];
  parts.push(tabs(at("tabs"), at("view"), views, () => known));
  keys(at("keys"), bar, source.count, near);
}

const page = JSON.parse(at("data-page").textContent);
show(recordedSource(at("data-steps").textContent, page.around?.starts ?? []), page);
