//! Traces made up: the same options and seed give the same records everywhere.
//!
//! Each generator is a file of its own, which says what each core does in each round. All of them
//! interleave the cores themselves: the order of the records is the order of the accesses. Those
//! that say when an access happens (leaderboard, page-cache, iot) are of one core; a time stands
//! before what happens then wherever it is another one than before, and all begin at 0.
//!
//! ```
//! use trace::synth::{Generator, Options};
//!
//! let options = Options { cores: 2, rounds: 10, ..Options::default() };
//! let records: Vec<_> = Generator::PingPong.generate(&options)?.collect();
//! assert_eq!(records.len(), 20);
//! # Ok::<(), trace::synth::OptionError>(())
//! ```

mod false_sharing;
mod iot;
mod leaderboard;
mod locks;
mod matmul;
mod options;
mod pace;
mod page_cache;
mod ping_pong;
mod power;
mod producer_consumer;
mod random;
mod streaming;
mod zipf;

pub use options::{LockKind, OptionError, Options};

use crate::record::Record;

/// The records of a generator, made one by one.
pub type Records = Box<dyn Iterator<Item = Record> + Send>;

/// Where the data of most generators begins.
const DATA: u64 = 0x1000;

/// A kind of trace that is made up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Generator {
    /// All cores write one word in turn.
    PingPong,
    /// Each core writes its own word, all in one line (or apart, by the stride).
    FalseSharing,
    /// One core writes data and a flag, the others read them.
    ProducerConsumer,
    /// Each core walks through lines of its own.
    Streaming,
    /// All cores access lines of which some are much more popular than others.
    Zipf,
    /// A matrix product, naive or blocked.
    Matmul,
    /// All cores take a lock once: test-and-set, test-and-test-and-set, ticket or MCS.
    Locks,
    /// Scores of players, written at a steady rate: some players play much more than others.
    Leaderboard,
    /// Pages of a file, written at a steady rate, with an fsync now and then.
    PageCache,
    /// Devices that each send a reading in every period: the latest value and a log.
    Iot,
}

impl Generator {
    /// Every generator, in the order in which help lists them.
    pub const ALL: &[Generator] = &[
        Generator::PingPong,
        Generator::FalseSharing,
        Generator::ProducerConsumer,
        Generator::Streaming,
        Generator::Zipf,
        Generator::Matmul,
        Generator::Locks,
        Generator::Leaderboard,
        Generator::PageCache,
        Generator::Iot,
    ];

    /// Returns the name that `gen` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Generator::PingPong => "ping-pong",
            Generator::FalseSharing => "false-sharing",
            Generator::ProducerConsumer => "producer-consumer",
            Generator::Streaming => "streaming",
            Generator::Zipf => "zipf",
            Generator::Matmul => "matmul",
            Generator::Locks => "locks",
            Generator::Leaderboard => "leaderboard",
            Generator::PageCache => "page-cache",
            Generator::Iot => "iot",
        }
    }

    /// Returns the generator of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Generator> {
        Generator::ALL.iter().copied().find(|generator| generator.name() == name)
    }

    /// Returns one line that describes what is generated.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Generator::PingPong => "all cores write one word in turn",
            Generator::FalseSharing => "each core writes its own word of one line",
            Generator::ProducerConsumer => "core 0 writes data and a flag, the others read them",
            Generator::Streaming => "each core walks through lines of its own",
            Generator::Zipf => "all cores access lines of unequal popularity",
            Generator::Matmul => "a product of two matrices of doubles, naive or blocked",
            Generator::Locks => "all cores take a lock once: tas, ttas, ticket or mcs",
            Generator::Leaderboard => "scores of players, written at a steady rate",
            Generator::PageCache => "pages of a file, written at a steady rate, and fsyncs",
            Generator::Iot => "readings of devices: the latest value of each, and a log",
        }
    }

    /// Returns how many cores the records are of.
    #[must_use]
    pub const fn cores(self, options: &Options) -> u16 {
        match self {
            Generator::PingPong
            | Generator::FalseSharing
            | Generator::ProducerConsumer
            | Generator::Streaming
            | Generator::Zipf
            | Generator::Matmul
            | Generator::Locks => options.cores,
            Generator::Leaderboard | Generator::PageCache | Generator::Iot => 1,
        }
    }

    /// Checks the options and returns the records.
    pub fn generate(self, options: &Options) -> Result<Records, OptionError> {
        options.check(self)?;
        Ok(match self {
            Generator::PingPong => Box::new(ping_pong::generate(options)),
            Generator::FalseSharing => Box::new(false_sharing::generate(options)),
            Generator::ProducerConsumer => Box::new(producer_consumer::generate(options)),
            Generator::Streaming => Box::new(streaming::generate(options)),
            Generator::Zipf => Box::new(zipf::generate(options)),
            Generator::Matmul => Box::new(matmul::generate(options)),
            Generator::Locks => locks::generate(options),
            Generator::Leaderboard => Box::new(leaderboard::generate(options)),
            Generator::PageCache => Box::new(page_cache::generate(options)),
            Generator::Iot => Box::new(iot::generate(options)),
        })
    }
}
