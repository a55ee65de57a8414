//! Locks: each core takes the lock once, in the order 0, 1, ...; what they protect is left out.
//!
//! Heeds `cores` (K), `lock`, `spins` (S), `hand_offs`, `herd`. Core 0 takes the lock; the others
//! wait and look at it S times each, core by core in each round of looking; then holders release
//! it one after the other. `hand_offs` ends the trace when the lock was handed on so often; else
//! it ends with the last core's release (MCS: with the last core's look that finds the lock its
//! own, since nobody waits behind it).
//!
//! - `Tas`: 0: A lock; S times: each waiter A lock. A hand-off from h to h + 1 is h: W lock;
//!   h + 1: A lock; with `herd` each other waiter: A lock.
//! - `Ttas`: 0: R lock, A lock; S times: each waiter R lock. A hand-off is h: W lock; each waiter:
//!   R lock; h + 1: A lock, with `herd` each other waiter too; each other waiter: R lock.
//! - `Ticket`: each core: A next; each core: R serving; S - 1 times: each waiter R serving. A
//!   hand-off is h: W serving; each waiter: R serving. (With S = 0 only core 0 reads serving.)
//! - `Mcs`: each core i: W locked(i); each core: A tail; each waiter i: W next(i - 1); S times:
//!   each waiter i: R locked(i). A hand-off is h: R next(h), W locked(h + 1); h + 1:
//!   R locked(h + 1).
//!
//! The lock of `Tas` and `Ttas` is at 0x1000; `next` of `Ticket` at 0x4000 and `serving` at 0x5000;
//! `tail` of `Mcs` at 0x4000, and the queue node of core i at 0x6000 + 0x40 i, `locked` first,
//! `next` 4 bytes behind.

use crate::record::{Op, Record};
use crate::synth::options::LockKind;
use crate::synth::{Options, Records};

const LOCK: u64 = 0x1000;
const NEXT_TICKET: u64 = 0x4000;
const SERVING: u64 = 0x5000;
const TAIL: u64 = 0x4000;
const NODES: u64 = 0x6000;
const NODE_BYTES: u64 = 0x40;
const NEXT_OFFSET: u64 = 4;

/// Returns the records.
pub(super) fn generate(options: &Options) -> Records {
    let lock = Lock {
        cores: options.cores,
        spins: options.spins,
        hand_offs: options.hand_offs.unwrap_or(u64::MAX),
        herd: options.herd,
    };
    match options.lock {
        LockKind::Tas => Box::new(lock.tas()),
        LockKind::Ttas => Box::new(lock.ttas()),
        LockKind::Ticket => Box::new(lock.ticket()),
        LockKind::Mcs => Box::new(lock.mcs()),
    }
}

/// What is common to the kinds.
#[derive(Clone, Copy)]
struct Lock {
    cores: u16,
    spins: u64,
    hand_offs: u64,
    herd: bool,
}

impl Lock {
    fn tas(self) -> impl Iterator<Item = Record> + Send {
        let waiting = self.spin(self.spins, |core| access(core, Op::Atomic, LOCK));
        let handing = self.releases().flat_map(move |holder| {
            let tries = if self.herd { self.cores } else { self.cores.min(holder + 2) };
            let herd = (holder + 1..tries).map(|core| access(core, Op::Atomic, LOCK));
            [access(holder, Op::Write, LOCK)].into_iter().chain(herd)
        });
        [access(0, Op::Atomic, LOCK)].into_iter().chain(waiting).chain(handing)
    }

    fn ttas(self) -> impl Iterator<Item = Record> + Send {
        let look = |core| access(core, Op::Read, LOCK);
        let handing = self.releases().flat_map(move |holder| {
            let next = holder + 1;
            let tries = if self.herd { self.cores } else { self.cores.min(next + 1) };
            [access(holder, Op::Write, LOCK)]
                .into_iter()
                .chain((next..self.cores).map(look))
                .chain((next..tries).map(|core| access(core, Op::Atomic, LOCK)))
                .chain((next + 1..self.cores).map(look))
        });
        [look(0), access(0, Op::Atomic, LOCK)]
            .into_iter()
            .chain(self.spin(self.spins, look))
            .chain(handing)
    }

    fn ticket(self) -> impl Iterator<Item = Record> + Send {
        let look = |core| access(core, Op::Read, SERVING);
        let tickets = (0..self.cores).map(|core| access(core, Op::Atomic, NEXT_TICKET));
        let first_holder = (self.spins == 0).then(|| look(0));
        let first_looks = (0..self.cores).take_while(move |_| self.spins > 0).map(look);
        let handing = self.releases().flat_map(move |holder| {
            [access(holder, Op::Write, SERVING)]
                .into_iter()
                .chain((holder + 1..self.cores).map(look))
        });
        tickets
            .chain(first_holder)
            .chain(first_looks)
            .chain(self.spin(self.spins.saturating_sub(1), look))
            .chain(handing)
    }

    fn mcs(self) -> impl Iterator<Item = Record> + Send {
        let prepare = (0..self.cores).map(|core| access(core, Op::Write, locked(core)));
        let enqueue = (0..self.cores).map(|core| access(core, Op::Atomic, TAIL));
        let link = (1..self.cores).map(|core| access(core, Op::Write, next(core - 1)));
        let look = |core| access(core, Op::Read, locked(core));
        // The last core has nobody to hand the lock to.
        let handing = self.releases().filter(move |&holder| holder + 1 < self.cores);
        prepare.chain(enqueue).chain(link).chain(self.spin(self.spins, look)).chain(
            handing.flat_map(move |holder| {
                let after = holder + 1;
                [
                    access(holder, Op::Read, next(holder)),
                    access(holder, Op::Write, locked(after)),
                    look(after),
                ]
            }),
        )
    }

    /// Returns what each waiting core does, `times` times.
    fn spin(
        self,
        times: u64,
        look: impl Fn(u16) -> Record + Send + Copy,
    ) -> impl Iterator<Item = Record> + Send {
        (0..times).flat_map(move |_| (1..self.cores).map(look))
    }

    /// Returns the cores that release the lock: all, or as many as there are hand-offs.
    fn releases(self) -> impl Iterator<Item = u16> + Send {
        let count = u64::from(self.cores).min(self.hand_offs) as u16;
        0..count
    }
}

fn access(core: u16, op: Op, addr: u64) -> Record {
    Record::access(core, op, addr, 4)
}

fn locked(core: u16) -> u64 {
    NODES + NODE_BYTES * u64::from(core)
}

fn next(core: u16) -> u64 {
    locked(core) + NEXT_OFFSET
}
