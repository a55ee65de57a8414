//! What will happen when: the events of a run, earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::blocks::{BlockId, Seq};
use crate::spec::Ticks;

/// A client: a core of the trace.
pub(crate) type ClientId = u32;

/// A call to the store, by its place in the list of calls.
pub(crate) type CallId = u32;

/// What will happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Event {
    /// The caches and the bus are done with a client's access.
    CacheDone(ClientId),
    /// A call to the store ends.
    CallDone(CallId),
    /// An fsync of the log ends.
    FsyncDone,
    /// The replica that would take over has a write.
    Replicated(BlockId, Seq),
    /// As many replicas have a client's write as it waits for.
    ReplicasAnswer(ClientId),
    /// The memory controller's write queue has a version.
    Accepted(BlockId, Seq),
    /// The timer of the flusher.
    Tick,
    /// What triggered while the one call of everything was out is made up.
    MakeUp,
    /// A block reaches the age that none may pass.
    MaxAge,
    /// The timer of the log.
    LogTick,
    /// A failed call is sent again.
    Retry(CallId),
    /// The outside reader reads.
    Read,
    /// The first of those who wait gets the place that it waited for.
    Admit,
    /// A client whose request was paused tries again.
    Resume(ClientId),
    /// The loop that serves all clients takes up the next request.
    LoopStep,
}

/// The order of what happens at one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stage {
    Completion,
    Timer,
    MakeUp,
    MaxAge,
    LogTimer,
    Retry,
    Reader,
    Admission,
    Access,
    /// Requests of the same instant have come in.
    AfterAccesses,
}

impl Event {
    pub(crate) const fn stage(self) -> Stage {
        match self {
            Event::CacheDone(_)
            | Event::CallDone(_)
            | Event::FsyncDone
            | Event::Replicated(..)
            | Event::ReplicasAnswer(_)
            | Event::Accepted(..) => Stage::Completion,
            Event::Tick => Stage::Timer,
            Event::MakeUp => Stage::MakeUp,
            Event::MaxAge => Stage::MaxAge,
            Event::LogTick => Stage::LogTimer,
            Event::Retry(_) => Stage::Retry,
            Event::Read => Stage::Reader,
            Event::Admit => Stage::Admission,
            Event::Resume(_) => Stage::Access,
            Event::LoopStep => Stage::AfterAccesses,
        }
    }
}

/// The events to come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    heap: BinaryHeap<Reverse<(Ticks, Stage, u64, Event)>>,
    scheduled: u64,
    reads: usize,
}

impl Agenda {
    pub(crate) fn schedule(&mut self, at: Ticks, event: Event) {
        self.scheduled += 1;
        self.reads += usize::from(event == Event::Read);
        // Whoever was paused goes on as whoever asks: the lowest number first.
        let order = match event {
            Event::Resume(client) => u64::from(client),
            _ => self.scheduled,
        };
        self.heap.push(Reverse((at, event.stage(), order, event)));
    }

    /// Returns the moment and stage of the next event.
    pub(crate) fn next(&self) -> Option<(Ticks, Stage)> {
        self.heap.peek().map(|Reverse((at, stage, ..))| (*at, *stage))
    }

    pub(crate) fn pop(&mut self) -> Option<(Ticks, Event)> {
        let Reverse((at, _, _, event)) = self.heap.pop()?;
        self.reads -= usize::from(event == Event::Read);
        Some((at, event))
    }

    /// Tells whether nothing will happen but reads from outside, which change nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.heap.len() == self.reads
    }
}
