//! What crashes at chosen moments lose: `mesim.crash/1`, and its text.

mod json;
mod text;

use durability::{Crash, CrashPlan, CrashPoints, Ticks};
use serde_json::Value;

use super::durability::Measured;
use super::{Report, json_text};

/// The moments of crashes, as they were asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Moments {
    /// The end of the run, before its orderly end begins.
    End,
    /// These.
    At(Vec<Ticks>),
    /// After each so many accesses.
    Every(u64),
    /// So many, drawn evenly from the whole run.
    Samples {
        /// How many.
        samples: u64,
        /// What they are drawn from.
        seed: u64,
    },
}

impl Moments {
    /// Tells whether the length of the run has to be known first.
    pub const fn need_the_length(&self) -> bool {
        matches!(self, Self::End | Self::Samples { .. })
    }

    /// Returns the plan of a replay that takes so long.
    pub fn plan(&self, elapsed: Ticks, check: bool) -> CrashPlan {
        let points = match self {
            Self::End => CrashPoints::At(vec![elapsed]),
            Self::At(moments) => {
                let mut moments = moments.clone();
                moments.sort_unstable();
                CrashPoints::At(moments)
            }
            Self::Every(accesses) => CrashPoints::Every(*accesses),
            Self::Samples { samples, seed } => CrashPoints::At(drawn(*samples, *seed, elapsed)),
        };
        CrashPlan { points, detail: matches!(self, Self::End | Self::At(_)), check }
    }
}

/// Draws moments from 0 to the end, each as likely as the others, with splitmix64 (Steele, Lea and
/// Flood, OOPSLA 2014); in order.
fn drawn(samples: u64, seed: u64, elapsed: Ticks) -> Vec<Ticks> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((u128::from(z) * (u128::from(elapsed) + 1)) >> 64) as u64
    };
    let mut moments: Vec<_> = (0..samples).map(|_| draw()).collect();
    moments.sort_unstable();
    moments
}

/// A report of the crashes of one replay.
#[derive(Clone, Debug)]
pub struct CrashReport {
    /// The replay.
    pub report: Report,
    /// The moments that were asked for.
    pub moments: Moments,
    /// Each crash was proven.
    pub checked: bool,
}

impl CrashReport {
    /// Renders it as JSON, `mesim.crash/1`, with a line end.
    ///
    /// # Panics
    /// If there was no crash, or the replay had no durability section.
    pub fn json(&self) -> String {
        json_text(&self.value())
    }

    /// Renders it as aligned tables.
    ///
    /// # Panics
    /// If there was no crash, or the replay had no durability section.
    pub fn text(&self) -> String {
        text::render(self)
    }

    pub(super) fn value(&self) -> Value {
        json::value(self)
    }

    /// Returns the crashes.
    pub fn crashes(&self) -> &[Crash] {
        &self.report.replayed.crashes
    }

    fn measured(&self) -> Measured<'_> {
        Measured::of(&self.report).expect("who looks at crashes measures what is durable")
    }

    /// Returns how a number of each crash is spread.
    pub(super) fn spread(&self, number: impl Fn(&Crash) -> u64) -> Spread {
        Spread::of(self.crashes().iter().map(number).collect())
    }

    /// Returns the first of the crashes that lose most.
    fn worst(&self) -> &Crash {
        let first = &self.crashes()[0];
        self.crashes().iter().fold(first, |worst, crash| {
            if crash.loss.writes > worst.loss.writes { crash } else { worst }
        })
    }
}

/// How the numbers of several crashes are spread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spread {
    pub(super) count: u64,
    pub(super) sum: u128,
    pub(super) min: u64,
    /// The smallest that at least half of them do not exceed.
    pub(super) p50: u64,
    /// The smallest that at least 99 % of them do not exceed.
    pub(super) p99: u64,
    pub(super) max: u64,
}

impl Spread {
    fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let percentile = |percent: usize| numbers[(numbers.len() * percent).div_ceil(100) - 1];
        Self {
            count: numbers.len() as u64,
            sum: numbers.iter().map(|number| u128::from(*number)).sum(),
            min: numbers[0],
            p50: percentile(50),
            p99: percentile(99),
            max: numbers[numbers.len() - 1],
        }
    }
}

#[cfg(test)]
mod tests;
