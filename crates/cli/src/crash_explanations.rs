//! The diagnostic codes of durability and variations at length.

use crate::explanations::{Explanation, e};

pub(crate) const E0317: Explanation = e(
    "E0317",
    "a variation that cannot be made",
    "\
`--vary KEY=V1,V2` runs the trace once with each value of a key of the config, given as `--set`
takes it or without the `durability.` before it; several `--vary` run every combination, at most 256
of them. Values are separated by commas, and each is there once, as is each key.

The trace is read once for all machines, and may come from standard input, but where it has to be
read again: what becomes durable is a matter of each run's time, of one key only, and so is the
order of per-core files. Then the trace and the config have to be files.

    mesim replay trace.din.gz --vary L1.size=16KiB,32KiB --vary protocol=mesi,moesi
    mesim crash trace.mtrace -c machine.ron --samples 1000 --vary 'flush.every=1 s,5 s,30 s'",
);

pub(crate) const E0401: Explanation = e(
    "E0401",
    "nothing is said of durability",
    "\
What a crash loses depends on when writes reach the store below the caches: on the section
`durability` of the config, which says when dirty blocks are flushed, to what store, and whether a
log or replicas stand by. Without that section mesim counts what the caches do, and no more. Name a
config that has one (configs/presets/), or set a key of it.",
);

pub(crate) const E0402: Explanation = e(
    "E0402",
    "not with a section `durability`",
    "\
A table of steps has no place for flushes, which happen between references; and what becomes durable
is measured of a whole run, since what a warm-up leaves dirty would be flushed later.",
);

pub(crate) const E0403: Explanation = e(
    "E0403",
    "the length of the run has to be known first",
    "\
A crash at the end, and crashes at times drawn from the whole run, need its length, which a first
replay finds out. So the trace and the config have to be files, which can be read again.",
);

pub(crate) const W0401: Explanation = e(
    "W0401",
    "writes that nothing keeps",
    "\
Writes are acknowledged before the store has them, and no log and no replica has them either: a
crash loses those that were not flushed. The warning says the most of them that a crash would have
lost at any moment of the run, and how old the oldest could be. A log (`durability.log`) with `sync:
Always` loses none that was acknowledged, `EverySecond` those of about a second; replicas
(`durability.replicas`) lose what has not reached them. Writes that may not be lost at all, such as
payments, belong into the store itself: `--compare write-through` says what that costs.",
);
