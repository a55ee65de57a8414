//! A machine for scripts: one private cache a core, which holds every line unless it is made small.

use cache::{Addr, Geometry, LineAddr, LineSize, Replacement, Ways};
use coherence::{
    Broken, BusSpec, Inclusion, LevelSpec, Machine, MachineSpec, Protocol, Rules, State,
    WritePolicy,
};
use driver::audit::Turns;
use driver::observe::{Values, Watcher};
use driver::{Tally, protocol_file};

use super::error::{Error, ErrorKind, Place};
use super::log::{Happening, Log, Step};
use super::recorder::Recorder;
use super::script::{Access, LINE_BYTES, Op, Script, WORD_BYTES};

/// A protocol, the rules and the size of the caches, to run scripts on.
///
/// ```
/// use mesim::{Rules, Simulation, WriteToShared};
///
/// // On a machine without BusUpgr, a store to a shared copy reads the line again.
/// let rules = Rules { write_to_shared: WriteToShared::ReadExclusive, ..Rules::default() };
/// let log = Simulation::built_in("MSI")?.rules(rules).run("0 R x; 0 W x");
/// assert_eq!(log.steps()[1].bus, ["BusRdX"]);
///
/// // A cache of one line: y takes the place of x.
/// let log = Simulation::built_in("MSI")?.lines(1).run("0 W x; 0 R y");
/// assert_eq!((log.count("write_backs"), log.states("x")[0].as_str()), (1, "I"));
/// # Ok::<(), mesim::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    protocol: Protocol,
    rules: Rules,
    lines: Option<u32>,
    cores: u32,
}

/// A protocol value; [`Simulation::from_ron`] reads one from its file's text.
impl From<Protocol> for Simulation {
    fn from(protocol: Protocol) -> Self {
        Self { protocol, rules: Rules::default(), lines: None, cores: 1 }
    }
}

impl Simulation {
    /// Takes a built-in protocol by its name, in any case.
    pub fn built_in(name: &str) -> Result<Self, Error> {
        Protocol::built_in(name).cloned().map(Self::from).ok_or_else(|| {
            let names: Vec<_> = Protocol::BUILT_IN.iter().map(|known| known.name()).collect();
            let hint = format!("the protocols are {}", names.join(", "));
            Error::new(ErrorKind::NoSuchProtocol, format!("there is no protocol `{name}`"), hint)
        })
    }

    /// Takes a protocol as its file says it (RON, as `mesim protocol show mesi --format ron` prints
    /// one): every cell is held against the rules that all protocols must keep.
    ///
    /// ```
    /// # use coherence::Protocol;
    /// # let text = driver::protocol_file::write(Protocol::built_in("MSI").unwrap());
    /// // let text = std::fs::read_to_string("mine.ron")?;
    /// let log = mesim::Simulation::from_ron(&text)?.run("0 R x; 0 W x");
    /// assert_eq!(log.states("x"), ["M"]);
    ///
    /// let forgetful = text.replace("flush(S)", "go(S)");
    /// let error = mesim::Simulation::from_ron(&forgetful).unwrap_err();
    /// assert_eq!(error.kind(), mesim::ErrorKind::NotAProtocol);
    /// assert!(error.to_string().starts_with("M, BusRd: a snoop drops dirty data"));
    /// # Ok::<(), mesim::Error>(())
    /// ```
    pub fn from_ron(text: &str) -> Result<Self, Error> {
        let read = protocol_file::read("protocol", text);
        let mistakes = match read {
            Ok(file) if file.defects.is_empty() => return Ok(Self::from(file.protocol)),
            Ok(file) => file.defects,
            Err(mistakes) => mistakes,
        };
        let first = mistakes.into_iter().next().expect("a refusal has a reason");
        let error = Error::new(ErrorKind::NotAProtocol, first.message, first.help);
        Err(error.at(Place::in_text("protocol", text, first.origin.span)))
    }

    /// Sets the house rules. (`drain_at_end` has no effect: a log ends with its last access.)
    #[must_use]
    pub fn rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Makes each core's cache hold that many lines, the least recently used of which makes room.
    #[must_use]
    pub fn lines(self, lines: u32) -> Self {
        Self { lines: Some(lines), ..self }
    }

    /// Has at least that many cores; otherwise there are as many as the script names.
    #[must_use]
    pub fn cores(self, cores: u32) -> Self {
        Self { cores, ..self }
    }

    /// Runs a script.
    ///
    /// # Panics
    /// If [`Simulation::try_run`] has an error; the message is that error.
    #[track_caller]
    pub fn run(&self, script: &str) -> Log {
        match self.try_run(script) {
            Ok(log) => log,
            // Here and not in a closure, so that the panic is the caller's.
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs a script: every load is compared with the last store to its word, and what was counted
    /// is audited, as in any replay.
    pub fn try_run(&self, script: &str) -> Result<Log, Error> {
        let script = Script::parse(script)?;
        let mut run = Run::new(self.machine(&script)?, &script)?;
        for access in &script.accesses {
            run.step(access)?;
        }
        let tally = Tally::of(&run.machine);
        if let Err(law) = driver::audit::audit(run.machine.spec(), &tally, &[], Turns::OneByOne) {
            let hint = "the protocol, or mesim itself, is wrong";
            return Err(Error::new(ErrorKind::BrokenLaw, law.to_string(), hint).after(run.log()));
        }
        Ok(run.log())
    }

    fn machine(&self, script: &Script) -> Result<MachineSpec, Error> {
        let impossible = |what: String| {
            let hint = "a machine has 1 to 64 cores with at least one line each";
            Error::new(ErrorKind::NotAMachine, what, hint)
        };
        let line = LineSize::new(u64::from(LINE_BYTES)).expect("64 bytes are a line");
        let lines = u64::from(self.lines.unwrap_or(script.names.len() as u32));
        let geometry = Geometry::new(lines * u64::from(LINE_BYTES), Ways::Full, line);
        let level = LevelSpec {
            name: "L1".to_owned(),
            geometry: geometry.map_err(|error| impossible(error.to_string()))?,
            replacement: Replacement::Lru,
            write: WritePolicy::WriteBack,
            inclusion: Inclusion::Inclusive,
            latency: 1,
        };
        let bus = BusSpec { request: 1, width: 32, beat: 1, cache_to_cache: 1, pipelined: false };
        let spec = MachineSpec {
            cores: self.cores.max(script.cores()),
            protocol: self.protocol.clone(),
            line,
            private: vec![level],
            l1i: None,
            shared: Vec::new(),
            bus,
            memory_latency: 1,
            write_buffer: 1,
            rules: self.rules,
        };
        spec.check().map_err(|error| impossible(error.to_string()))?;
        Ok(spec)
    }
}

/// A script under way.
struct Run<'a> {
    machine: Machine<(Recorder, Values)>,
    script: &'a Script,
    steps: Vec<Step>,
}

impl<'a> Run<'a> {
    fn new(spec: MachineSpec, script: &'a Script) -> Result<Self, Error> {
        let values = Values::new(&spec, WORD_BYTES);
        let machine = Machine::new(spec, (Recorder::default(), values)).map_err(|error| {
            Error::new(ErrorKind::NotAMachine, error.to_string(), "leave `lines` out")
        })?;
        Ok(Self { machine, script, steps: Vec::new() })
    }

    fn step(&mut self, access: &Access) -> Result<(), Error> {
        let line = LineAddr(access.line as u64);
        self.machine.observer_mut().0.begin();
        let before = self.states(line);
        let result = self.perform(access, line);
        let after = self.states(line);
        let recorded = &self.machine.observer().0;
        let happenings = recorded.events.iter().map(|&(event, core, line)| Happening {
            event,
            core,
            name: self.script.names[line.0 as usize].clone(),
        });
        let happenings = happenings.collect();
        let supplier = recorded.bus.iter().find_map(|(_, supplier)| *supplier);
        self.steps.push(Step {
            core: access.core,
            op: access.op,
            name: self.script.names[access.line].clone(),
            word: access.word,
            hit: recorded.hit,
            bus: recorded.bus.iter().map(|(op, _)| *op).collect(),
            supplier,
            before,
            after,
            happenings,
        });
        self.check(access, result)
    }

    fn perform(&mut self, access: &Access, line: LineAddr) -> Result<(), Broken> {
        let addr = Addr(line.0 * u64::from(LINE_BYTES) + u64::from(access.word * WORD_BYTES));
        let op = match access.op {
            Op::Read => coherence::Op::Read,
            Op::Write => coherence::Op::Write,
            Op::Atomic => coherence::Op::Atomic,
            Op::Fetch => coherence::Op::Fetch,
            Op::Clean => return self.machine.clean(addr, WORD_BYTES),
            Op::Flush => return self.machine.flush_range(addr, WORD_BYTES),
            Op::Evict => return self.machine.evict(access.core, line),
        };
        self.machine.access(access.core, op, addr, WORD_BYTES)
    }

    /// Looks whether the protocol kept what it promises.
    fn check(&self, access: &Access, result: Result<(), Broken>) -> Result<(), Error> {
        let wrong = |kind, message: String, hint| {
            Err(Error::new(kind, message, hint).at(self.script.place(access)).after(self.log()))
        };
        if let Err(broken) = result {
            let state = self.machine.spec().protocol.state_name(broken.state);
            let (core, event) = (broken.core, broken.event);
            let message = format!("core {core} in state {state} came to {event}, which is never");
            let hint = "give the cell a step, or keep the access from coming to it";
            return wrong(ErrorKind::ImpossibleCell, message, hint);
        }
        if self.machine.observer().1.violation().is_some() {
            let message = format!("core {} loads an old value", access.core);
            let hint = "a copy of the line was neither taken away nor updated by a store";
            return wrong(ErrorKind::OldValue, message, hint);
        }
        Ok(())
    }

    fn states(&self, line: LineAddr) -> Vec<String> {
        let spec = self.machine.spec();
        let name = |state: State| spec.protocol.state_name(state).to_owned();
        (0..spec.cores).map(|core| name(self.machine.state(core, line))).collect()
    }

    fn log(&self) -> Log {
        let tally = Tally::of(&self.machine);
        let totals = tally.totals().counters;
        // No time is shown: the machine's is made up.
        let timeless = |name: &&str| !name.ends_with("_cycles");
        let of_cores = coherence::CoreCounters::NAMES.iter().zip(totals.values());
        let of_cores = of_cores.filter(|(name, _)| timeless(name));
        let others = [
            ("memory.reads", tally.memory.reads),
            ("memory.writes", tally.memory.writes),
            ("bus.data_bytes", tally.bus.data_bytes),
        ];
        let lines = self.script.names.iter().enumerate();
        Log {
            protocol: self.machine.spec().protocol.name().to_owned(),
            steps: self.steps.clone(),
            counts: of_cores
                .map(|(name, value)| ((*name).to_owned(), value))
                .chain(others.map(|(name, value)| (name.to_owned(), value)))
                .collect(),
            lines: lines
                .map(|(line, name)| (name.clone(), self.states(LineAddr(line as u64))))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use coherence::Fault;

    use super::*;

    /// Runs a script on three cores of an MSI machine whose first sharer survives a `BusRdX`.
    fn with_a_survivor(text: &str) -> Error {
        let script = Script::parse(text).unwrap();
        let simulation = Simulation::built_in("MSI").unwrap();
        let mut run = Run::new(simulation.machine(&script).unwrap(), &script).unwrap();
        run.machine.observer_mut().0.planted = Some(Fault::OneSharerSurvives);
        let mut failed = script.accesses.iter().filter_map(|access| run.step(access).err());
        failed.next().expect("something is wrong")
    }

    #[test]
    fn an_old_value_is_shown_with_the_steps_up_to_it() {
        let error = with_a_survivor("0 R x; 1 W x; 0 R x; 1 R x");
        assert_eq!(error.kind(), ErrorKind::OldValue);
        assert_eq!(error.log().unwrap().steps().len(), 3);
        assert_eq!(
            error.to_string(),
            "\
core 0 loads an old value
 --> script:1:15
  |
1 | 0 R x; 1 W x; 0 R x; 1 R x
  |               ^^^^^
MSI, 2 cores
step  access  answer  bus     from    core 0  core 1  also
   1  0 R x   miss    BusRd   memory  I>S     I
   2  1 W x   miss    BusRdX  memory  S       I>M
   3  0 R x   hit     -       -       S       M
 = help: a copy of the line was neither taken away nor updated by a store"
        );
    }

    #[test]
    fn an_impossible_cell_is_named() {
        let error = with_a_survivor("0 R x; 1 W x; 0 W x");
        assert_eq!(error.kind(), ErrorKind::ImpossibleCell);
        assert!(
            error.to_string().starts_with("core 1 in state M came to BusUpgr, which is never\n"),
            "{error}"
        );
    }
}
