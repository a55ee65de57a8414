//! What the diagnostics of `mesim diff` mean, at length.

use crate::explanations::{Explanation, e};

pub(crate) const E0701: Explanation = e(
    "E0701",
    "steps that differ",
    "\
Two files of steps were compared line by line, and at this step they first say something else; what
comes after it may follow from it. Marked are the keys that differ. The rule is the cell of the
protocol's tables that the first file went by, and the sentence behind it is that file's reason.
Keys that one of the files does not have are not compared, and reasons never are.",
);

pub(crate) const E0702: Explanation = e(
    "E0702",
    "no file of steps",
    "\
`mesim diff` compares files as `mesim replay TRACE --events steps.jsonl` writes them: a first line
with `\"schema\":\"mesim.steps/1\"`, then a JSON object a line (docs/steps.md). A simulator of your
own may leave out all keys but those that you want compared. `--from` compares printed reports.",
);

pub(crate) const E0703: Explanation = e(
    "E0703",
    "reports that differ",
    "\
The numbers of two printed reports were compared by their names and by the headline (cache or core)
that they stand under. Blanks, dots, numbering, capitals and units do not matter, and a number is
compared to as many decimals as both have. Shown are those that differ, or that one report lacks.",
);

pub(crate) const E0704: Explanation = e(
    "E0704",
    "no printed report",
    "\
With `--from` both files are texts with a number behind its name in a line, such as `03. number of
reads: 12`, under headlines such as `Simulation results (Cache 0)`. The file could not be read, or
no line of it is like that.",
);
