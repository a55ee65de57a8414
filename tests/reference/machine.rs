//! The machine: what one reference does, from the first lookup to the last victim.

use std::collections::{BTreeMap, BTreeSet};

use super::cache::{Cache, Held, Slot};
use super::classes::{Classifier, Loss};
use super::counters::{
    Auxiliary, BusCounters, Cause, CoreCounters, CoreReport, LevelCounters, MemoryCounters, Report,
    Transitions,
};
use super::protocol::{BusOp, Reply, StoreStep, is_dirty, is_unique};
use super::spec::{Access, CleanSupply, LevelSpec, Op, Spec, WritePolicy};
use super::timing::{BusTime, Carries, Schedule, Through, Transaction};

/// After so many references at least, the whole machine is checked, not only the lines that moved.
const FULL_CHECK_EVERY: u64 = 256;

/// One of the caches of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The private level with this number; 0 is the first.
    Level(usize),
    L1i,
}

struct Core {
    levels: Vec<Cache>,
    l1i: Option<Cache>,
    /// State of each line that the core holds.
    states: BTreeMap<u64, char>,
    counters: CoreCounters,
    auxiliary: Auxiliary,
    transitions: Transitions,
    classes: Classifier,
    clock: u64,
    /// Times at which the entries of the write buffer are free.
    write_buffer: Vec<u64>,
    /// Dirty lines that went below the bus during this reference, in order.
    victims_below: Vec<u64>,
    /// Fill first: victims whose place is taken and that have yet to leave, with their levels.
    displaced: Vec<(usize, Held)>,
    /// Dirty lines that left a private level and have not arrived yet.
    under_way: Vec<u64>,
}

impl Core {
    fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = (0..self.levels.len()).map(Place::Level).collect();
        if self.l1i.is_some() {
            places.push(Place::L1i);
        }
        places
    }

    fn cache(&self, place: Place) -> &Cache {
        match place {
            Place::Level(i) => &self.levels[i],
            Place::L1i => self.l1i.as_ref().expect("asked only where there is one"),
        }
    }

    fn cache_mut(&mut self, place: Place) -> &mut Cache {
        match place {
            Place::Level(i) => &mut self.levels[i],
            Place::L1i => self.l1i.as_mut().expect("asked only where there is one"),
        }
    }

    fn outermost(&mut self) -> &mut Cache {
        self.levels.last_mut().expect("a core has a level")
    }

    fn caches(&self) -> impl Iterator<Item = &Cache> {
        self.levels.iter().chain(&self.l1i)
    }

    fn caches_mut(&mut self) -> impl Iterator<Item = &mut Cache> {
        self.levels.iter_mut().chain(&mut self.l1i)
    }

    fn has_copy(&self, line: u64) -> bool {
        self.caches().any(|cache| cache.has(line))
    }

    fn has_dirty_copy(&self, line: u64) -> bool {
        self.levels.iter().any(|cache| cache.get(line).is_some_and(|held| held.dirty))
    }

    /// The data of the innermost copy, the newest that the core has.
    fn newest(&self, line: u64) -> Option<&Vec<u64>> {
        self.caches().find_map(|cache| cache.get(line)).map(|held| &held.words)
    }

    fn state(&self, line: u64) -> char {
        self.states.get(&line).copied().unwrap_or('I')
    }

    fn set_state(&mut self, line: u64, to: char, cause: Cause) {
        let from = self.state(line);
        if from == to {
            return;
        }
        *self.transitions.entry((from, to, cause)).or_insert(0) += 1;
        if to == 'I' {
            self.states.remove(&line);
        } else {
            self.states.insert(line, to);
        }
    }

    /// Clears every dirty bit of the line, and writes the innermost dirty data into every copy.
    /// Answers that data, if any copy was dirty.
    fn gather_dirty(&mut self, line: u64) -> Option<Vec<u64>> {
        let mut newest: Option<Vec<u64>> = None;
        for cache in &mut self.levels {
            if let Some(held) = cache.get_mut(line)
                && held.dirty
            {
                held.dirty = false;
                if newest.is_none() {
                    newest = Some(held.words.clone());
                } else {
                    self.counters.dirty_merged += 1;
                }
            }
        }
        let newest = newest?;
        for cache in self.caches_mut() {
            if let Some(held) = cache.get_mut(line) {
                held.words.clone_from(&newest);
            }
        }
        Some(newest)
    }

    fn remove_everywhere(&mut self, line: u64) {
        for cache in self.caches_mut() {
            cache.remove(line);
        }
    }
}

/// The part of an access that falls in one line.
#[derive(Clone, Copy, Debug)]
struct Reference {
    core: usize,
    op: Op,
    line: u64,
    bytes: u64,
    /// Index in the line of the first and of the last word touched.
    words: (usize, usize),
    /// The number of the store, where it is one.
    store: u64,
}

impl Reference {
    fn is_store(&self) -> bool {
        matches!(self.op, Op::Write | Op::Atomic)
    }
}

/// A cache that the line is on its way to.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    /// Room was made before the next level was asked.
    Reserved(Place, Slot),
    /// Room is made when the line is there.
    Later(Place),
    /// The copy that is there is refilled.
    InPlace(Place),
}

/// What the transaction of a reference gave.
struct Answer {
    words: Vec<u64>,
    transaction: Transaction,
}

pub struct Machine<'a> {
    spec: &'a Spec,
    cores: Vec<Core>,
    shared: Vec<Cache>,
    memory: BTreeMap<u64, Vec<u64>>,
    memory_counters: MemoryCounters,
    bus: BusCounters,
    bus_time: BusTime,
    /// Number of the last store.
    stores: u64,
    /// For each line and word the number of the last store, of any core: what a load must see.
    last_stores: BTreeMap<u64, Vec<u64>>,
    /// For each line and word the number of each core's last store.
    stores_by_core: BTreeMap<u64, Vec<Vec<u64>>>,
    /// Lines that moved since they were last checked.
    moved: BTreeSet<u64>,
    references: u64,
    next_full_check: u64,
    hits: Vec<bool>,
}

impl<'a> Machine<'a> {
    pub fn new(spec: &'a Spec) -> Machine<'a> {
        let new_cache = |core| move |level| Cache::new(level, spec.line_bytes, core);
        let core = |number: usize| Core {
            levels: spec.private_levels().map(new_cache(number as u64)).collect(),
            l1i: spec.l1i.as_ref().map(new_cache(number as u64)),
            states: BTreeMap::new(),
            counters: CoreCounters::default(),
            auxiliary: Auxiliary::default(),
            transitions: Transitions::new(),
            classes: Classifier::new(
                spec.levels[0].lines(spec.line_bytes),
                spec.l1i.as_ref().map(|level| level.lines(spec.line_bytes)),
            ),
            clock: 0,
            write_buffer: Vec::new(),
            victims_below: Vec::new(),
            displaced: Vec::new(),
            under_way: Vec::new(),
        };
        Machine {
            spec,
            cores: (0..spec.cores).map(core).collect(),
            shared: spec.shared_levels().map(new_cache(0)).collect(),
            memory: BTreeMap::new(),
            memory_counters: MemoryCounters::default(),
            bus: BusCounters::default(),
            bus_time: BusTime::default(),
            stores: 0,
            last_stores: BTreeMap::new(),
            stores_by_core: BTreeMap::new(),
            moved: BTreeSet::new(),
            references: 0,
            next_full_check: FULL_CHECK_EVERY,
            hits: Vec::new(),
        }
    }

    // ---- one record of the trace -------------------------------------------------------------

    pub fn access(&mut self, access: &Access) {
        match access.op {
            Op::Compute(cycles) => self.cores[access.core].clock += cycles,
            Op::Clean => self.for_each_line(access, Machine::clean_line),
            Op::Flush => self.for_each_line(access, Machine::flush_line),
            Op::FlushAll => self.flush_all(),
            Op::Read | Op::Write | Op::Atomic | Op::Fetch => {
                let lines = self.lines_of(access);
                if lines.0 != lines.1 {
                    self.cores[access.core].counters.straddles += 1;
                }
                for line in lines.0..=lines.1 {
                    let reference = self.part_in_line(access, line);
                    self.reference(&reference);
                    self.check_moved();
                }
            }
        }
        self.check_moved();
    }

    /// First and last line of an access.
    fn lines_of(&self, access: &Access) -> (u64, u64) {
        let last = access.addr + access.size.max(1) - 1;
        (access.addr / self.spec.line_bytes, last / self.spec.line_bytes)
    }

    fn for_each_line(&mut self, access: &Access, what: fn(&mut Machine<'a>, u64)) {
        let (first, last) = self.lines_of(access);
        for line in first..=last {
            what(self, line);
        }
    }

    fn part_in_line(&mut self, access: &Access, line: u64) -> Reference {
        let spec = self.spec;
        let line_start = line * spec.line_bytes;
        let start = access.addr.max(line_start);
        let last = (access.addr + access.size - 1).min(line_start + spec.line_bytes - 1);
        let word = |addr: u64| ((addr - line_start) / spec.word_bytes) as usize;
        let store = if matches!(access.op, Op::Write | Op::Atomic) {
            self.stores += 1;
            self.stores
        } else {
            0
        };
        Reference {
            core: access.core,
            op: access.op,
            line,
            bytes: last - start + 1,
            words: (word(start), word(last)),
            store,
        }
    }

    // ---- one reference -----------------------------------------------------------------------

    fn reference(&mut self, r: &Reference) {
        self.references += 1;
        self.moved.insert(r.line);
        let first = match r.op {
            Op::Fetch if self.spec.l1i.is_some() => Place::L1i,
            _ => Place::Level(0),
        };
        let mut schedule = Schedule::default();

        // The lookup, outward. It ends where the line is found, or at the bus.
        let lookup = self.look_up(r, first, &mut schedule);
        self.hits.push(lookup.first_hit);

        // The line, over the bus where no cache of the core had it.
        let words = self.get_line(r, &lookup, &mut schedule);

        // A store drops the core's own L1I copy. Choice: after that transaction, for which the core
        // has the state that the copy gave it. (It can be the core's last copy where a first level
        // that does not allocate let the store pass.)
        if r.is_store() {
            self.drop_l1i_copy(r.core, r.line, lookup.taker.is_some());
        }

        // The line arrives at every level it passes, the outermost first.
        if let Some(words) = &words {
            for &arrival in lookup.arrivals.iter().rev() {
                self.arrive(r, arrival, words);
            }
        }

        // The access itself. Choice (fill first): it happens when the line is in place, before
        // the displaced victims leave; else such a victim could take the right to write away.
        if r.is_store() {
            if words.is_some() {
                self.get_right_to_store(r, &mut schedule);
            }
            self.perform_store(r, &lookup, &mut schedule);
        } else {
            self.check_load(r, first);
        }
        while !self.cores[r.core].displaced.is_empty() {
            let (level, victim) = self.cores[r.core].displaced.remove(0);
            self.private_victim_leaves(r.core, level, victim);
        }

        self.account(r, first, &lookup, schedule);
    }

    /// Does the core's state ask for a BusRdX, though it has the line? (An owner's does not: its
    /// data is the newest there is.)
    fn wants_read_exclusive(&self, r: &Reference) -> bool {
        let state = self.cores[r.core].state(r.line);
        r.is_store()
            && self.spec.rules.write_to_shared_read_exclusive
            && state != 'I'
            && !is_dirty(state)
            && self.spec.protocol.store(state) == StoreStep::Invalidate
    }

    fn look_up(&mut self, r: &Reference, first: Place, schedule: &mut Schedule) -> Lookup {
        let mut lookup = Lookup::default();
        for i in 0..self.cores[r.core].levels.len() {
            let place = if i == 0 { first } else { Place::Level(i) };
            // Choice: asked again at each level, because a victim that left for this reference
            // can have changed the state of its line (non-inclusive levels only).
            let read_exclusive = self.wants_read_exclusive(r);
            let cache = self.cores[r.core].cache_mut(place);
            schedule.lookup += cache.spec.latency;
            let here = cache.has(r.line);

            if here && !read_exclusive {
                cache.counters.hits += 1;
                cache.touch(r.line);
                lookup.found = cache.get(r.line).map(|held| held.words.clone());
                lookup.first_hit = i == 0;
                lookup.taker.get_or_insert(i);
                break;
            }

            cache.counters.misses += 1;
            let no_allocate = cache.spec.write == WritePolicy::WriteThrough { allocate: false };
            if i == 0 {
                // Choice: the class is decided by the look itself, before anybody makes room.
                self.classify_miss(r, read_exclusive);
            }
            // A store that nobody has taken yet passes a level that lacks the line and does not
            // allocate; any other request is filled here.
            let asked_as_store = r.is_store() && lookup.taker.is_none();
            let takes = here || !(asked_as_store && no_allocate);
            if takes {
                lookup.taker.get_or_insert(i);
                let arrival = if here {
                    Arrival::InPlace(place)
                } else if self.spec.rules.victim_first {
                    Arrival::Reserved(place, self.make_room_privately(r.core, place, r.line))
                } else {
                    Arrival::Later(place)
                };
                lookup.arrivals.push(arrival);
            }

            if i == 0 {
                let read_exclusive = self.wants_read_exclusive(r);
                if takes && !read_exclusive {
                    self.ask_sibling(r, first, schedule, &mut lookup);
                    if lookup.found.is_some() {
                        break;
                    }
                }
            }
        }
        lookup
    }

    /// The other first-level cache: its copy supplies. It counts nothing and stays as it is.
    fn ask_sibling(
        &mut self,
        r: &Reference,
        first: Place,
        schedule: &mut Schedule,
        lookup: &mut Lookup,
    ) {
        let core = &mut self.cores[r.core];
        let sibling = match (first, &core.l1i) {
            (Place::L1i, _) => &core.levels[0],
            (Place::Level(_), Some(l1i)) => l1i,
            (Place::Level(_), None) => return,
        };
        schedule.lookup += sibling.spec.latency;
        lookup.found = sibling.get(r.line).map(|held| held.words.clone());
        if lookup.found.is_some() {
            core.auxiliary.sibling_supplies += 1;
        }
    }

    fn drop_l1i_copy(&mut self, core: usize, line: u64, on_its_way_to_the_l1: bool) {
        let core = &mut self.cores[core];
        let Some(l1i) = &mut core.l1i else { return };
        if l1i.remove(line).is_none() {
            return;
        }
        if !on_its_way_to_the_l1 && !core.has_copy(line) {
            core.set_state(line, 'I', Cause::Store);
            core.classes.lost(line, Loss::Replacement);
        }
    }

    /// Gets the line. Answers its words where they are on their way to a level, and sets the
    /// core's state if they came over the bus.
    fn get_line(
        &mut self,
        r: &Reference,
        lookup: &Lookup,
        schedule: &mut Schedule,
    ) -> Option<Vec<u64>> {
        let protocol = self.spec.protocol;
        let state = self.cores[r.core].state(r.line);

        if let Some(words) = &lookup.found {
            assert!(state != 'I', "line {:#x} has a copy but no state", r.line);
            return Some(words.clone());
        }

        let others_hold = self.holders_but(r.core, r.line) > 0;
        if !r.is_store() {
            assert!(state == 'I', "a load that missed everywhere has no state");
            let answer = self.fill_from_bus(r, BusOp::BusRd);
            schedule.transactions.push(answer.transaction);
            let alone = self.spec.rules.exclusive_on_sole_read;
            let to = protocol.after_load_miss(others_hold, alone);
            self.cores[r.core].set_state(r.line, to, Cause::Load);
            return Some(answer.words);
        }

        if lookup.taker.is_some() {
            let answer = self.fill_from_bus(r, protocol.store_miss());
            schedule.transactions.push(answer.transaction);
            let to = protocol.after_store(others_hold);
            self.cores[r.core].set_state(r.line, to, Cause::Store);
            return Some(answer.words);
        }

        // No private level takes the store: BusRdX without data, and the core stays I (or ends
        // there, if it had the line in its L1I).
        let only_instructions = self.cores[r.core].levels.iter().all(|cache| !cache.has(r.line));
        assert!(only_instructions, "nobody took the store, so nobody has the line as data");
        self.count_operation(r.core, BusOp::BusRdX);
        self.snoop(r, BusOp::BusRdX, false);
        schedule.transactions.push(Transaction { supply: 0, carries: Carries::Nothing });
        None
    }

    /// Gets the right to write a line that the core has, and sets its state. (After a BusRdX the
    /// core has the right already; after the BusRd of a store that missed it may lack it.)
    fn get_right_to_store(&mut self, r: &Reference, schedule: &mut Schedule) {
        let protocol = self.spec.protocol;
        let state = self.cores[r.core].state(r.line);
        let others_hold = self.holders_but(r.core, r.line) > 0;
        match protocol.store(state) {
            StoreStep::AlreadyOwned => {}
            StoreStep::Silent => self.cores[r.core].counters.silent_upgrades += 1,
            StoreStep::Invalidate => {
                assert!(!self.wants_read_exclusive(r), "that was a miss");
                schedule.transactions.push(self.upgrade(r));
            }
            StoreStep::Update => schedule.transactions.push(self.update(r)),
        }
        self.cores[r.core].set_state(r.line, protocol.after_store(others_hold), Cause::Store);
    }

    /// The line arrives at one level, and displaces a victim if room was not made before.
    fn arrive(&mut self, r: &Reference, arrival: Arrival, words: &[u64]) {
        let copy = Held { line: r.line, dirty: false, words: words.to_vec() };
        let core = &mut self.cores[r.core];
        match arrival {
            Arrival::Reserved(place, slot) => {
                let cache = core.cache_mut(place);
                cache.counters.fills += 1;
                cache.place(slot, copy);
            }
            Arrival::Later(place) => {
                let cache = core.cache_mut(place);
                cache.counters.fills += 1;
                let (slot, victim) = cache.make_room(r.line);
                cache.place(slot, copy);
                let level = level_number(place);
                core.displaced.extend(victim.map(|victim| (level, victim)));
            }
            Arrival::InPlace(place) => {
                let cache = core.cache_mut(place);
                cache.counters.fills += 1;
                cache.touch(r.line);
                let held = cache.get_mut(r.line).expect("it was there");
                assert!(!held.dirty, "a shared copy is clean");
                held.words = copy.words;
            }
        }
    }

    // ---- the access itself -------------------------------------------------------------------

    fn check_load(&self, r: &Reference, first: Place) {
        let held = self.cores[r.core].cache(first).get(r.line).expect("the line is in place");
        self.check_words(r, &held.words);
    }

    fn check_words(&self, r: &Reference, words: &[u64]) {
        for word in r.words.0..=r.words.1 {
            let last_store = self.last_stores.get(&r.line).map_or(0, |stores| stores[word]);
            assert_eq!(
                words[word], last_store,
                "reference {} of core {} reads an old value of word {word} of line {:#x}",
                self.references, r.core, r.line
            );
        }
    }

    /// Writes the value into every copy on its way, up to where the store ends.
    fn perform_store(&mut self, r: &Reference, lookup: &Lookup, schedule: &mut Schedule) {
        if r.op == Op::Atomic
            && let Some(taker) = lookup.taker
        {
            let held = self.cores[r.core].levels[taker].get(r.line).expect("it took the store");
            self.check_words(r, &held.words);
        }
        self.remember_store(r);

        let core = &mut self.cores[r.core];
        let first_taker = lookup.taker.unwrap_or(core.levels.len());
        // Levels that were asked and did not take the store: it passed them.
        for cache in &mut core.levels[..first_taker] {
            cache.counters.write_throughs += 1;
        }
        // From where it was taken: on to the first write-back level that holds the line. Choice:
        // the latencies of the levels that were looked up are the core's time; only the levels
        // beyond the one that took the store are the entry's.
        let mut ended = false;
        let mut way_out = Through { private: 0, below: None };
        for (i, cache) in core.levels.iter_mut().enumerate().skip(first_taker) {
            if i > first_taker {
                way_out.private += cache.spec.latency;
            }
            let write_back = cache.spec.is_write_back();
            if cache.has(r.line) {
                // Choice: the level that took the store used the line already (a hit, or the
                // fill), which matters to SRRIP; the levels beyond use it now.
                if i > first_taker {
                    cache.touch(r.line);
                }
                let held = cache.get_mut(r.line).expect("it has the line");
                write_words(&mut held.words, r);
                if write_back {
                    if !held.dirty {
                        held.dirty = true;
                        core.auxiliary.dirty_bits_set += 1;
                    }
                    ended = true;
                    // A store that the first level asked keeps (no-allocate levels aside) needs
                    // no entry; one that was sent further does.
                    if i > first_taker {
                        schedule.through = Some(way_out);
                    }
                    break;
                }
            }
            if !write_back {
                cache.counters.write_throughs += 1;
            }
        }
        if ended {
            return;
        }

        // It goes below the bus.
        way_out.below = Some((r.bytes, self.store_below(r)));
        schedule.through = Some(way_out);
        let core = &mut self.cores[r.core];
        let state = core.state(r.line);
        if is_dirty(state) {
            assert!(!core.has_dirty_copy(r.line), "a store passes no dirty copy");
            core.set_state(r.line, self.spec.protocol.after_clean(state), Cause::Store);
        }
    }

    /// A store that no private level keeps. Answers the latencies down to where it ends.
    fn store_below(&mut self, r: &Reference) -> u64 {
        self.bus.write_throughs += 1;
        self.bus.data_bytes += r.bytes;
        self.cores[r.core].auxiliary.through_bytes += r.bytes;
        let mut latency = 0;
        for cache in &mut self.shared {
            latency += cache.spec.latency;
            let write_back = cache.spec.is_write_back();
            if cache.has(r.line) {
                cache.touch(r.line);
                let held = cache.get_mut(r.line).expect("it has the line");
                write_words(&mut held.words, r);
                if write_back {
                    held.dirty = true;
                    return latency;
                }
            }
            if !write_back {
                cache.counters.write_throughs += 1;
            }
        }
        let words = words_of(&mut self.memory, r.line, self.spec);
        write_words(words, r);
        self.memory_counters.writes += 1;
        self.memory_counters.bytes_written += r.bytes;
        latency + self.spec.memory_latency
    }

    fn remember_store(&mut self, r: &Reference) {
        let last_stores = words_of(&mut self.last_stores, r.line, self.spec);
        write_words(last_stores, r);
        let cores = self.spec.cores;
        let words = words_in_line(self.spec);
        let empty = || vec![vec![0; cores]; words];
        let by_core = self.stores_by_core.entry(r.line).or_insert_with(empty);
        for word in &mut by_core[r.words.0..=r.words.1] {
            word[r.core] = r.store;
        }
    }

    fn classify_miss(&mut self, r: &Reference, upgrade: bool) {
        let by_core = self.stores_by_core.get(&r.line);
        let written_since = |store: u64| {
            (r.words.0..=r.words.1).any(|word| {
                let stores = by_core.map_or(&[][..], |words| &words[word]);
                stores.iter().enumerate().any(|(core, &last)| core != r.core && last >= store)
            })
        };
        let core = &mut self.cores[r.core];
        let held = core.state(r.line) != 'I';
        core.classes.miss(r.line, r.op == Op::Fetch, upgrade, held, written_since);
    }

    /// Counts the reference, and plays it on the clock.
    fn account(&mut self, r: &Reference, first: Place, lookup: &Lookup, mut schedule: Schedule) {
        let core = &mut self.cores[r.core];

        let no_allocate =
            self.spec.levels[0].write == WritePolicy::WriteThrough { allocate: false };
        let shadow = match &mut core.classes.l1i_shadow {
            Some(shadow) if first == Place::L1i => shadow,
            _ => &mut core.classes.shadow,
        };
        // Choice: any store to a no-allocate level, hit or miss, only makes recent what is there.
        shadow.reference(r.line, !(r.is_store() && no_allocate));

        let counters = &mut core.counters;
        counters.accesses += 1;
        let (kind, misses) = match r.op {
            Op::Read => (&mut counters.reads, &mut counters.read_misses),
            Op::Write => (&mut counters.writes, &mut counters.write_misses),
            Op::Atomic => (&mut counters.atomics, &mut counters.write_misses),
            Op::Fetch => (&mut counters.fetches, &mut counters.fetch_misses),
            Op::Clean | Op::Flush | Op::FlushAll | Op::Compute(_) => unreachable!("no access"),
        };
        *kind += 1;
        if lookup.first_hit {
            counters.hits += 1;
        } else {
            counters.misses += 1;
            *misses += 1;
        }

        schedule.victims = std::mem::take(&mut core.victims_below);
        let start = core.clock;
        let buffer = &mut core.write_buffer;
        let cost = self.bus_time.play(self.spec, r.line, start, buffer, &schedule);
        core.clock = cost.end;
        core.counters.bus_wait_cycles += cost.bus_wait;
        core.counters.stall_cycles += cost.end - start - core.cache(first).spec.latency;
    }

    // ---- the bus -----------------------------------------------------------------------------

    fn count_operation(&mut self, core: usize, op: BusOp) {
        let counters = &mut self.cores[core].counters;
        match op {
            BusOp::BusRd => {
                counters.bus_rd += 1;
                self.bus.bus_rd += 1;
            }
            BusOp::BusRdX => {
                counters.bus_rdx += 1;
                self.bus.bus_rdx += 1;
            }
            BusOp::BusUpgr => {
                counters.bus_upgr += 1;
                self.bus.bus_upgr += 1;
            }
            BusOp::BusUpd => {
                counters.bus_upd += 1;
                self.bus.bus_upd += 1;
            }
        }
    }

    fn holders_but(&self, core: usize, line: u64) -> usize {
        let holds = |other: &usize| *other != core && self.cores[*other].state(line) != 'I';
        (0..self.cores.len()).filter(holds).count()
    }

    fn upgrade(&mut self, r: &Reference) -> Transaction {
        self.count_operation(r.core, BusOp::BusUpgr);
        self.snoop(r, BusOp::BusUpgr, false);
        Transaction { supply: 0, carries: Carries::Nothing }
    }

    /// The stored bytes go over the bus, also if nobody is left to take them.
    fn update(&mut self, r: &Reference) -> Transaction {
        self.count_operation(r.core, BusOp::BusUpd);
        self.bus.data_bytes += r.bytes;
        self.cores[r.core].counters.update_bytes += r.bytes;
        self.snoop(r, BusOp::BusUpd, false);
        Transaction { supply: 0, carries: Carries::Word }
    }

    /// BusRd or BusRdX with data.
    fn fill_from_bus(&mut self, r: &Reference, op: BusOp) -> Answer {
        self.count_operation(r.core, op);
        self.bus.data_bytes += self.spec.line_bytes;
        let others_hold = self.holders_but(r.core, r.line) > 0;
        let core = &mut self.cores[r.core];
        core.auxiliary.bus_fills += 1;
        if others_hold {
            core.counters.fills_with_holders += 1;
        }

        if let Some(words) = self.snoop(r, op, true) {
            self.cores[r.core].counters.cache_to_cache += 1;
            let supply = self.spec.bus.cache_to_cache;
            return Answer { words, transaction: Transaction { supply, carries: Carries::Line } };
        }
        let (words, supply) = self.fetch_below(0, r.line);
        Answer { words, transaction: Transaction { supply, carries: Carries::Line } }
    }

    /// The other cores see the transaction. Answers the line's words where one of them supplies.
    /// `takes_line`: does the requester want the data?
    fn snoop(&mut self, r: &Reference, op: BusOp, takes_line: bool) -> Option<Vec<u64>> {
        let rules = &self.spec.rules;
        // Who can supply: the dirty owner, the clean copy that the protocol's table names, and the
        // lowest of those that the house rules name.
        let mut by_owner = None;
        let mut by_table = None;
        let mut by_rule = None;
        let mut memory_takes_it = false;
        for other in 0..self.cores.len() {
            let core = &mut self.cores[other];
            let state = core.state(r.line);
            if other == r.core || state == 'I' {
                continue;
            }
            let (to, reply) = self.spec.protocol.snoop(state, op);

            match reply {
                Reply::Nothing => {}
                Reply::Flush => {
                    core.counters.flushes += 1;
                    by_owner = core.gather_dirty(r.line);
                    assert!(by_owner.is_some(), "the owner has a dirty copy");
                    memory_takes_it = true;
                }
                Reply::Supply if is_dirty(state) => {
                    // The owner's copies stay as they are, also those that are older.
                    core.counters.flushes += 1;
                    core.counters.flushes_kept += 1;
                    by_owner = core.newest(r.line).cloned();
                }
                Reply::Supply => by_table = core.newest(r.line).cloned(),
                Reply::HandOver => {
                    core.counters.handed_over += 1;
                    core.gather_dirty(r.line).expect("the owner has a dirty copy");
                }
            }
            let supplies_by_rule = match rules.clean_supply {
                CleanSupply::Memory => false,
                CleanSupply::ExclusiveOnly => state == 'E',
                CleanSupply::AnyHolder => !is_dirty(state),
            };
            if supplies_by_rule && by_rule.is_none() {
                by_rule = core.newest(r.line).cloned();
            }

            if to == 'I' {
                core.remove_everywhere(r.line);
                core.counters.invalidations += 1;
                core.classes.lost(r.line, Loss::Snoop(r.store));
                self.cores[r.core].counters.invalidations_sent += 1;
            } else if op == BusOp::BusUpd {
                // Every copy takes the bytes, and becomes no more recent.
                for held in core.caches_mut().filter_map(|cache| cache.get_mut(r.line)) {
                    write_words(&mut held.words, r);
                }
                core.counters.updates += 1;
                self.cores[r.core].counters.updates_sent += 1;
            } else if op == BusOp::BusRd && !is_unique(to) && (is_unique(state) || is_dirty(state))
            {
                core.counters.interventions += 1;
            }
            self.cores[other].set_state(r.line, to, Cause::Snoop);
        }

        // Memory takes a flushed line as it passes, unless the dirty ownership moves: to a
        // requester that takes the line and can keep it dirty.
        if memory_takes_it {
            let keeps_dirty = self.spec.private_levels().any(LevelSpec::is_write_back);
            let ownership_moves = op == BusOp::BusRdX
                && !rules.invalidating_flush_updates_memory
                && takes_line
                && keeps_dirty;
            if !ownership_moves {
                let words = by_owner.clone().expect("it was flushed");
                self.arrive_below(0, Held { line: r.line, dirty: true, words });
            }
        }
        if takes_line { by_owner.or(by_table).or(by_rule) } else { None }
    }

    // ---- below the bus -----------------------------------------------------------------------

    /// Asks shared level `k` (or memory) for a line. Answers its words and the latency.
    fn fetch_below(&mut self, k: usize, line: u64) -> (Vec<u64>, u64) {
        self.moved.insert(line);
        if k == self.shared.len() {
            self.memory_counters.reads += 1;
            self.memory_counters.bytes_read += self.spec.line_bytes;
            return (words_of(&mut self.memory, line, self.spec).clone(), self.spec.memory_latency);
        }
        let cache = &mut self.shared[k];
        let latency = cache.spec.latency;
        if let Some(held) = cache.get(line) {
            let words = held.words.clone();
            cache.counters.hits += 1;
            cache.touch(line);
            return (words, latency);
        }
        cache.counters.misses += 1;
        cache.counters.fills += 1;
        if self.spec.rules.victim_first {
            let slot = self.make_room_below(k, line);
            let (words, beyond) = self.fetch_below(k + 1, line);
            self.shared[k].place(slot, Held { line, dirty: false, words: words.clone() });
            (words, latency + beyond)
        } else {
            let (words, beyond) = self.fetch_below(k + 1, line);
            let held = Held { line, dirty: false, words: words.clone() };
            self.place_then_evict_below(k, held);
            (words, latency + beyond)
        }
    }

    /// A dirty line arrives at shared level `k` (or memory) from above.
    fn arrive_below(&mut self, k: usize, held: Held) {
        self.moved.insert(held.line);
        if k == self.shared.len() {
            self.memory_counters.writes += 1;
            self.memory_counters.bytes_written += self.spec.line_bytes;
            self.memory.insert(held.line, held.words);
            return;
        }
        let cache = &mut self.shared[k];
        assert!(cache.spec.is_write_back(), "a write-through level receives no write-backs");
        cache.counters.write_backs_received += 1;
        if let Some(present) = cache.get_mut(held.line) {
            present.words = held.words;
            present.dirty = true;
            cache.touch(held.line);
        } else if self.spec.rules.victim_first {
            let slot = self.make_room_below(k, held.line);
            self.shared[k].place(slot, held);
        } else {
            self.place_then_evict_below(k, held);
        }
    }

    fn make_room_below(&mut self, k: usize, line: u64) -> Slot {
        let (slot, victim) = self.shared[k].make_room(line);
        if let Some(victim) = victim {
            self.shared_victim_leaves(k, victim);
        }
        slot
    }

    fn place_then_evict_below(&mut self, k: usize, held: Held) {
        let (slot, victim) = self.shared[k].make_room(held.line);
        self.shared[k].place(slot, held);
        if let Some(victim) = victim {
            self.shared_victim_leaves(k, victim);
        }
    }

    /// A victim of shared level `k`. An inclusive level takes every copy inside along.
    fn shared_victim_leaves(&mut self, k: usize, victim: Held) {
        let line = victim.line;
        self.moved.insert(line);
        // Dirty copies, innermost first.
        let mut dirty: Vec<Vec<u64>> = Vec::new();
        if self.shared[k].spec.inclusive {
            for core in &mut self.cores {
                if core.state(line) == 'I' {
                    continue;
                }
                if let Some(words) = core.gather_dirty(line) {
                    core.counters.dirty_back_invalidations += 1;
                    self.bus.data_bytes += self.spec.line_bytes;
                    dirty.push(words);
                }
                for cache in core.caches_mut() {
                    if cache.remove(line).is_some() {
                        cache.counters.back_invalidations += 1;
                    }
                }
                core.set_state(line, 'I', Cause::BackInvalidation);
                core.classes.lost(line, Loss::BackInvalidation);
            }
            for cache in &mut self.shared[..k] {
                if let Some(copy) = cache.remove(line) {
                    cache.counters.back_invalidations += 1;
                    if copy.dirty {
                        dirty.push(copy.words);
                    }
                }
            }
        }
        if victim.dirty {
            dirty.push(victim.words);
        }
        if let Some(words) = dirty.into_iter().next() {
            self.shared[k].counters.write_backs += 1;
            self.arrive_below(k + 1, Held { line, dirty: true, words });
        }
    }

    // ---- victims and write-backs of private levels -------------------------------------------

    fn make_room_privately(&mut self, core: usize, place: Place, line: u64) -> Slot {
        let (slot, victim) = self.cores[core].cache_mut(place).make_room(line);
        if let Some(victim) = victim {
            self.private_victim_leaves(core, level_number(place), victim);
        }
        slot
    }

    /// A victim of private level `i` (0 for the L1I too). An inclusive level takes every copy
    /// inside along.
    fn private_victim_leaves(&mut self, core_number: usize, i: usize, victim: Held) {
        let line = victim.line;
        self.moved.insert(line);
        let core = &mut self.cores[core_number];
        let outermost = i + 1 == core.levels.len();
        // The L1I's victims are not the outermost level's, even beside a single level.
        // (They are clean, and counted by the L1I itself.)
        let mut took_inner = false;
        let mut dirty: Vec<Vec<u64>> = Vec::new();
        if i > 0 && core.levels[i].spec.inclusive {
            for place in core.places() {
                let inside = match place {
                    Place::Level(level) => level < i,
                    Place::L1i => true,
                };
                if !inside {
                    continue;
                }
                let cache = core.cache_mut(place);
                if let Some(copy) = cache.remove(line) {
                    cache.counters.back_invalidations += 1;
                    took_inner = true;
                    if copy.dirty {
                        dirty.push(copy.words);
                    }
                }
            }
        }
        if victim.dirty {
            dirty.push(victim.words);
        }

        if !dirty.is_empty() {
            core.counters.dirty_merged += dirty.len() as u64 - 1;
            let words = dirty.swap_remove(0);
            if outermost {
                core.counters.dirty_evictions += 1;
                core.victims_below.push(line);
            }
            self.send_outward(core_number, i, Held { line, dirty: true, words });
        }
        let loss = if took_inner { Loss::BackInvalidation } else { Loss::Replacement };
        self.settle(core_number, line, Cause::Evict, loss);
    }

    /// Private level `i` sends a dirty line to the next one, or below the bus.
    fn send_outward(&mut self, core: usize, i: usize, held: Held) {
        self.cores[core].under_way.push(held.line);
        self.carry_outward(core, i, held);
        self.cores[core].under_way.pop();
    }

    fn carry_outward(&mut self, core: usize, i: usize, held: Held) {
        self.moved.insert(held.line);
        self.cores[core].levels[i].counters.write_backs += 1;
        if i + 1 == self.cores[core].levels.len() {
            self.cores[core].counters.write_backs += 1;
            self.bus.write_backs += 1;
            self.bus.data_bytes += self.spec.line_bytes;
            self.arrive_below(0, held);
            return;
        }

        let core_number = core;
        let core = &mut self.cores[core_number];
        let cache = &mut core.levels[i + 1];
        assert!(cache.spec.is_write_back(), "a write-through level receives no write-backs");
        cache.counters.write_backs_received += 1;
        if let Some(present) = cache.get_mut(held.line) {
            if present.dirty {
                core.counters.dirty_merged += 1;
            }
            present.words = held.words;
            present.dirty = true;
            cache.touch(held.line);
        } else if self.spec.rules.victim_first {
            let slot = self.make_room_privately(core_number, Place::Level(i + 1), held.line);
            self.cores[core_number].levels[i + 1].place(slot, held);
        } else {
            let (slot, victim) = cache.make_room(held.line);
            cache.place(slot, held);
            if let Some(victim) = victim {
                self.private_victim_leaves(core_number, i + 1, victim);
            }
        }
    }

    /// A copy of the core is gone or clean: does its state follow? A displaced line that has yet
    /// to leave still belongs to the core, and so does a dirty one whose write-back is under way.
    fn settle(&mut self, core: usize, line: u64, cause: Cause, loss: Loss) {
        let core = &mut self.cores[core];
        let state = core.state(line);
        if state == 'I' {
            return;
        }
        if core.under_way.contains(&line) {
            return;
        }
        let displaced = || core.displaced.iter().filter(|(_, held)| held.line == line);
        let has_copy = core.has_copy(line) || displaced().count() > 0;
        let has_dirty_copy = core.has_dirty_copy(line) || displaced().any(|(_, held)| held.dirty);
        if !has_copy {
            core.set_state(line, 'I', cause);
            core.classes.lost(line, loss);
        } else if is_dirty(state) && !has_dirty_copy {
            core.set_state(line, self.spec.protocol.after_clean(state), cause);
        }
    }

    // ---- clean, flush, drain -----------------------------------------------------------------

    /// The core's dirty data of the line goes below the bus; its copies stay, clean.
    fn clean_core(&mut self, core: usize, line: u64) {
        if let Some(words) = self.cores[core].gather_dirty(line) {
            self.cores[core].auxiliary.cleans += 1;
            let outermost = self.cores[core].levels.len() - 1;
            self.send_outward(core, outermost, Held { line, dirty: true, words });
        }
    }

    fn clean_shared(&mut self, k: usize, line: u64) {
        let cache = &mut self.shared[k];
        if let Some(held) = cache.get_mut(line)
            && held.dirty
        {
            held.dirty = false;
            let words = held.words.clone();
            cache.counters.write_backs += 1;
            self.arrive_below(k + 1, Held { line, dirty: true, words });
        }
    }

    fn clean_line(&mut self, line: u64) {
        self.moved.insert(line);
        for core in 0..self.cores.len() {
            self.clean_core(core, line);
            self.settle(core, line, Cause::Clean, Loss::Replacement);
        }
        for k in 0..self.shared.len() {
            self.clean_shared(k, line);
        }
    }

    fn flush_core(&mut self, core: usize, line: u64) {
        self.moved.insert(line);
        self.clean_core(core, line);
        let core = &mut self.cores[core];
        core.remove_everywhere(line);
        core.set_state(line, 'I', Cause::Flush);
        core.classes.flushed(line);
    }

    fn flush_shared(&mut self, k: usize, line: u64) {
        self.moved.insert(line);
        self.clean_shared(k, line);
        self.shared[k].remove(line);
    }

    fn flush_line(&mut self, line: u64) {
        for core in 0..self.cores.len() {
            self.flush_core(core, line);
        }
        for k in 0..self.shared.len() {
            self.flush_shared(k, line);
        }
    }

    fn flush_all(&mut self) {
        // Choice: line by line, in the order of the addresses.
        let mut lines: BTreeSet<u64> = BTreeSet::new();
        for core in &self.cores {
            lines.extend(core.states.keys());
        }
        lines.extend(self.shared.iter().flat_map(Cache::lines));
        for line in lines {
            self.flush_line(line);
        }
    }

    /// Writes every dirty line back, level by level outward, core by core, by address.
    pub fn drain(&mut self) {
        let levels = self.spec.private_levels().count();
        for i in 0..levels {
            for core in 0..self.cores.len() {
                for line in self.cores[core].levels[i].dirty_lines() {
                    let held = self.cores[core].levels[i].get_mut(line).expect("it is listed");
                    held.dirty = false;
                    let held = Held { line, dirty: true, words: held.words.clone() };
                    if i + 1 == levels {
                        self.cores[core].counters.drained += 1;
                    }
                    self.send_outward(core, i, held);
                    self.settle(core, line, Cause::Drain, Loss::Replacement);
                }
            }
        }
        for k in 0..self.shared.len() {
            for line in self.shared[k].dirty_lines() {
                self.clean_shared(k, line);
            }
        }
        // Nothing is left to write back: memory has every last store.
        for (line, last_stores) in &self.last_stores {
            assert_eq!(self.memory.get(line), Some(last_stores), "line {line:#x} drained");
        }
        for core in &mut self.cores {
            core.victims_below.clear();
        }
    }

    // ---- what must hold ----------------------------------------------------------------------

    fn check_moved(&mut self) {
        if self.references >= self.next_full_check {
            // Rarer the more lines there are, so that it costs about as much as the rest.
            let lines = self.check_everything() as u64;
            self.next_full_check = self.references + FULL_CHECK_EVERY.max(16 * lines);
        }
        for line in std::mem::take(&mut self.moved) {
            self.check_line(line);
        }
    }

    /// Answers the number of lines.
    pub fn check_everything(&self) -> usize {
        let mut lines: BTreeSet<u64> = self.last_stores.keys().copied().collect();
        for core in &self.cores {
            lines.extend(core.states.keys());
            lines.extend(core.caches().flat_map(Cache::lines));
        }
        lines.extend(self.shared.iter().flat_map(Cache::lines));
        for &line in &lines {
            self.check_line(line);
        }
        lines.len()
    }

    fn check_line(&self, line: u64) {
        let nothing = vec![0; words_in_line(self.spec)];
        let last_stores = self.last_stores.get(&line).unwrap_or(&nothing);

        let states: Vec<char> = self.cores.iter().map(|core| core.state(line)).collect();
        let holders = states.iter().filter(|&&state| state != 'I').count();
        let unique = states.iter().any(|&state| is_unique(state));
        assert!(!unique || holders == 1, "line {line:#x}: one writer or many readers, {states:?}");
        let owners = states.iter().filter(|&&state| is_dirty(state)).count();
        assert!(owners <= 1, "line {line:#x}: one owner at most, {states:?}");
        let forwarders = states.iter().filter(|&&state| state == 'F').count();
        assert!(forwarders <= 1, "line {line:#x}: one forwarder at most, {states:?}");

        for (core, &state) in self.cores.iter().zip(&states) {
            assert_eq!(core.has_copy(line), state != 'I', "line {line:#x}: a copy has a state");
            let dirty = core.has_dirty_copy(line);
            assert_eq!(dirty, is_dirty(state), "line {line:#x}: a dirty bit, and {state}");
            if !dirty {
                for held in core.caches().filter_map(|cache| cache.get(line)) {
                    assert_eq!(
                        &held.words, last_stores,
                        "line {line:#x}: clean copies are current"
                    );
                }
            }
            if let Some(words) = core.newest(line) {
                assert_eq!(words, last_stores, "line {line:#x}: the innermost copy is current");
            }
            let mut inner = core.l1i.as_ref().is_some_and(|cache| cache.has(line));
            if let Some(l1i) = &core.l1i
                && let Some(held) = l1i.get(line)
            {
                assert!(!held.dirty, "the L1I is never dirty");
                assert_eq!(&held.words, last_stores, "line {line:#x}: the L1I is current");
            }
            for (i, cache) in core.levels.iter().enumerate() {
                let here = cache.has(line);
                let includes = i > 0 && cache.spec.inclusive;
                assert!(here || !includes || !inner, "line {line:#x}: private inclusion");
                inner |= here;
            }
        }
        let mut inner = holders > 0;
        for cache in &self.shared {
            let here = cache.has(line);
            assert!(here || !cache.spec.inclusive || !inner, "line {line:#x}: shared inclusion");
            inner |= here;
        }

        if owners == 0 {
            let shared = self.shared.iter().find_map(|cache| cache.get(line));
            let below = shared.map(|held| &held.words).or_else(|| self.memory.get(&line));
            let below = below.unwrap_or(&nothing);
            assert_eq!(below, last_stores, "line {line:#x}: no owner, so below is current");
        }
    }

    // ---- the report --------------------------------------------------------------------------

    pub fn report(&self) -> Report {
        let bytes = |line: &u64| line * self.spec.line_bytes;
        let addresses = |cache: &Cache| cache.dirty_lines().iter().map(bytes).collect();
        let mut report = Report {
            levels: vec![LevelCounters::default(); self.spec.levels.len()],
            l1i: self.spec.l1i.as_ref().map(|_| LevelCounters::default()),
            bus: self.bus.clone(),
            memory: self.memory_counters.clone(),
            shared_dirty_lines: self.shared.iter().map(addresses).collect(),
            hits: self.hits.clone(),
            ..Report::default()
        };
        report.bus.busy_cycles = self.bus_time.busy_cycles;

        for core in &self.cores {
            let mut counters = core.counters.clone();
            let back_invalidated = |cache: &Cache| cache.counters.back_invalidations;
            counters.back_invalidations = core.caches().map(back_invalidated).sum();
            let outermost = core.levels.last().expect("a core has a level");
            counters.evictions = outermost.counters.evictions;
            counters.cycles = core.clock;
            let dirty_lines: Vec<Vec<u64>> = core.levels.iter().map(addresses).collect();
            let mut auxiliary = core.auxiliary.clone();
            auxiliary.dirty_bits_still_set = dirty_lines.iter().map(|l| l.len() as u64).sum();

            report.totals.add(&counters);
            report.auxiliary.add(&auxiliary);
            report.classes.add(&core.classes.counters);
            for (transition, count) in &core.transitions {
                *report.transitions.entry(*transition).or_insert(0) += count;
            }
            for (sum, cache) in report.levels.iter_mut().zip(&core.levels) {
                sum.add(&cache.counters);
            }
            if let (Some(sum), Some(cache)) = (&mut report.l1i, &core.l1i) {
                sum.add(&cache.counters);
            }
            report.cores.push(CoreReport {
                counters,
                auxiliary,
                transitions: core.transitions.clone(),
                classes: core.classes.counters.clone(),
                levels: core.levels.iter().map(|cache| cache.counters.clone()).collect(),
                l1i: core.l1i.as_ref().map(|cache| cache.counters.clone()),
                states: core.states.iter().map(|(line, &state)| (bytes(line), state)).collect(),
                dirty_lines,
            });
        }
        let private = self.spec.private_levels().count();
        for (level, cache) in report.levels[private..].iter_mut().zip(&self.shared) {
            *level = cache.counters.clone();
        }
        report.totals.cycles = self.cores.iter().map(|core| core.clock).max().unwrap_or(0);
        report
    }
}

/// What the lookup found.
#[derive(Default)]
struct Lookup {
    first_hit: bool,
    /// The line's words, where a cache of the core had them.
    found: Option<Vec<u64>>,
    /// The level that takes the store: it had the line, or allocates.
    taker: Option<usize>,
    /// Caches that the line is on its way to, inner first.
    arrivals: Vec<Arrival>,
}

fn level_number(place: Place) -> usize {
    match place {
        Place::Level(i) => i,
        Place::L1i => 0,
    }
}

fn words_in_line(spec: &Spec) -> usize {
    (spec.line_bytes / spec.word_bytes) as usize
}

/// The words of a line in memory (or in the list of last stores); all 0 at first.
fn words_of<'m>(
    lines: &'m mut BTreeMap<u64, Vec<u64>>,
    line: u64,
    spec: &Spec,
) -> &'m mut Vec<u64> {
    lines.entry(line).or_insert_with(|| vec![0; words_in_line(spec)])
}

fn write_words(words: &mut [u64], r: &Reference) {
    words[r.words.0..=r.words.1].fill(r.store);
}
