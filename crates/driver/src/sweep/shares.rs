//! A plan divided among many: shares of about the same work, each a run of cells of the plan.

use std::ops::Range;

use super::plan::{Cell, Plan};
use crate::interleave::Interleave;

/// Divides a plan into so many shares; where there are fewer cells, the last ones are empty.
///
/// Each share takes what is nearest to an even part of what is left. So none is heavier than an
/// even part of all by more than a cell.
pub(super) fn divide(plan: &Plan, count: usize) -> Vec<Range<usize>> {
    let loads = Loads::of(plan);
    let cells = plan.cells.len();
    let mut shares = Vec::with_capacity(count);
    let mut start = 0;
    for left in (1..=count as u128).rev() {
        let rest = loads.of_run(start..cells);
        let mut end = cells.min(start + 1);
        // Twice the work and so many times: no rounding.
        let is_nearer = |end| {
            let (now, then) = (loads.of_run(start..end), loads.of_run(start..end + 1));
            left * (now + then) <= 2 * rest
        };
        while end < cells && (left == 1 || is_nearer(end)) {
            end += 1;
        }
        shares.push(start..end);
        start = end;
    }
    shares
}

/// Returns the work of a run of cells: the accesses that it replays, and those that it decodes.
pub(super) fn work(plan: &Plan, cells: Range<usize>) -> u64 {
    u64::try_from(Loads::of(plan).of_run(cells)).unwrap_or(u64::MAX)
}

/// Sums of work up to each cell of a plan.
struct Loads<'a> {
    plan: &'a Plan,
    /// The work of the cells before each, and of all.
    before: Vec<u128>,
}

impl<'a> Loads<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut before = vec![0];
        let mut sum = 0;
        for number in 0..plan.cells.len() {
            let decoded = u128::from(!shares_decoding(plan, number));
            sum += u128::from(plan.cells[number].work) * (1 + decoded);
            before.push(sum);
        }
        Self { plan, before }
    }

    fn of_run(&self, cells: Range<usize>) -> u128 {
        if cells.is_empty() {
            return 0;
        }
        let first = &self.plan.cells[cells.start];
        let decoded = if shares_decoding(self.plan, cells.start) { first.work } else { 0 };
        self.before[cells.end] - self.before[cells.start] + u128::from(decoded)
    }
}

/// Tells whether a cell takes the records that the one before it has decoded.
fn shares_decoding(plan: &Plan, number: usize) -> bool {
    let is_recorded = |cell: &Cell| cell.order == Interleave::Recorded;
    let cell = &plan.cells[number];
    let before = number.checked_sub(1).map(|before| &plan.cells[before]);
    is_recorded(cell) && before.is_some_and(|one| is_recorded(one) && one.trace == cell.trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{PlannedTrace, Reading, RunOptions};

    /// A plan of traces, each with how many cells and how much work a cell.
    fn plan(traces: &[(usize, u64)], order: Interleave) -> Plan {
        let options = RunOptions::default();
        let mut plan = Plan::empty("space.ron".to_owned(), Reading::default(), options);
        for (trace, &(cells, work)) in traces.iter().enumerate() {
            let (files, sha256) = (vec![format!("{trace}.mtrc")], vec![]);
            plan.traces.push(PlannedTrace { files, sha256, accesses: work });
            for _ in 0..cells {
                let id = format!("{:016x}", plan.cells.len());
                plan.cells.push(Cell { id, trace, machine: 0, order, work, memory: 0 });
            }
        }
        plan
    }

    #[test]
    fn every_cell_is_in_one_share_and_none_is_much_heavier_than_the_others() {
        let orders = [Interleave::Recorded, Interleave::Random(1)];
        let spaces: [&[(usize, u64)]; 6] = [
            &[(10, 100)],
            &[(3, 1000), (100, 1), (7, 50)],
            &[(1, 1), (1, 1_000_000), (1, 1)],
            &[(40, 7), (1, 300)],
            &[(2, 0), (5, 3)],
            &[],
        ];
        for (space, order) in spaces.iter().flat_map(|space| orders.map(|order| (space, order))) {
            let plan = plan(space, order);
            // Each cell weighs what it replays, and at most as much again that it decodes.
            let heaviest = 2 * plan.cells.iter().map(|cell| cell.work).max().unwrap_or(0);
            let all = work(&plan, 0..plan.cells.len());
            for count in 1..=13 {
                let shares = divide(&plan, count);
                assert_eq!(shares.len(), count);
                let cells: Vec<_> = shares.iter().cloned().flatten().collect();
                assert_eq!(cells, (0..plan.cells.len()).collect::<Vec<_>>());
                for share in shares {
                    // A share decodes again what the one before it has decoded.
                    let most = all.div_ceil(count as u64) + 2 * heaviest;
                    assert!(work(&plan, share) <= most, "{space:?} by {count}");
                }
            }
        }
    }

    #[test]
    fn shares_go_by_work_and_not_by_cells() {
        // 2 cells of 900 and 12 of 100: 1800 and 900 to decode, 1200 and 100. Half of 4000 is 2000.
        let plan = plan(&[(2, 900), (12, 100)], Interleave::Recorded);
        assert_eq!(work(&plan, 0..14), 4000);
        assert_eq!(divide(&plan, 2), [0..1, 1..14]);
        // Decoded each by itself, a cell weighs twice its accesses: 3600 and 2400 by two.
        let merged = super::tests::plan(&[(2, 900), (12, 100)], Interleave::Clock);
        assert_eq!(work(&merged, 0..14), 6000);
        assert_eq!(divide(&merged, 2), [0..2, 2..14]);
    }
}
