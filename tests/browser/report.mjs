// Steps through a page of `mesim report` and compares what it shows with the records.
//
//   node report.mjs CHROMIUM PAGE.html STEPS.jsonl REPORT.json [FOLDER]
//
// The report is that of `mesim replay --top 20 --json`. With a folder, screenshots are put there. The page of a long trace has no steps: then the records
// are the first line alone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { browser } from "./chromium.mjs";
import { opened } from "./page.mjs";

const [program, file, records, counted, folder] = process.argv.slice(2);
const report = JSON.parse(readFileSync(counted, "utf8"));
const html = readFileSync(file, "utf8");
const data = JSON.parse(/id="data-page">(.*)<\/script>/.exec(html)[1]);
const [header, ...steps] = readFileSync(records, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));

/** Steps round those that were asked for, where it is a page of these; else all of them. */
const AROUND = 50;
const hits = new Set(data.around?.hits);
const isNear = (i) => Array.from({ length: 2 * AROUND + 1 }, (_, at) => i - AROUND + at).some((i) => hits.has(i));
const places = data.around === null ? steps : steps.filter((step) => isNear(step.i));

/** What the page shows of a step, read from what stands there. */
const SHOWN = `(() => {
  const cells = (line) => [...document.querySelectorAll("#matrix td")].filter((td) => td.dataset.line === line);
  const text = (selector) => document.querySelector(selector).textContent;
  const number = Number(document.querySelector("#number").value);
  const row = document.querySelector("#matrix tr.current");
  const line = row.querySelector("code").textContent;
  return {
    number,
    slider: Number(document.querySelector("#slider").value),
    current: Number(document.querySelector("#list [aria-current] .number").textContent.replace("◆ ", "")),
    list: [...document.querySelectorAll("#list li")].map((li) =>
      [li.querySelector(".gap").hidden ? "" : li.querySelector(".gap").textContent, li.querySelector(".number").textContent]),
    line,
    states: cells(line).map((td) => td.querySelector("b").textContent),
    was: cells(line).map((td) => td.querySelector("small")?.textContent.replace("was ", "") ?? null),
    all: Object.fromEntries([...document.querySelectorAll("#matrix tbody tr")].map((tr) =>
      [tr.querySelector("code").textContent, [...tr.querySelectorAll("td b")].map((b) => b.textContent)])),
    reason: text("#reason"),
    said: text("#said"),
    cells: [...document.querySelectorAll("#why .cells code")].map((code) => code.textContent),
  };
})()`;

/** Every line's states by the records alone: a second reading of docs/steps.md. */
function folded(cores) {
  const absent = header.machine.states[0];
  const lines = new Map();
  const at = (line) => {
    if (!lines.has(line)) {
      lines.set(line, Array(cores).fill(absent));
    }
    return lines.get(line);
  };
  const shown = new Set(places);
  return steps.flatMap((step) => {
    for (const event of step.events.filter((event) => event.line !== undefined)) {
      if (["evict", "invalidate", "back_invalidate"].includes(event.do)) {
        at(event.line)[event.core] = absent;
      } else if (event.do === "clean") {
        at(event.line)[event.core] = event.state;
      }
    }
    [...step.after].forEach((state, core) => { at(step.line)[core] = state; });
    return !shown.has(step) ? [] : new Map([...lines].map(([line, states]) => [line, [...states]]));
  });
}

const padded = (states, cores) =>
  Array.from({ length: cores }, (_, core) => states[core] ?? header.machine.states[0]);

async function compare(page, i, expected, cores) {
  const step = places[i - 1];
  const shown = await page.evaluate(SHOWN);
  const [before, after] = [padded([...step.before], cores), padded([...step.after], cores)];
  assert.deepEqual([shown.number, shown.slider, shown.current], [step.i, i, step.i]);
  for (const [gap, number] of shown.list) {
    const at = Number(number.replace("◆ ", ""));
    const before = places.findLast((step) => step.i < at)?.i ?? 0;
    const left = at - before - 1;
    assert.equal(gap, left === 0 ? "" : `… ${left.toLocaleString("en")} ${left === 1 ? "step" : "steps"} left out`);
    assert.equal(number.startsWith("◆"), hits.has(at));
  }
  assert.equal(shown.line, step.line);
  assert.deepEqual(shown.states, after, `step ${i}`);
  assert.deepEqual(shown.was, after.map((state, core) => (state === before[core] ? null : before[core])), `step ${i}`);
  for (const [line, states] of expected[i - 1]) {
    if (line in shown.all) {
      assert.deepEqual(shown.all[line], states, `step ${i}, line ${line}`);
    }
  }
  assert.equal(shown.reason, step.why);
  assert.deepEqual(shown.cells, step.cells);
  const meets = hits.has(step.i) ? `, meets ${data.around.condition}` : "";
  const which = data.around === null ? `of ${steps.length}` : `(${i} of ${places.length} shown${meets})`;
  assert.ok(shown.said.startsWith(`Step ${step.i} ${which}: core ${step.core} `), shown.said);
}

async function throughSteps(page) {
  const cores = await page.evaluate(`document.querySelectorAll("#matrix thead th").length - 1`);
  const expected = folded(cores);
  const same = (i) => compare(page, i, expected, cores);
  const count = places.length;
  const asked = places.flatMap((step, at) => (hits.has(step.i) ? [at + 1] : []));
  await same(asked[0] ?? 1);
  await page.key("Home");
  // All of it forward by the key, and back by the button.
  await same(1);
  for (let i = 2; i <= count; i += 1) {
    await page.key("ArrowRight");
    await same(i);
  }
  await page.key("ArrowRight");
  await same(count);
  // What was counted of the steps is what the report counts.
  await page.click("#tab-counts");
  const counts = await page.evaluate(`[...document.querySelectorAll("#view-counts tbody tr")].map((tr) =>
    [tr.querySelector("[data-sofar]").dataset.sofar, tr.querySelector("[data-sofar]").textContent, tr.querySelector("[data-whole]")?.textContent ?? null])`);
  assert.ok(counts.length > 3);
  for (const [key, soFar, whole] of counts) {
    const expected = (report.totals[key] ?? report.classes[key]).toLocaleString("en");
    assert.deepEqual([soFar, whole], [expected, data.around === null ? expected : null], key);
  }
  const seenOnBus = await page.evaluate(`document.querySelector("#bus .totals").textContent`);
  for (const op of data.protocol.ops) {
    const number = steps.flatMap((step) => step.bus ?? []).filter((name) => name === op).length;
    assert.ok(seenOnBus.includes(`${op} ${number.toLocaleString("en")}`), seenOnBus);
  }
  await page.click("#tab-protocol");
  const used = new Set(steps.flatMap((step) => step.cells));
  const seen = await page.evaluate(`[document.querySelectorAll("#view-protocol td.used").length, document.querySelector("#seen").textContent,
    [...document.querySelectorAll("#view-protocol td.lit")].map((td) => td.dataset.cell)]`);
  assert.equal(seen[0], used.size);
  assert.ok(seen[1].startsWith(`${used.size} of `), seen[1]);
  assert.deepEqual(seen[2].sort(), [...new Set(places.at(-1).cells)].sort());
  for (let i = count - 1; i >= 1; i -= 1) {
    await page.click("#back");
    await same(i);
  }
  await page.click("#back");
  await same(1);
  // The other keys and buttons.
  const bus = places.flatMap((step, at) => (step.bus !== null ? [at + 1] : []));
  const after = (all) => (i) => all.find((at) => at > i) ?? i;
  const before = (all) => (i) => all.findLast((at) => at < i) ?? i;
  const [next, previous] = [after(bus), before(bus)];
  const toHits = data.around === null ? [] : [
    ["key", "Home", () => 1], ["key", "]", after(asked)], ["click", "#next-hit", after(asked)], ["key", "]", after(asked)],
    ["key", "[", before(asked)], ["click", "#previous-hit", before(asked)],
  ];
  const inside = (i) => Math.max(1, Math.min(count, i));
  let i = 1;
  for (const [how, what, to] of [
    ["key", "n", next], ["key", "n", next], ["click", "#next-bus", next], ["key", "p", previous],
    ["click", "#previous-bus", previous], ["key", "PageDown", (i) => inside(i + 10)],
    ["click", "#forward", (i) => inside(i + 1)], ["key", "PageUp", (i) => inside(i - 10)],
    ["key", "End", () => count], ["key", "ArrowLeft", (i) => inside(i - 1)], ["key", "Home", () => 1],
    ["click", "#last", () => count], ["click", "#first", () => 1],
    ["click", "#list li:nth-child(3) button", () => inside(3)], ...toHits,
  ]) {
    await page[how](what);
    i = to(i);
    await same(i);
  }
  // The number, written; keys write there, and step nowhere else.
  await page.evaluate(`document.querySelector("#number").focus(), document.querySelector("#number").select()`);
  const write = (number) => page.evaluate(`(() => { const number = document.querySelector("#number"); number.value = ${number};
    number.dispatchEvent(new Event("change")); number.blur(); })()`);
  await write(places[inside(4) - 1].i);
  await same(inside(4));
  if (data.around !== null) {
    // A step that was left out is behind the last one before it.
    const gap = places.findIndex((step, at) => places[at + 1]?.i > step.i + 1);
    await write(places[gap].i + 1);
    await same(gap + 1);
  }
  // A control that is used keeps the focus, and the keys still step.
  await page.key("Home");
  await page.evaluate(`document.querySelector("#slider").focus()`);
  await page.key("ArrowRight");
  await same(inside(2));
  assert.equal(await page.evaluate(`document.activeElement.id`), "slider");
}

/** Waits until something on the page is so. */
async function until(page, expression, what) {
  for (let waited = 0; !(await page.evaluate(expression)); waited += 50) {
    assert.ok(waited < 10_000, `it never came: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

/** Plays, by the button and by Space, up to the end and from it. */
async function play(page) {
  const number = () => page.evaluate(`Number(document.querySelector("#slider").value)`);
  const isAt = (i) => until(page, `document.querySelector("#slider").value === "${i}"`, `step ${i}`);
  const says = async (text) => assert.equal(await page.evaluate(`document.querySelector("#play").textContent`), text);
  const stands = async () => {
    const i = await number();
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    assert.equal(await number(), i);
  };
  await page.key("Home");
  await page.click("#play");
  await says("Pause");
  await isAt(3);
  await page.click("#play");
  await says("Play");
  await stands();
  // Space does what the button does, wherever nothing else wants it; on a button it presses that once.
  await page.key("Home");
  await page.evaluate(`document.activeElement.blur()`);
  await page.key(" ");
  await says("Pause");
  await isAt(2);
  await page.key(" ");
  await says("Play");
  await page.evaluate(`document.querySelector("#play").focus()`);
  await page.key(" ");
  await says("Pause");
  await page.evaluate(`document.querySelector("#forward").focus()`);
  const before = await number();
  await page.key(" ");
  await says("Play");
  assert.equal(await number(), before + 1);
  await stands();
  // A step by hand stops it.
  await page.click("#play");
  await page.key("PageDown");
  await says("Play");
  // It ends at the end, and begins anew from there.
  await page.key("End");
  await page.key("ArrowLeft");
  await page.click("#play");
  await isAt(places.length);
  await says("Play");
  await page.click("#play");
  await says("Pause");
  await isAt(1);
  await page.click("#play");
  await says("Play");
}

/** What is too wide has a place of its own, which arrows move while it has the focus; other keys step. */
async function wideTables(page) {
  const found = `[...document.querySelectorAll(".wide")].find((wide) => wide.scrollWidth > wide.clientWidth + 20)`;
  const number = () => page.evaluate(`Number(document.querySelector("#slider").value)`);
  await page.size(390, 844);
  await page.click("#tab-counts");
  await page.key("Home");
  const isThere = await page.evaluate(`${found} !== undefined`);
  assert.ok(isThere || report.machine.cores < 8, "eight columns are more than 390 pixels");
  if (isThere) {
    await page.evaluate(`${found}.focus(), ${found}.scrollLeft = 0`);
    await page.key("ArrowRight");
    await until(page, `document.activeElement.scrollLeft > 0`, "the table moves");
    assert.equal(await number(), 1);
    assert.equal(await page.evaluate(`document.activeElement.className`), "wide");
    await page.key("l");
    assert.equal(await number(), 2);
    await page.key("h");
    await page.key("End");
    assert.equal(await number(), places.length);
  }
  // Where there is room, there is nothing to move.
  await page.size(1280, 800);
  await page.key("Home");
  const narrow = `[...document.querySelectorAll(".wide")].find((wide) => wide.scrollWidth === wide.clientWidth && wide.clientWidth > 0)`;
  await page.evaluate(`${narrow}.focus()`);
  await page.key("ArrowRight");
  assert.equal(await number(), 2);
}

/** What stands beyond the window, or is cut off, but in what can be moved sideways. */
const TOO_WIDE = `(() => {
  const name = (element) => element.tagName + "." + (element.getAttribute("class") ?? "") + " " + element.textContent.slice(0, 40);
  const seen = [...document.body.querySelectorAll("*")].filter((element) =>
    element.checkVisibility() && !element.closest(".wide, .unseen, .strip td") && !element.closest("svg *"));
  const beyond = seen.filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5);
  const cut = seen.filter((element) => element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).display !== "inline");
  const wide = [...document.querySelectorAll(".wide")].filter((element) => element.getBoundingClientRect().right > innerWidth);
  const letters = [...document.querySelectorAll(".plot text")].filter((text) => text.checkVisibility()).filter((text) => {
    const [box, around] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
    return box.left < around.left - 0.5 || box.right > around.right + 0.5;
  });
  const page = document.documentElement.scrollWidth > innerWidth ? ["the page: " + document.documentElement.scrollWidth] : [];
  return [...page, ...[...beyond, ...cut, ...wide, ...letters].map(name)];
})()`;

/** Nothing makes the page scroll sideways, or is cut off, in any view. */
async function fits(page) {
  const tabs = await page.evaluate(`[...document.querySelectorAll("#tabs button")].map((button) => button.id)`);
  assert.ok(tabs.length >= 4);
  for (const width of [390, 1280]) {
    await page.size(width, 844);
    for (const tab of tabs) {
      await page.click(`#${tab}`);
      assert.equal(await page.evaluate(`innerWidth`), width);
      assert.deepEqual(await page.evaluate(TOO_WIDE), [], `at ${width} pixels, ${tab}`);
    }
  }
}

async function throughPlots(page) {
  assert.equal(await page.evaluate(`document.querySelector("#bar").hidden`), true);
  const paths = await page.evaluate(`[...document.querySelectorAll(".plot path")].map((path) => path.getAttribute("d").length)`);
  assert.ok(paths.length >= 3 && paths.every((length) => length > 1000), String(paths));
}

/** What a card of a hot line shows; of bytes, `[first, end]` by core and letter. */
const CARDS = `[...document.querySelectorAll("#view-hot .hot > li")].map((card) => {
  const number = (text) => Number(text.replaceAll(",", ""));
  const all = (selector) => [...card.querySelectorAll(selector)];
  const counts = Object.fromEntries(all("dd").map((dd) => [dd.dataset.key, number(dd.textContent.split(" ")[0])]));
  const cores = {};
  for (const row of all(".strip tbody tr")) {
    const name = row.querySelector("th").textContent;
    for (const cell of row.querySelectorAll("td[data-bytes]")) {
      (cores[name] ??= []).push([cell.firstChild.data, ...cell.dataset.bytes.split("..").map(Number)]);
    }
  }
  return {
    address: card.dataset.line,
    name: card.querySelector("h3 .name")?.textContent ?? null,
    pattern: card.querySelector(".badge").textContent,
    counts,
    classes: Object.fromEntries(all(".bars .count").map((span) => [span.dataset.class, number(span.textContent)])),
    cores,
    advice: card.querySelector(".advice")?.textContent ?? null,
    wide: card.querySelector(".strip").scrollWidth <= card.clientWidth,
  };
})`;

/** The bytes of some letter (or number, of what padding sets apart) in a strip's rows for a core. */
function drawn(cores, core, letter) {
  const isIn = (name) => name.split(", ").some((run) => {
    const [first, last] = run.split("-").map((end) => Number(end.slice(1)));
    return first <= core && core <= (last ?? first);
  });
  const cells = Object.entries(cores).filter(([name]) => name !== "apart" && isIn(name)).flatMap(([, cells]) => cells);
  return bytesOf(cells.filter(([letters]) => letters.includes(letter)).map(([, first, end]) => [first, end]));
}

const bytesOf = (ranges) => ranges.flatMap(([first, end]) => Array.from({ length: end - first }, (_, at) => first + at));

/** The cards of the hot lines beside those of `replay --top`. */
async function throughHotLines(page) {
  await page.click("#tab-hot");
  const cards = await page.evaluate(CARDS);
  assert.deepEqual(cards.map((card) => card.address), report.lines.map((line) => line.address));
  assert.ok(cards.length > 0);
  cards.forEach((card, at) => {
    const line = report.lines[at];
    assert.equal(card.name, line.name);
    assert.equal(card.pattern, line.pattern);
    assert.equal(card.advice, line.advice === null ? null : `Padding: ${line.advice}`);
    for (const key of ["invalidations", "misses", "bytes"]) {
      assert.equal(card.counts[key], line[key], `${line.address}: ${key}`);
    }
    assert.equal(card.counts.moves ?? 0, line.moves.used + line.moves.in_vain);
    assert.deepEqual(card.classes, Object.fromEntries(Object.entries(line.classes).filter(([, count]) => count > 0)));
    for (const { core, reads, writes } of line.cores) {
      assert.deepEqual(drawn(card.cores, core, "R"), bytesOf(reads), `${line.address}: core ${core} reads`);
      assert.deepEqual(drawn(card.cores, core, "W"), bytesOf(writes), `${line.address}: core ${core} writes`);
    }
    (line.apart ?? []).forEach((part, number) => {
      const cells = card.cores.apart.filter(([name]) => name === String(number + 1));
      assert.deepEqual(cells.map(([, first, end]) => [first, end]), part.bytes);
    });
    assert.ok(card.wide, line.address);
  });
  const buttons = await page.evaluate(`document.querySelectorAll("#view-hot .hot button").length`);
  assert.equal(buttons, steps.length > 0 ? cards.length : 0);
  if (steps.length > 0) {
    await page.key("Home");
    const line = cards.at(-1).address;
    const about = places.filter((step) => step.line === line).map((step) => step.i);
    const shown = () => page.evaluate(`[Number(document.querySelector("#number").value),
      document.querySelector("#view-hot .hot [aria-current]").dataset.line]`);
    for (const i of [...about.filter((i) => i > places[0].i), about[0]].slice(0, 4)) {
      await page.click("#view-hot .hot > li:last-child button");
      assert.deepEqual(await shown(), [i, line]);
    }
  }
}

async function pictures(page, folder) {
  const tabs = await page.evaluate(`[...document.querySelectorAll("#tabs button")].map((button) => button.id.slice(4))`);
  for (const [width, height, scheme] of [[1280, 800, "light"], [390, 844, "light"], [1280, 800, "dark"], [390, 844, "dark"]]) {
    await page.size(width, height, scheme);
    for (const tab of tabs) {
      await page.click(`#tab-${tab}`);
      await page.evaluate(`scrollTo(0, 0)`);
      await page.screenshot(join(folder, `${width}-${scheme}-${tab}.png`), true);
    }
  }
}

const driven = await browser(program);
try {
  const page = await opened(driven, file);
  await fits(page);
  assert.deepEqual(page.complaints(), []);
  const title = await page.evaluate(`[document.title, document.querySelector("h1").textContent]`);
  assert.deepEqual(title, header.title === null ? ["mesim", "mesim"] : [`${header.title} - mesim`, header.title]);
  await (steps.length > 0 ? throughSteps(page) : throughPlots(page));
  await throughHotLines(page);
  if (places.length > 2) {
    await wideTables(page);
  }
  // It takes its time: of one page all of it.
  if (places.length > 2 && places.length < 20) {
    await play(page);
  }
  if (folder !== undefined) {
    await pictures(page, folder);
  }
  assert.deepEqual(page.complaints(), []);
} finally {
  await driven.close();
}
