// The plot by mouse and keyboard: which cell a point is, in words and in the table.

const points = [...document.querySelectorAll("#plot [tabindex]")];
const rows = [...document.querySelectorAll("#cells tbody tr")];
const said = document.getElementById("said");
let current = -1;

/** Says which cell a point is, and marks it in the plot and in the table. */
function show(number) {
  if (number === current) {
    return;
  }
  if (current >= 0) {
    points[current].removeAttribute("aria-current");
    rows[current].removeAttribute("aria-current");
  }
  current = number;
  points[current].setAttribute("aria-current", "true");
  rows[current].setAttribute("aria-current", "true");
  said.textContent = points[current].querySelector("title").textContent;
}

/** Returns the first point of the trace that many traces on. */
function ofTrace(step) {
  const traces = [...new Set(points.map((point) => point.parentNode))];
  const here = traces.indexOf(points[Math.max(current, 0)].parentNode);
  const there = traces[Math.min(Math.max(here + step, 0), traces.length - 1)];
  return points.findIndex((point) => point.parentNode === there);
}

const asks = {
  ArrowRight: () => current + 1,
  ArrowLeft: () => current - 1,
  ArrowDown: () => ofTrace(1),
  ArrowUp: () => ofTrace(-1),
  Home: () => 0,
  End: () => points.length - 1,
};

points.forEach((point, number) => {
  point.addEventListener("focus", () => show(number));
  point.addEventListener("click", () => point.focus());
  point.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(asks, event.key)) {
      return;
    }
    event.preventDefault();
    points[Math.min(Math.max(asks[event.key](), 0), points.length - 1)].focus();
  });
});
