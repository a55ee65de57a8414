//! What the diagnostics of `mesim sweep` mean, at length.

use crate::explanations::{Explanation, e};

pub(crate) const E0801: Explanation = e(
    "E0801",
    "no space",
    "\
The file of a space could not be read, or something in it is no value of its key. A space has to say
`traces`; all other keys may be left out. Paths count from the folder of the file. Two cells that
would be the same run are refused: one of them was not meant. docs/sweeps.md has all keys.",
);

pub(crate) const E0802: Explanation = e(
    "E0802",
    "no plan",
    "\
A plan is a file as `mesim sweep plan` writes it, and not meant to be changed by hand: the ids in it
are those of the runs that it lists.",
);

pub(crate) const E0803: Explanation = e(
    "E0803",
    "a plan of another version",
    "\
What a version of mesim counts may differ from what another one counts. So a plan is of one version,
and results of several versions do not get into one table. Make the plan again with this version.",
);

pub(crate) const E0804: Explanation = e(
    "E0804",
    "a large space",
    "\
The values of varied keys multiply: three keys of ten values are a thousand cells for each trace.
More than 1000 cells, or 100 billion accesses, are only planned with `--yes`, and more than 100,000
cells not at all.",
);

pub(crate) const E0805: Explanation = e(
    "E0805",
    "not a folder of this plan's results",
    "\
A folder of results belongs to one plan, which lies in it as `plan.ron`. Results of another plan
need another folder. Cells of a larger space that the old one had keep their ids: copy the .json
files into the new folder, and only what is new is run.",
);

pub(crate) const E0806: Explanation = e(
    "E0806",
    "which share?",
    "\
A share of a plan is said by `--shard I/N`, from 1 to N; or by the environment: a task of a Slurm
array has SLURM_ARRAY_TASK_ID, whose number among the array's tasks is the share (with `--shards N`
the id itself); an indexed job of Kubernetes has JOB_COMPLETION_INDEX, from 0, and needs its
`completions` as `--shards` or as JOB_COMPLETIONS.",
);

pub(crate) const E0807: Explanation = e(
    "E0807",
    "something has changed since the plan",
    "\
A plan says what its traces hold, by their SHA-256, and its ids depend on every value of its
machines. One of them is not what it was, or cannot be read. Nothing is run then, and no result is
removed. A new plan gives new ids to what changed; what did not change keeps its id.",
);

pub(crate) const E0808: Explanation = e(
    "E0808",
    "cells without a result",
    "\
Some cells of the plan have no result: they were not run yet, their files are not whole, or their
runs failed. A run that failed has a file that says why. `mesim sweep run` with the same plan and
folder does them, and nothing else.",
);

pub(crate) const E0809: Explanation = e(
    "E0809",
    "not a metric of this sweep",
    "\
A metric of `mesim sweep show` is a counter by its name in the table of `mesim sweep merge`, such as
`misses` or `bus.data_bytes`; a varied key whose values are sizes or numbers, such as `L1.size`; or
a ratio of two of them, such as `misses/accesses`. Before it may stand `max:`, if more is better. A
front is of two of them, with a comma between.",
);

pub(crate) const E0810: Explanation = e(
    "E0810",
    "no Parquet in this program",
    "\
Tables are written as Parquet only by a program that was built with the feature `parquet`:
`cargo install --path crates/cli --features parquet`. Without it, a table ends in .csv, which the
same tools read, or in .json or .md.",
);

pub(crate) const W0801: Explanation = e(
    "W0801",
    "a corrupt result",
    "\
A result says in its first line whose it is and what the SHA-256 of the report below it is. This
file was changed, cut, or put there under another cell's name. It counts as missing; the next
`mesim sweep run` makes it again.",
);

pub(crate) const W0802: Explanation = e(
    "W0802",
    "a sweep that ended early",
    "\
Something that concerns all cells went wrong, such as a full disk. The results that were written are
whole and are kept; the same command, given again, goes on with the others.",
);

pub(crate) const W0803: Explanation = e(
    "W0803",
    "a machine with too few cores",
    "\
A machine of the space has fewer cores than a trace has. Replays of that trace on it fail, and their
files will say so; all other cells are run. A config that does not state `cores` has as many as the
trace.",
);
