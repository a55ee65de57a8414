//! The section `durability`: when dirty blocks are written back, where to, what else keeps them.

mod checks;
#[cfg(test)]
mod tests;
mod values;

use ::durability::{
    AgeFrom, Arrivals, Bandwidth, Distribution, Durability, Failure, Flush, Log, Order, Overflow,
    PersistDomain, Promote, Queue, ReadBlocks, Readers, Replicas, Retry, Span, Store, Sync, Ticks,
};
use coherence::{LevelSpec, WritePolicy};

use super::duration::Duration;
use super::value::ConfigValue;
use super::{Config, ConfigError, Reader, draft};
pub(super) use checks::check_machine;
use values::{Attempts, Durations, Rate, Spans};

/// The most ticks of a moment or a length of time: a float holds each of them exactly.
const TICKS_MAX: u64 = 1 << 53;
/// The most replicas.
const REPLICAS_MAX: usize = 64;

/// Reads the section, if it is there.
pub(super) fn read(reader: &Reader<'_>) -> Result<Option<Durability>, ConfigError> {
    if !reader.is_present("durability", "(flush: (every: \"5 s\"))")? {
        return Ok(None);
    }
    let durability = Durability {
        flush: reader.flush()?,
        store: reader.store()?,
        queue: reader.queue()?,
        log: reader.log()?,
        replicas: reader.replicas()?,
        persist_domain: reader.get::<Option<PersistDomain>>("durability.persist_domain", None)?,
        readers: reader.readers()?,
        shutdown: reader.length("durability.shutdown", "60 s")?,
        seed: reader.get("durability.seed", 1)?,
    };
    checks::check(reader, &durability)?;
    Ok(Some(durability))
}

impl Reader<'_> {
    /// Tells whether a section is there that need not be.
    fn is_present(&self, path: &str, example: &str) -> Result<bool, ConfigError> {
        if self.draft.get(path).is_some_and(|value| value.text == draft::NONE) {
            return Ok(false);
        }
        self.keys_in_brackets(path, &format!("`{example}`, or `None`"))?;
        Ok(self.draft.has_section(path))
    }

    /// Refuses a section that was written as something else than its keys.
    fn keys_in_brackets(&self, path: &str, expected: &str) -> Result<(), ConfigError> {
        let Some(value) = self.draft.get(path) else { return Ok(()) };
        let message = format!("`{}` is not a value of `{path}`", value.text);
        let (example, _) = expected.split_once(", or").unwrap_or((expected, ""));
        Err(self.wrong(path, &message, expected.to_owned(), example))
    }

    fn flush(&self) -> Result<Flush, ConfigError> {
        self.keys_in_brackets("durability.flush", "`(every: \"5 s\")`")?;
        let key = |key: &str| format!("durability.flush.{key}");
        Ok(Flush {
            every: self.length_above_zero(&key("every"))?,
            expire: self.length_if_set(&key("expire"))?.unwrap_or(0),
            dirty_count: self.count_if_set(&key("dirty_count"))?,
            background_ratio: self.ratio(&key("background_ratio"))?,
            dirty_ratio: self.ratio(&key("dirty_ratio"))?,
            batch: self.count(&key("batch"), 512)?,
            workers: self.count(&key("workers"), 1)?,
            order: self.get(&key("order"), Order::Unordered)?,
            coalesce: self.get(&key("coalesce"), true)?,
            one_in_flight: self.get(&key("one_in_flight"), true)?,
            age_from: self.get(&key("age_from"), AgeFrom::FirstDirty)?,
            max_age: self.length_above_zero(&key("max_age"))?,
            pause_max: self.length(&key("pause_max"), "200 ms")?,
        })
    }

    fn store(&self) -> Result<Store, ConfigError> {
        self.keys_in_brackets("durability.store", "`(latency: \"2 ms\")`")?;
        self.keys_in_brackets("durability.store.retry", "`(attempts: 3)`")?;
        let key = |key: &str| format!("durability.store.{key}");
        let Attempts(attempts) = self.get(&key("retry.attempts"), Attempts(None))?;
        let bandwidth = self.get::<Option<Rate>>(&key("bandwidth"), None)?;
        Ok(Store {
            latency: self.length(&key("latency"), "2 ms")?,
            distribution: self.get(&key("distribution"), Distribution::Constant)?,
            parallel: self.count(&key("parallel"), 8)?,
            batch_cost: self.length(&key("batch_cost"), "50 us")?,
            bandwidth: bandwidth.map(|Rate(bytes)| Bandwidth { bytes, ticks: self.clock_hz }),
            guard: self.get(&key("guard"), true)?,
            fail: self.get(&key("fail"), 0.0)?,
            failure: self.get(&key("failure"), Failure::NotApplied)?,
            outages: self.spans(&key("outages"))?,
            retry: Retry { attempts, delay: self.length(&key("retry.delay"), "100 ms")? },
        })
    }

    fn queue(&self) -> Result<Queue, ConfigError> {
        self.keys_in_brackets("durability.queue", "`(capacity: 10000)`")?;
        Ok(Queue {
            capacity: self.count_if_set("durability.queue.capacity")?,
            overflow: self.get("durability.queue.overflow", Overflow::Block)?,
            trigger: self.get("durability.queue.trigger", true)?,
        })
    }

    fn log(&self) -> Result<Option<Log>, ConfigError> {
        let path = "durability.log";
        if !self.is_present(path, "(sync: EverySecond)")? {
            return Ok(None);
        }
        let Some(sync) = self.get_if_set::<Sync>("durability.log.sync")? else {
            let expected = "`sync: Always`, `sync: EverySecond` or `sync: No`".to_owned();
            let example = "`log: (sync: EverySecond)`, or `--set durability.log.sync=EverySecond`";
            let message = "the log does not say when it is made durable";
            return Err(self.wrong(path, message, expected, example));
        };
        Ok(Some(Log {
            sync,
            fsync: self.length("durability.log.fsync", "1 ms")?,
            serial: self.get("durability.log.serial", false)?,
            period: self.clock_hz,
            stalls: self.spans("durability.log.stalls")?,
        }))
    }

    fn replicas(&self) -> Result<Option<Replicas>, ConfigError> {
        if !self.is_present("durability.replicas", "(lags: [\"5 ms\"])")? {
            return Ok(None);
        }
        let path = "durability.replicas.lags";
        let lags = match self.get_if_set::<Durations>(path)? {
            Some(Durations(lags)) => {
                lags.into_iter().map(|lag| self.exactly(path, lag)).collect::<Result<_, _>>()?
            }
            None => vec![self.default_length("5 ms")],
        };
        if lags.is_empty() || lags.len() > REPLICAS_MAX {
            let message = format!("{} replicas are not possible", lags.len());
            let expected = format!("a lag for each of 1 to {REPLICAS_MAX} replicas");
            return Err(self.wrong(path, &message, expected, "`[\"5 ms\"]`"));
        }
        Ok(Some(Replicas {
            lags,
            wait: self.get("durability.replicas.wait", 0)?,
            promote: self.get("durability.replicas.promote", Promote::Newest)?,
        }))
    }

    fn readers(&self) -> Result<Option<Readers>, ConfigError> {
        if !self.is_present("durability.readers", "(rate: 100.0)")? {
            return Ok(None);
        }
        let path = "durability.readers.rate";
        let rate: f64 = self.get(path, 100.0)?;
        let interval = self.clock_hz as f64 / rate;
        if rate <= 0.0 || !(1.0..=TICKS_MAX as f64).contains(&interval) {
            let message = format!("{rate} reads a second are not possible");
            let expected = format!(
                "reads a second, above 0 and at most one a tick, {} a second",
                self.clock_hz
            );
            return Err(self.wrong(path, &message, expected, "`1.0`"));
        }
        Ok(Some(Readers {
            interval,
            arrivals: self.get("durability.readers.arrivals", Arrivals::Poisson)?,
            blocks: self.get("durability.readers.blocks", ReadBlocks::Written)?,
        }))
    }

    /// Reads a duration that has a default, which a coarse clock may round to nothing.
    fn length(&self, path: &str, default: &str) -> Result<Ticks, ConfigError> {
        let duration = self.get_if_set::<Duration>(path)?;
        duration.map_or_else(
            || Ok(self.default_length(default)),
            |duration| self.exactly(path, duration),
        )
    }

    fn length_if_set(&self, path: &str) -> Result<Option<Ticks>, ConfigError> {
        let duration = self.get::<Option<Duration>>(path, None)?;
        duration.map(|duration| self.exactly(path, duration)).transpose()
    }

    fn length_above_zero(&self, path: &str) -> Result<Option<Ticks>, ConfigError> {
        let ticks = self.length_if_set(path)?;
        if ticks == Some(0) {
            let message = format!("`{path}` of no time would never let time go on");
            let expected = "at least one tick, or `None` for never".to_owned();
            return Err(self.wrong(path, &message, expected, "`\"5 s\"`"));
        }
        Ok(ticks)
    }

    fn default_length(&self, text: &str) -> Ticks {
        let duration = Duration::read(text).expect("the default is a duration");
        duration.ticks(self.clock_hz).expect("the default is no longer than some seconds")
    }

    fn exactly(&self, path: &str, duration: Duration) -> Result<Ticks, ConfigError> {
        self.in_ticks(path, duration, TICKS_MAX)
    }

    /// Reads spans of time, in order and apart.
    fn spans(&self, path: &str) -> Result<Vec<Span>, ConfigError> {
        let Spans(spans) = self.get(path, Spans(Vec::new()))?;
        let mut read: Vec<Span> = Vec::with_capacity(spans.len());
        let example = "`[(at: \"10 s\", for: \"60 s\"), (at: \"90 s\", for: \"5 s\")]`";
        for (at, length) in spans {
            let (start, length) = (self.exactly(path, at)?, self.exactly(path, length)?);
            if length == 0 {
                let expected = "spans of at least one tick".to_owned();
                return Err(self.wrong(path, "a span of no time is none", expected, example));
            }
            if read.last().is_some_and(|before| before.end > start) {
                let message = "a span begins before the one before it has ended";
                let expected = "spans in order, none within another".to_owned();
                return Err(self.wrong(path, message, expected, example));
            }
            read.push(Span { start, end: start + length });
        }
        Ok(read)
    }

    /// Reads how many there are of something, at least one.
    fn count(&self, path: &str, default: u32) -> Result<u32, ConfigError> {
        let count = self.get(path, default)?;
        if count == 0 {
            let expected = "a number from 1".to_owned();
            let message = format!("`{path}` is 0, and nothing would ever be written");
            return Err(self.wrong(path, &message, expected, &format!("`{default}`")));
        }
        Ok(count)
    }

    fn count_if_set(&self, path: &str) -> Result<Option<u64>, ConfigError> {
        let count = self.get::<Option<u64>>(path, None)?;
        if count.is_some_and(|count| count == 0 || count > TICKS_MAX) {
            let message = format!("`{}` is not a value of `{path}`", count.unwrap_or_default());
            let expected = "a number from 1 to 2^53, or `None` for no such bound".to_owned();
            return Err(self.wrong(path, &message, expected, "`10000`"));
        }
        Ok(count)
    }

    /// Reads a share of the capacity.
    fn ratio(&self, path: &str) -> Result<Option<f64>, ConfigError> {
        let ratio = self.get::<Option<f64>>(path, None)?;
        if ratio.is_some_and(|ratio| ratio <= 0.0 || ratio > 1.0) {
            let message = format!("a ratio of {} is not possible", ratio.unwrap_or_default());
            let expected = "a share of the capacity, above 0 and up to 1, or `None`".to_owned();
            return Err(self.wrong(path, &message, expected, "`0.1`"));
        }
        Ok(ratio)
    }
}

impl Config {
    /// Turns the machine into its write-through twin: every store goes to the backing store before
    /// it is acknowledged, so that nothing is left for the triggers of flushes.
    pub fn write_through(&mut self) {
        let machine = &mut self.machine;
        for LevelSpec { write, .. } in machine.private.iter_mut().chain(&mut machine.shared) {
            *write = WritePolicy::WriteThrough { allocate: true };
        }
        if let Some(Durability { flush, queue, .. }) = &mut self.durability {
            flush.every = None;
            flush.dirty_count = None;
            flush.background_ratio = None;
            flush.dirty_ratio = None;
            flush.max_age = None;
            queue.capacity = None;
        }
    }
}
