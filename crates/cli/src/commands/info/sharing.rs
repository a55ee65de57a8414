//! Which lines of data several cores touch.

use std::collections::HashMap;

/// The lines of a page: they are often touched together.
const PAGE_LINES: usize = 64;

/// The cores that load or store a line, and those that store, core n as bit n.
#[derive(Clone, Copy, Default)]
struct Line {
    touched: u64,
    written: u64,
}

/// Who touches which line.
#[derive(Default)]
pub(super) struct Touches {
    pages: HashMap<u64, Box<[Line; PAGE_LINES]>>,
}

/// How the lines of data are shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Sharing {
    /// Lines that one core touches, two cores, three or more.
    by_one: u64,
    by_two: u64,
    by_more: u64,
    /// Lines that two cores store to, or more.
    written_by_several: u64,
}

impl Touches {
    pub(super) fn add(&mut self, line: u64, core: u16, writes: bool) {
        let page = self.pages.entry(line / PAGE_LINES as u64);
        let page = page.or_insert_with(|| Box::new([Line::default(); PAGE_LINES]));
        let line = &mut page[line as usize % PAGE_LINES];
        line.touched |= 1 << core;
        line.written |= u64::from(writes) << core;
    }

    pub(super) fn sharing(&self) -> Sharing {
        let mut sharing = Sharing::default();
        for line in self.pages.values().flat_map(|page| page.iter()) {
            match line.touched.count_ones() {
                0 => {}
                1 => sharing.by_one += 1,
                2 => sharing.by_two += 1,
                _ => sharing.by_more += 1,
            }
            sharing.written_by_several += u64::from(line.written.count_ones() > 1);
        }
        sharing
    }
}

impl Sharing {
    pub(super) fn in_words(self) -> String {
        let Self { by_one, by_two, by_more, written_by_several } = self;
        format!(
            "lines of data by one core {by_one}, by two {by_two}, by more {by_more}; written by \
             several {written_by_several}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_by_who_touches_them() {
        let mut touches = Touches::default();
        // 0: core 0 alone. 1: read by 0 and written by 63. 1000: read by three, written by two.
        let all = [
            (0, 0, true),
            (0, 0, false),
            (1, 0, false),
            (1, 63, true),
            (1000, 1, true),
            (1000, 2, true),
            (1000, 3, false),
        ];
        for (line, core, writes) in all {
            touches.add(line, core, writes);
        }
        let expected = Sharing { by_one: 1, by_two: 1, by_more: 1, written_by_several: 1 };
        assert_eq!(touches.sharing(), expected);
    }
}
