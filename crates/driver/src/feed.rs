//! A replay that is fed: its records come from outside, some at a time, so that one thread can take
//! several machines through one trace.

use trace::Record;

use crate::config::Config;
use crate::interleave::Interleave;
use crate::observe::Watcher;
use crate::replay::{Beside, ReplayOptions, Replayed, beside};
use crate::replay_error::ReplayError;
use crate::session::Session;

/// A machine that is fed the records of a trace in their recorded order. Fed all of them, it counts
/// what [`replay()`](crate::replay()) counts.
pub struct Feeding {
    session: Box<dyn Fed>,
    config: Config,
}

impl Feeding {
    /// Builds a machine without a section on durability, whose time is not that of records.
    ///
    /// # Panics
    /// If the config says how writes become durable.
    pub fn new(config: &Config, options: &ReplayOptions) -> Result<Self, ReplayError> {
        assert!(config.durability.is_none(), "what becomes durable goes by time, not by records");
        let session = beside(config, options, Building { config, options });
        let session = session.map_err(|error| error.under(&config.machine.protocol))?;
        Ok(Self { session, config: config.clone() })
    }

    /// Replays records, as far as the limit.
    pub fn feed(&mut self, records: &[Record]) -> Result<(), ReplayError> {
        let fed = self.session.feed(records);
        fed.map_err(|error| error.under(&self.config.machine.protocol))
    }

    /// Returns how many accesses were performed.
    pub fn accesses(&self) -> u64 {
        self.session.accesses()
    }

    /// Tells whether the limit has been reached: what else is fed changes nothing.
    pub fn is_full(&self) -> bool {
        self.session.is_full()
    }

    /// Ends the replay.
    pub fn finish(self) -> Result<Replayed, ReplayError> {
        let Self { session, config } = self;
        session.finish().map_err(|error| error.under(&config.machine.protocol))
    }
}

/// A session, whatever looks on.
trait Fed: Send {
    fn feed(&mut self, records: &[Record]) -> Result<(), ReplayError>;
    fn accesses(&self) -> u64;
    fn is_full(&self) -> bool;
    fn finish(self: Box<Self>) -> Result<Replayed, ReplayError>;
}

impl<O: Watcher + Send> Fed for Session<O> {
    fn feed(&mut self, records: &[Record]) -> Result<(), ReplayError> {
        if Session::is_full(self) { Ok(()) } else { self.run(records) }
    }

    fn accesses(&self) -> u64 {
        Session::accesses(self)
    }

    fn is_full(&self) -> bool {
        Session::is_full(self)
    }

    fn finish(self: Box<Self>) -> Result<Replayed, ReplayError> {
        Session::finish(*self, Interleave::Recorded, &[])
    }
}

struct Building<'a> {
    config: &'a Config,
    options: &'a ReplayOptions,
}

impl Beside for Building<'_> {
    type Output = Result<Box<dyn Fed>, ReplayError>;

    fn beside<O: Watcher + Send + 'static>(self, observer: O) -> Self::Output {
        Ok(Box::new(Session::new(self.config, self.options, observer)?))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::Streams;
    use crate::config::Draft;
    use crate::report::{Provenance, Report};

    /// A trace of two cores that share a word.
    const TRACE: &str = "@cores 2\n0 W 0x1000\n1 R 0x1000\n1 W 0x1004\n0 R 0x1000\n0 R 0x2000\n";

    fn source() -> Box<dyn trace::Source> {
        trace::read("inline", Box::new(TRACE.as_bytes()), &trace::ReadOptions::default()).unwrap()
    }

    fn json(config: &Config, replayed: Replayed) -> String {
        let format = trace::Format::Mtrace;
        let provenance = Provenance { paths: vec![], format, title: None, in_json: false };
        Report::new(replayed, config, provenance).json()
    }

    #[test]
    fn a_machine_fed_in_pieces_counts_what_a_replay_counts() {
        let config = Config::new(&Draft::built_in()).unwrap();
        let config =
            Config { machine: coherence::MachineSpec { cores: 2, ..config.machine }, ..config };
        let mut records = Vec::new();
        source().read(&mut records).unwrap();
        assert_eq!(records.len(), 5);
        for limit in [None, Some(3), Some(5)] {
            for pieces in 1..=records.len() {
                let options = ReplayOptions {
                    limit,
                    classify: true,
                    check: true,
                    ..ReplayOptions::default()
                };
                let mut feeding = Feeding::new(&config, &options).unwrap();
                for piece in records.chunks(pieces) {
                    feeding.feed(piece).unwrap();
                }
                assert_eq!(feeding.is_full(), limit.is_some());
                let go_on = &mut |_| ControlFlow::Continue(());
                let (streams, order) = (Streams::Ordered(source()), Interleave::Recorded);
                let whole = crate::replay(&config, streams, order, &options, go_on).unwrap();
                let fed = feeding.finish().unwrap();
                assert_eq!(json(&config, fed), json(&config, whole), "{limit:?}, by {pieces}");
            }
        }
    }
}
