// What is known after a step: every state of every line, and all that was counted so far. It is made
// of the steps alone, in their order; now and then it is kept, so that going back is not far.

import { busOf, statesOf, supplyingCore } from "./words.js";

const CHECKPOINTS_MAX = 32;
const CHECKPOINT_STEPS_MIN = 256;

const KINDS = { R: "reads", W: "writes", A: "atomics", I: "fetches" };
const LOSING = ["evict", "invalidate", "back_invalidate"];

/** The counter of a transaction: `bus_rdx`. */
export function busKey(op) {
  return "bus_" + op.slice(3).toLowerCase();
}

/** What was counted of one core. */
function count(counts, core, key) {
  counts[core][key] = (counts[core][key] ?? 0) + 1;
}

/** What is known before the first step. */
function nothing(cores) {
  return {
    /** The place of the step. */
    i: 0,
    step: null,
    /** Every line that was touched, that of the latest step last: its states, core by core. */
    lines: new Map(),
    /** What the step changed: line, core, was, now. */
    changes: [],
    counts: Array.from({ length: cores }, () => ({})),
    /** How often each cell of the tables was used. */
    cells: new Map(),
  };
}

function copied(known) {
  return {
    ...known,
    lines: new Map(known.lines),
    counts: known.counts.map((counts) => ({ ...counts })),
    cells: new Map(known.cells),
  };
}

/** The states of all lines and all counts at any step of a source. */
export class Model {
  constructor(source, cores) {
    this.source = source;
    this.cores = cores;
    this.absent = source.header.machine.states[0];
    this.every = Math.max(CHECKPOINT_STEPS_MIN, Math.ceil(source.count / CHECKPOINTS_MAX));
    this.kept = new Map([[0, nothing(cores)]]);
    this.known = copied(this.kept.get(0));
  }

  /** Returns what is known after a step. It is good until the next call. */
  at(i) {
    if (i < this.known.i || i > this.known.i + this.every) {
      let kept = i - (i % this.every);
      while (!this.kept.has(kept)) {
        kept -= this.every;
      }
      if (i < this.known.i || kept > this.known.i) {
        this.known = copied(this.kept.get(kept));
      }
    }
    while (this.known.i < i) {
      this.perform(this.known.i + 1);
      if (this.known.i % this.every === 0 && !this.kept.has(this.known.i)) {
        this.kept.set(this.known.i, copied(this.known));
      }
    }
    return this.known;
  }

  /** Returns the states of a line, core by core. */
  states(line) {
    return this.known.lines.get(line) ?? Array(this.cores).fill(this.absent);
  }

  perform(i) {
    const known = this.known;
    const step = this.source.step(i);
    const states = this.source.states(i);
    if (states !== undefined) {
      known.lines = new Map(Object.entries(states).map(([line, states]) => [line, this.padded(states)]));
    }
    known.i = i;
    known.step = step;
    known.changes = [];
    for (const event of step.events) {
      if (event.line !== undefined) {
        this.change(event.line, event.core, LOSING.includes(event.do) ? this.absent : event.state);
      }
    }
    // The line of the step comes last, as the one that was touched last.
    statesOf(step.after).forEach((now, core) => this.change(step.line, core, now));
    this.touch(step.line, this.states(step.line));
    this.count(step);
  }

  /** Returns a state a core, also for those that have not come up. */
  padded(states) {
    const all = statesOf(states);
    return [...all, ...Array(this.cores - all.length).fill(this.absent)];
  }

  touch(line, states) {
    this.known.lines.delete(line);
    this.known.lines.set(line, states);
  }

  change(line, core, now) {
    const states = this.states(line);
    if (now === undefined || states[core] === now) {
      return;
    }
    this.known.changes.push({ line, core, was: states[core], now });
    this.touch(line, states.with(core, now));
  }

  count(step) {
    const { counts, cells } = this.known;
    if (step.hit !== null) {
      count(counts, step.core, KINDS[step.op]);
      count(counts, step.core, step.hit ? "hits" : "misses");
    }
    if (step.class !== null) {
      count(counts, step.core, step.class);
    }
    for (const op of busOf(step)) {
      count(counts, step.core, busKey(op));
    }
    if (supplyingCore(step) !== null) {
      count(counts, step.core, "cache_to_cache");
    }
    for (const event of step.events) {
      if (event.do === "invalidate") {
        count(counts, event.core, "invalidations");
      } else if (event.do === "flush" || event.do === "supply") {
        count(counts, event.core, "flushes");
      } else if (event.do === "write_back") {
        count(counts, event.core, "write_backs");
      }
    }
    for (const cell of step.cells) {
      cells.set(cell, (cells.get(cell) ?? 0) + 1);
    }
  }
}

/** Looks at all steps once: which have transactions, which have a wanted number, which lines there
    are, by address, and which steps are about each. */
export function surveyed(source, wanted) {
  const bus = [];
  const hits = [];
  const byLine = new Map();
  for (let i = 1; i <= source.count; i += 1) {
    const step = source.step(i);
    if (step.bus !== null) {
      bus.push(i);
    }
    if (wanted.has(step.i)) {
      hits.push(i);
    }
    const steps = byLine.get(step.line) ?? [];
    steps.push(i);
    byLine.set(step.line, steps);
  }
  return { bus, hits, byLine, lines: [...byLine.keys()].sort(byAddress) };
}

/** The order of addresses as texts. */
export function byAddress(a, b) {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}
