use super::*;

/// The stack as it is drawn: the top first, holes as `None`.
#[derive(Default)]
struct Drawn(Vec<Option<u64>>);

impl Drawn {
    fn reference(&mut self, line: u64) -> Option<usize> {
        let own = self.0.iter().position(|place| *place == Some(line));
        let hole = self.0.iter().position(Option::is_none);
        match (own, hole) {
            (Some(own), Some(hole)) if hole < own => {
                self.0[own] = None;
                self.0.remove(hole);
            }
            (Some(own), _) => drop(self.0.remove(own)),
            (None, Some(hole)) => drop(self.0.remove(hole)),
            (None, None) => {}
        }
        self.0.insert(0, Some(line));
        own
    }

    fn remove(&mut self, line: u64) {
        if let Some(place) = self.0.iter_mut().find(|place| **place == Some(line)) {
            *place = None;
        }
    }
}

/// One LRU cache of so many lines, the last reference last.
struct Lru(usize, Vec<u64>);

impl Lru {
    /// Returns whether the line was there.
    fn reference(&mut self, line: u64) -> bool {
        let found = self.1.iter().position(|held| *held == line);
        match found {
            Some(place) => drop(self.1.remove(place)),
            None if self.1.len() == self.0 => drop(self.1.remove(0)),
            None => {}
        }
        self.1.push(line);
        found.is_some()
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// Compares with the drawing and with every cache, on random references and removals.
fn compare(seed: u64, lines: u64, removals_percent: u64, moments: usize) {
    let mut random = Random(seed);
    let (mut stack, mut drawn) = (LruStack::with_moments(moments), Drawn::default());
    let mut caches: Vec<Lru> = (1..=lines as usize + 1).map(|size| Lru(size, vec![])).collect();
    for step in 0..5000 {
        let context = format!("seed {seed}, step {step}");
        // Some lines are wanted more often than others.
        let line = random.below(1 + random.0 % lines);
        if random.below(100) < removals_percent {
            if random.below(50) == 0 {
                stack.clear();
                drawn.0.clear();
                for cache in &mut caches {
                    cache.1.clear();
                }
            } else {
                stack.remove(LineAddr(line));
                drawn.remove(line);
                for cache in &mut caches {
                    cache.1.retain(|held| *held != line);
                }
            }
            continue;
        }
        let depth = stack.reference(LineAddr(line));
        assert_eq!(depth, drawn.reference(line), "{context}");
        for cache in &mut caches {
            let hits = depth.is_some_and(|depth| depth < cache.0);
            assert_eq!(cache.reference(line), hits, "{context}, {} lines", cache.0);
        }
    }
}

#[test]
fn depths_say_what_a_cache_of_each_size_holds() {
    for (seed, lines) in [(1, 5), (2, 20), (3, 60)] {
        compare(seed, lines, 0, 1 << 16);
    }
}

#[test]
fn removed_lines_leave_room_in_the_caches_that_had_them() {
    for (seed, lines) in [(4, 3), (5, 8), (6, 20), (7, 60)] {
        compare(seed, lines, 10, 1 << 16);
        compare(seed, lines, 40, 1 << 16);
    }
}

#[test]
fn a_row_that_is_full_is_renumbered() {
    for (seed, lines) in [(8, 3), (9, 20), (10, 60)] {
        compare(seed, lines, 0, 1);
        compare(seed, lines, 20, 1);
    }
    // 1,000 lines in turn: the row is renumbered, and does not grow with the references.
    let mut stack = LruStack::with_moments(1);
    for step in 0..100_000 {
        let depth = stack.reference(LineAddr(step % 1000));
        assert_eq!(depth, (step >= 1000).then_some(999));
    }
    assert!(stack.marks.len() <= 8 * 1000 + 64, "{}", stack.marks.len());
    assert!(stack.now > 100_000 + 1000);
}

#[test]
fn a_hole_is_filled_by_the_caches_that_have_it() {
    // The stack c b a loses b: a cache of two lines has c, one of three c and a.
    let mut stack = LruStack::new();
    let [a, b, c, d] = [0, 1, 2, 3].map(LineAddr);
    for line in [a, b, c] {
        stack.reference(line);
    }
    stack.remove(b);
    // It still takes three lines to have a, and two to keep it when d comes: d fills the hole.
    assert_eq!(stack.reference(d), None);
    assert_eq!(stack.reference(a), Some(2));
    assert_eq!(stack.reference(b), None);
    assert_eq!((stack.reference(c), stack.lines()), (Some(3), 4));
}

#[test]
fn a_zigzag_meets_each_line_at_its_own_distance() {
    // Lines 0 1 2 3 2 1 0 1 2 3 ...: on each way, the line i places after the turn was left i
    // places before it, with i lines in between; at the end of the way that is all the others.
    let mut stack = LruStack::new();
    for line in [0, 1, 2, 3] {
        assert_eq!(stack.reference(LineAddr(line)), None);
    }
    for _ in 0..100 {
        for (line, depth) in [(2, 1), (1, 2), (0, 3), (1, 1), (2, 2), (3, 3)] {
            assert_eq!(stack.reference(LineAddr(line)), Some(depth));
        }
    }
    assert_eq!(stack.reference(LineAddr(3)), Some(0));
}
