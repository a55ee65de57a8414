use super::*;

/// The lines in the order of their last uses, the most recent last.
struct Drawn {
    shape: Shape,
    lines: Vec<u64>,
}

impl Drawn {
    fn sees(&mut self, line: u64, op: Op) -> bool {
        let found = self.lines.iter().position(|held| *held == line);
        if let Some(at) = found {
            self.lines.remove(at);
        } else if !self.shape.allocates(op) {
            return false;
        } else if self.lines.len() == self.shape.lines {
            self.lines.remove(0);
        }
        self.lines.push(line);
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

/// Compares with the drawing on random hits, misses and removals. The slots say nothing of where
/// the lines are: a link that is wrong is found out.
fn compare(seed: u64, shape: Shape, lines: u64, removals_percent: u64) {
    let mut random = Random(seed);
    let mut shadow = Shadow::new(shape);
    let mut drawn = Drawn { shape, lines: Vec::new() };
    for step in 0..5000 {
        // Some lines are wanted more often than others, and each has its slot more often than not.
        let line = random.below(1 + random.0 % lines);
        let op = if random.below(3) == 0 { Op::Write } else { Op::Read };
        let reference = Reference { core: 0, op, line: LineAddr(line), offset: 0, bytes: 1 };
        let context = format!("seed {seed}, {shape:?}, step {step}, line {line}");
        if random.below(100) < removals_percent {
            shadow.remove(LineAddr(line));
            drawn.lines.retain(|held| *held != line);
        } else if random.below(2) == 0 {
            assert_eq!(shadow.sees(&reference), drawn.sees(line, op), "{context}");
        } else {
            let slots = shape.lines as u64;
            let slot = if random.below(4) == 0 { random.below(slots) } else { line % slots };
            shadow.sees_in(Slot(slot as u32), &reference);
            drawn.sees(line, op);
        }
        let mut held: Vec<u64> = shadow.entries[1..]
            .iter()
            .filter(|entry| entry.line != NO_LINE)
            .map(|entry| entry.line.0)
            .collect();
        let mut expected = drawn.lines.clone();
        held.sort_unstable();
        expected.sort_unstable();
        assert_eq!(held, expected, "{context}");
    }
}

#[test]
fn the_least_recent_line_goes_whatever_was_used_meanwhile() {
    for (seed, lines) in [(1, 1), (2, 2), (3, 7), (4, 16), (5, 200)] {
        for passes_stores in [false, true] {
            let shape = Shape { lines, passes_stores };
            for many in [lines as u64, 2 * lines as u64, 10 * lines as u64] {
                compare(seed, shape, many + 1, 0);
                compare(seed, shape, many + 1, 10);
            }
        }
    }
}
