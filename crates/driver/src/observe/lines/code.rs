//! Which instructions touch a line.

/// The most instructions of a line that are told apart; those that come later are counted
/// together.
const INSTRUCTIONS_MAX: usize = 32;

/// An instruction, or a place of code, and how often it accesses a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeUse {
    /// The address of the instruction.
    pub pc: u64,
    /// Its accesses of the line since the second core came.
    pub accesses: u64,
    /// Where it is, for who can name it.
    pub place: Option<String>,
}

/// The instructions that touch a line.
#[derive(Debug, Default)]
pub(super) struct Instructions {
    /// Each with its accesses.
    known: Vec<(u64, u64)>,
    /// Accesses of others.
    others: u64,
}

impl Instructions {
    /// Counts an access of an instruction, unless it is unknown.
    pub(super) fn count(&mut self, pc: u64) {
        if pc == 0 {
            return;
        }
        if let Some(at) = self.known.iter().position(|(known, _)| *known == pc) {
            self.known[at].1 += 1;
            // What is often asked for stands near the front.
            if at > 0 && self.known[at - 1].1 < self.known[at].1 {
                self.known.swap(at - 1, at);
            }
        } else if self.known.len() < INSTRUCTIONS_MAX {
            self.known.push((pc, 1));
        } else {
            self.others += 1;
        }
    }

    /// Returns the instructions, those with the most accesses first, and the accesses of others.
    pub(super) fn sorted(&self) -> (Vec<CodeUse>, u64) {
        let mut known = self.known.clone();
        known.sort_unstable_by_key(|(pc, accesses)| (u64::MAX - accesses, *pc));
        let uses = known.into_iter().map(|(pc, accesses)| CodeUse { pc, accesses, place: None });
        (uses.collect(), self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_beyond_the_bound_are_counted_together() {
        let mut code = Instructions::default();
        let many = INSTRUCTIONS_MAX as u64 + 5;
        for pc in (1..=many).chain([7, 7, 9]) {
            code.count(pc);
        }
        code.count(0);
        let (known, others) = code.sorted();
        assert_eq!((known.len(), others), (INSTRUCTIONS_MAX, 5));
        let first: Vec<_> = known[..3].iter().map(|known| (known.pc, known.accesses)).collect();
        assert_eq!(first, [(7, 3), (9, 2), (1, 1)]);
    }
}
