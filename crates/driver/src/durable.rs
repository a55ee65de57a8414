//! The replay of a config with a durability section: clients, time and events take turns.

use std::ops::ControlFlow;

use cache::Addr;
use coherence::CORES_MAX;
use durability::{Durability, Engine, Request, Stopped, WrongCount};
use trace::{Op, Record};

use crate::audit::{BrokenLaw, Turns, audit, audit_lines};
use crate::config::{Clients, Config, Peers};
use crate::interleave::{Interleave, Merger};
use crate::observe::Watcher;
use crate::replay::{ReplayOptions, Replayed, Streams};
use crate::replay_error::ReplayError;
use crate::session::{states_at, ticks};
use crate::tally::Tally;

/// A run under way.
pub(crate) struct DurableRun<O> {
    engine: Engine<O>,
    clock_hz: u64,
    one_cache: bool,
    /// Requests come at the times that the trace states, whoever still waits.
    open: bool,
    grows: bool,
    accesses: u64,
    limit: u64,
    /// The time that the trace has set for each core's next record, in ticks.
    times: [u64; CORES_MAX as usize],
    /// Addresses whose lines are looked at when the trace has ended.
    looks: Vec<u64>,
}

/// Records between two calls of the progress function.
const PROGRESS_EVERY: u64 = 65_536;

impl<O: Watcher> DurableRun<O> {
    /// Builds the caches of a config and what lies below them.
    pub(crate) fn new(
        config: &Config,
        durability: &Durability,
        options: &ReplayOptions,
        observer: O,
    ) -> Result<Self, ReplayError> {
        let one_cache = config.peers == Peers::None;
        let mut machine = config.machine.clone();
        if one_cache {
            machine.cores = 1;
        }
        let plan = options.crashes.clone();
        let mut engine = Engine::new(machine, durability.clone(), one_cache, plan, observer)
            .map_err(ReplayError::Build)?;
        if let Some(fault) = options.plant {
            engine.plant(fault);
        }
        Ok(Self {
            engine,
            clock_hz: config.clock_hz,
            one_cache,
            open: config.clients == Clients::Open,
            grows: config.cores_from_trace,
            accesses: 0,
            limit: options.limit.unwrap_or(u64::MAX),
            times: [0; CORES_MAX as usize],
            looks: options.looks.clone(),
        })
    }

    pub(crate) fn replay(
        mut self,
        streams: Streams,
        interleave: Interleave,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Replayed, ReplayError> {
        match streams {
            Streams::Ordered(mut source) => {
                let mut chunk = Vec::new();
                let mut more = true;
                while more && self.accesses < self.limit {
                    chunk.clear();
                    more = source.read(&mut chunk)?;
                    for record in &chunk {
                        if self.accesses == self.limit {
                            break;
                        }
                        self.ordered(record)?;
                    }
                    self.report(progress)?;
                }
            }
            Streams::PerCore(sources) => {
                if !self.one_cache {
                    self.engine.grow(sources.len() as u32);
                }
                self.merged(Merger::new(sources, interleave), interleave, progress)?;
            }
        }
        self.finish(interleave)
    }

    fn report(&self, progress: &mut dyn FnMut(u64) -> ControlFlow<()>) -> Result<(), ReplayError> {
        if progress(self.accesses).is_break() {
            return Err(ReplayError::Interrupted(self.accesses));
        }
        Ok(())
    }

    /// Performs the next record of a trace in its own order.
    fn ordered(&mut self, record: &Record) -> Result<(), ReplayError> {
        if matches!(record.op, Op::Time | Op::TimeTicks) {
            // In one trace of all cores a time is every core's.
            self.times = [ticks(record, self.clock_hz); CORES_MAX as usize];
            return Ok(());
        }
        self.perform(record)
    }

    fn merged(
        &mut self,
        mut merger: Merger,
        interleave: Interleave,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), ReplayError> {
        let mut records: u64 = 0;
        while self.accesses < self.limit {
            let clock = |core: u32| self.start(core).unwrap_or(u64::MAX);
            let Some(core) = merger.peek(clock)? else { break };
            if !merger.is_at_time(core) && interleave == Interleave::Clock {
                // What happens before it may let another core go first.
                let at = self.start(core);
                if self.engine.event_before(at).is_some() || at.is_none() {
                    self.step(at.is_none())?;
                    continue;
                }
            }
            let (core, record) = merger.take(core)?;
            if matches!(record.op, Op::Time | Op::TimeTicks) {
                self.times[core as usize] = ticks(&record, self.clock_hz);
            } else {
                self.perform(&record)?;
            }
            records += 1;
            if records.is_multiple_of(PROGRESS_EVERY) {
                self.report(progress)?;
            }
        }
        Ok(())
    }

    /// Returns when a core's next record begins, unless the core waits for something.
    fn start(&self, core: u32) -> Option<u64> {
        let time = self.times[core as usize];
        if self.open && time > 0 {
            return Some(time.max(self.engine.now()));
        }
        let ready = self.engine.ready(core)?;
        Some(ready.max(self.times[core as usize]).max(self.engine.now()))
    }

    /// Lets the next event happen; somebody waits for one if `needed`.
    fn step(&mut self, needed: bool) -> Result<(), ReplayError> {
        if needed && self.engine.is_idle() {
            let (cores, dirty) = (self.engine.waiting(), self.engine.dirty());
            return Err(ReplayError::Stuck { cores, dirty });
        }
        self.engine.step().map_err(|stopped| self.stopped(stopped))?;
        self.check_values()
    }

    fn check_values(&self) -> Result<(), ReplayError> {
        match self.engine.observer().violation() {
            Some(violation) => {
                Err(ReplayError::value(self.accesses, violation, self.engine.machine()))
            }
            None => Ok(()),
        }
    }

    /// Performs a record once its core is ready and all that comes before it has happened.
    fn perform(&mut self, record: &Record) -> Result<(), ReplayError> {
        if record.op == Op::Pc {
            // Several clients may share a core: whose instruction it is at says little here.
            return Ok(());
        }
        let core = u32::from(record.core);
        if !self.one_cache && core >= self.engine.cores() {
            self.grow(core)?;
        }
        let at = loop {
            match self.start(core) {
                None => self.step(true)?,
                Some(at) if self.engine.event_before(Some(at)).is_some() => self.step(false)?,
                Some(at) => break at,
            }
        };
        let waits = record.op.is_access() || record.op == Op::Fence;
        let of = core;
        let core = if self.open && waits { self.connect(core)? } else { core };
        let addr = Addr(record.addr);
        let done = match record.op {
            Op::Read => self.access(core, at, coherence::Op::Read, record),
            Op::Write => self.access(core, at, coherence::Op::Write, record),
            Op::Atomic => self.access(core, at, coherence::Op::Atomic, record),
            Op::Fetch => self.access(core, at, coherence::Op::Fetch, record),
            Op::Clean => self.engine.clean(core, at, (addr, record.size), false),
            Op::Flush => self.engine.clean(core, at, (addr, record.size), true),
            Op::FlushAll => self.engine.clean_all(core, at),
            Op::Fence => self.engine.fence(core, of, at),
            Op::Compute => self.engine.compute(core, at, record.addr),
            Op::Time | Op::TimeTicks | Op::Pc => Ok(()),
        };
        done.map_err(|stopped| self.stopped(stopped))?;
        self.check_values()
    }

    /// Returns who asks for a core that does not wait for its own answers.
    fn connect(&mut self, core: u32) -> Result<u32, ReplayError> {
        if self.times[core as usize] == 0 {
            return Ok(core);
        }
        loop {
            match self.engine.connection() {
                Some(connection) => return Ok(connection),
                None => self.step(true)?,
            }
        }
    }

    fn access(
        &mut self,
        core: u32,
        at: u64,
        op: coherence::Op,
        record: &Record,
    ) -> Result<(), Stopped> {
        self.accesses += 1;
        let request = Request { op, addr: Addr(record.addr), bytes: record.size };
        self.engine.request(core, at, request)
    }

    #[cold]
    fn grow(&mut self, core: u32) -> Result<(), ReplayError> {
        let cores = self.engine.cores();
        if !self.grows || core >= CORES_MAX {
            return Err(ReplayError::NoSuchCore { access: self.accesses + 1, core, cores });
        }
        self.engine.grow(core + 1);
        Ok(())
    }

    fn finish(mut self, interleave: Interleave) -> Result<Replayed, ReplayError> {
        while self.engine.waiting() > 0 {
            self.step(true)?;
        }
        let ended = self.engine.end().map_err(|stopped| self.stopped(stopped))?;
        self.check_values()?;
        // The orderly end is no part of the trace: what it cleans is not counted here.
        let tally = Tally::of(self.engine.machine());
        let machine = self.engine.machine().spec().clone();
        let looks = self.looks.iter().map(|&addr| states_at(self.engine.machine(), addr)).collect();
        let turns = if self.one_cache { Turns::Overlapping } else { Turns::OneByOne };
        audit(&machine, &tally, &[], turns).map_err(ReplayError::Law)?;
        let lines = self.engine.observer().hot_lines();
        audit_lines(&tally, lines.as_ref()).map_err(ReplayError::Law)?;
        let accesses = self.accesses;
        let checked_loads = self.engine.observer().checked_loads();
        let name = |stopped| stopped_error(accesses, stopped, &machine);
        let finished = self.engine.shut_down(ended).map_err(name)?;
        Ok(Replayed {
            machine,
            interleave,
            tally,
            accesses,
            checked_loads,
            outcome: Some(finished.outcome),
            crashes: finished.crashes,
            looks,
            lines,
        })
    }

    #[cold]
    fn stopped(&self, stopped: Stopped) -> ReplayError {
        stopped_error(self.accesses, stopped, self.engine.machine().spec())
    }
}

#[cold]
fn stopped_error(access: u64, stopped: Stopped, machine: &coherence::MachineSpec) -> ReplayError {
    match stopped {
        Stopped::Broken(broken) => {
            let state = machine.protocol.state_name(broken.state).to_owned();
            ReplayError::Broken { access, broken, state }
        }
        Stopped::Wrong(WrongCount { law, place, left, right }) => {
            ReplayError::Law(BrokenLaw { law, place, left, right })
        }
        Stopped::Stuck { clients, dirty } => ReplayError::Stuck { cores: clients, dirty },
    }
}
