//! The machine under test: put into a configuration, made to perform one event, read again.

use cache::{Choice, Geometry, LineAddr, LineSize, Replacement, Ways};

use super::event::Event;
use super::layout::{Copied, Layout};
use super::model::Model;
use super::probe::{Probe, WORD_BYTES};
use crate::machine::{Broken, Machine};
use crate::observe::{Cell, Place};
use crate::reference::{CoreId, Op, Reference};
use crate::spec::{BusSpec, Inclusion, LevelSpec, MachineSpec, WritePolicy};
use crate::step::State;

/// Bytes of a line of a model: room for the most words.
const LINE_BYTES: u64 = 64;

/// The shipped machine with a model's few lines.
#[derive(Clone, Debug)]
pub(super) struct Rig {
    pub(super) layout: Layout,
    machine: Machine<Probe>,
    /// The configuration that the machine is in.
    now: Vec<u64>,
    /// Lines that a private cache can hold.
    capacity: usize,
    values: u8,
    /// The dirty bits of a core's number, and of the last one.
    dirty: (u64, u64),
}

impl Rig {
    pub(super) fn new(model: &Model) -> Self {
        let layout = model.layout();
        let capacity = model.capacity as usize;
        let (sets, ways) = if capacity < layout.lines {
            (1, capacity)
        } else {
            (layout.lines.next_power_of_two(), 1)
        };
        let probe = Probe::new(&layout, sets * ways, model.fault);
        let machine = Machine::new(spec(model, &layout, sets, ways), probe);
        let mut machine = machine.expect("a model's machine can be built");
        machine.ask_everybody();
        Self {
            layout,
            machine,
            now: vec![0; layout.numbers()],
            capacity,
            values: model.values,
            dirty: layout.dirty_masks(),
        }
    }

    /// Returns how many dirty copies a configuration has.
    pub(super) fn dirty_copies(&self, numbers: &[u64]) -> u32 {
        let (cores, below) = numbers.split_at(self.layout.cores);
        let in_cores = cores.iter().map(|number| (number & self.dirty.0).count_ones());
        in_cores.sum::<u32>() + (below[0] & self.dirty.1).count_ones()
    }

    /// Returns the cells that have decided something so far.
    pub(super) fn cells(&self) -> super::cells::CellSet {
        self.machine.observer().cells
    }

    /// Returns the cells that have decided something since the last call, and begins to note them.
    pub(super) fn take_log(&mut self) -> Vec<(u8, Cell)> {
        self.machine.observer_mut().log.replace(Vec::new()).unwrap_or_default()
    }

    /// Lists what can happen next in a configuration.
    pub(super) fn events(&self, numbers: &[u64], events: &mut Vec<Event>) {
        events.clear();
        for core in 0..self.layout.cores as u8 {
            self.core_events(core, numbers[core as usize], events);
        }
        let below = numbers[self.layout.cores];
        for line in 0..self.layout.lines {
            let part = self.layout.below_of(below, line);
            if self.layout.shared && self.layout.shared_copy(part).present {
                events.push(Event::EvictShared { line: line as u8 });
            }
            events.push(Event::Clean { line: line as u8 });
        }
    }

    fn core_events(&self, core: u8, number: u64, events: &mut Vec<Event>) {
        let layout = &self.layout;
        let is_here = |line: usize| layout.copy(layout.line_of(number, line), 0).present;
        let here: Vec<u8> =
            (0..layout.lines).filter(|line| is_here(*line)).map(|line| line as u8).collect();
        for line in 0..layout.lines as u8 {
            let full = !here.contains(&line) && here.len() == self.capacity;
            let overs = here.iter().map(|line| Some(*line));
            let overs: Vec<_> = if full { overs.collect() } else { vec![None] };
            for over in overs {
                events.push(Event::Load { core, line, over });
                for word in 0..layout.words as u8 {
                    // Everything begins as zero: the other values show more.
                    events.extend((1..self.values).chain([0]).map(|value| Event::Store {
                        core,
                        line,
                        word,
                        value,
                        over,
                    }));
                }
            }
            let part = layout.line_of(number, line as usize);
            for cache in 0..layout.caches {
                if layout.copy(part, cache).present {
                    events.push(Event::Evict { core, cache: cache as u8, line });
                }
            }
        }
    }

    /// Performs an event in a configuration; `after` becomes the configuration reached.
    pub(super) fn perform(
        &mut self,
        before: &[u64],
        event: Event,
        after: &mut [u64],
    ) -> Result<(), Misstep> {
        self.put(before);
        let done = self.happen(event);
        self.read(after);
        self.now.copy_from_slice(after);
        done.map_err(Misstep::Broken)?;
        if std::mem::take(&mut self.machine.observer_mut().read_old) {
            return Err(Misstep::OldData);
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), Broken> {
        let line = LineAddr(u64::from(event.line()));
        match event {
            Event::Load { core, over, .. } => {
                self.make_last(core, over);
                let bytes = self.layout.words as u32 * WORD_BYTES;
                self.refer(core, Op::Read, line, 0, bytes)
            }
            Event::Store { core, word, value, over, .. } => {
                self.make_last(core, over);
                self.machine.observer_mut().value = u32::from(value);
                self.refer(core, Op::Write, line, u32::from(word) * WORD_BYTES, WORD_BYTES)
            }
            Event::Evict { core, cache, .. } => {
                self.machine.replace(CoreId::from(core), usize::from(cache), line)
            }
            Event::EvictShared { .. } => self.machine.replace_shared(0, line),
            Event::Clean { .. } => self.machine.clean(self.machine.base(line), 1),
        }
    }

    fn refer(
        &mut self,
        core: u8,
        op: Op,
        line: LineAddr,
        offset: u32,
        bytes: u32,
    ) -> Result<(), Broken> {
        self.machine.reference(&Reference { core: CoreId::from(core), op, line, offset, bytes })
    }

    /// Makes a line the next victim: all others of its cache are used after it.
    fn make_last(&mut self, core: u8, over: Option<u8>) {
        let Some(over) = over else { return };
        let (caches, _) = self.machine.caches_mut(CoreId::from(core));
        for line in (0..self.layout.lines as u64).filter(|line| *line != u64::from(over)) {
            if let Some(slot) = caches[0].find(LineAddr(line)) {
                caches[0].touch(slot);
            }
        }
    }

    /// Puts the machine into a configuration.
    fn put(&mut self, numbers: &[u64]) {
        for (core, number) in numbers[..self.layout.cores].iter().enumerate() {
            if self.now[core] != *number {
                self.put_core(core, *number);
            }
        }
        let below = self.layout.cores;
        if self.now[below] != numbers[below] {
            self.put_below(numbers[below]);
        }
    }

    fn put_core(&mut self, core: usize, number: u64) {
        let layout = self.layout;
        let now = self.now[core];
        let changed = |now: u64, number: u64| {
            (0..layout.lines)
                .filter(move |line| layout.line_of(now, *line) != layout.line_of(number, *line))
        };
        let core = core as CoreId;
        let (caches, probe) = self.machine.caches_mut(core);
        // Whatever leaves goes first, so that there is room for what comes.
        for (index, cache) in caches.iter_mut().enumerate() {
            for line in changed(now, number) {
                let copy = layout.copy(layout.line_of(number, line), index);
                let slot = cache.find(LineAddr(line as u64));
                if let Some(slot) = slot.filter(|_| !copy.present) {
                    cache.remove(slot);
                }
            }
            for line in changed(now, number) {
                let part = layout.line_of(number, line);
                let copy = layout.copy(part, index);
                if !copy.present {
                    continue;
                }
                let line = LineAddr(line as u64);
                let slot = cache.find(line).unwrap_or_else(|| {
                    let Choice::Vacant(slot) = cache.choose(line) else {
                        unreachable!("a configuration fits into its caches")
                    };
                    cache.place(slot, line, State::INVALID);
                    slot
                });
                cache.set_dirty(slot, copy.dirty);
                cache.set_state(slot, Layout::state(part));
                *probe.at_mut(line, Place::Private { core, cache: index, slot }) = copy.words;
            }
        }
    }

    fn put_below(&mut self, number: u64) {
        let layout = self.layout;
        let (levels, probe) = self.machine.shared_caches_mut();
        for index in 0..layout.lines {
            let part = layout.below_of(number, index);
            let line = LineAddr(index as u64);
            *probe.at_mut(line, Place::Store) = layout.store(part);
            *probe.last(index) = layout.last(part);
            let Some(level) = levels.first_mut() else { continue };
            let copy = layout.shared_copy(part);
            let found = level.find(line);
            if !copy.present {
                if let Some(slot) = found {
                    level.remove(slot);
                }
                continue;
            }
            let slot = found.unwrap_or_else(|| {
                let Choice::Vacant(slot) = level.choose(line) else {
                    unreachable!("the shared level has room for every line")
                };
                level.place(slot, line, State::INVALID);
                slot
            });
            level.set_dirty(slot, copy.dirty);
            *probe.at_mut(line, Place::Shared { level: 0, slot }) = copy.words;
        }
    }

    /// Reads the configuration that the machine is in.
    fn read(&mut self, numbers: &mut [u64]) {
        let layout = self.layout;
        for (core, number) in numbers[..layout.cores].iter_mut().enumerate() {
            *number = 0;
            let core = core as CoreId;
            let probe = self.machine.observer();
            for (cache, held) in self.machine.caches(core).iter().enumerate() {
                for index in 0..layout.lines {
                    let line = LineAddr(index as u64);
                    let Some(slot) = held.find(line) else { continue };
                    let words = probe.at(line, Place::Private { core, cache, slot });
                    let dirty = held.is_dirty(slot);
                    let copy = Copied { present: true, dirty, words };
                    *number = layout.with_copy(*number, index, cache, copy);
                    *number = layout.with_state(*number, index, held.state_in(slot));
                }
            }
        }
        let mut below = 0;
        for index in 0..layout.lines {
            let line = LineAddr(index as u64);
            let shared = self.shared_copy(line);
            let probe = self.machine.observer_mut();
            let (store, last) = (probe.at(line, Place::Store), *probe.last(index));
            below = layout.with_below(below, index, shared, store, last);
        }
        numbers[layout.cores] = below;
    }

    fn shared_copy(&self, line: LineAddr) -> Copied {
        let level = self.machine.shared_caches().first();
        let found = level.and_then(|level| level.find(line).map(|slot| (level, slot)));
        let Some((level, slot)) = found else { return Copied::default() };
        let words = self.machine.observer().at(line, Place::Shared { level: 0, slot });
        Copied { present: true, dirty: level.is_dirty(slot), words }
    }
}

/// What went wrong within an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Misstep {
    /// A cell declared impossible was asked for, or a step could not be done.
    Broken(Broken),
    /// A load did not read the last store.
    OldData,
}

fn spec(model: &Model, layout: &Layout, sets: usize, ways: usize) -> MachineSpec {
    let line = LineSize::new(LINE_BYTES).expect("a power of two");
    let level = |sets: usize, ways: usize| {
        let bytes = (sets * ways) as u64 * LINE_BYTES;
        LevelSpec {
            name: String::new(),
            geometry: Geometry::new(bytes, Ways::Count(ways as u64), line).expect("a small shape"),
            replacement: Replacement::Lru,
            write: WritePolicy::WriteBack,
            inclusion: Inclusion::Inclusive,
            latency: 0,
        }
    };
    MachineSpec {
        cores: layout.cores as u32,
        protocol: model.protocol.clone(),
        line,
        private: vec![level(sets, ways); layout.caches],
        l1i: None,
        shared: vec![level(layout.lines.next_power_of_two(), 1); usize::from(layout.shared)],
        bus: BusSpec {
            request: 0,
            width: LINE_BYTES,
            beat: 0,
            cache_to_cache: 0,
            pipelined: false,
        },
        memory_latency: 0,
        write_buffer: 1,
        rules: model.rules,
    }
}
