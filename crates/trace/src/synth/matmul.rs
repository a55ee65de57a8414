//! A product of matrices: C = A x B, n x n doubles each, row by row in memory.
//!
//! Heeds `n`, `block`, `cores`. A begins at 0x0, B after it, C after B; every access is of 8 bytes.
//!
//! - Naive: for i, for j: for each k read A\[i\]\[k\] and B\[k\]\[j\]; then read and write
//!   C\[i\]\[j\]. 2 n^3 + 2 n^2 accesses.
//! - Blocked by b: for each block of i, of j, of k (k innermost): for i, for j in the blocks: for
//!   each k of the block read A\[i\]\[k\] and B\[k\]\[j\]; then read and write C\[i\]\[j\].
//!   2 n^3 + 2 n^3 / b accesses.
//!
//! Naive is blocked by n: one block. Row i is core i mod `cores`'s, in the order above: the work
//! is dealt out, not done at the same time.

use crate::record::{Op, Record};
use crate::synth::Options;

const DOUBLE_BYTES: u32 = 8;

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let (n, cores) = (options.n, u64::from(options.cores));
    let block = options.block.unwrap_or(n);
    let blocks = move || (0..n).step_by(block as usize);
    let within = move |first: u64| first..first + block;
    blocks()
        .flat_map(move |i| blocks().map(move |j| (i, j)))
        .flat_map(move |(i, j)| blocks().map(move |k| (i, j, k)))
        .flat_map(move |(i, j, k)| within(i).map(move |i| (i, j, k)))
        .flat_map(move |(i, j, k)| within(j).map(move |j| (i, j, k)))
        .flat_map(move |(i, j, k)| {
            let core = (i % cores) as u16;
            let element = move |op, matrix: u64, row: u64, column: u64| {
                let index = matrix * n * n + row * n + column;
                Record::access(core, op, index * u64::from(DOUBLE_BYTES), DOUBLE_BYTES)
            };
            let products = within(k)
                .flat_map(move |k| [element(Op::Read, 0, i, k), element(Op::Read, 1, k, j)]);
            products.chain([element(Op::Read, 2, i, j), element(Op::Write, 2, i, j)])
        })
}
