//! `mesim sweep slurm`: a script that submits a plan to Slurm, as an array and a merge behind it.

use std::path::{Path, PathBuf};

use driver::sweep::Plan;

use super::{folder, pool};
use crate::diagnostics::Diagnostic;
use crate::output::{self, Draft};
use crate::sweep_args::SweepSlurmArgs;

/// The most tasks of an array, unless the site allows more (`MaxArraySize`).
const TASKS_MAX: u64 = 1000;
/// What a task takes at least, in seconds: the scheduler starts about one a second.
const SECONDS_MIN: u64 = 30;
/// Accesses a second that no core does more of, and that any core does.
const ACCESSES_FAST: u64 = 100_000_000;
const ACCESSES_SLOW: u64 = 1_000_000;
/// Minutes that are asked for beside the work.
const MINUTES_BESIDE: u64 = 10;
/// MiB that are asked for beside the machines.
const MEBIBYTES_BESIDE: u64 = 256;

pub(super) fn run(args: &SweepSlurmArgs) -> Result<(), Diagnostic> {
    let plan = folder::read_plan(&args.plan)?;
    let text = script(&plan, args)?;
    if args.output.as_os_str() == "-" {
        return output::print(&text);
    }
    Draft::begin(&args.output)?.publish_text(&text)
}

/// Returns how many tasks do a plan, so that none is over before the next one is started.
fn tasks(plan: &Plan, jobs: u32) -> u32 {
    let long_enough = plan.work_of(0..plan.cells.len()) / (SECONDS_MIN * ACCESSES_FAST);
    let tasks = (long_enough / u64::from(jobs)).min(plan.cells.len() as u64).min(TASKS_MAX);
    tasks.max(1) as u32
}

/// Returns the minutes and the MiB that the heaviest task takes at most.
fn asked(plan: &Plan, tasks: u32, jobs: u32) -> (u64, u64) {
    let shares = plan.shares(tasks);
    let work = shares.into_iter().map(|share| plan.work_of(share)).max().unwrap_or(0);
    let minutes = MINUTES_BESIDE + work.div_ceil(60 * ACCESSES_SLOW);
    let batch = pool::memory_of_a_batch(plan.cells.iter().map(|cell| cell.memory));
    (minutes, MEBIBYTES_BESIDE + (u64::from(jobs) * batch).div_ceil(1 << 20))
}

fn script(plan: &Plan, args: &SweepSlurmArgs) -> Result<String, Diagnostic> {
    let tasks = args.shards.unwrap_or_else(|| tasks(plan, args.jobs));
    let (minutes, mebibytes) = asked(plan, tasks, args.jobs);
    let results = absolute(&args.results)?;
    let beside = |ending: &str| {
        let mut name = results.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let logs = beside(".logs");
    if logs.to_string_lossy().contains('%') {
        return Err(Diagnostic::input(
            "E0303",
            "Slurm takes a `%` in the path of a log for a pattern",
        )
        .at(logs.display().to_string())
        .help("name a folder of results without it"));
    }
    let program =
        std::env::current_exe().map_err(|error| output::cannot_write(&args.plan, &error))?;
    let shown = args.plan.file_name().unwrap_or_default().to_string_lossy();
    let words = [
        ("@name@", shown.chars().filter(|c| !c.is_control()).collect()),
        ("@tasks@", tasks.to_string()),
        ("@jobs@", args.jobs.to_string()),
        ("@minutes@", minutes.to_string()),
        ("@mebibytes@", mebibytes.to_string()),
        ("@mesim@", quoted(&program)),
        ("@plan@", quoted(&absolute(&args.plan)?)),
        ("@results@", quoted(&results)),
        ("@table@", quoted(&beside(".json"))),
        ("@logs@", quoted(&logs)),
    ];
    // Each place is filled once: what a path has in it is not looked at again.
    let mut text = String::new();
    let mut rest = SCRIPT;
    while let Some(start) = rest.find('@') {
        let filled = words.iter().find(|(place, _)| rest[start..].starts_with(place));
        let (place, word) = filled.map_or(("@", "@"), |(place, word)| (place, word.as_str()));
        text += &rest[..start];
        text += word;
        rest = &rest[start + place.len()..];
    }
    Ok(text + rest)
}

fn absolute(path: &Path) -> Result<PathBuf, Diagnostic> {
    std::path::absolute(path).map_err(|error| output::cannot_write(path, &error))
}

/// Returns a path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

const SCRIPT: &str = r#"#!/bin/sh
# Submits the sweep of @name@ to Slurm: an array of @tasks@ tasks, each of which runs a share of
# the cells, and a job that merges the results when all tasks have ended, however they ended.
#
#   sh SCRIPT [--wait] [OPTIONS OF SBATCH, for both: --partition=short --time=2:00:00]
#
# Prints the numbers of the two jobs. With --wait it returns when the merge has ended, with its
# exit code: 0 all cells are in the table, 1 some failed or are missing, 2 bad input.
# To go on after failures, preemption or a time limit: the same command again. Cells that are
# in the results folder are not run again.
#
# The folders have to be the same ones on every node.
set -eu

mesim=@mesim@
plan=@plan@
results=@results@
table=@table@
logs=@logs@

# Slurm runs a copy of this file with one of these two words.
case ${1-} in
run)
    # The number of shares stands here and not in the array's variables, so that a task
    # submitted again by itself (--array=3) runs its share and no other.
    exec "$mesim" sweep run "$plan" -d "$results" --jobs @jobs@ \
        --shard "$SLURM_ARRAY_TASK_ID/@tasks@"
    ;;
merge)
    exec "$mesim" sweep merge "$results" -o "$table"
    ;;
esac

wait=
if [ "${1-}" = --wait ]; then
    wait=--wait
    shift
fi
# The array is never waited for: the merge has to be submitted first.
unset SBATCH_WAIT
# Slurm makes no folders for logs; a job whose log cannot be written fails without a word.
mkdir -p "$results" "$logs"

# Minutes and memory are those of the heaviest share, by a speed that every machine reaches.
array=$(sbatch --parsable --job-name=mesim-sweep --array=1-@tasks@ --cpus-per-task=@jobs@ \
    --time=@minutes@ --mem=@mebibytes@M --requeue --open-mode=append \
    --output="$logs/%A_%a.log" "$@" "$0" run)
# In a federation, the number is followed by the cluster's name.
array=${array%%;*}
echo "array $array"
# afterany: the merge says what is missing, where afterok would leave it waiting for ever.
# shellcheck disable=SC2086 # one word or none
sbatch --parsable --job-name=mesim-merge --dependency="afterany:$array" --time=60 --mem=1024M \
    --output="$logs/%j_merge.log" "$@" $wait "$0" merge
"#;

#[cfg(test)]
mod tests {
    use driver::sweep::{Cell, PlannedTrace, Reading, RunOptions};

    use super::*;

    /// A plan of cells that replay so many accesses each.
    fn plan(cells: usize, work: u64) -> Plan {
        let options = RunOptions::default();
        let mut plan = Plan::empty("space.ron".to_owned(), Reading::default(), options);
        plan.traces.push(PlannedTrace { files: vec![], sha256: vec![], accesses: work });
        let cell = |number: usize| Cell {
            id: format!("{number:016x}"),
            trace: 0,
            machine: 0,
            order: driver::Interleave::Clock,
            work,
            memory: 1 << 20,
        };
        plan.cells = (0..cells).map(cell).collect();
        plan
    }

    #[test]
    fn a_task_takes_half_a_minute_however_fast_a_core_is() {
        // A cell of its own order weighs twice its accesses: 2 G a cell, and 3 G a task.
        assert_eq!(tasks(&plan(30, 1_000_000_000), 1), 20);
        assert_eq!(tasks(&plan(30, 1_000_000_000), 2), 10);
        assert_eq!(tasks(&plan(30, 1000), 1), 1);
        // No more tasks than cells, and than Slurm takes.
        assert_eq!(tasks(&plan(3, 100_000_000_000), 1), 3);
        assert_eq!(tasks(&plan(5000, 100_000_000_000), 1), 1000);
        assert_eq!(tasks(&plan(0, 1), 1), 1);
    }

    #[test]
    fn time_and_memory_are_those_of_the_heaviest_task() {
        // Three cells on two tasks: 4 G by 60 M a minute. Three machines of a MiB at once.
        assert_eq!(asked(&plan(3, 1_000_000_000), 2, 1), (10 + 67, 256 + 3));
        assert_eq!(asked(&plan(3, 1_000_000_000), 2, 4), (10 + 67, 256 + 12));
    }
}
