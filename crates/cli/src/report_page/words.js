// What numbers and records are called.

const OPS = { R: "reads", W: "writes", A: "updates atomically", I: "fetches", C: "cleans", F: "flushes" };

const DEEDS = {
  flush: "flushes",
  supply: "supplies and stays the owner of",
  hand_over: "hands over the duty for",
  update: "takes the store to",
  invalidate: "loses",
  write_back: "writes back",
  clean: "keeps a clean copy of",
  evict: "evicts",
  back_invalidate: "is made to drop",
};

/** Writes a number with commas. */
export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Says how many steps are not there. */
export function leftOutText(count) {
  return `… ${grouped(count)} ${count === 1 ? "step" : "steps"} left out`;
}

/** Writes a key of the records as words. */
export function spaced(key) {
  return key.replaceAll("_", " ");
}

/** Returns the transactions of a step. */
export function busOf(step) {
  return step.bus === null ? [] : [].concat(step.bus);
}

/** Returns a name a core. */
export function statesOf(states) {
  return typeof states === "string" ? [...states] : states;
}

/** Returns the core that supplied, if one did. */
export function supplyingCore(step) {
  const found = /^core(\d+)$/.exec(step.supplier ?? "");
  return found ? Number(found[1]) : null;
}

/** Says who supplied: `core 1`, `L2`, `memory`; nothing if nobody did. */
export function supplierOf(step) {
  const core = supplyingCore(step);
  return core === null ? step.supplier ?? "" : `core ${core}`;
}

/** Names for addresses. */
export class Names {
  constructor(names, lineBytes) {
    this.names = new Map(Object.entries(names));
    this.lineBytes = BigInt(lineBytes);
    this.inLine = new Map();
    for (const [addr, name] of this.names) {
      const line = "0x" + (BigInt(addr) - (BigInt(addr) % this.lineBytes)).toString(16);
      this.inLine.set(line, [...(this.inLine.get(line) ?? []), name]);
    }
  }

  /** Returns an address by its name, if it has one. */
  address(addr) {
    return this.names.get(addr) ?? addr;
  }

  /** Returns the names in a line, or nothing. */
  line(line) {
    return (this.inLine.get(line) ?? []).join(", ");
  }
}

/** Says what a core asks for: `reads x`. */
export function asked(step, names) {
  return `${OPS[step.op] ?? step.op} ${names.address(step.addr)}`;
}

/** Says what came of it: `miss, cold`. */
export function answered(step) {
  if (step.hit === null) {
    return "";
  }
  return step.hit ? "hit" : `miss, ${spaced(step.class ?? "")}`;
}

/** Says what else happened to whose lines. */
export function happened(step, names) {
  return step.events.map((event) => {
    const line = event.line === undefined ? "the line" : names.line(event.line) || event.line;
    return `core ${event.core} ${DEEDS[event.do] ?? event.do} ${line}`;
  });
}

/** Says a step in a sentence, for who hears it; `which` says what is special about it. */
export function sentence(step, which, names, cores) {
  const bus = busOf(step).join(" and ");
  const before = statesOf(step.before);
  const after = statesOf(step.after);
  const changed = [];
  for (let core = 0; core < cores; core += 1) {
    if (after[core] !== undefined && before[core] !== after[core]) {
      changed.push(`core ${core} ${before[core]} to ${after[core]}`);
    }
  }
  const parts = [
    `Step ${step.i} ${which}: core ${step.core} ${asked(step, names)}`,
    answered(step),
    bus,
    changed.length > 0 ? changed.join(", ") : "no state changes",
  ];
  return parts.filter((part) => part !== "").join("; ") + ".";
}
