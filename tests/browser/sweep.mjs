// Goes through the points of a page of `mesim sweep show` and compares what it says with its JSON.
//
//   node sweep.mjs CHROMIUM PAGE.html SHOW.json [FOLDER]
//
// With a folder, screenshots are put there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { browser } from "./chromium.mjs";
import { opened } from "./page.mjs";

const [program, file, shown, folder] = process.argv.slice(2);
const { pareto } = JSON.parse(readFileSync(shown, "utf8"));
const points = pareto.traces.flatMap(({ trace, points }) => points.map((point) => ({ trace, ...point })));

/** What the page says now: the words, the number of the marked point, the id in the marked row. */
const SAID = `(() => {
  const all = [...document.querySelectorAll("#plot [tabindex]")];
  const row = document.querySelectorAll("#cells tr[aria-current]");
  return {
    words: document.getElementById("said").textContent,
    focus: all.indexOf(document.activeElement),
    marked: all.map((point, number) => (point.hasAttribute("aria-current") ? number : -1)).filter((n) => n >= 0),
    row: [...row].map((row) => row.textContent).join("|"),
    rows: document.querySelectorAll("#cells tbody tr").length,
    live: document.getElementById("said").getAttribute("aria-live"),
  };
})()`;

async function at(page, number) {
  const [said, point] = [await page.evaluate(SAID), points[number]];
  assert.equal(said.focus, number);
  assert.deepEqual(said.marked, [number]);
  assert.ok(said.row.includes(point.id) && !said.row.includes("|"), said.row);
  assert.ok(said.words.startsWith(`${point.trace}; `), said.words);
  for (const part of [`interleave: ${point.interleave}`, `id: ${point.id}`, `${pareto.y}: ${point.y.toLocaleString("en-US")}`]) {
    assert.ok(said.words.split("; ").includes(part), `${part} in ${said.words}`);
  }
  assert.equal(said.words.endsWith("; on the front"), point.front);
}

const chromium = await browser(program);
try {
  const page = await opened(chromium, file);
  await page.size(1000, 900);
  const first = await page.evaluate(SAID);
  assert.deepEqual([first.focus, first.rows, first.live], [-1, points.length, "polite"]);
  // Tab goes to the points in front, one after the other.
  for (const [number, point] of points.entries()) {
    if (point.front) {
      await page.key("Tab");
      await at(page, number);
    }
  }
  // Arrows go through all of them, and stay at the ends.
  await page.key("Home");
  for (let number = 0; number < points.length; number += 1) {
    await at(page, number);
    await page.key("ArrowRight");
  }
  await at(page, points.length - 1);
  await page.key("ArrowLeft");
  await at(page, points.length - 2);
  await page.key("End");
  await at(page, points.length - 1);
  await page.key("Home");
  await page.key("ArrowLeft");
  await at(page, 0);
  // Up and down from trace to trace.
  await page.key("ArrowDown");
  await at(page, pareto.traces[0].points.length);
  await page.key("ArrowUp");
  await at(page, 0);
  await page.click(`#plot g:nth-of-type(${pareto.traces.length}) .point:last-of-type`);
  await at(page, points.length - 1);
  if (folder) {
    await page.screenshot(join(folder, "light.png"), true);
    await page.size(420, 900, "dark");
    await page.screenshot(join(folder, "dark.png"), true);
  }
  assert.deepEqual(page.complaints(), []);
} finally {
  await chromium.close();
}
