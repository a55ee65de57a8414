//! What onlookers keep of lines: in plain tables, or in tables that copies share.
//!
//! A replay keeps plain ones ([`Flat`]), which are the fastest. A timeline copies its machine at
//! every other step, and keeps those that are copied in the time of what is new in them
//! ([`Layered`]).

mod layered;

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};

use rustc_hash::FxHashMap;

pub use layered::{Layered, LayeredMap, LayeredRows};

/// A way of keeping tables.
pub trait Keep: Clone + Debug {
    /// From keys to values.
    type Map<K: Copy + Debug + Eq + Hash, V: Copy + Debug>: Map<K, V>;
    /// Rows of values by their numbers.
    type Rows<T: Copy + Debug>: Rows<T>;
}

/// From keys to values.
pub trait Map<K, V>: Clone + Debug + Default {
    /// Returns the value of a key.
    fn get(&self, key: &K) -> Option<V>;
    /// Gives a key a value.
    fn insert(&mut self, key: K, value: V);
    /// Takes a key's value away.
    fn remove(&mut self, key: &K);
    /// Tells whether no key was ever given a value that it has still.
    fn is_empty(&self) -> bool;
}

/// Rows of values, all as wide, by their numbers from 0.
pub trait Rows<T>: Clone + Debug {
    /// Makes no rows, each so wide, at least 1.
    fn new(width: usize) -> Self;
    /// Returns how many rows there are.
    fn count(&self) -> usize;
    /// Adds a row.
    fn push(&mut self, fill: T);
    /// Returns a row.
    fn row(&self, row: usize) -> &[T];
    /// Returns a row, to be changed.
    fn row_mut(&mut self, row: usize) -> &mut [T];
    /// Copies one row over another.
    fn copy(&mut self, from: usize, to: usize);

    /// Returns the value of a row that is one value wide.
    #[inline]
    fn at(&self, row: usize) -> &T {
        &self.row(row)[0]
    }

    /// Returns the value of a row that is one value wide, to be changed.
    #[inline]
    fn at_mut(&mut self, row: usize) -> &mut T {
        &mut self.row_mut(row)[0]
    }
}

/// Plain tables.
#[derive(Clone, Debug)]
pub enum Flat {}

impl Keep for Flat {
    type Map<K: Copy + Debug + Eq + Hash, V: Copy + Debug> = FxHashMap<K, V>;
    type Rows<T: Copy + Debug> = FlatRows<T>;
}

impl<K, V, S> Map<K, V> for HashMap<K, V, S>
where
    K: Copy + Debug + Eq + Hash,
    V: Copy + Debug,
    S: BuildHasher + Clone + Default,
{
    #[inline]
    fn get(&self, key: &K) -> Option<V> {
        Self::get(self, key).copied()
    }

    #[inline]
    fn insert(&mut self, key: K, value: V) {
        Self::insert(self, key, value);
    }

    #[inline]
    fn remove(&mut self, key: &K) {
        Self::remove(self, key);
    }

    #[inline]
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

/// Rows one behind the other.
#[derive(Clone, Debug)]
pub struct FlatRows<T> {
    width: usize,
    values: Vec<T>,
}

impl<T: Copy + Debug> Rows<T> for FlatRows<T> {
    fn new(width: usize) -> Self {
        Self { width, values: Vec::new() }
    }

    fn count(&self) -> usize {
        self.values.len() / self.width
    }

    fn push(&mut self, fill: T) {
        self.values.resize(self.values.len() + self.width, fill);
    }

    #[inline]
    fn row(&self, row: usize) -> &[T] {
        &self.values[row * self.width..][..self.width]
    }

    #[inline]
    fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row * self.width..][..self.width]
    }

    fn copy(&mut self, from: usize, to: usize) {
        let from = from * self.width;
        self.values.copy_within(from..from + self.width, to * self.width);
    }

    #[inline]
    fn at(&self, row: usize) -> &T {
        &self.values[row]
    }

    #[inline]
    fn at_mut(&mut self, row: usize) -> &mut T {
        &mut self.values[row]
    }
}

/// Adds up the bytes of several tables, layer by layer.
pub(super) fn sum(bytes: impl IntoIterator<Item = [u64; 2]>) -> [u64; 2] {
    bytes.into_iter().fold([0; 2], |[above, below], [new, shared]| [above + new, below + shared])
}
