//! Who may do what: protocols, the snooping bus, and the machine of private and shared levels.
//!
//! A [`Machine`] is built from a [`MachineSpec`] and performs accesses one at a time. It keeps a
//! protocol state for each line that a core holds, a dirty bit for each copy, and counts what
//! happens. A [`Protocol`] is one value that the machine runs and [`render`] prints.
//!
//! Left out on purpose: this crate knows no trace formats, no config files, nothing of printing, no
//! randomness of its own, no wall time, no threads. Data values are an [`Observer`]'s business.
//!
//! ```
//! use cache::{Addr, Geometry, LineSize, Replacement, Ways};
//! use coherence::{
//!     BusSpec, Inclusion, LevelSpec, Machine, MachineSpec, Op, Protocol, Rules, WritePolicy,
//! };
//!
//! let line = LineSize::new(64)?;
//! let l1 = LevelSpec {
//!     name: "L1".to_owned(),
//!     geometry: Geometry::new(32 * 1024, Ways::Count(8), line)?,
//!     replacement: Replacement::Lru,
//!     write: WritePolicy::WriteBack,
//!     inclusion: Inclusion::Inclusive,
//!     latency: 4,
//! };
//! let spec = MachineSpec {
//!     cores: 2,
//!     protocol: Protocol::built_in("MESI").unwrap().clone(),
//!     line,
//!     private: vec![l1],
//!     l1i: None,
//!     shared: Vec::new(),
//!     bus: BusSpec { request: 2, width: 32, beat: 1, cache_to_cache: 30, pipelined: false },
//!     memory_latency: 200,
//!     write_buffer: 8,
//!     rules: Rules::default(),
//! };
//! let mut machine = Machine::new(spec, ())?;
//!
//! // A core reads and writes a line that nobody else has: one transaction, a silent upgrade.
//! machine.access(0, Op::Read, Addr(0x1000), 4)?;
//! machine.access(0, Op::Write, Addr(0x1000), 4)?;
//! assert_eq!(machine.core_counters(0).bus_rd, 1);
//! assert_eq!(machine.core_counters(0).silent_upgrades, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bus;
mod copies;
mod counters;
mod defect;
pub mod explore;
mod fault;
mod holders;
mod level;
mod machine;
mod observe;
mod private;
mod protocol;
mod reference;
pub mod render;
mod rules;
mod spec;
mod step;
mod table;

pub use counters::{BusCounters, Cause, CoreCounters, LevelCounters, MemoryCounters, Transitions};
pub use defect::Defect;
pub use fault::Fault;
pub use machine::{
    Access, Broken, BuildError, CacheOf, Machine, RANKED_WAYS_MAX, RUN_MAX, WayLook,
};
pub use observe::{Cell, FirstLevel, Loss, Observer, Place, Supplier, Transaction};
pub use protocol::{
    PartsError, Protocol, ProtocolParts, STATE_NAME_BYTES_MAX, StateInfo, is_state_name,
};
pub use reference::{CoreId, Op, Reference};
pub use rules::{CleanSupply, Rules, VictimOrder, WriteToShared};
pub use spec::{
    BusSpec, CORES_MAX, Inclusion, LEVELS_MAX, LevelSpec, MachineSpec, SpecError, WritePolicy,
};
pub use step::{BusOp, Holding, Processor, ProcessorStep, STATES_MAX, SnoopStep, State};
