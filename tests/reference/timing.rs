//! When things happen: the bus and the write buffers. Nothing here changes what happens.

use std::collections::BTreeMap;

use super::spec::Spec;

/// The bus as a row of times at which it is held.
#[derive(Clone, Debug, Default)]
pub struct BusTime {
    free: u64,
    pub busy_cycles: u64,
    /// End of the last transaction of each line (asked only of a pipelined bus).
    line_ends: BTreeMap<u64, u64>,
}

/// What one reference asked for, in the order of its parts.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// Latencies of the private levels looked up.
    pub lookup: u64,
    /// The reference's own transactions, one right behind the other.
    pub transactions: Vec<Transaction>,
    /// Dirty lines that went below the bus, in order.
    pub victims: Vec<u64>,
    pub through: Option<Through>,
}

#[derive(Clone, Copy, Debug)]
pub struct Transaction {
    pub supply: u64,
    pub carries: Carries,
}

/// What a transaction moves over the bus.
#[derive(Clone, Copy, Debug)]
pub enum Carries {
    Nothing,
    Line,
    /// The bytes of a BusUpd: one beat, however many they are.
    Word,
}

/// A store on its way outward.
#[derive(Clone, Copy, Debug)]
pub struct Through {
    /// Latencies of the private levels on its way.
    pub private: u64,
    /// Below the bus: its bytes, and the latencies down to where it ends.
    pub below: Option<(u64, u64)>,
}

/// What the reference cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub end: u64,
    pub bus_wait: u64,
}

fn beats(spec: &Spec, bytes: u64) -> u64 {
    bytes.div_ceil(spec.bus.width) * spec.bus.beat
}

impl BusTime {
    /// The bus is granted from `ready` on, held for `held`, and the transaction takes `whole`.
    /// Answers the time of the grant.
    fn hold(&mut self, spec: &Spec, line: u64, ready: u64, held: u64, whole: u64) -> u64 {
        let mut grant = ready.max(self.free);
        if spec.bus.pipelined {
            grant = grant.max(self.line_ends.get(&line).copied().unwrap_or(0));
            self.line_ends.insert(line, grant + whole);
        }
        self.free = grant + held;
        self.busy_cycles += held;
        grant
    }

    /// Plays one reference of a core whose clock is `start`.
    pub fn play(
        &mut self,
        spec: &Spec,
        line: u64,
        start: u64,
        buffer: &mut Vec<u64>,
        schedule: &Schedule,
    ) -> Cost {
        let mut now = start + schedule.lookup;
        let mut bus_wait = 0;

        for transaction in &schedule.transactions {
            let data = match transaction.carries {
                Carries::Nothing => 0,
                Carries::Line => beats(spec, spec.line_bytes),
                Carries::Word => spec.bus.beat,
            };
            let whole = spec.bus.request + transaction.supply + data;
            let held = if spec.bus.pipelined { spec.bus.request + data } else { whole };
            let grant = self.hold(spec, line, now, held, whole);
            bus_wait += grant - now;
            now = grant + whole;
        }

        // Victims, then the store: each takes an entry, and is posted.
        for &victim in &schedule.victims {
            now = wait_for_entry(spec, buffer, now);
            let held = spec.bus.request + beats(spec, spec.line_bytes);
            let grant = self.hold(spec, victim, now, held, held);
            let arrival = spec.shared_levels().next().map_or(spec.memory_latency, |l| l.latency);
            now = take_entry(spec, buffer, now, grant + held + arrival);
        }
        if let Some(through) = schedule.through {
            now = wait_for_entry(spec, buffer, now);
            let mut free = now + through.private;
            if let Some((bytes, latency)) = through.below {
                let held = spec.bus.request + beats(spec, bytes);
                free = self.hold(spec, line, free, held, held) + held + latency;
            }
            now = take_entry(spec, buffer, now, free);
        }
        Cost { end: now, bus_wait }
    }
}

/// The buffer holds the times at which its entries are free again. Answers the time from which
/// an entry can be taken.
fn wait_for_entry(spec: &Spec, buffer: &mut Vec<u64>, now: u64) -> u64 {
    buffer.retain(|&free| free > now);
    if spec.write_buffer == 0 || buffer.len() < spec.write_buffer {
        return now;
    }
    let earliest = *buffer.iter().min().expect("a full buffer has entries");
    buffer.retain(|&free| free > earliest);
    earliest
}

/// Answers the time at which the core goes on.
fn take_entry(spec: &Spec, buffer: &mut Vec<u64>, now: u64, free: u64) -> u64 {
    if spec.write_buffer == 0 {
        return free;
    }
    buffer.push(free);
    now
}
