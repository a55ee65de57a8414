//! In what pattern the cores share a line.

use super::sharing::{Together, Users};

/// The pattern in which cores share a line. A line has the first one that fits, in the order in
/// which they stand here; `docs/hot-lines.md` has the definitions at length.
///
/// The words are those of Weber and Gupta, "Analysis of cache invalidation patterns in
/// multiprocessors", ASPLOS 1989 (migratory, read-only data), of Bennett, Carter and Zwaenepoel,
/// "Munin: distributed shared memory based on type-specific memory coherence", `PPoPP` 1990
/// (producer-consumer), and of Torrellas, Lam and Hennessy, "False sharing and spatial locality in
/// multiprocessor caches", IEEE Transactions on Computers, 1994 (false sharing). That a line
/// migrates where a core reads and then writes what the core before it wrote is how Stenström,
/// Brorsson and Sandberg, ISCA 1993, find such lines out. The thresholds are the house's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// One core touches it.
    Private,
    /// Several cores do, but none stores to it once the second has come, or no core ever meets what
    /// another stored.
    ReadShared,
    /// More than half of its moves bring nothing that is asked for.
    FalseShared,
    /// In more than half of the turns since the second core came, a core reads a word that the turn
    /// before stored to, and then stores to it.
    Migratory,
    /// Since the second core came, no word was stored to by two cores.
    ProducerConsumer,
    /// Some word was.
    TrueShared,
}

impl Pattern {
    /// Returns what reports call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::ReadShared => "read-shared",
            Self::FalseShared => "false-shared",
            Self::Migratory => "migratory",
            Self::ProducerConsumer => "producer-consumer",
            Self::TrueShared => "true-shared",
        }
    }

    pub(super) fn of(users: &Users) -> Self {
        let Some(together) = users.together() else { return Self::Private };
        let Together { users, moves, turns, migrations, .. } = together;
        let (mut written, mut by_two) = (0, 0);
        for user in users {
            by_two |= written & user.writes_since;
            written |= user.writes_since;
        }
        if written == 0 || moves.used + moves.unused == 0 {
            Self::ReadShared
        } else if moves.unused > moves.used {
            Self::FalseShared
        } else if migrations * 2 > *turns {
            Self::Migratory
        } else if by_two == 0 {
            Self::ProducerConsumer
        } else {
            Self::TrueShared
        }
    }
}
