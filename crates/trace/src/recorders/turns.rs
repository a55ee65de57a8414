//! Threads that were run one after the other, side by side again.
//!
//! A recorder that runs one thread at a time lets each run for a long slice (Valgrind: 100,000
//! basic blocks), so that threads which share a line seem to use it one after the other. Here every
//! thread has a clock that counts its accesses, and a thread that could have gone on when its slice
//! ended does go on: its next slice begins where its last one ended, beside what the others did
//! meanwhile. A thread that waited (in a system call, for another thread) goes on when what ran
//! just before it has ended, so nothing comes before what it may have waited for. A new thread
//! begins where one gave way: one that starts another does so at once.

use std::collections::VecDeque;

use crate::error::TraceError;
use crate::header::Header;
use crate::record::{Op, Record};
use crate::source::{CHUNK, Source};

/// Records that are kept at most: the clocks of threads that lag further behind are put forward.
const KEPT_MAX: usize = 1 << 21;

/// A source that lets the threads of another take turns of some accesses.
///
/// In what it reads, a fence says that its core's thread has stopped though it could have gone on:
/// one of 1 that it gave way, one of 0 that its slice had ended. No fence is passed on.
pub struct Turns {
    source: Box<dyn Source>,
    /// The accesses of a turn.
    turn: u64,
    threads: Vec<Thread>,
    /// The thread whose slice is read.
    running: usize,
    /// Records that wait in all threads.
    kept: usize,
    buffer: Vec<Record>,
    more: bool,
}

/// What is known of a thread.
#[derive(Default)]
struct Thread {
    /// The accesses it has performed, and the time that it waited, in accesses of others.
    clock: u64,
    /// It has stopped, and could have gone on.
    could_go_on: bool,
    /// It has stopped because it gave way.
    gave_way: bool,
    /// Runs of records: when the first is due, and the records, one a tick.
    waiting: VecDeque<(u64, VecDeque<Record>)>,
}

impl Thread {
    /// Returns when its next record is due.
    fn due(&self) -> Option<u64> {
        self.waiting.front().map(|(due, _)| *due)
    }

    fn push(&mut self, record: Record) {
        let continues = |(due, records): &&mut (u64, VecDeque<Record>)| {
            *due + records.len() as u64 == self.clock
        };
        match self.waiting.back_mut().filter(continues) {
            Some((_, records)) => records.push_back(record),
            None => self.waiting.push_back((self.clock, VecDeque::from([record]))),
        }
        self.clock += 1;
    }

    fn pop(&mut self) -> Option<Record> {
        let (due, records) = self.waiting.front_mut()?;
        let record = records.pop_front();
        *due += 1;
        if records.is_empty() {
            self.waiting.pop_front();
        }
        record
    }
}

impl Turns {
    /// Makes the threads of a source take turns of `turn` accesses, one at least.
    pub fn new(source: Box<dyn Source>, turn: u32) -> Turns {
        Turns {
            source,
            turn: u64::from(turn.max(1)),
            threads: Vec::new(),
            running: 0,
            kept: 0,
            buffer: Vec::new(),
            more: true,
        }
    }

    /// Takes a record in the order in which the threads were run.
    fn take(&mut self, record: Record) {
        let core = usize::from(record.core);
        if core >= self.threads.len() {
            self.threads.resize_with(core + 1, Thread::default);
        }
        if record.op == Op::Fence {
            let thread = &mut self.threads[core];
            (thread.could_go_on, thread.gave_way) = (true, record.addr == 1);
            return;
        }
        if core != self.running {
            if !self.threads[core].could_go_on {
                let now = self.begins(core);
                let thread = &mut self.threads[core];
                thread.clock = thread.clock.max(now);
            }
            self.running = core;
        }
        let thread = &mut self.threads[core];
        (thread.could_go_on, thread.gave_way) = (false, false);
        thread.push(record);
        self.kept += 1;
    }

    /// Returns when a thread begins that waited, or is new.
    fn begins(&self, core: usize) -> u64 {
        let gave_way = self.threads.iter().filter(|thread| thread.gave_way);
        let started = gave_way.map(|thread| thread.clock).max();
        let is_new = self.threads[core].clock == 0;
        started.filter(|_| is_new).unwrap_or(self.threads[self.running].clock)
    }

    /// Returns the time up to which nothing can come any more: that of the thread that was read
    /// last, or of one behind it that could go on.
    fn settled(&self) -> u64 {
        let behind = self.threads.iter().filter(|thread| thread.could_go_on);
        let behind = behind.map(|thread| thread.clock).min().unwrap_or(u64::MAX);
        self.threads.get(self.running).map_or(0, |running| running.clock).min(behind)
    }

    /// Passes records on whose turn has come, up to a time and up to a chunk.
    fn pass_on(&mut self, until: u64, into: &mut Vec<Record>) {
        let full = into.len() + CHUNK;
        while into.len() < full {
            let dues = self.threads.iter().filter_map(Thread::due);
            let Some(now) = dues.min().filter(|now| *now < until) else { return };
            let end = ((now / self.turn + 1) * self.turn).min(until);
            for thread in &mut self.threads {
                while thread.due().is_some_and(|due| due < end) && into.len() < full {
                    into.extend(thread.pop());
                    self.kept -= 1;
                }
            }
        }
    }

    /// Where more is kept than may be, those that lag behind have waited.
    fn catch_up(&mut self) {
        if self.kept >= KEPT_MAX {
            let now = self.threads[self.running].clock;
            for thread in self.threads.iter_mut().filter(|thread| thread.could_go_on) {
                thread.clock = thread.clock.max(now);
            }
        }
    }
}

impl Source for Turns {
    fn header(&self) -> &Header {
        self.source.header()
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        loop {
            let until = if self.more { self.settled() } else { u64::MAX };
            self.pass_on(until, into);
            if into.len() > before || !self.more {
                return Ok(into.len() > before);
            }
            let mut records = std::mem::take(&mut self.buffer);
            let more = self.source.read(&mut records);
            records.drain(..).for_each(|record| self.take(record));
            self.buffer = records;
            self.more = more?;
            self.catch_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::source::IterSource;

    /// `a`, `b`, `c` are accesses of the threads 0, 1, 2; a capital says that the thread could have
    /// gone on where it stopped, `!` that it gave way there.
    fn turns(run: &str, turn: u32) -> String {
        let mut records = Vec::new();
        for (n, letter) in run.bytes().enumerate() {
            if letter == b'!' {
                let fence: &mut Record = records.last_mut().expect("a thread that stopped");
                fence.addr = 1;
                continue;
            }
            let core = u16::from(letter.to_ascii_lowercase() - b'a');
            records.push(if letter.is_ascii_uppercase() {
                Record::event(core, Op::Fence, 0)
            } else {
                Record::access(core, Op::Read, n as u64, 1)
            });
        }
        let source = IterSource::new(Header::new(Format::Lackey), records.into_iter());
        let mut source = Turns::new(Box::new(source), turn);
        let mut out = Vec::new();
        while source.read(&mut out).unwrap() {}
        let mut last = [None; 3];
        for record in &out {
            let before = last[usize::from(record.core)].replace(record.addr);
            assert!(before < Some(record.addr), "the order of a thread is its own");
        }
        out.iter().map(|record| char::from(b'a' + record.core as u8)).collect()
    }

    #[test]
    fn threads_whose_slices_have_ended_go_on_side_by_side() {
        // 0 has performed two accesses when it starts 1; from then on both run. 1 begins at 2,
        // where 0's next slice begins, too.
        assert_eq!(turns("aaAbbbBaaaAb", 1), "aaabababb");
        assert_eq!(turns("aaAbbbBaaaAb", 2), "aaaabbabb");
    }

    #[test]
    fn a_thread_that_waited_comes_after_what_ran_before_it() {
        // 0 waits for 1, and so does 2 for 0.
        assert_eq!(turns("aabbbaac", 1), "aabbbaac");
        // 1 could have gone on beside 0's second slice; 0 itself waited until 1 had stopped.
        assert_eq!(turns("aabbBaab", 1), "aabbaba");
    }

    #[test]
    fn three_threads_take_turns() {
        // 1 begins at 1, after 0's first access; 2 at 3, after 1's first two. Then all go on: 0 at
        // 1, 1 at 3, 2 at 5.
        assert_eq!(turns("aAbbBccCaaAbbBccC", 1), "aababbcbccc");
    }

    #[test]
    fn a_new_thread_begins_where_one_gave_way() {
        // 0 starts 1 at 1 and goes on there; at 2 it starts 2, which begins beside the second
        // access of 1, though 1 had run both its slices before.
        assert_eq!(turns("aA!bbBaA!bbBcc", 1), "aabbcbcb");
        // Whoever waited before begins after what ran before it all the same.
        assert_eq!(turns("ccaA!bbBc", 1), "ccabbc");
    }

    #[test]
    fn one_thread_is_passed_on_as_it_is() {
        assert_eq!(turns("aaaAaaAa", 3), "aaaaaa");
    }
}
