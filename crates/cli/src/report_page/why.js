// The reason of the step that is shown, and its facts.

import { el } from "./dom.js";
import { answered, asked, busOf, happened, supplierOf } from "./words.js";

/** Makes the panel of reasons. */
export function whyPanel(root, names, protocol) {
  const title = el("p", { class: "asked" });
  const reason = el("p", { class: "reason", id: "reason" });
  const facts = el("dl");
  const cells = el("ul", { class: "cells", "aria-label": "Cells of the protocol's tables" });
  root.append(title, reason, cells, facts);
  return ({ step }) => {
    title.textContent = `Step ${step.i}: core ${step.core} ${asked(step, names)}`;
    reason.textContent = step.why;
    cells.replaceChildren(...step.cells.map((cell) =>
      el("li", {}, el("code", {}, cell), ` ${protocol.cells[cell] ?? ""}`)));
    const values = Object.entries(step.values).map(([word, writer]) =>
      `${names.address(word)}: ${writer === 0 ? "nobody wrote it" : `written by step ${writer}`}`);
    const rows = [
      ["first level", answered(step)],
      ["bus", busOf(step).join(", ")],
      ["supplied by", supplierOf(step)],
      ["what else", happened(step, names).join("; ")],
      ["bytes", `${step.size} at ${step.addr}`],
      ["holds", values.join("; ")],
    ];
    facts.replaceChildren(...rows.filter(([, text]) => text !== "")
      .flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
  };
}
