//! Whether a write may be taken by the caches: the share of dirty blocks, and the places of the
//! queue.

use std::collections::VecDeque;

use cache::{Addr, LineAddr};
use coherence::Observer;

use super::request::{Request, State};
use super::{Engine, Stopped};
use crate::agenda::{ClientId, Event};
use crate::blocks::Block;
use crate::outcome::Trigger;
use crate::spec::{Overflow, Ticks};

/// Clients whose requests wait, first come first served.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    for_places: VecDeque<ClientId>,
    for_fewer_dirty: VecDeque<ClientId>,
    /// One of them is being let in.
    admitting: bool,
}

/// How far a client's request has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hold {
    /// What it waited for until now: it goes before those who still do.
    waited: Waited,
    /// Since when it waited for fewer dirty blocks.
    throttled_since: Option<Ticks>,
    /// It has been paused or waited, and is not paused again.
    paused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Waited {
    #[default]
    No,
    ForPlaces,
    ForFewerDirty,
}

/// Whether a request may be taken by the caches.
pub(super) enum Admission {
    Granted,
    /// These lines find the queue full, and go to the store by themselves.
    Through(Vec<LineAddr>),
    Held,
    /// The queue refuses so many writes.
    Rejected(u64),
}

impl<O: Observer> Engine<O> {
    /// Decides on a client's request.
    pub(super) fn admit(
        &mut self,
        client: ClientId,
        request: &Request,
    ) -> Result<Admission, Stopped> {
        let limited = self.spec.queue.capacity.is_some() || self.spec.flush.dirty_ratio.is_some();
        if !limited || !request.is_write() {
            return Ok(Admission::Granted);
        }
        let waited = std::mem::take(&mut self.client(client).hold.waited);
        let dirties = self.lines_without(request, Block::is_dirty).len() as u64;
        if dirties > 0 && self.throttle(client, dirties, waited)? {
            return Ok(Admission::Held);
        }
        if let Some(since) = self.client(client).hold.throttled_since.take() {
            self.throttled += self.now - since;
        }
        let Some(capacity) = self.spec.queue.capacity else { return Ok(Admission::Granted) };
        let mut places = self.lines_without(request, Block::is_queued);
        let others_wait = waited != Waited::ForPlaces && !self.held.for_places.is_empty();
        if places.is_empty() || self.has_places(places.len() as u64) && !others_wait {
            return Ok(Admission::Granted);
        }
        Ok(match self.spec.queue.overflow {
            Overflow::Block => {
                self.held.for_places.push_back(client);
                self.take_for_held()?;
                self.pump();
                Admission::Held
            }
            Overflow::Reject => Admission::Rejected(self.lines_of(request).count() as u64),
            Overflow::WriteThrough => {
                let free = capacity.saturating_sub(self.queued) as usize;
                Admission::Through(places.split_off(free.min(places.len())))
            }
        })
    }

    fn lines_of(&self, request: &Request) -> impl Iterator<Item = LineAddr> + use<O> {
        let size = self.machine.line_size();
        let end = Addr(request.addr.0 + u64::from(request.bytes) - 1);
        (size.line(request.addr).0..=size.line(end).0).map(LineAddr)
    }

    /// Returns the lines of a request whose blocks are not that.
    fn lines_without(&self, request: &Request, is: fn(&Block) -> bool) -> Vec<LineAddr> {
        let lacks =
            |line: &LineAddr| self.block_of(*line).is_none_or(|block| !is(self.blocks.get(block)));
        self.lines_of(request).filter(lacks).collect()
    }

    /// Tells whether the queue has so many places; what needs more than there are at all goes on
    /// when it is empty.
    fn has_places(&self, places: u64) -> bool {
        let capacity = self.spec.queue.capacity.unwrap_or(u64::MAX);
        let fits = self.queued + places <= capacity;
        places == 0 || fits || (self.queued == 0 && places > capacity)
    }

    /// Tells whether so many more blocks may become dirty.
    fn may_dirty(&self, more: u64) -> bool {
        let hard = self.throttle_limits().map_or(u64::MAX, |(_, hard)| hard);
        more == 0 || self.dirty == 0 || self.dirty + more <= hard
    }

    /// Holds a write that dirties so many more blocks up where too many are dirty; tells whether
    /// it did.
    fn throttle(&mut self, client: ClientId, more: u64, waited: Waited) -> Result<bool, Stopped> {
        let Some((soft, hard)) = self.throttle_limits() else { return Ok(false) };
        let now = self.now;
        let others_wait = waited != Waited::ForFewerDirty && !self.held.for_fewer_dirty.is_empty();
        if others_wait || !self.may_dirty(more) {
            let hold = &mut self.client(client).hold;
            hold.throttled_since.get_or_insert(now);
            hold.paused = true;
            self.held.for_fewer_dirty.push_back(client);
            self.take_for_held()?;
            self.pump();
            return Ok(true);
        }
        let dirty = self.dirty;
        let hold = &mut self.client(client).hold;
        let paused = hold.paused;
        hold.paused = paused || dirty >= soft;
        if dirty < soft || paused {
            return Ok(false);
        }
        let pause = u128::from(self.spec.flush.pause_max) * u128::from(dirty - soft + 1)
            / u128::from(hard.saturating_sub(soft) + 1);
        let pause = pause as Ticks;
        self.throttled += pause;
        if pause > 0 {
            self.agenda.schedule(now.saturating_add(pause), Event::Resume(client));
        }
        Ok(pause > 0)
    }

    /// Returns how many lines of a request that is held up are in blocks that are not that.
    fn held_lines_without(&self, client: ClientId, is: fn(&Block) -> bool) -> u64 {
        match self.clients[client as usize].state {
            State::Held(request) => self.lines_without(&request, is).len() as u64,
            State::Idle | State::Waiting(_) => 0,
        }
    }

    /// Tells whether there are the places that the first who waits for any needs.
    fn first_has_places(&self) -> Option<bool> {
        let first = *self.held.for_places.front()?;
        Some(self.has_places(self.held_lines_without(first, Block::is_queued)))
    }

    /// Tells whether the first who waits for fewer dirty blocks may go on.
    fn first_may_dirty(&self) -> Option<bool> {
        let first = *self.held.for_fewer_dirty.front()?;
        Some(self.may_dirty(self.held_lines_without(first, Block::is_dirty)))
    }

    /// What somebody waits for may be there now: before the next access, who comes first is let in.
    pub(super) fn wake_held(&mut self) {
        let may_go = self.first_has_places() == Some(true) || self.first_may_dirty() == Some(true);
        if may_go && !self.held.admitting {
            self.held.admitting = true;
            self.agenda.schedule(self.now, Event::Admit);
        }
    }

    /// Lets the first in who waits for what is there now.
    pub(super) fn admit_first(&mut self) -> Result<(), Stopped> {
        self.held.admitting = false;
        let (next, waited) = if self.first_has_places() == Some(true) {
            (self.held.for_places.pop_front(), Waited::ForPlaces)
        } else if self.first_may_dirty() == Some(true) {
            (self.held.for_fewer_dirty.pop_front(), Waited::ForFewerDirty)
        } else {
            (None, Waited::No)
        };
        if let Some(client) = next {
            self.client(client).hold.waited = waited;
            self.resume(client)?;
        }
        self.wake_held();
        self.take_for_held()?;
        self.wrong_or_ok()
    }

    /// Who waits does not wait for nothing: while nothing else takes what is dirty, this does.
    pub(super) fn take_for_held(&mut self) -> Result<(), Stopped> {
        if self.held.admitting {
            return Ok(());
        }
        let no_calls = self.calls.len() == self.free_calls.len();
        let nothing_goes = no_calls && self.taken.len() + self.throughs.len() == 0;
        if nothing_goes && self.first_may_dirty() == Some(false) {
            self.take_all(Trigger::Throttle)?;
        }
        if self.first_has_places() == Some(false) {
            self.take_if_full()?;
        }
        Ok(())
    }
}
