//! Which bytes of a falsely shared line belong to whom, so that somebody can set them apart.

use super::pattern::Pattern;
use super::sharing::{Together, Users};

/// Whose some words of a line are, core n as bit n.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// These cores store to them, whoever reads them.
    Writers(u64),
    /// Nobody stores to them, and these cores read them.
    Readers(u64),
}

/// A line that is shared falsely, divided by whose its words are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Divided {
    /// The parts and their words, word n as bit n, by the first word of each.
    pub parts: Vec<(Who, u64)>,
}

impl Divided {
    /// Divides a line where that helps: where it is shared falsely, and more than one part comes of
    /// it. What was stored before the second core came is nobody's: that is how memory is prepared.
    pub(super) fn of(users: &Users, pattern: Pattern) -> Option<Self> {
        let together = users.together().filter(|_| pattern == Pattern::FalseShared)?;
        let mut parts: Vec<(Who, u64)> = Vec::new();
        for word in (0..u64::BITS).map(|number| 1_u64 << number) {
            let Some(who) = who(together, word) else { continue };
            match parts.iter_mut().find(|(known, _)| *known == who) {
                Some((_, words)) => *words |= word,
                None => parts.push((who, word)),
            }
        }
        (parts.len() > 1).then_some(Self { parts })
    }
}

fn who(together: &Together, word: u64) -> Option<Who> {
    let (mut writers, mut readers) = (0_u64, 0_u64);
    for user in &together.users {
        writers |= u64::from(user.writes_since & word != 0) << user.uses.core;
        readers |= u64::from(user.uses.reads & word != 0) << user.uses.core;
    }
    match (writers, readers) {
        (0, 0) => None,
        (0, readers) => Some(Who::Readers(readers)),
        (writers, _) => Some(Who::Writers(writers)),
    }
}
