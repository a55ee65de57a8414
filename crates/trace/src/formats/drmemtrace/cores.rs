//! Which core each thread is.

/// The threads that have had an access, in the order in which they did: a core each.
pub(super) struct Cores {
    threads: Vec<u64>,
    max: u16,
}

impl Cores {
    pub(super) const fn new(max: u16) -> Cores {
        Cores { threads: Vec::new(), max }
    }

    /// Returns the core of a thread; if there is none left, how many threads that would make.
    pub(super) fn of_thread(&mut self, id: u64) -> Result<u16, u64> {
        if let Some(core) = self.threads.iter().position(|&known| known == id) {
            return Ok(core as u16);
        }
        let core = self.threads.len();
        if core >= usize::from(self.max) {
            return Err(core as u64 + 1);
        }
        self.threads.push(id);
        Ok(core as u16)
    }

    pub(super) const fn max(&self) -> u16 {
        self.max
    }
}
