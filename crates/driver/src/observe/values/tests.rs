//! The same events, the wrong ones of a broken machine too, for a ledger that compares words.

use cache::Slot;
use coherence::Op;
use rustc_hash::FxHashMap;

use super::*;
use crate::config::{Config, Draft};

/// Every place with all its words, and nothing shared between any two.
#[derive(Default)]
struct Plain {
    places: FxHashMap<Place, Vec<u64>>,
    stored: FxHashMap<LineAddr, Vec<u64>>,
    ledger: FxHashMap<LineAddr, Vec<u64>>,
    stores: u64,
}

const WORDS: usize = 4;

impl Plain {
    fn at(&mut self, line: LineAddr, place: Place) -> &mut Vec<u64> {
        let words = || vec![0; WORDS];
        match place {
            Place::Store => self.stored.entry(line).or_insert_with(words),
            _ => self.places.entry(place).or_insert_with(words),
        }
    }

    fn storing(&mut self, reference: &Reference) {
        self.stores += 1;
        let number = self.stores;
        let last = self.ledger.entry(reference.line).or_insert_with(|| vec![0; WORDS]);
        last[reference.words(2)].fill(number);
    }

    fn stored(&mut self, reference: &Reference, place: Place) {
        let number = self.stores;
        self.at(reference.line, place)[reference.words(2)].fill(number);
    }

    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        let words = self.at(line, from).clone();
        *self.at(line, to) = words;
    }

    /// Returns the first word that a load finds wrong, what it finds and what it should find.
    fn wrong(&mut self, reference: &Reference, place: Place) -> Option<(usize, u64, u64)> {
        let found = self.at(reference.line, place).clone();
        let last = self.ledger.get(&reference.line).cloned().unwrap_or_else(|| vec![0; WORDS]);
        let mut words = reference.words(2).map(|word| (word, found[word], last[word]));
        words.find(|(_, found, expected)| found != expected)
    }

    fn line_not_stored(&self) -> Option<LineAddr> {
        let nothing = vec![0; WORDS];
        let stored = |line| self.stored.get(line).unwrap_or(&nothing);
        let differing = self.ledger.iter().filter(|(line, last)| stored(line) != *last);
        differing.map(|(line, _)| *line).min()
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }

    /// Any place at all: two cores with three caches, a shared level, victims, the backing store.
    fn place(&mut self) -> Place {
        let core = self.below(2) as CoreId;
        match self.below(10) {
            0..=6 => {
                let slot = Slot(self.below(2) as u32);
                Place::Private { core, cache: self.below(3) as usize, slot }
            }
            7 => Place::Shared { level: 0, slot: Slot(self.below(2) as u32) },
            8 => Place::Departing { core: Some(core), cache: self.below(2) as usize },
            _ => Place::Store,
        }
    }

    fn reference(&mut self) -> Reference {
        let (first, last) = (self.below(16), self.below(16));
        Reference {
            core: self.below(2) as CoreId,
            op: Op::Read,
            line: LineAddr(self.below(6)),
            offset: first.min(last) as u32,
            bytes: first.abs_diff(last) as u32 + 1,
        }
    }
}

fn machine() -> MachineSpec {
    let config = "(cores: 2, line: 16, l1i: (size: 32, ways: 2), caches: [
        (size: 32, ways: 2), (size: 32, ways: 2), (scope: Shared, size: 32, ways: 2)])";
    Config::new(&Draft::from_ron("test", config).unwrap()).unwrap().machine
}

/// Tells both of random events up to a load that finds something wrong; returns how many loads
/// found nothing wrong, and whether that one had both.
fn compare(seed: u64, machine: &MachineSpec) -> (u64, bool) {
    let mut random = Random(seed);
    let mut values = Values::new(machine, 4);
    let mut plain = Plain::default();
    let mut loads = 0;
    // Few places in some runs, so that many loads find what they should.
    let places = 1 + random.below(6);
    let mut known: Vec<Place> = (0..places).map(|_| random.place()).collect();
    known.push(Place::Store);
    for step in 0..300 {
        let context = format!("seed {seed}, step {step}");
        let reference = random.reference();
        let mut place = || known[random.below(known.len() as u64) as usize];
        let (place, other) = (place(), place());
        match random.below(8) {
            0 | 1 => {
                values.looked_up(&reference, 0, FirstLevel::Hit);
                values.storing(&reference);
                plain.storing(&reference);
                // Mostly everywhere, so that loads find it; now and then nowhere.
                let reached = random.below(8);
                for place in &known {
                    if reached > 1 || reached == 1 && random.below(2) == 0 {
                        values.stored(&reference, *place);
                        plain.stored(&reference, *place);
                    }
                }
            }
            2 | 3 => {
                values.copied(reference.line, place, other);
                plain.copied(reference.line, place, other);
            }
            _ => {
                values.loaded(&reference, place);
                let expected = plain.wrong(&reference, place);
                let violation = values.violation();
                let found = violation.map(|wrong| (wrong.word, wrong.found, wrong.expected));
                assert_eq!(found, expected, "{context}");
                if let Some(violation) = violation {
                    assert_eq!((violation.reference, violation.place), (reference, place));
                    return (loads, true);
                }
                loads += 1;
            }
        }
        assert_eq!(values.line_not_stored(), plain.line_not_stored(), "{context}");
    }
    (loads, false)
}

#[test]
fn what_is_kept_once_for_all_tells_right_from_wrong_as_all_words_do() {
    let machine = machine();
    let runs: Vec<_> = (0..3000).map(|seed| compare(seed, &machine)).collect();
    let loads: u64 = runs.iter().map(|(loads, _)| loads).sum();
    let wrong = runs.iter().filter(|(_, wrong)| *wrong).count();
    assert!(loads > 3000 && wrong > 1000, "{loads} right loads, {wrong} wrong ones");
}
