//! Tables of layers: below what copies share and nobody changes, above what is new.
//!
//! To copy one is to copy the uppermost layer. [`LayeredMap::freeze`] has copies share that one
//! too, at once, but makes it slower to find what lies below; [`LayeredMap::share`] makes one layer
//! of all, which costs as much as there is in them.

use std::fmt::Debug;
use std::hash::Hash;
use std::mem::{size_of, take};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Keep, Map, Rows};

/// Tables that copies share.
#[derive(Clone, Debug)]
pub enum Layered {}

impl Keep for Layered {
    type Map<K: Copy + Debug + Eq + Hash, V: Copy + Debug> = LayeredMap<K, V>;
    type Rows<T: Copy + Debug> = LayeredRows<T>;
}

/// A layer of a map: `None` for what is further down and was removed.
type Values<K, V> = FxHashMap<K, Option<V>>;

/// From keys to values, in layers.
#[derive(Clone, Debug)]
pub struct LayeredMap<K, V> {
    /// From the lowest one up.
    below: Vec<Arc<Values<K, V>>>,
    above: Values<K, V>,
}

impl<K, V> Default for LayeredMap<K, V> {
    fn default() -> Self {
        Self { below: Vec::new(), above: FxHashMap::default() }
    }
}

impl<K: Copy + Debug + Eq + Hash, V: Copy + Debug> Map<K, V> for LayeredMap<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        let value = self.above.get(key).copied();
        value.unwrap_or_else(|| self.get_below(key))
    }

    fn insert(&mut self, key: K, value: V) {
        self.above.insert(key, Some(value));
    }

    fn remove(&mut self, key: &K) {
        if self.get_below(key).is_some() {
            self.above.insert(*key, None);
        } else {
            self.above.remove(key);
        }
    }

    fn is_empty(&self) -> bool {
        self.below.is_empty() && self.above.is_empty()
    }
}

impl<K: Copy + Eq + Hash, V: Copy> LayeredMap<K, V> {
    fn get_below(&self, key: &K) -> Option<V> {
        self.below.iter().rev().find_map(|layer| layer.get(key).copied()).flatten()
    }

    /// Has copies share what is new.
    pub fn freeze(&mut self) {
        if !self.above.is_empty() {
            self.below.push(Arc::new(take(&mut self.above)));
        }
    }

    /// Has copies share everything, as one layer.
    pub fn share(&mut self) {
        self.freeze();
        let mut layers = take(&mut self.below).into_iter();
        let Some(mut lowest) = layers.next() else { return };
        let all = Arc::make_mut(&mut lowest);
        for layer in layers {
            for (key, value) in layer.iter() {
                match value {
                    Some(_) => all.insert(*key, *value),
                    None => all.remove(key),
                };
            }
        }
        self.below.push(lowest);
    }

    /// Returns about how many bytes this takes: what a copy has for itself, and what copies share.
    pub fn bytes(&self) -> [u64; 2] {
        let bytes = |layer: &Values<K, V>| layer.capacity() * (size_of::<(K, Option<V>)>() + 1);
        let below: usize = self.below.iter().map(|layer| bytes(layer)).sum();
        [bytes(&self.above) as u64, below as u64]
    }
}

/// Rows by their numbers, in layers.
#[derive(Clone, Debug)]
pub struct LayeredRows<T> {
    width: usize,
    /// From the lowest one up.
    below: Vec<Arc<Layer<T>>>,
    above: Layer<T>,
}

#[derive(Clone, Debug)]
struct Layer<T> {
    /// Rows of lower layers that were changed: where among the changed ones they are.
    moved: FxHashMap<u32, u32>,
    changed: Vec<T>,
    /// Values of lower layers, and those that come behind them.
    start: usize,
    new: Vec<T>,
}

impl<T> Layer<T> {
    fn behind(start: usize) -> Self {
        Self { moved: FxHashMap::default(), changed: Vec::new(), start, new: Vec::new() }
    }

    /// Returns the values of a row and behind it, if this layer has it.
    fn find(&self, row: usize, width: usize) -> Option<&[T]> {
        let start = row * width;
        if start >= self.start {
            return self.new.get(start - self.start..);
        }
        self.moved.get(&(row as u32)).map(|at| &self.changed[*at as usize * width..])
    }

    fn bytes(&self) -> usize {
        let values = (self.changed.capacity() + self.new.capacity()) * size_of::<T>();
        values + self.moved.capacity() * (size_of::<(u32, u32)>() + 1)
    }
}

impl<T: Copy + Debug> Rows<T> for LayeredRows<T> {
    fn new(width: usize) -> Self {
        Self { width, below: Vec::new(), above: Layer::behind(0) }
    }

    fn count(&self) -> usize {
        (self.above.start + self.above.new.len()) / self.width
    }

    fn push(&mut self, fill: T) {
        self.above.new.resize(self.above.new.len() + self.width, fill);
    }

    fn row(&self, row: usize) -> &[T] {
        let found = self.above.find(row, self.width).or_else(|| self.find_below(row));
        &found.unwrap_or_default()[..self.width]
    }

    fn row_mut(&mut self, row: usize) -> &mut [T] {
        let (start, width) = (row * self.width, self.width);
        if start >= self.above.start {
            return &mut self.above.new[start - self.above.start..][..width];
        }
        let at = if let Some(at) = self.above.moved.get(&(row as u32)) {
            *at as usize
        } else {
            let values = self.below.iter().rev().find_map(|layer| layer.find(row, width));
            self.above.changed.extend_from_slice(&values.unwrap_or_default()[..width]);
            let at = self.above.changed.len() / width - 1;
            self.above.moved.insert(row as u32, at as u32);
            at
        };
        &mut self.above.changed[at * width..][..width]
    }

    fn copy(&mut self, from: usize, to: usize) {
        let row = self.row(from).to_vec();
        self.row_mut(to).copy_from_slice(&row);
    }
}

impl<T: Copy> LayeredRows<T> {
    fn find_below(&self, row: usize) -> Option<&[T]> {
        self.below.iter().rev().find_map(|layer| layer.find(row, self.width))
    }

    /// Has copies share what is new.
    pub fn freeze(&mut self) {
        if !self.above.new.is_empty() || !self.above.changed.is_empty() {
            let next = Layer::behind(self.above.start + self.above.new.len());
            self.below.push(Arc::new(std::mem::replace(&mut self.above, next)));
        }
    }

    /// Has copies share everything, as one layer.
    pub fn share(&mut self) {
        self.freeze();
        let mut layers = take(&mut self.below).into_iter();
        let Some(mut lowest) = layers.next() else { return };
        let all = Arc::make_mut(&mut lowest);
        for layer in layers {
            for (row, at) in &layer.moved {
                let changed = &layer.changed[*at as usize * self.width..][..self.width];
                all.new[*row as usize * self.width..][..self.width].copy_from_slice(changed);
            }
            all.new.extend_from_slice(&layer.new);
        }
        self.below.push(lowest);
    }

    /// Returns about how many bytes this takes: what a copy has for itself, and what copies share.
    pub fn bytes(&self) -> [u64; 2] {
        let below: usize = self.below.iter().map(|layer| layer.bytes()).sum();
        [self.above.bytes() as u64, below as u64]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Flat;
    use super::*;

    /// A small deterministic generator: numbers below a bound.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % bound
        }
    }

    type Pair = (LayeredMap<u64, u64>, FxHashMap<u64, u64>);

    #[test]
    fn a_map_in_layers_says_what_a_plain_one_does_in_every_copy() {
        let mut random = Random(1);
        let mut copies: Vec<Pair> = vec![Pair::default()];
        for round in 0..4000 {
            let at = random.below(copies.len() as u64) as usize;
            let (layered, plain) = &mut copies[at];
            let key = random.below(30);
            match random.below(12) {
                0 if round % 2 == 0 => layered.share(),
                0 => layered.freeze(),
                1..=5 => {
                    Map::insert(layered, key, round);
                    plain.insert(key, round);
                }
                6..=9 => {
                    Map::remove(layered, &key);
                    plain.remove(&key);
                }
                _ => {
                    let copy = copies[at].clone();
                    copies.push(copy);
                    if copies.len() > 6 {
                        copies.swap_remove(random.below(6) as usize);
                    }
                }
            }
            for (layered, plain) in &copies {
                for key in 0..30 {
                    assert_eq!(Map::get(layered, &key), plain.get(&key).copied());
                }
            }
        }
    }

    #[test]
    fn rows_in_layers_are_those_of_plain_ones_in_every_copy() {
        type Plain = <Flat as Keep>::Rows<u64>;
        let mut random = Random(2);
        let mut copies = vec![(LayeredRows::new(3), Plain::new(3))];
        for round in 0..4000 {
            let at = random.below(copies.len() as u64) as usize;
            let (layered, plain) = &mut copies[at];
            let rows = plain.count() as u64;
            assert_eq!(layered.count() as u64, rows);
            match random.below(12) {
                0 if round % 2 == 0 => layered.share(),
                0 => layered.freeze(),
                1..=2 if rows < 40 => {
                    layered.push(round);
                    plain.push(round);
                }
                3..=6 if rows > 0 => {
                    let (row, place) = (random.below(rows) as usize, random.below(3) as usize);
                    layered.row_mut(row)[place] = round;
                    plain.row_mut(row)[place] = round;
                }
                7..=9 if rows > 0 => {
                    let (from, to) = (random.below(rows) as usize, random.below(rows) as usize);
                    layered.copy(from, to);
                    plain.copy(from, to);
                }
                10 => {
                    let copy = copies[at].clone();
                    copies.push(copy);
                    if copies.len() > 6 {
                        copies.swap_remove(random.below(6) as usize);
                    }
                }
                _ => {}
            }
            for (layered, plain) in &copies {
                assert!((0..plain.count()).all(|row| layered.row(row) == plain.row(row)));
            }
        }
    }
}
