//! What each step of a run did, told as soon as it is over.

mod step;

use cache::{Addr, LineAddr};
use coherence::{
    Cause, Cell, CoreId, FirstLevel, Loss, MachineSpec, Observer, Place, Reference, State,
    Transaction,
};
use trace::{Op, Record};

use super::keep::{Layered, LayeredMap, Map, sum};
use super::{CellCounts, ClassCounters, Classes, Coverage, Values, Violation, Watcher};
use crate::config::Config;
use crate::replay::ReplayOptions;

pub use step::{Action, Change, Happening, Lost, LostHow, Step, StepBus, UsedCell, Writer};

/// Puts each step together and tells it when it is over: at the next one, or at the end.
///
/// It keeps the state of every line that a core holds and how cores lost lines, so what it needs
/// grows with the lines of the trace, not with its length.
#[derive(Clone, Debug)]
pub(crate) struct StepRecorder<S> {
    /// With as many cores as there are by now.
    machine: MachineSpec,
    word_bytes: u32,
    classify: bool,
    /// Onlookers of its own, and those that the options of the replay ask for.
    inner: Inner,
    steps: u64,
    current: Option<Step>,
    maintenance: Option<Maintenance>,
    /// The states of so many cores for each line that one of them holds, by the first of them.
    states: LayeredMap<(LineAddr, CoreId), [State; GROUP]>,
    losses: LayeredMap<(CoreId, LineAddr), Lost>,
    show: S,
}

/// Cores whose states for a line are kept together.
const GROUP: usize = 8;

/// Who is told of each step.
pub(crate) trait Show {
    /// Takes a step that is over.
    fn show(&mut self, machine: &MachineSpec, step: Step);
}

impl Show for &mut dyn FnMut(&MachineSpec, &Step) {
    fn show(&mut self, machine: &MachineSpec, step: Step) {
        self(machine, &step);
    }
}

/// Miss classes, contents (numbered by their writers), and what was asked for: uses of cells, and
/// loads compared with the last store.
type Inner = ((Classes<Layered>, Values<Layered>), (Option<Coverage>, Option<Values>));

/// A clean or flush under way.
#[derive(Clone, Copy, Debug)]
struct Maintenance {
    core: CoreId,
    action: Action,
    first: u64,
    last: u64,
}

impl<S: Show> StepRecorder<S> {
    /// Prepares to record the steps of a machine that begins with that many cores.
    pub(crate) fn new(config: &Config, cores: u32, options: &ReplayOptions, show: S) -> Self {
        let word_bytes = config.word_bytes;
        let machine = MachineSpec { cores, ..config.machine.clone() };
        let own = (Classes::keeping(&machine, word_bytes), Values::keeping(&machine, word_bytes));
        let values = || Values::new(&machine, word_bytes);
        let coverage = options.coverage.then(Coverage::default);
        Self {
            inner: (own, (coverage, options.check.then(values))),
            machine,
            word_bytes,
            classify: options.classify,
            steps: 0,
            current: None,
            maintenance: None,
            states: LayeredMap::default(),
            losses: LayeredMap::default(),
            show,
        }
    }

    /// Tells the step under way, if there is one: it is over.
    pub(crate) fn close(&mut self) {
        if let Some(mut step) = self.current.take() {
            step.after = self.states_of(step.line);
            self.show.show(&self.machine, step);
        }
    }

    /// Returns who is told.
    pub(crate) const fn show_mut(&mut self) -> &mut S {
        &mut self.show
    }

    /// Has copies share what is new, at once.
    pub(crate) fn freeze(&mut self) {
        self.states.freeze();
        self.losses.freeze();
        self.inner.0.0.freeze();
        self.inner.0.1.freeze();
    }

    /// Has copies share everything, which takes as long as there is much of it.
    pub(crate) fn share(&mut self) {
        self.states.share();
        self.losses.share();
        self.inner.0.0.share();
        self.inner.0.1.share();
    }

    /// Returns about how many bytes a copy takes for what grows with the trace: those for itself,
    /// and those that copies share.
    pub(crate) fn bytes(&self) -> [u64; 2] {
        let (classes, values) = &self.inner.0;
        sum([self.states.bytes(), self.losses.bytes(), classes.bytes(), values.bytes()])
    }

    fn open(&mut self, action: Action, core: CoreId, line: LineAddr, bytes: (u32, u32)) {
        self.close();
        self.machine.cores = self.machine.cores.max(core + 1);
        self.steps += 1;
        let before = self.states_of(line);
        let held = before[core as usize].is_valid();
        self.current = Some(Step {
            number: self.steps,
            action,
            core,
            line,
            offset: bytes.0,
            bytes: bytes.1,
            answer: None,
            class: None,
            lost: self.losses.get(&(core, line)).filter(|_| !held),
            written: Vec::new(),
            bus: Vec::new(),
            happenings: Vec::new(),
            cells: Vec::new(),
            changes: Vec::new(),
            filled_from: None,
            words: Vec::new(),
            before,
            after: Vec::new(),
        });
    }

    fn states_of(&self, line: LineAddr) -> Vec<State> {
        let cores = self.machine.cores;
        let groups = (0..cores).step_by(GROUP).map(|first| self.states.get(&(line, first)));
        let mut states: Vec<_> =
            groups.flat_map(|group| group.unwrap_or([State::INVALID; GROUP])).collect();
        states.truncate(cores as usize);
        states
    }

    fn last(&self) -> Option<Happening> {
        self.current.as_ref().and_then(|step| step.happenings.last()).copied()
    }

    fn happen(&mut self, happening: Happening) {
        if let Some(step) = &mut self.current {
            step.happenings.push(happening);
        }
    }

    /// Returns how many misses of each class a core has had.
    fn classes_of(&self, core: CoreId) -> [u64; ClassCounters::NAMES.len()] {
        let counters = self.inner.0.0.classes(core).unwrap_or_default();
        counters.values()
    }
}

/// Returns the words of a reference, each by the address of its first byte.
fn words(
    machine: &MachineSpec,
    word_bytes: u32,
    reference: &Reference,
) -> impl Iterator<Item = Addr> + use<> {
    let base = machine.line.base(reference.line).0;
    let words = reference.words(word_bytes.trailing_zeros());
    words.map(move |word| Addr(base + word as u64 * u64::from(word_bytes)))
}

impl<S: Show> Observer for StepRecorder<S> {
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        let &Reference { core, op, line, offset, bytes } = reference;
        self.open(Action::Access(op), core, line, (offset, bytes));
        let before = self.classes_of(core);
        self.inner.looked_up(reference, cache, answer);
        let classes = self.classes_of(core).into_iter().zip(before).zip(ClassCounters::NAMES);
        let class = classes.into_iter().find(|((now, then), _)| now != then);
        let Some(step) = &mut self.current else { return };
        step.answer = Some(answer);
        step.class = class.map(|(_, name)| *name);
        if answer != FirstLevel::Hit {
            step.written = self.inner.0.1.last_of(reference).map(Writer::from_number).collect();
        }
    }

    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.inner.loaded(reference, place);
        let found = self.inner.0.1.found_at(reference, place).map(Writer::from_number);
        let words = words(&self.machine, self.word_bytes, reference).zip(found).collect();
        if let Some(step) = &mut self.current {
            step.words = words;
        }
    }

    fn storing(&mut self, reference: &Reference) {
        let writer = Writer::new(self.steps, reference.core);
        self.inner.0.1.number_next_store(writer.number());
        self.inner.storing(reference);
        let words = words(&self.machine, self.word_bytes, reference)
            .map(|word| (word, Some(writer)))
            .collect();
        if let Some(step) = &mut self.current {
            step.words = words;
        }
    }

    fn stored(&mut self, reference: &Reference, place: Place) {
        self.inner.stored(reference, place);
    }

    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        self.inner.copied(line, from, to);
        if let Some(step) = self.current.as_mut().filter(|step| step.line == line) {
            step.filled_from.get_or_insert(from);
        }
    }

    fn decided(&mut self, core: CoreId, line: LineAddr, cell: Cell) {
        self.inner.decided(core, line, cell);
        let absent = matches!(cell, Cell::Snoop(State::INVALID, _));
        if let Some(step) = self.current.as_mut().filter(|_| !absent) {
            step.cells.push(UsedCell { core, line, cell });
        }
    }

    fn changed(&mut self, core: CoreId, line: LineAddr, from: State, to: State, cause: Cause) {
        self.inner.changed(core, line, from, to, cause);
        if let Some(step) = &mut self.current {
            step.changes.push(Change { core, line, from, to });
        }
        let place = core as usize % GROUP;
        let key = (line, core - place as CoreId);
        let mut states = self.states.get(&key).unwrap_or([State::INVALID; GROUP]);
        states[place] = to;
        if states.iter().any(|state| state.is_valid()) {
            self.states.insert(key, states);
        } else {
            self.states.remove(&key);
        }
        if cause == Cause::Evict {
            let clean = Happening::Clean(core, line, to);
            self.happen(if to.is_valid() { clean } else { Happening::Evict(core, line) });
        }
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        self.inner.lost(core, line, loss);
        let evicted = Happening::Evict(core, line);
        match loss {
            Loss::Invalidation => self.happen(Happening::Invalidate(core, line)),
            // A core's own eviction that takes inner copies along is told as an eviction.
            Loss::BackInvalidation if self.last() == Some(evicted) => {}
            Loss::BackInvalidation => self.happen(Happening::BackInvalidate(core, line)),
            Loss::Replacement | Loss::Flush => {}
        }
        let Some(step) = &self.current else { return };
        let how = match (loss, step.action) {
            (Loss::Invalidation, Action::Access(op)) => {
                LostHow::Taken { by: step.core, op, addr: step.addr(self.machine.line) }
            }
            (Loss::Invalidation | Loss::Flush, _) => LostHow::Flushed,
            (Loss::BackInvalidation, _) => LostHow::BackInvalidated,
            (Loss::Replacement, _) => LostHow::Replaced,
        };
        self.losses.insert((core, line), Lost { step: step.number, how });
    }

    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {
        self.inner.flushed(core, line, kept);
        let flush = if kept { Happening::Supply } else { Happening::Flush };
        self.happen(flush(core, line));
    }

    fn handed_over(&mut self, core: CoreId, line: LineAddr) {
        self.inner.handed_over(core, line);
        self.happen(Happening::HandOver(core, line));
    }

    fn updated(&mut self, core: CoreId, line: LineAddr) {
        self.inner.updated(core, line);
        self.happen(Happening::Update(core, line));
    }

    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {
        self.inner.wrote_back(core, line);
        self.happen(Happening::WriteBack(core, line));
    }

    fn posted(&mut self, core: CoreId, line: LineAddr, passed: u64) {
        self.inner.posted(core, line, passed);
    }

    fn transacted(&mut self, transaction: &Transaction) {
        self.inner.transacted(transaction);
        if let Some(step) = &mut self.current {
            step.bus.push(StepBus { op: transaction.op, supplier: transaction.supplier });
        }
    }

    fn maintaining(&mut self, line: LineAddr) {
        self.inner.maintaining(line);
        let Some(Maintenance { core, action, first, last }) = self.maintenance else { return };
        let base = self.machine.line.base(line).0;
        let end = base + (self.machine.line.bytes() - 1);
        let (first, last) = (first.max(base), last.min(end));
        self.open(action, core, line, ((first - base) as u32, (last - first) as u32 + 1));
    }

    /// Only what the options ask for stops the replay: what a broken protocol does is shown.
    fn halts(&self) -> bool {
        self.inner.1.halts()
    }
}

impl<S: Show> Watcher for StepRecorder<S> {
    fn aside(&mut self, record: &Record) {
        self.close();
        self.machine.cores = self.machine.cores.max(u32::from(record.core) + 1);
        let core = u32::from(record.core);
        let length = u64::from(record.size.max(1) - 1);
        let (first, last) = (record.addr, record.addr.saturating_add(length));
        self.maintenance = match record.op {
            Op::Clean => Some(Maintenance { core, action: Action::Clean, first, last }),
            Op::Flush => Some(Maintenance { core, action: Action::Flush, first, last }),
            Op::FlushAll => {
                Some(Maintenance { core, action: Action::Flush, first: 0, last: u64::MAX })
            }
            Op::Read
            | Op::Write
            | Op::Atomic
            | Op::Fetch
            | Op::Fence
            | Op::Compute
            | Op::Time
            | Op::TimeTicks
            | Op::Pc => None,
        };
    }

    fn at_end(&mut self) {
        self.close();
        self.maintenance = None;
    }

    fn violation(&self) -> Option<&Violation> {
        self.inner.1.1.as_ref().and_then(Watcher::violation)
    }

    fn checked_loads(&self) -> Option<u64> {
        self.inner.1.1.as_ref().and_then(Watcher::checked_loads)
    }

    fn line_not_stored(&self) -> Option<LineAddr> {
        self.inner.1.1.as_ref().and_then(Watcher::line_not_stored)
    }

    fn classes(&self, core: CoreId) -> Option<ClassCounters> {
        self.inner.0.0.classes(core).filter(|_| self.classify)
    }

    fn cells(&self) -> Option<&CellCounts> {
        self.inner.1.0.as_ref().and_then(Watcher::cells)
    }
}
