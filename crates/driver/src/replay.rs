//! The main job: a trace through a machine.

use std::ops::ControlFlow;

use coherence::{MachineSpec, State};
use durability::{Crash, CrashPlan, Outcome};
use trace::Source;

use crate::audit::{Turns, audit, audit_lines};
use crate::config::Config;
use crate::durable::DurableRun;
use crate::interleave::{Interleave, Merger};
use crate::observe::{
    Classes, Coverage, FirstSteps, HotLines, Lines, Step, StepRecorder, Values, Watcher,
    WindowCounter, Windows,
};
use crate::replay_error::ReplayError;
use crate::session::Session;
use crate::tally::Tally;

/// Where the accesses come from.
pub enum Streams {
    /// One trace of all cores, in its own order.
    Ordered(Box<dyn Source>),
    /// A trace of each core: stream i is core i's.
    PerCore(Vec<Box<dyn Source>>),
}

/// What a replay does besides counting.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReplayOptions {
    /// Classify every miss.
    pub classify: bool,
    /// Carry data values and check every load.
    pub check: bool,
    /// Count the uses of every cell of the protocol's tables.
    pub coverage: bool,
    /// Count every line by itself, classify every miss, and say that many of the lines with the
    /// most coherence trouble.
    pub top: Option<usize>,
    /// Accesses that run before the counting starts.
    pub warmup: u64,
    /// The most accesses that are replayed, those of the warm-up included.
    pub limit: Option<u64>,
    /// The crashes that are looked at, on a config with a durability section.
    pub crashes: CrashPlan,
    /// Addresses whose lines are looked at when the trace has ended.
    pub looks: Vec<u64>,
    /// A bug that a test plants below the caches, to see it caught.
    #[doc(hidden)]
    pub plant: Option<durability::Fault>,
}

/// What was counted.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The machine, with as many cores as it had at the end.
    pub machine: MachineSpec,
    /// The order of accesses.
    pub interleave: Interleave,
    /// The counters.
    pub tally: Tally,
    /// Accesses that were counted.
    pub accesses: u64,
    /// Loads that were compared with the last store, those of the warm-up included.
    pub checked_loads: Option<u64>,
    /// What became durable, and when, on a config with a durability section.
    pub outcome: Option<Outcome>,
    /// The crashes that were looked at.
    pub crashes: Vec<Crash>,
    /// Every core's state for the line of each address that was to be looked at, at the end.
    pub looks: Vec<Vec<State>>,
    /// The lines with the most coherence trouble.
    pub lines: Option<HotLines>,
}

/// Replays a trace.
///
/// `progress` is told the accesses so far now and then, and can stop the replay.
pub fn replay(
    config: &Config,
    streams: Streams,
    interleave: Interleave,
    options: &ReplayOptions,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let run = Run { config, interleave, options, progress };
    let replayed = beside(config, options, Whole { run, streams });
    replayed.map_err(|error| error.under(&config.machine.protocol))
}

/// Replays a trace on a machine without a durability section, and tells of each step as soon as it
/// is over, with the machine as it is then; those of the warm-up too. The result is that of
/// [`replay()`].
pub fn replay_steps(
    config: &Config,
    streams: Streams,
    interleave: Interleave,
    options: &ReplayOptions,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    show: &mut dyn FnMut(&MachineSpec, &Step),
) -> Result<Replayed, ReplayError> {
    let recorder = recorder(config, &streams, options, show);
    let run = Run { config, interleave, options, progress };
    let replayed = run
        .perform(streams, recorder)
        .and_then(|session| session.finish(interleave, &options.looks));
    replayed.map_err(|error| error.under(&config.machine.protocol))
}

/// Replays a trace as [`replay_steps`] does, with the misses classified, the uses of cells counted
/// and `options.top` hot lines, tells of its steps until `show` breaks, and measures windows of all
/// of it. What was checked would stop nothing: `options.check` and `options.warmup` are not for
/// here.
pub fn replay_windows(
    config: &Config,
    streams: Streams,
    interleave: Interleave,
    options: &ReplayOptions,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    show: &mut dyn FnMut(&MachineSpec, Step) -> ControlFlow<()>,
) -> Result<(Replayed, Windows), ReplayError> {
    assert!(!options.check && options.warmup == 0, "not for here");
    let first = FirstSteps::new(config, cores_of(config, &streams), options, show);
    let most = options.top.unwrap_or(0);
    let windows = WindowCounter::new(&config.machine, config.word_bytes, most);
    let run = Run { config, interleave, options, progress };
    let replayed = run.perform(streams, (windows, (Coverage::default(), first)));
    let replayed = replayed.and_then(|mut session| {
        // What is drained is no part of any window.
        let windows = session.machine_mut().observer_mut().0.take();
        Ok((session.finish(interleave, &options.looks)?, windows))
    });
    replayed.map_err(|error| error.under(&config.machine.protocol))
}

/// Tells of each step of a trace as [`replay_steps`] does, and counts nothing: so no law of the
/// counters stands between a broken protocol and who wants to see what it does.
pub fn show_steps(
    config: &Config,
    streams: Streams,
    interleave: Interleave,
    options: &ReplayOptions,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    show: &mut dyn FnMut(&MachineSpec, &Step),
) -> Result<(), ReplayError> {
    let recorder = recorder(config, &streams, options, show);
    let run = Run { config, interleave, options, progress };
    let performed = run.perform(streams, recorder);
    let mut session = performed.map_err(|error| error.under(&config.machine.protocol))?;
    session.machine_mut().observer_mut().at_end();
    Ok(())
}

/// What is told of each step.
type ShowStep<'a> = &'a mut dyn FnMut(&MachineSpec, &Step);

fn recorder<'a>(
    config: &Config,
    streams: &Streams,
    options: &ReplayOptions,
    show: &'a mut dyn FnMut(&MachineSpec, &Step),
) -> StepRecorder<ShowStep<'a>> {
    StepRecorder::new(config, cores_of(config, streams), options, show)
}

/// Returns how many cores there are before the first step of a trace.
fn cores_of(config: &Config, streams: &Streams) -> u32 {
    assert!(config.durability.is_none(), "steps do not show what becomes durable");
    match streams {
        Streams::Ordered(_) => config.machine.cores,
        Streams::PerCore(sources) => config.machine.cores.max(sources.len() as u32),
    }
}

struct Run<'a> {
    config: &'a Config,
    interleave: Interleave,
    options: &'a ReplayOptions,
    progress: &'a mut dyn FnMut(u64) -> ControlFlow<()>,
}

/// What is done beside an observer, of whatever type the options ask for.
pub(crate) trait Beside {
    type Output;

    fn beside<O: Watcher + Send + 'static>(self, observer: O) -> Self::Output;
}

/// Does something beside the observers that the options ask for.
pub(crate) fn beside<B: Beside>(config: &Config, options: &ReplayOptions, work: B) -> B::Output {
    if options.coverage {
        beside_more(config, options, Coverage::default(), work)
    } else {
        beside_more(config, options, (), work)
    }
}

fn beside_more<O, B>(config: &Config, options: &ReplayOptions, first: O, work: B) -> B::Output
where
    O: Watcher + Send + 'static,
    B: Beside,
{
    let (spec, word_bytes) = (&config.machine, config.word_bytes);
    let classes = || Classes::new(spec, word_bytes);
    let values = || Values::new(spec, word_bytes);
    if let Some(most) = options.top {
        let lines = Lines::new(spec, word_bytes, most);
        return if options.check {
            work.beside((first, (lines, values())))
        } else {
            work.beside((first, lines))
        };
    }
    match (options.classify, options.check) {
        (false, false) => work.beside(first),
        (true, false) => work.beside((first, classes())),
        (false, true) => work.beside((first, values())),
        (true, true) => work.beside((first, (classes(), values()))),
    }
}

/// A replay from the first record to the last.
struct Whole<'a> {
    run: Run<'a>,
    streams: Streams,
}

impl Beside for Whole<'_> {
    type Output = Result<Replayed, ReplayError>;

    fn beside<O: Watcher + Send + 'static>(self, observer: O) -> Self::Output {
        let Self { run, streams } = self;
        if let Some(durability) = &run.config.durability {
            let durable = DurableRun::new(run.config, durability, run.options, observer)?;
            return durable.replay(streams, run.interleave, run.progress);
        }
        let (interleave, options) = (run.interleave, run.options);
        run.perform(streams, observer)?.finish(interleave, &options.looks)
    }
}

impl Run<'_> {
    /// Performs all accesses on a machine of caches alone.
    fn perform<O: Watcher>(self, streams: Streams, observer: O) -> Result<Session<O>, ReplayError> {
        let mut session = Session::new(self.config, self.options, observer)?;
        match streams {
            Streams::Ordered(source) => session.run_ordered(source, self.progress)?,
            Streams::PerCore(sources) => {
                session.machine_mut().grow(sources.len() as u32);
                session.run_merged(Merger::new(sources, self.interleave), self.progress)?;
            }
        }
        Ok(session)
    }
}

/// What was counted, before it is audited.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) machine: MachineSpec,
    pub(crate) now: Tally,
    /// What had been counted when the warm-up ended.
    pub(crate) before: Tally,
    pub(crate) accesses: u64,
    pub(crate) checked_loads: Option<u64>,
    pub(crate) lines: Option<HotLines>,
}

impl Counted {
    /// Returns what was counted since the warm-up, if it keeps the laws.
    pub(crate) fn audited(self, interleave: Interleave) -> Result<Replayed, ReplayError> {
        let Self { machine, now, before, accesses, checked_loads, lines } = self;
        let tally = now.since(&before);
        audit(&machine, &tally, &before.standing, Turns::OneByOne).map_err(ReplayError::Law)?;
        audit_lines(&tally, lines.as_ref()).map_err(ReplayError::Law)?;
        Ok(Replayed {
            machine,
            interleave,
            tally,
            accesses,
            checked_loads,
            outcome: None,
            crashes: Vec::new(),
            looks: Vec::new(),
            lines,
        })
    }
}
