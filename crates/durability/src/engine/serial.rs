//! One loop that serves all clients: a turn takes up the requests that have come in, one after the
//! other, and replies at the end of its fsync if it wrote.

use std::collections::VecDeque;

use coherence::Observer;

use super::request::State;
use super::{Engine, Stopped};
use crate::agenda::{ClientId, Event};
use crate::spec::Sync;

/// The loop.
#[derive(Clone, Debug, Default)]
pub(super) struct Loop {
    /// Requests for the next turn.
    waiting: VecDeque<ClientId>,
    /// Requests of this turn that have not been taken up.
    turn: VecDeque<ClientId>,
    /// Clients of this turn that wait for its fsync.
    pub(super) done: Vec<ClientId>,
    /// A turn is under way.
    busy: bool,
    /// This turn ends with an fsync.
    syncs: bool,
}

impl<O: Observer> Engine<O> {
    pub(super) fn is_serial(&self) -> bool {
        self.spec.log.as_ref().is_some_and(|log| log.serial)
    }

    /// A request comes in.
    pub(super) fn join_loop(&mut self, client: ClientId) {
        self.serial.waiting.push_back(client);
        if !self.serial.busy {
            self.serial.busy = true;
            self.agenda.schedule(self.now, Event::LoopStep);
        }
    }

    /// Takes up the next request, or ends the turn, or begins one.
    pub(super) fn loop_step(&mut self) -> Result<(), Stopped> {
        if self.serial.turn.is_empty() {
            if !self.serial.done.is_empty() {
                self.sync_waiting();
                return Ok(());
            }
            self.serial.turn = std::mem::take(&mut self.serial.waiting);
            let writes = |client: &ClientId| match self.clients[*client as usize].state {
                State::Held(request) => request.is_write(),
                State::Idle | State::Waiting(_) => false,
            };
            let always = self.spec.log.as_ref().is_some_and(|log| log.sync == Sync::Always);
            self.serial.syncs = always && self.serial.turn.iter().any(writes);
        }
        let Some(client) = self.serial.turn.pop_front() else {
            self.serial.busy = false;
            return Ok(());
        };
        let done = self.try_request(client)?;
        if done.is_some() && self.serial.syncs {
            if let State::Waiting(waits) = &mut self.client(client).state {
                *waits += 1;
            }
            self.serial.done.push(client);
        }
        self.agenda.schedule(done.unwrap_or(self.now), Event::LoopStep);
        Ok(())
    }

    /// The fsync of a turn has ended: its clients are answered, and the next turn begins.
    pub(super) fn end_turn(&mut self) {
        for client in std::mem::take(&mut self.serial.done) {
            self.condition_met(client);
        }
        self.agenda.schedule(self.now, Event::LoopStep);
    }
}
