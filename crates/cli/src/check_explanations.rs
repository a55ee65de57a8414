//! The diagnostic codes of expectation files at length.

use crate::explanations::{Explanation, e};

pub(crate) const E0601: Explanation = e(
    "E0601",
    "the expectation file is not readable as RON",
    "\
An expectation file has keys and values between round brackets, and names with what is expected of
them between curly ones. The diagnostic points at the first character that does not fit.

    (
        counts: {\"misses\": \"20\", \"invalidations\": \"2*10 - 1\"},
        final: {\"0x1000\": \"IM\"},
    )",
);

pub(crate) const E0602: Explanation = e(
    "E0602",
    "unknown key or parameter",
    "\
The expectation file has a key that does not exist, or `--param` names a parameter that the file
does not declare. The keys are `params`, `config`, `set`, `counts`, `final` and `also`, and in
`also` all of them but `params` and `also`. docs/expectations.md says what each is for.",
);

pub(crate) const E0603: Explanation = e(
    "E0603",
    "not a value of this key",
    "\
Counts are numbers or formulas between quotes, names are between quotes, and everything is there
once. A file that expects nothing would hold for every trace, and is refused.",
);

pub(crate) const E0604: Explanation = e(
    "E0604",
    "no such counter",
    "\
Counters are called as in the JSON report, with `/` between its parts: `totals/misses`,
`cores/0/bus_rd`, `levels/L1/evictions`, `classes/true_sharing`, `totals/transitions/S>M/store`.
`totals/`, `totals/transitions/` and `levels/` may be left out, and so may any part where no other
has a counter of that name: `misses`, `S>M`, `L1/evictions`, `true_sharing`, `data_bytes`.
docs/counters.md defines them all. Levels and cores are those of the machine: a machine without a
level L3 has no `L3/hits`.",
);

pub(crate) const E0605: Explanation = e(
    "E0605",
    "a formula without a value",
    "\
A formula has whole numbers, parameters of the file, `+ - * /` and brackets. A division leaves no
rest: `K*(K+1)/2` is fine for every K, `(K/2)*(K+1)` for the even ones. Before it may stand one of
`=`, `!=`, `<`, `<=`, `>` and `>=`; two with `..=` between them are a range.",
);

pub(crate) const E0606: Explanation = e(
    "E0606",
    "an address or states that cannot be",
    "\
`final` has addresses, and the states that all cores have for that line when the trace has ended,
core 0 first: a letter a core, or names with blanks between them where the protocol has names of two
letters (`Sm Sc`). In place of a number may stand a name that the trace declares with `let` before
its first access, with or without an offset (`x+0x40`).",
);

pub(crate) const E0607: Explanation = e(
    "E0607",
    "an expectation that does not hold",
    "\
The trace was replayed, and a count or a state at the end is another than the file expects; the
table shows both. Either the trace, the machine or mesim changed, or the expectation is wrong.
`mesim step` shows what each reference did. `mesim check TRACE --bless` replaces what does not hold
in the file by what was found: then the counts are pinned, but nobody has derived them.",
);

pub(crate) const E0608: Explanation = e(
    "E0608",
    "an expectation file that is not there, or cannot be used so",
    "\
Without `--expect` the expectation file of a trace lies beside it: that of ping-pong.mtrace and of
ping-pong.mtrace.xz is ping-pong.expect.ron. A file of several machines has the trace replayed once
for each, so that the trace has to be a file too; `--bless` needs an expectation file that can be
written.",
);
