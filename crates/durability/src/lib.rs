//! What survives: when acknowledged writes reach the backing store, and what a crash loses.
//!
//! A write-back cache acknowledges a write before the store below has it. An [`Engine`] runs a
//! [`coherence::Machine`] with a store below it that takes its time: triggers take dirty blocks,
//! calls carry them to the store, fail and are sent again, a log or replicas keep what the store
//! does not have yet. It counts what became durable when, and what a crash at any moment loses.
//!
//! The same engine is a CPU's caches over memory, a page cache over a disk and a key cache over a
//! database: only the values of [`Durability`] differ.
//!
//! Left out on purpose: trace formats, flags, and what a protocol is called.
//!
//! ```
//! use cache::{Addr, Geometry, LineSize, Replacement, Ways};
//! use coherence::{
//!     BusSpec, Inclusion, LevelSpec, MachineSpec, Op, Protocol, Rules, WritePolicy,
//! };
//! use durability::{CrashPlan, CrashPoints, Durability, Engine, Request};
//!
//! // One cache of keys, and below it a store that takes 100 ticks, flushed every 1000.
//! # let line = LineSize::new(64)?;
//! # let keys = LevelSpec {
//! #     name: "Keys".to_owned(),
//! #     geometry: Geometry::new(64 * 1024, Ways::Full, line)?,
//! #     replacement: Replacement::Lru,
//! #     write: WritePolicy::WriteBack,
//! #     inclusion: Inclusion::Inclusive,
//! #     latency: 1,
//! # };
//! # let machine = MachineSpec {
//! #     cores: 1,
//! #     protocol: Protocol::built_in("MESI").unwrap().clone(),
//! #     line,
//! #     private: vec![keys],
//! #     l1i: None,
//! #     shared: Vec::new(),
//! #     bus: BusSpec { request: 0, width: 32, beat: 0, cache_to_cache: 0, pipelined: false },
//! #     memory_latency: 0,
//! #     write_buffer: 8,
//! #     rules: Rules::default(),
//! # };
//! let mut below = Durability::plain(100);
//! below.flush.every = Some(1000);
//! let points = CrashPoints::At(vec![1099, 1100]);
//! let plan = CrashPlan { points, detail: false, check: true };
//! let mut engine = Engine::new(machine, below, true, plan, ())?;
//!
//! // A write at 0; a read at 2000, once all that comes before it has happened.
//! engine.request(0, 0, Request { op: Op::Write, addr: Addr(0x1000), bytes: 8 })?;
//! while engine.event_before(Some(2000)).is_some() {
//!     engine.step()?;
//! }
//! engine.request(0, 2000, Request { op: Op::Read, addr: Addr(0x1000), bytes: 8 })?;
//! let ended = engine.end()?;
//! let finished = engine.shut_down(ended)?;
//!
//! // The flush began at 1000. A crash just before its acknowledgement loses the write, which is
//! // by then 1098 ticks old; then it is stored.
//! let lost = finished.crashes.iter().map(|crash| (crash.loss.writes, crash.loss.max_age));
//! assert_eq!(lost.collect::<Vec<_>>(), [(1, 1098), (0, 0)]);
//! assert_eq!(finished.outcome.store_writes, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accounts;
mod agenda;
mod blocks;
mod engine;
mod fault;
mod histogram;
mod outcome;
mod outstanding;
mod random;
mod spec;
mod versions;

pub use engine::{Ended, Engine, Finished, Request, Stopped, WrongCount};
#[doc(hidden)]
pub use fault::Fault;
pub use outcome::{
    Crash, CrashPlan, CrashPoints, Flushes, Latency, Loss, LossOverTime, LostBlock, Outcome,
    Staleness, Summary, Trigger,
};
pub use spec::{
    AgeFrom, Arrivals, Bandwidth, Distribution, Durability, Failure, Flush, Log, Order, Overflow,
    PersistDomain, Promote, Queue, ReadBlocks, Readers, Replicas, Retry, Span, Store, Sync, Ticks,
};
pub use versions::Versions;
