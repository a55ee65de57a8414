//! What is where: stores of cache lines.
//!
//! A [`LineStore`] answers three questions about one cache: is this line here
//! ([`LineStore::find`]), where would it go ([`LineStore::choose`]), and is it dirty
//! ([`LineStore::is_dirty`]). It is set-associative or fully associative, as its [`Geometry`] says,
//! and keeps its lines in the order of a [`Replacement`] policy.
//!
//! Left out on purpose: this crate does not know what a core, a protocol, a file or a tick is. A
//! store never decides what happens to a victim; its caller does.
//!
//! ```
//! use cache::{Choice, Geometry, LineSize, LineStore, Replacement, Addr, Ways};
//!
//! // 1 KiB of 64-byte lines, two ways: eight sets.
//! let line_size = LineSize::new(64)?;
//! let geometry = Geometry::new(1024, Ways::Count(2), line_size)?;
//! let mut l1 = LineStore::new(&geometry, Replacement::Lru)?;
//!
//! // Three lines that share a set: the third replaces the least recently used.
//! for addr in [0x0, 0x200, 0x400] {
//!     let line = line_size.line(Addr(addr));
//!     assert_eq!(l1.find(line), None);
//!     let slot = match l1.choose(line) {
//!         Choice::Vacant(slot) => slot,
//!         Choice::Victim(slot) => {
//!             assert_eq!(line_size.base(l1.line(slot)), Addr(0x0));
//!             l1.remove(slot);
//!             slot
//!         }
//!     };
//!     l1.place(slot, line);
//! }
//! # Ok::<(), cache::GeometryError>(())
//! ```

mod addr;
mod dirty;
mod fingerprints;
mod fully_associative;
mod geometry;
mod lru_stack;
mod replacement;
mod set_associative;
mod store;

pub use addr::{Addr, LineAddr, SetIndex, Slot, Way};
pub use fully_associative::FullyAssociative;
pub use geometry::{
    Geometry, GeometryError, LINE_BYTES_MAX, LINE_BYTES_MIN, LINES_MAX, LineSize, SCANNED_WAYS_MAX,
    Ways,
};
pub use lru_stack::LruStack;
pub use replacement::Replacement;
pub use set_associative::SetAssociative;
pub use store::{Choice, LineStore};
