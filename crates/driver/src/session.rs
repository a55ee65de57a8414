//! A replay under way: a machine, and how records go through it.

use std::ops::ControlFlow;

use cache::Addr;
use coherence::{Access, Broken, CORES_MAX, Machine, Observer, RUN_MAX, State};
use trace::{Op, Record, Source};

use crate::config::Config;
use crate::interleave::{Interleave, Merger};
use crate::observe::{Violation, Watcher};
use crate::replay::{Counted, ReplayOptions, Replayed};
use crate::replay_error::ReplayError;
use crate::tally::Tally;

/// A machine in the middle of a replay.
#[derive(Clone)]
pub(crate) struct Session<O> {
    machine: Machine<O>,
    clock_hz: u64,
    grows: bool,
    /// Accesses so far.
    accesses: u64,
    /// The access at which something other than replaying happens: the end of the warm-up, the
    /// limit.
    pause_at: u64,
    warmup: u64,
    limit: u64,
    before: Tally,
    /// The time that the trace has set for each core's next record, in ticks.
    times: [u64; CORES_MAX as usize],
    /// It has set one.
    timed: bool,
    /// A time is that of its record's core alone: the trace was one a core.
    own_times: bool,
}

/// Records that are looked at together: do they come from one core or from several?
const BLOCK: usize = 256;
/// Every so many records of a block, that question is asked.
const SAMPLED: usize = 8;

/// Records between two calls of the progress function, where streams are merged.
const PROGRESS_EVERY: u64 = 65_536;

impl<O: Watcher> Session<O> {
    /// Builds the machine of a config, watched by an observer.
    pub(crate) fn new(
        config: &Config,
        options: &ReplayOptions,
        observer: O,
    ) -> Result<Self, ReplayError> {
        let machine = Machine::new(config.machine.clone(), observer).map_err(ReplayError::Build)?;
        let limit = options.limit.unwrap_or(u64::MAX);
        Ok(Self {
            machine,
            clock_hz: config.clock_hz,
            grows: config.cores_from_trace,
            accesses: 0,
            pause_at: if options.warmup > 0 { options.warmup.min(limit) } else { limit },
            warmup: options.warmup,
            limit,
            before: Tally::default(),
            times: [0; CORES_MAX as usize],
            timed: false,
            own_times: false,
        })
    }

    /// Returns the machine.
    pub(crate) fn machine(&self) -> &Machine<O> {
        &self.machine
    }

    /// Returns the machine, to take from its observer.
    pub(crate) fn machine_mut(&mut self) -> &mut Machine<O> {
        &mut self.machine
    }

    /// Takes each time for its own core's from now on.
    pub(crate) const fn take_own_times(&mut self) {
        self.own_times = true;
    }

    /// Returns when a core's next record is due.
    pub(crate) fn due(&self, core: u32) -> u64 {
        self.machine.clock(core).max(self.times[core as usize])
    }

    pub(crate) fn run_ordered(
        &mut self,
        mut source: Box<dyn Source>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), ReplayError> {
        let mut buffer = Vec::new();
        while self.accesses < self.limit {
            let records = source.lend(&mut buffer)?;
            if records.is_empty() {
                break;
            }
            self.run(records)?;
            if progress(self.accesses).is_break() {
                return Err(ReplayError::Interrupted(self.accesses));
            }
        }
        Ok(())
    }

    /// Replays records in their order, as far as the limit.
    #[inline(never)]
    pub(crate) fn run(&mut self, records: &[Record]) -> Result<(), ReplayError> {
        for block in records.chunks(BLOCK) {
            let mixed = is_mixed(block);
            let mut rest = block;
            loop {
                let done = if mixed { self.mixed_run(rest)? } else { self.silent_run(rest) };
                if let Some(violation) = self.machine.observer().violation() {
                    return Err(self.value_error(violation));
                }
                let Some((record, behind)) = rest[done..].split_first() else { break };
                if self.step_alone(record)?.is_break() {
                    return Ok(());
                }
                rest = behind;
            }
        }
        Ok(())
    }

    /// Replays the records that come first, for as long as all are accesses of cores that there
    /// are; returns how many.
    #[inline(never)]
    fn mixed_run(&mut self, records: &[Record]) -> Result<usize, ReplayError> {
        if self.timed {
            return Ok(0);
        }
        let cores = self.machine.spec().cores;
        let run = records[..self.before_pause(records.len())].iter();
        let accesses = run.map_while(|record| {
            let core = u32::from(record.core);
            let op = if core < cores { plain_access_of::<O>(record.op) } else { None };
            op.map(|op| (core, Access { op, addr: Addr(record.addr), bytes: record.size }))
        });
        let (count, result) = self.machine.accesses(accesses);
        self.accesses += count;
        result.map_err(|broken| self.broken(broken))?;
        Ok(count as usize)
    }

    /// Returns how many of so many records can be replayed before the replay pauses, at most: the
    /// access at which it does is a step.
    fn before_pause(&self, records: usize) -> usize {
        (self.pause_at - self.accesses - 1).min(records as u64) as usize
    }

    /// Replays one record; kept out of the loop of silent ones, whose registers it would take.
    #[inline(never)]
    fn step_alone(&mut self, record: &Record) -> Result<ControlFlow<()>, ReplayError> {
        self.step(record)
    }

    /// Replays the records that come first, for as long as all are accesses of one core that change
    /// no state; returns how many.
    #[inline]
    fn silent_run(&mut self, records: &[Record]) -> usize {
        let [Record { core, op, .. }, next, ..] = *records else { return 0 };
        if next.core != core {
            // A run of one is no run.
            return 0;
        }
        let Some(op) = plain_access_of::<O>(op) else { return 0 };
        let at = u32::from(core);
        if at >= self.machine.spec().cores || self.times[at as usize] > self.machine.clock(at) {
            return 0;
        }
        let run = records[..self.before_pause(records.len()).min(RUN_MAX)].iter();
        let accesses = run.map_while(|record| {
            let op = if record.core == core { plain_access_of::<O>(record.op) } else { None };
            op.map(|op| Access { op, addr: Addr(record.addr), bytes: record.size })
        });
        let count = self.machine.silent_run(at, op, accesses);
        self.accesses += count;
        count as usize
    }

    pub(crate) fn run_merged(
        &mut self,
        mut merger: Merger,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), ReplayError> {
        let mut records: u64 = 0;
        while self.accesses < self.limit {
            let Some((core, record)) = merger.next(|core| self.due(core))? else { break };
            if record.op == Op::Time || record.op == Op::TimeTicks {
                self.times[core as usize] = ticks(&record, self.clock_hz);
            } else {
                // The limit, if it is reached, ends the loop.
                let _ = self.step(&record)?;
            }
            records += 1;
            if records.is_multiple_of(PROGRESS_EVERY) && progress(self.accesses).is_break() {
                return Err(ReplayError::Interrupted(self.accesses));
            }
        }
        Ok(())
    }

    /// Replays one record; breaks when the limit is reached: what follows is not replayed.
    #[inline]
    pub(crate) fn step(&mut self, record: &Record) -> Result<ControlFlow<()>, ReplayError> {
        let Some(op) = access_of(record.op) else {
            self.other(record)?;
            return Ok(ControlFlow::Continue(()));
        };
        let core = u32::from(record.core);
        if core >= self.machine.spec().cores {
            self.grow(core)?;
        }
        if O::HEARS_OF_CODE && record.op == Op::Fetch {
            self.machine.observer_mut().is_at(core, record.addr);
        }
        self.machine.advance_to(core, self.times[core as usize]);
        self.accesses += 1;
        self.machine
            .access(core, op, Addr(record.addr), record.size)
            .map_err(|broken| self.broken(broken))?;
        if let Some(violation) = self.machine.observer().violation() {
            return Err(self.value_error(violation));
        }
        if self.accesses == self.pause_at {
            return Ok(self.pause());
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The warm-up or the whole replay has reached its end.
    #[cold]
    fn pause(&mut self) -> ControlFlow<()> {
        if self.accesses >= self.limit {
            return ControlFlow::Break(());
        }
        debug_assert_eq!(self.accesses, self.warmup);
        self.begin_counting();
        self.pause_at = self.limit;
        ControlFlow::Continue(())
    }

    #[cold]
    pub(crate) fn grow(&mut self, core: u32) -> Result<(), ReplayError> {
        let cores = self.machine.spec().cores;
        if !self.grows || core >= CORES_MAX {
            return Err(ReplayError::NoSuchCore { access: self.accesses + 1, core, cores });
        }
        self.machine.grow(core + 1);
        Ok(())
    }

    fn other(&mut self, record: &Record) -> Result<(), ReplayError> {
        let (core, addr) = (u32::from(record.core), Addr(record.addr));
        if core >= self.machine.spec().cores {
            self.grow(core)?;
        }
        self.machine.observer_mut().aside(record);
        let result = match record.op {
            Op::Clean => self.machine.clean(addr, record.size),
            Op::Flush => self.machine.flush_range(addr, record.size),
            Op::FlushAll => self.machine.flush_all(),
            Op::Compute => {
                self.machine.advance_to(core, self.times[core as usize]);
                self.machine.compute(core, record.addr);
                Ok(())
            }
            Op::Time | Op::TimeTicks if self.own_times => {
                self.times[core as usize] = ticks(record, self.clock_hz);
                Ok(())
            }
            Op::Time | Op::TimeTicks => {
                // In one trace of all cores a time is every core's.
                self.times = [ticks(record, self.clock_hz); CORES_MAX as usize];
                self.timed = true;
                Ok(())
            }
            Op::Pc => {
                self.machine.observer_mut().is_at(core, record.addr);
                Ok(())
            }
            // In-order blocking cores have nothing left to wait for.
            Op::Fence | Op::Read | Op::Write | Op::Atomic | Op::Fetch => Ok(()),
        };
        result.map_err(|broken| self.broken(broken))
    }

    /// Ends the replay, and looks at the lines of some addresses.
    pub(crate) fn finish(
        mut self,
        interleave: Interleave,
        looks: &[u64],
    ) -> Result<Replayed, ReplayError> {
        if self.accesses <= self.warmup && self.warmup > 0 {
            self.begin_counting();
        }
        self.machine.observer_mut().at_end();
        self.drain()?;
        let accesses = self.accesses.saturating_sub(self.warmup);
        let looks = looks.iter().map(|&addr| states_at(&self.machine, addr)).collect();
        let replayed = self.counted(accesses).audited(interleave)?;
        Ok(Replayed { looks, ..replayed })
    }

    /// Returns what was counted since the warm-up.
    pub(crate) fn counted(self, accesses: u64) -> Counted {
        Counted {
            machine: self.machine.spec().clone(),
            now: Tally::of(&self.machine),
            before: self.before,
            accesses,
            checked_loads: self.machine.observer().checked_loads(),
            lines: self.machine.observer().hot_lines(),
        }
    }

    /// Begins to count here.
    pub(crate) fn begin_counting(&mut self) {
        self.before = Tally::of(&self.machine);
        self.machine.observer_mut().begins_counting();
    }

    /// Returns how many accesses were performed.
    pub(crate) const fn accesses(&self) -> u64 {
        self.accesses
    }

    /// Tells whether the limit has been reached.
    pub(crate) const fn is_full(&self) -> bool {
        self.accesses >= self.limit
    }

    /// Writes all dirty lines back at the end, where the rules say so.
    pub(crate) fn drain(&mut self) -> Result<(), ReplayError> {
        if self.machine.spec().rules.drain_at_end {
            self.machine.drain().map_err(|broken| self.broken(broken))?;
            if let Some(line) = self.machine.observer().line_not_stored() {
                let line = self.machine.line_size().base(line);
                return Err(ReplayError::NotStored { line });
            }
        }
        Ok(())
    }

    #[cold]
    fn broken(&self, broken: Broken) -> ReplayError {
        ReplayError::broken(self.accesses, broken, &self.machine)
    }

    #[cold]
    fn value_error(&self, violation: &Violation) -> ReplayError {
        ReplayError::value(self.accesses, violation, &self.machine)
    }
}

/// Returns every core's state for the line of an address.
pub(crate) fn states_at<O: Observer>(machine: &Machine<O>, addr: u64) -> Vec<State> {
    let line = machine.line_size().line(Addr(addr));
    (0..machine.spec().cores).map(|core| machine.state(core, line)).collect()
}

/// Tells whether the core changes too often in a block for runs of one core to be worth their
/// beginning: at more than a quarter of the places that are looked at.
fn is_mixed(block: &[Record]) -> bool {
    let pairs = block.windows(2).step_by(SAMPLED);
    let looks = pairs.len();
    4 * pairs.filter(|pair| pair[0].core != pair[1].core).count() > looks
}

/// Returns what the caches are asked by a record, if it is an access.
#[inline]
pub(crate) const fn access_of(op: Op) -> Option<coherence::Op> {
    match op {
        Op::Read => Some(coherence::Op::Read),
        Op::Write => Some(coherence::Op::Write),
        Op::Atomic => Some(coherence::Op::Atomic),
        Op::Fetch => Some(coherence::Op::Fetch),
        Op::Clean
        | Op::Flush
        | Op::FlushAll
        | Op::Fence
        | Op::Compute
        | Op::Time
        | Op::TimeTicks
        | Op::Pc => None,
    }
}

/// Returns what the caches are asked by a record, if it is an access and says nothing else that the
/// watcher wants to hear: a fetch says which instruction a core is at.
#[inline]
const fn plain_access_of<O: Watcher>(op: Op) -> Option<coherence::Op> {
    if O::HEARS_OF_CODE && matches!(op, Op::Fetch) { None } else { access_of(op) }
}

/// Returns a record's time in ticks, rounded down.
pub(crate) fn ticks(record: &Record, clock_hz: u64) -> u64 {
    if record.op == Op::TimeTicks {
        return record.addr;
    }
    let ticks = u128::from(record.addr) * u128::from(clock_hz) / 1_000_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use coherence::{Cause, FirstLevel, Place, Reference};

    use super::*;
    use crate::config::Draft;
    use crate::observe::Values;

    /// An onlooker of values that misses every line moved from one core's cache to another place.
    struct Forgetful(Values);

    impl Observer for Forgetful {
        fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
            self.0.looked_up(reference, cache, answer);
        }

        fn changed(
            &mut self,
            core: u32,
            line: cache::LineAddr,
            from: State,
            to: State,
            cause: Cause,
        ) {
            self.0.changed(core, line, from, to, cause);
        }

        fn loaded(&mut self, reference: &Reference, place: Place) {
            self.0.loaded(reference, place);
        }

        fn storing(&mut self, reference: &Reference) {
            self.0.storing(reference);
        }

        fn stored(&mut self, reference: &Reference, place: Place) {
            self.0.stored(reference, place);
        }

        fn copied(&mut self, line: cache::LineAddr, from: Place, to: Place) {
            let leaves_core_0 = matches!(from, Place::Private { core: 0, .. });
            if !leaves_core_0 || matches!(to, Place::Private { core: 0, .. }) {
                self.0.copied(line, from, to);
            }
        }

        fn halts(&self) -> bool {
            self.0.halts()
        }
    }

    impl Watcher for Forgetful {
        fn violation(&self) -> Option<&Violation> {
            self.0.violation()
        }

        fn line_not_stored(&self) -> Option<cache::LineAddr> {
            self.0.line_not_stored()
        }
    }

    fn session(settings: &[&str]) -> Session<Forgetful> {
        let mut draft = Draft::built_in();
        for setting in settings {
            draft.set(setting).unwrap();
        }
        let config = Config::new(&draft).unwrap();
        let values = Forgetful(Values::new(&config.machine, config.word_bytes));
        Session::new(&config, &ReplayOptions::default(), values).unwrap()
    }

    fn access(core: u16, op: trace::Op) -> Record {
        Record::access(core, op, 0x1004, 4)
    }

    #[test]
    fn a_lost_copy_is_a_load_that_did_not_see_the_last_store() {
        let mut session = session(&["cores=2"]);
        assert!(session.step(&access(0, trace::Op::Write)).is_ok());
        assert!(session.step(&access(0, trace::Op::Read)).is_ok());
        let error = session.step(&access(1, trace::Op::Read)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "access 3: core 1 loaded word 1 of the line 0x1000 and found store 0, not store 1; the \
             states are S S; the rule was I.Load, filled from the cache of core 0"
        );
    }

    #[test]
    fn a_run_of_several_cores_stops_at_the_load_that_is_wrong() {
        let mut session = session(&["cores=2"]);
        let other = |core| Record::access(core, trace::Op::Read, 0x2000, 4);
        let wrong = [access(0, trace::Op::Write), other(1), other(0), access(1, trace::Op::Read)];
        let records = [&wrong[..], &[other(0), other(1), other(0)]].concat();
        assert!(is_mixed(&records));
        let error = session.run(&records).unwrap_err().to_string();
        assert!(error.starts_with("access 4: core 1 loaded word 1 of the line 0x1000"), "{error}");
    }

    #[test]
    fn the_rule_is_that_of_the_load_and_not_of_its_victim() {
        // Core 1's own dirty line leaves first; then core 0 supplies, and that copy is forgotten.
        let mut session = session(&["cores=2", "L1.size=64", "L1.ways=1"]);
        assert!(session.step(&access(0, trace::Op::Write)).is_ok());
        let other = Record::access(1, trace::Op::Write, 0x2004, 4);
        assert!(session.step(&other).is_ok());
        let error = session.step(&access(1, trace::Op::Read)).unwrap_err();
        let rule = "the rule was I.Load, filled from the cache of core 0";
        assert!(error.to_string().ends_with(rule), "{error}");
    }

    #[test]
    fn an_atomics_rule_is_the_cell_that_it_found() {
        // Core 1's shared copy is an old one; its atomic finds S, and leaves M.
        let mut session = session(&["cores=3"]);
        assert!(session.step(&access(0, trace::Op::Write)).is_ok());
        let write = Record::access(0, trace::Op::Write, 0x1008, 4);
        assert!(session.step(&write).is_ok());
        let elsewhere = Record::access(1, trace::Op::Read, 0x1000, 4);
        assert!(session.step(&elsewhere).is_ok());
        let error = session.step(&access(1, trace::Op::Atomic)).unwrap_err();
        assert!(error.to_string().ends_with("the rule was S.Store, a hit"), "{error}");
    }

    #[test]
    fn a_store_that_never_reaches_memory_shows_after_the_drain() {
        let mut session = session(&["cores=1", "rules.drain_at_end=true"]);
        assert!(session.step(&access(0, trace::Op::Write)).is_ok());
        let error = session.finish(Interleave::Recorded, &[]).unwrap_err();
        assert!(matches!(error, ReplayError::NotStored { line: Addr(0x1000) }), "{error}");
    }

    #[test]
    fn the_machines_own_table_names_the_cell_that_no_path_reaches() {
        let broken = Broken {
            core: 1,
            line: cache::LineAddr(0x40),
            state: coherence::State(3),
            event: "BusUpgr",
        };
        let error = session(&[]).broken(broken);
        let expected = "access 0: core 1 was asked for the impossible cell M.BusUpgr";
        assert_eq!(error.to_string(), expected);
    }
}
