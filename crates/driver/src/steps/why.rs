//! Why a step came as it did, in sentences.
//!
//! They are made from what happened: the cells that were used, what the states of those cells hold,
//! who supplied. No state is asked for by its name, so they are as true of a protocol that comes
//! from a file.

use cache::LineAddr;
use coherence::{BusOp, Cell, CoreId, FirstLevel, MachineSpec, Op, SnoopStep, State, Supplier};

use super::names::Names;
use crate::observe::{Action, Happening, Lost, LostHow, Step, StepBus};

/// Says in one to three sentences why a step came as it did.
pub(super) fn why(machine: &MachineSpec, names: &Names, step: &Step) -> String {
    let teller = Teller { machine, names, step };
    let sentences = match step.action {
        Action::Access(op) => [Some(teller.found(op)), teller.transactions(), teller.others()],
        Action::Clean | Action::Flush => [Some(teller.maintained()), None, None],
    };
    let sentences: Vec<_> = sentences.into_iter().flatten().collect();
    sentences.join(" ")
}

struct Teller<'a> {
    machine: &'a MachineSpec,
    names: &'a Names,
    step: &'a Step,
}

impl Teller<'_> {
    fn state(&self, state: State) -> &str {
        self.machine.protocol.state_name(state)
    }

    /// What the core asks for, by its name.
    fn wanted(&self) -> String {
        let base = self.machine.line.base(self.step.line);
        self.names.call(self.step.addr(self.machine.line), base)
    }

    /// A line by its name.
    fn line(&self, line: LineAddr) -> String {
        if line == self.step.line {
            return "this line".to_owned();
        }
        let base = self.machine.line.base(line);
        self.names.call(base, base)
    }

    /// The name of the first level that was asked.
    fn first_level(&self, op: Op) -> &str {
        let l1i = self.machine.l1i.as_ref().filter(|_| op == Op::Fetch);
        &l1i.unwrap_or(&self.machine.private[0]).name
    }

    /// What the core found of the line, and how that came.
    fn found(&self, op: Op) -> String {
        let step = self.step;
        let core = step.core;
        let before = step.before[core as usize];
        let copy = format!("C{core}'s copy is {}", self.state(before));
        match step.answer {
            Some(FirstLevel::Miss { upgrades: true, .. }) => format!(
                "{copy}, and by the rules of this machine a {} to it reads the line again to own \
                 it (upgrade).",
                noun(op)
            ),
            Some(FirstLevel::Miss { held: true, .. }) => format!(
                "{}{}.",
                self.lacks_at_the_first_level(op, before),
                self.class_of_replacement(op)
            ),
            Some(FirstLevel::Miss { .. }) => self.absent(op, &copy),
            Some(FirstLevel::Hit) | None => self.hit(op, before, &copy),
        }
    }

    fn hit(&self, op: Op, before: State, copy: &str) -> String {
        let step = self.step;
        let after = step.after[step.core as usize];
        let unique = self.machine.protocol.holding(before).unique;
        let noun = noun(op);
        match step.bus.first() {
            Some(StepBus { op, .. }) if unique => {
                format!("{copy}, and its cell for a {noun} says {op}.")
            }
            Some(StepBus { op, .. }) => {
                format!("{copy}: other cores may have the line too, so a {noun} needs {op}.")
            }
            None if after == before => {
                format!("{copy}: a {noun} may use it without asking anybody.")
            }
            None if unique => {
                let mut others = (0..).zip(&step.before).filter(|(core, _)| *core != step.core);
                let alone = others.all(|(_, state)| !state.is_valid());
                // Where a protocol is wrong, a core may believe so and not be alone.
                let why = if alone { "no other core has" } else { "as if no other core had" };
                let after = self.state(after);
                format!("{copy}: {why} the line, so the {noun} asks nobody and makes it {after}.")
            }
            None => {
                format!("{copy}: the {noun} asks nobody and makes it {}.", self.state(after))
            }
        }
    }

    fn lacks_at_the_first_level(&self, op: Op, before: State) -> String {
        let core = self.step.core;
        let first = self.first_level(op);
        let state = self.state(before);
        let caches = self.machine.private.iter().chain(&self.machine.l1i);
        match self.step.own_supplier().and_then(|cache| caches.clone().nth(cache)) {
            Some(cache) => {
                format!(
                    "C{core}'s {first} does not have the line; its {} does ({state})",
                    cache.name
                )
            }
            None => {
                format!(
                    "C{core}'s {first} does not have the line; another of its caches does ({state})"
                )
            }
        }
    }

    /// The part of a sentence that says what the larger cache of the comparison would have done.
    fn class_of_replacement(&self, op: Op) -> String {
        let first = self.first_level(op);
        match self.step.class {
            Some("capacity") => {
                format!("; a fully associative {first} of that size would miss too (capacity)")
            }
            Some("conflict") => {
                format!("; a fully associative {first} of that size would have it (conflict)")
            }
            _ => String::new(),
        }
    }

    /// A miss of a line that the core does not hold.
    fn absent(&self, op: Op, copy: &str) -> String {
        let core = self.step.core;
        let Some(Lost { step, how }) = self.step.lost else {
            return format!("{copy}: C{core} has not had this line before (cold).");
        };
        let after = match how {
            LostHow::Flushed => {
                format!("the line was flushed from every cache in step {step} (cold)")
            }
            LostHow::BackInvalidated => format!(
                "in step {step} a level further out gave the line up and took the copy along \
                 (back-invalidation)"
            ),
            LostHow::Replaced => format!(
                "the line left C{core}'s caches in step {step}{}",
                self.class_of_replacement(op)
            ),
            LostHow::Taken { by, op, addr } => {
                let base = self.machine.line.base(self.step.line);
                let what = self.names.call(addr, base);
                let noun = match op {
                    Op::Write => "write to",
                    Op::Read | Op::Atomic | Op::Fetch => &format!("{} of", noun(op)),
                };
                let sharing = self.sharing(step);
                format!("C{by}'s {noun} {what} (step {step}) took the whole line{sharing}")
            }
        };
        format!("{copy}: {after}.")
    }

    /// Whether what the core asks for was written by others since it lost the line in a step.
    fn sharing(&self, lost: u64) -> String {
        let core = self.step.core;
        let wanted = self.wanted();
        match self.step.class {
            Some("false_sharing") => {
                format!("; no other core has written {wanted} since (false sharing)")
            }
            Some("true_sharing") => {
                let writers = self.step.written.iter().flatten();
                let mut others = writers.filter(|by| by.core() != core && by.step() >= lost);
                match others.next() {
                    Some(by) if by.step() == lost => {
                        format!(", and wrote what C{core} asks for (true sharing)")
                    }
                    Some(by) => format!(
                        "; C{} wrote {wanted} in step {} (true sharing)",
                        by.core(),
                        by.step()
                    ),
                    None => format!("; another core has written {wanted} since (true sharing)"),
                }
            }
            _ => String::new(),
        }
    }

    /// What the transactions did, and what the core has then.
    fn transactions(&self) -> Option<String> {
        let step = self.step;
        if step.bus.is_empty() {
            return None;
        }
        let told = step.bus.iter().map(|bus| format!("{}: {}", bus.op, self.answers(bus)));
        let told: Vec<_> = told.collect();
        let core = step.core;
        let after = step.after[core as usize];
        let end = if after.is_valid() {
            format!("C{core} has it in {} now", self.state(after))
        } else {
            format!("C{core} keeps no copy")
        };
        Some(format!("{}; {end}.", told.join("; then ")))
    }

    /// What the other cores, and what lies below, did at a transaction.
    fn answers(&self, bus: &StepBus) -> String {
        let supplier = match bus.supplier {
            Some(Supplier::Core(core)) => Some(core),
            Some(Supplier::Shared(_) | Supplier::Store) | None => None,
        };
        // Those that did the same are named together, in the order of the first.
        let mut parts: Vec<(Vec<CoreId>, Deed)> = Vec::new();
        for used in self.step.cells.iter().filter(|used| used.line == self.step.line) {
            let Cell::Snoop(state, op) = used.cell else { continue };
            if op != bus.op {
                continue;
            }
            let deed = Deed {
                snoop: self.machine.protocol.snoop(state, op),
                flushes: self.step.happenings.contains(&Happening::Flush(used.core, used.line)),
                from: state,
                supplies: supplier == Some(used.core),
                updates: op == BusOp::BusUpd,
            };
            match parts.iter_mut().find(|(_, known)| *known == deed) {
                Some((cores, _)) => cores.push(used.core),
                None => parts.push((vec![used.core], deed)),
            }
        }
        let none = parts.is_empty();
        let mut told: Vec<_> = parts.iter().map(|(cores, deed)| self.did(cores, *deed)).collect();
        if none {
            told.push("no other core has the line".to_owned());
        }
        match bus.supplier {
            Some(Supplier::Store) => told.push("memory supplies it".to_owned()),
            Some(Supplier::Shared(level)) => {
                told.push(format!("{} supplies it", self.machine.shared[level].name));
            }
            Some(Supplier::Core(_)) | None => {}
        }
        told.join("; ")
    }

    fn did(&self, cores: &[CoreId], deed: Deed) -> String {
        let many = cores.len() > 1;
        let s = if many { "" } else { "s" };
        let mut verbs = Vec::new();
        if deed.flushes {
            verbs.push(format!("put{s} the dirty line on the bus"));
        } else if deed.supplies {
            verbs.push(if many { "supply it" } else { "supplies it" }.to_owned());
        }
        if let SnoopStep::HandOver(_) = deed.snoop {
            verbs.push(format!("hand{s} over the duty to write it back"));
        }
        let next = deed.snoop.next().unwrap_or(deed.from);
        if deed.updates && next.is_valid() {
            verbs.push(format!("take{s} the written bytes"));
        }
        let (from, to) = (self.state(deed.from), self.state(next));
        verbs.push(match next {
            State::INVALID => format!("lose{s} {from}"),
            next if next == deed.from => format!("keep{s} {from}"),
            _ => format!("go{} from {from} to {to}", if many { "" } else { "es" }),
        });
        format!("{} {}", list(cores.iter().map(|core| format!("C{core}"))), list(verbs))
    }

    /// What happened to lines that nobody asked for, or to this one besides.
    fn others(&self) -> Option<String> {
        let mut parts: Vec<((CoreId, LineAddr), Vec<String>)> = Vec::new();
        for happening in &self.step.happenings {
            let whose = happening.whose();
            let known = parts.iter().position(|(known, _)| *known == whose);
            let line = if known.is_some() { "it".to_owned() } else { self.line(whose.1) };
            let verb = match *happening {
                Happening::WriteBack(..) => format!("writes {line} back"),
                Happening::Clean(_, _, now) => format!("keeps {line} as {}", self.state(now)),
                Happening::Evict(..) => format!("gives {line} up"),
                Happening::BackInvalidate(..) => format!("has to give {line} up"),
                Happening::Flush(..)
                | Happening::Supply(..)
                | Happening::HandOver(..)
                | Happening::Update(..)
                | Happening::Invalidate(..) => continue,
            };
            match known {
                Some(at) => parts[at].1.push(verb),
                None => parts.push((whose, vec![verb])),
            }
        }
        let told = parts.into_iter().map(|((core, _), verbs)| format!("C{core} {}", list(verbs)));
        let told = told.collect::<Vec<_>>().join("; ");
        (!told.is_empty()).then(|| format!("Besides, {told}."))
    }

    /// What a clean or flush did to the copies of its line.
    fn maintained(&self) -> String {
        let step = self.step;
        let what = match step.action {
            Action::Flush => "flushes the line from every cache",
            Action::Clean | Action::Access(_) => "cleans the line in every cache",
        };
        let mut parts = Vec::new();
        for (core, (before, after)) in step.before.iter().zip(&step.after).enumerate() {
            let writes = Happening::WriteBack(core as CoreId, step.line);
            let mut verbs = Vec::new();
            if step.happenings.contains(&writes) {
                verbs.push("writes it back".to_owned());
            }
            if before != after && after.is_valid() {
                verbs.push(format!("goes from {} to {}", self.state(*before), self.state(*after)));
            } else if before != after {
                verbs.push(format!("loses {}", self.state(*before)));
            }
            if !verbs.is_empty() {
                parts.push(format!("C{core} {}", list(verbs)));
            }
        }
        if parts.is_empty() {
            parts.push("no core has to do anything".to_owned());
        }
        format!("C{} {what}: {}.", step.core, parts.join("; "))
    }
}

/// What a core did at a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Deed {
    snoop: SnoopStep,
    /// Its dirty line is on the bus.
    flushes: bool,
    from: State,
    /// Its copy is the one that the requester gets.
    supplies: bool,
    updates: bool,
}

const fn noun(op: Op) -> &'static str {
    match op {
        Op::Read => "read",
        Op::Write => "write",
        Op::Atomic => "read-modify-write",
        Op::Fetch => "fetch",
    }
}

/// Puts parts together as a sentence does: `a`, `a and b`, `a, b and c`.
fn list(parts: impl IntoIterator<Item = String>) -> String {
    let mut parts: Vec<_> = parts.into_iter().collect();
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) }
}
