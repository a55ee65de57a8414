//! Who touches which words of a line, and what passes between them.

use coherence::{CoreId, Op};

use super::code::Instructions;
use super::hot::LineUse;

/// A reference, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    pub(super) core: CoreId,
    /// The words touched, word n as bit n.
    pub(super) words: u64,
    pub(super) op: Op,
    /// The instruction; 0 if it is unknown.
    pub(super) pc: u64,
}

impl Touch {
    fn reads(&self) -> bool {
        matches!(self.op, Op::Read | Op::Fetch | Op::Atomic)
    }

    fn writes(&self) -> bool {
        matches!(self.op, Op::Write | Op::Atomic)
    }
}

/// Accesses of a core to a line that another core had stored to since the core's last access to it
/// (for its first: ever before). In caches that never evict, each is a miss of an invalidation
/// protocol, essential or not as Dubois and others, ISCA 1993, tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moves {
    /// Those after which the core, up to its next move, touches a word that was stored to then:
    /// data passes.
    pub used: u64,
    /// Those after which it touches only other words: nothing that it asks for has changed.
    pub unused: u64,
}

/// The cores that touch a line. Most lines have one, and few bytes are kept of it.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// The first of them, as long as it is alone.
    alone: Option<LineUse>,
    together: Option<Box<Together>>,
}

/// The cores of a line that has several.
#[derive(Debug, Default)]
pub(super) struct Together {
    pub(super) users: Vec<User>,
    pub(super) moves: Moves,
    turn: Turn,
    /// Turns since the second core came, its first included.
    pub(super) turns: u64,
    /// Those of them in which the line migrated.
    pub(super) migrations: u64,
    pub(super) code: Instructions,
}

/// One of several cores.
#[derive(Debug)]
pub(super) struct User {
    pub(super) uses: LineUse,
    /// The words that it stored to since the second core came.
    pub(super) writes_since: u64,
    /// The words that others stored to since its last access.
    news: u64,
    /// Those that its last move brought, as long as it has touched none of them.
    brought: u64,
}

/// The accesses of one core, up to the next one's.
#[derive(Debug, Default)]
struct Turn {
    core: CoreId,
    reads: u64,
    writes: u64,
    /// The words that the turn before stored to.
    written_before: u64,
    migrated: bool,
}

impl Users {
    pub(super) fn touch(&mut self, touch: &Touch) {
        if let Some(together) = &mut self.together {
            together.touch(touch);
            return;
        }
        let alone = self.alone.get_or_insert(LineUse { core: touch.core, reads: 0, writes: 0 });
        if alone.core == touch.core {
            alone.add(touch);
            return;
        }
        let mut together = Together::after(*alone);
        together.touch(touch);
        self.together = Some(Box::new(together));
    }

    /// Returns the cores if there are several.
    pub(super) fn together(&self) -> Option<&Together> {
        self.together.as_deref()
    }

    /// Returns who touches what, by core.
    pub(super) fn uses(&self) -> Vec<LineUse> {
        let Some(together) = self.together() else { return self.alone.into_iter().collect() };
        let mut uses: Vec<_> = together.users.iter().map(|user| user.uses).collect();
        uses.sort_unstable_by_key(|uses| uses.core);
        uses
    }
}

impl LineUse {
    fn add(&mut self, touch: &Touch) {
        if touch.reads() {
            self.reads |= touch.words;
        }
        if touch.writes() {
            self.writes |= touch.words;
        }
    }
}

impl Together {
    fn after(alone: LineUse) -> Self {
        let LineUse { core, reads, writes } = alone;
        Self {
            users: vec![User { uses: alone, writes_since: 0, news: 0, brought: 0 }],
            turn: Turn { core, reads, writes, ..Turn::default() },
            ..Self::default()
        }
    }

    fn touch(&mut self, touch: &Touch) {
        let number = self.number_of(touch.core);
        let user = &mut self.users[number];
        if user.news != 0 {
            // In vain until it turns out to be used.
            self.moves.unused += 1;
            user.brought = std::mem::take(&mut user.news);
        }
        if user.brought & touch.words != 0 {
            self.moves.unused -= 1;
            self.moves.used += 1;
            user.brought = 0;
        }
        user.uses.add(touch);
        self.take_turn(touch);
        if touch.op != Op::Fetch {
            self.code.count(touch.pc);
        }
        if !touch.writes() {
            return;
        }
        self.users[number].writes_since |= touch.words;
        for (other, user) in self.users.iter_mut().enumerate() {
            if other != number {
                user.news |= touch.words;
            }
        }
    }

    fn number_of(&mut self, core: CoreId) -> usize {
        if let Some(number) = self.users.iter().position(|user| user.uses.core == core) {
            return number;
        }
        let news = self.users.iter().fold(0, |words, user| words | user.uses.writes);
        let uses = LineUse { core, reads: 0, writes: 0 };
        self.users.push(User { uses, writes_since: 0, news, brought: 0 });
        self.users.len() - 1
    }

    fn take_turn(&mut self, touch: &Touch) {
        let turn = &mut self.turn;
        if turn.core != touch.core {
            let written_before = turn.writes;
            *turn = Turn { core: touch.core, written_before, ..Turn::default() };
            self.turns += 1;
        }
        if touch.reads() {
            turn.reads |= touch.words;
        }
        if touch.writes() {
            turn.writes |= touch.words;
            let taken = turn.reads & touch.words & turn.written_before != 0;
            self.migrations += u64::from(taken && !turn.migrated);
            turn.migrated |= taken;
        }
    }
}
