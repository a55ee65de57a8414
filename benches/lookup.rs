//! The lowest layer: finding a line in one cache, and replacing one.

use std::hint::black_box;

use cache::{Choice, Geometry, LineAddr, LineSize, LineStore, Replacement, Ways};
use criterion::{Criterion, criterion_group, criterion_main};

/// A full 32 KiB cache; of a set-associative one, set 0 holds the multiples of the number of sets.
fn full_store(ways: Ways) -> (LineStore, u64, u64) {
    let line = LineSize::new(64).expect("64 bytes are a line");
    let geometry = Geometry::new(32 * 1024, ways, line).expect("the shape is possible");
    let mut store = LineStore::new(&geometry, Replacement::Lru).expect("LRU goes with any shape");
    for line in (0..u64::from(geometry.lines())).map(LineAddr) {
        place(&mut store, line);
    }
    (store, u64::from(geometry.sets()), u64::from(geometry.ways()))
}

fn place(store: &mut LineStore, line: LineAddr) {
    let slot = match store.choose(line) {
        Choice::Vacant(slot) => slot,
        Choice::Victim(slot) => {
            store.remove(slot);
            slot
        }
    };
    store.place(slot, line);
}

/// Finds a line that is there and makes it the most recent.
fn hit(store: &mut LineStore, line: LineAddr) {
    let slot = store.find(black_box(line)).expect("the line is there");
    store.touch(slot);
}

fn lookup(c: &mut Criterion) {
    let shapes = [("8 ways", Ways::Count(8)), ("16 ways", Ways::Count(16)), ("full", Ways::Full)];
    for (name, ways) in shapes {
        let mut group = c.benchmark_group(format!("lookup/{name}"));
        let (mut store, sets, ways) = full_store(ways);
        group.bench_function("hit the most recent", |b| b.iter(|| hit(&mut store, LineAddr(0))));

        // The lines of a set in turn: each is the least recent when it is asked for.
        let mut turn = 0;
        group.bench_function("hit the least recent", |b| {
            b.iter(|| {
                turn = if turn + 1 == ways { 0 } else { turn + 1 };
                hit(&mut store, LineAddr(turn * sets));
            });
        });

        let absent = LineAddr(1 << 30);
        group.bench_function("miss", |b| {
            b.iter(|| assert_eq!(store.find(black_box(absent)), None));
        });

        // Always the same set, and no line twice.
        let mut fresh = 1 << 20;
        group.bench_function("replace", |b| {
            b.iter(|| {
                fresh += sets;
                place(&mut store, LineAddr(fresh));
            });
        });
        group.finish();
    }
}

criterion_group!(benches, lookup);
criterion_main!(benches);
