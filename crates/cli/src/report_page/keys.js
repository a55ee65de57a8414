// The keyboard: what each key asks for. In a field for text, keys write.

import { el } from "./dom.js";

const FAR = 10;

/** Lets keys do what the buttons do, and says which ones. */
export function keys(root, bar, count, near) {
  const here = bar.position;
  const asks = {
    ArrowRight: () => here() + 1,
    l: () => here() + 1,
    ArrowLeft: () => here() - 1,
    h: () => here() - 1,
    PageDown: () => here() + FAR,
    PageUp: () => here() - FAR,
    Home: () => 1,
    End: () => count,
    n: () => near.next(here()),
    p: () => near.previous(here()),
    ...(near.hasHits ? { "]": () => near.nextHit(here()), "[": () => near.previousHit(here()) } : {}),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const on = event.target;
    if (on.tagName === "INPUT" && on.type === "number") {
      return;
    }
    // What is too wide is moved by arrows while it has the focus.
    if (event.key.startsWith("Arrow") && on.scrollWidth > on.clientWidth && on.matches(".wide")) {
      return;
    }
    if (event.key === " " && on === document.body) {
      event.preventDefault();
      bar.toggle();
    } else if (Object.hasOwn(asks, event.key)) {
      event.preventDefault();
      bar.asked(asks[event.key]());
    }
  });
  const said = [
    ["→ ←", "step"], ["PgDn PgUp", "10 steps"], ["Home End", "first, last"],
    ["n p", "next, previous transaction"], ["Space", "play"],
    ...(near.hasHits ? [["] [", "next, previous step that meets the condition"]] : []),
  ];
  root.append(...said.flatMap(([key, does]) => [el("kbd", {}, key), ` ${does}  `]));
}
