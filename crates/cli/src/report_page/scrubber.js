// Where in the trace the page is: buttons, a slider with a tick for each transaction, a number.

import { el, svg } from "./dom.js";
import { placeOf } from "./source.js";
import { grouped } from "./words.js";

const TICKS_MAX = 600;
const PLAY_MS = 800;

/** Draws where the transactions are; of many, how many there are in each part. Where steps were left
    out, the line is cut. */
function ticks(bus, gaps, count) {
  const parts = Math.min(count, TICKS_MAX);
  const tall = new Array(parts).fill(0);
  for (const i of bus) {
    tall[Math.floor(((i - 1) * parts) / count)] += 1;
  }
  const most = Math.max(1, ...tall);
  // A tick is over the place where the slider's handle is at that step.
  const at = (part) => (parts === 1 ? 0 : (1000 * part) / (parts - 1));
  const path = tall.map((number, part) =>
    (number === 0 ? "" : `M${at(part).toFixed(1)} 12V${(12 - 4 - (8 * number) / most).toFixed(1)}`));
  const cuts = gaps.map((i) => `M${((1000 * (i - 1.5)) / (count - 1)).toFixed(1)} 0V12`);
  return svg("svg", { viewBox: "0 0 1000 12", preserveAspectRatio: "none", class: "ticks", "aria-hidden": "true" },
    svg("path", { d: path.join("") }), svg("path", { d: cuts.join(""), class: "cuts" }));
}

/** Makes the bar; `go` is asked for a step. Returns what shows a step, and what the keys ask for. */
export function scrubber(root, source, bus, gaps, near, go) {
  const { count } = source;
  let timer = null;
  let current = 1;
  const stop = () => {
    if (timer !== null) {
      clearInterval(timer);
      timer = null;
      play.textContent = "Play";
    }
  };
  const asked = (i) => {
    stop();
    go(i);
  };
  const toggle = () => {
    if (timer !== null) {
      stop();
      return;
    }
    if (current === count) {
      go(1);
    }
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (current < count) {
        go(current + 1);
      }
      if (current === count) {
        stop();
      }
    }, PLAY_MS);
  };
  const button = (id, text, label, onclick) => el("button", { type: "button", id, "aria-label": label, onclick }, text);
  const play = el("button", { type: "button", id: "play", onclick: toggle }, "Play");
  const first = button("first", "|◀", "First step", () => asked(1));
  const previousBus = button("previous-bus", "◀◀ bus", "Previous bus transaction", () => asked(near.previous(current)));
  const back = button("back", "◀", "Previous step", () => asked(current - 1));
  const forward = button("forward", "▶", "Next step", () => asked(current + 1));
  const nextBus = button("next-bus", "bus ▶▶", "Next bus transaction", () => asked(near.next(current)));
  const last = button("last", "▶|", "Last step", () => asked(count));
  const [lowest, highest] = [source.step(1).i, source.step(count).i];
  const number = el("input", { type: "number", id: "number", min: lowest, max: highest, "aria-label": "Step" });
  number.addEventListener("change", () => {
    const wanted = Number(number.value);
    asked(wanted ? placeOf(source, wanted) : current);
  });
  const slider = el("input", { type: "range", id: "slider", min: 1, max: count, "aria-label": "Step" });
  slider.addEventListener("input", () => asked(Number(slider.value)));
  const hits = near.hasHits ? [
    button("previous-hit", "◀◀ ◆", "Previous step that meets the condition", () => asked(near.previousHit(current))),
    button("next-hit", "◆ ▶▶", "Next step that meets the condition", () => asked(near.nextHit(current))),
  ] : [];
  const all = near.hasHits ? ` (${grouped(count)} shown)` : ` of ${grouped(count)}`;
  root.append(
    el("div", { class: "buttons" }, first, previousBus, back, play, forward, nextBus, last, ...hits,
      el("label", { class: "number" }, "step ", number, all)),
    el("div", { class: "slider" }, ticks(bus, gaps, count), slider),
  );
  root.hidden = false;
  const show = ({ i, step }) => {
    current = i;
    slider.value = String(i);
    number.value = String(step.i);
    slider.setAttribute("aria-valuetext", `step ${step.i}, ${i} of ${count}`);
    // A button that leads nowhere can still be focused, so that the focus is not lost.
    for (const [which, ends] of [
      [first, i === 1], [back, i === 1], [forward, i === count], [last, i === count],
      [previousBus, near.previous(i) === i], [nextBus, near.next(i) === i],
      ...hits.map((which, at) => [which, [near.previousHit, near.nextHit][at](i) === i]),
    ]) {
      which.setAttribute("aria-disabled", String(ends));
    }
  };
  return { show, asked, toggle, position: () => current };
}
