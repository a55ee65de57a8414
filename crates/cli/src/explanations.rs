//! Every diagnostic code at length; those of traces are in `trace_explanations.rs`.

use crate::check_explanations::{E0601, E0602, E0603, E0604, E0605, E0606, E0607, E0608};
use crate::crash_explanations::{E0317, E0401, E0402, E0403, W0401};
use crate::diff_explanations::{E0701, E0702, E0703, E0704};
use crate::sweep_explanations::{
    E0801, E0802, E0803, E0804, E0805, E0806, E0807, E0808, E0809, E0810, W0801, W0802, W0803,
};
use crate::trace_explanations::TRACES;

/// A diagnostic code, its kind in a few words, and what to know about it.
pub(crate) struct Explanation {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

/// Makes an explanation.
pub(crate) const fn e(code: &'static str, title: &'static str, text: &'static str) -> Explanation {
    Explanation { code, title, text }
}

/// Returns all codes in order: 01 traces, 02 configs, 03 usage and outputs, 04 durability, 05
/// verification, 06 expectations, 07 differences, 08 sweeps, 09 broken promises.
pub(crate) fn all() -> impl Iterator<Item = &'static Explanation> {
    TRACES.iter().chain(EXPLANATIONS)
}

/// All codes in order but for those of traces.
const EXPLANATIONS: &[Explanation] = &[
    e(
        "E0201",
        "the config is not readable as RON",
        "\
A config is a RON file, such as configs/machines/default.ron. The diagnostic points at the first
character that does not fit.",
    ),
    e(
        "E0202",
        "unknown key",
        "\
The config, or `--set`, names a key that does not exist; the nearest one is offered.
configs/README.md documents every key.",
    ),
    e(
        "E0203",
        "not a value of this key",
        "\
The key exists, but not with this value, or a section lacks a key that it has to have. The
diagnostic says what was expected and gives an example. A duration that is shorter than half a tick
would be none: it needs a finer `clock`.",
    ),
    e(
        "E0204",
        "a cache shape that cannot be",
        "\
sets x ways x line = size. The line size is a power of two, and so is the number of sets, because
address bits select the set; the number of ways need not be (`TreePlru` needs it). `ways: Full`
makes a fully associative cache of any number of lines.",
    ),
    e(
        "E0205",
        "values that do not go together",
        "\
Each value is possible, but not both: a private write-back level inside a write-through one would
lose stores; `FillFirst` lets a victim leave after the line is placed, which an inclusive level
below the first cannot allow; `peers: None` makes the cores clients of one cache, which the section
`durability` times; its orderly end flushes what is dirty, so that `drain_at_end` has no place.",
    ),
    e(
        "E0206",
        "the protocol file is not readable as RON",
        "\
A protocol file is a RON file, such as configs/protocols/mesi.ron, of at most 1 MiB. The diagnostic
points at the first character that does not fit; often a comma or a bracket is missing before it.
docs/protocols.md says how to write one.",
    ),
    e(
        "E0207",
        "unknown key or column in a protocol file",
        "\
The file has the keys `name`, `source`, `states`, `processor` and `snoop`; a state has `name`,
`holds` and `meaning`. The columns of `processor` are Load, Store, Evict and Clean, those of `snoop`
BusRd, BusRdX, BusUpgr and BusUpd. The nearest one is offered.",
    ),
    e(
        "E0208",
        "not a value of a protocol file",
        "\
A key is missing, or has a value that it cannot have. Names have up to 32 characters, sources and
meanings up to 200, all in one line; a state holds some of `valid`, `unique`, `dirty` and
`forwards`.",
    ),
    e(
        "E0209",
        "a list of states that cannot be",
        "\
A protocol has 1 to 16 states. The first one is that of a line which is not held: it holds nothing,
and it alone. Each other one is at least `valid`, and one of them is `dirty`. Names are a letter and
up to 7 letters or digits.",
    ),
    e(
        "E0210",
        "said twice in a protocol file",
        "\
A state, a key, a row or a cell stands in the file twice. Nobody can know which one was meant.",
    ),
    e(
        "E0211",
        "a row is missing",
        "\
Both tables have a row for each state. What a core cannot be asked in a state is `never`, which is a
claim of its own and not the same as nothing.",
    ),
    e(
        "E0212",
        "a cell is missing",
        "\
A row of `processor` has a cell for each of Load, Store, Evict and Clean. A row of `snoop` has one
for each operation that some cell of `processor` puts on the bus, and one for BusRdX where a cell
puts BusUpgr there, because the rule `write_to_shared: ReadExclusive` makes the one of the other. A
cell that no path reaches is `never`.",
    ),
    e(
        "E0213",
        "not a step of this table",
        "\
The steps of `processor` are `never`, `hit(state)`, `clean(state)`, `bus(operation, state)`,
`wire(operation, state, state)`, `discard(state)` and `write_back(state)`; those of `snoop` are
`never`, `go(state)`, `flush(state)`, `supply(state)` and `hand_over(state)`. docs/protocols.md says
what each one does.",
    ),
    e(
        "E0214",
        "no such state or operation",
        "\
A row or a cell names a state that is not listed under `states`, or an operation that the bus does
not have. A name that is wrong in several places is told of once, at the first.",
    ),
    e(
        "E0215",
        "a cell breaks a rule of all protocols",
        "\
Some cells are wrong in any protocol: dirty data is dropped, another core's store leaves a copy that
misses it, a copy that has seen another reader thinks itself alone. The diagnostic names the rule
and a cell that keeps it. Nothing is run before all of them are kept.",
    ),
    e(
        "E0216",
        "the protocol does not hold",
        "\
Every cell of the protocol file is possible by itself, but together they are wrong: the run came to
a cell that the file calls `never`, a load did not see the last store (with `--check`), or a law
that holds in every coherent machine did not. Nothing is reported of such a run. `mesim protocol
check mine.ron` finds a shortest trail to what is wrong, with the cells that decide each step.",
    ),
    e(
        "E0217",
        "every core waits for dirty blocks that nothing cleans",
        "\
A write waits for a place in the queue, or for fewer dirty blocks, and nothing will ever clean one:
the config has no timer, no count and no age that would take the blocks that are dirty, and a full
queue does not take them either (`queue.trigger: false`). Give the flusher a trigger, such as
`--set durability.flush.every=5s`.",
    ),
    e(
        "E0301",
        "an order that cannot be had",
        "\
`recorded` needs a trace with a global order, which per-core files do not have. `clock`, `rr:N`
and `random:SEED` take one stream of records a core: the records of a trace of all cores are set
apart in temporary files first, which need room (in the folder that TMPDIR names). And one standard
input cannot be both the trace and the config.",
    ),
    e(
        "E0302",
        "standard output was closed",
        "\
Whoever read the output ended before everything was written, as `| head` does. The report is not
complete, so this is an error.",
    ),
    e(
        "E0303",
        "the output cannot be written",
        "\
Outputs are written under a temporary name beside their final one and renamed when they are whole.
The folder has to exist and to be writable.",
    ),
    e(
        "E0304",
        "interrupted",
        "\
Ctrl-C or a termination signal ended the work. Nothing is reported of a part, and no output file
was changed. `--limit N` reports on the first N accesses.",
    ),
    e(
        "E0305",
        "the config cannot be read",
        "\
The config file is missing, unreadable, or larger than a config can be.",
    ),
    e(
        "E0306",
        "no such core",
        "\
The trace names a core that the machine does not have, and this was found only on the way: it came
from standard input, and the machine is that of its own `@config`. See E0114.",
    ),
    e(
        "E0307",
        "unknown output format",
        "\
The output's name does not end in a known format; `--to` says which.",
    ),
    e(
        "E0308",
        "a lossy conversion, refused",
        "\
`--strict` was given and the output format cannot say something that the trace says: cores, sizes,
fetches, atomics. mtrace can say everything.",
    ),
    e(
        "E0309",
        "an option of a generator out of range",
        "\
The diagnostic says what range was expected.",
    ),
    e(
        "E0311",
        "unknown diagnostic code",
        "\
`mesim explain` without a code lists all of them.",
    ),
    e(
        "E0312",
        "the command line is not understood",
        "\
An option does not exist, lacks its value, or has one that it cannot have. `mesim --help` lists
the commands, and `mesim COMMAND --help` what each one takes, with examples.",
    ),
    e(
        "E0313",
        "nothing left to show",
        "\
`--warmup` takes all accesses of the trace (or of `--limit`) so that none is left to count,
`--from` is beyond the last step, or no step is what `--around` looks for. A report of nothing would
look like a machine that did nothing.",
    ),
    e(
        "E0314",
        "no such protocol",
        "\
`mesim protocol list` lists the protocols that are part of the program. The path of a protocol file
ends in `.ron` or names a folder: `./mine` is a file, `mine` a name.",
    ),
    e(
        "E0315",
        "the protocol file cannot be read",
        "\
The file is missing, unreadable, not text, or larger than 1 MiB. A path in a config counts from the
config's folder, one in `--set` from where the command was started.",
    ),
    e(
        "E0316",
        "a comparison that cannot be made",
        "\
`--compare` replays the trace once under each protocol that it names, on the same machine by the
same rules. So the trace and the config have to be files, which can be read again: standard input
and pipes are refused. Each protocol is named once, and `--set protocol=` does not go with it.
`--compare write-through` stands alone: it replays the trace with the config as it is, and with
every write sent to the store at once.",
    ),
    E0317,
    e(
        "E0318",
        "a curve that cannot be measured",
        "\
`mesim mrc` measures one core's accesses, as if its cache were the only one. With several cores each
takes lines from the others' caches, so that no size says what a cache holds: `--core N` takes one
core's accesses alone, and the others are left out. A trace, or that core, has to make an access;
lines are powers of two, and sizes whole lines.",
    ),
    e(
        "E0319",
        "a replay that cannot be split",
        "\
`--jobs N` gives each thread some sets of every cache. That is exact where lines of different sets
never meet: not where one order of time ties all accesses together (cycles, durability, an order
made while the streams are replayed), where a cache has but one set, where victims are drawn from
one sequence of random numbers, or where one fully associative cache tells capacity from conflict
misses (`--classify`, `--top`). Steps (`--events`) are written in the order of all accesses, so they
need one replay of all of them. docs/many-machines.md says more.",
    ),
    e(
        "E0320",
        "nothing to record with",
        "\
`mesim record` runs a program under a recorder that is looked for when it is needed. `mesim record
--check` says which are there, and how to get the others.",
    ),
    e(
        "E0321",
        "a program that cannot be recorded",
        "\
The program is not there, could not be started, or ended before its first access to memory. No
trace was written. A program is named by a path, such as `./a.out`, or by a name that the shell
would find, and comes after `--`: `mesim record -o out.mtrc -- ./a.out --its flags`. With `--via cc`
it has to be compiled for that: `cc $(mesim record --print-cc-flags) prog.c -o prog`.",
    ),
    e(
        "E0322",
        "a cut that leaves nothing",
        "\
No record of the trace is of such a core, number, kind and address, so that no trace was written.
`mesim info` says which cores and kinds there are.",
    ),
    e(
        "E0323",
        "an option that this recorder does not have",
        "\
`--quantum` and `--lackey-modify` are about Valgrind, `--roi` is about programs that were compiled
for `--via cc`. Leave the option out, or choose the recorder that has it.",
    ),
    e(
        "E0324",
        "a recorder that cannot be built",
        "\
The recorders of `--via cc` and `--via qemu` are small C sources within mesim. They are compiled by
`$CC`, or `cc`, when they are first needed, and kept in `$XDG_CACHE_HOME/mesim`, `~/.cache/mesim`,
or a folder of yours among the temporary ones. Install a C compiler (`apt-get install gcc
libc6-dev`), or name a cache folder that may be written to.",
    ),
    e(
        "E0325",
        "accesses whose code is unknown",
        "\
`mesim info --code` names the functions that access memory, and goes by program counters: those of
a trace (mtrc, csv or pinatrace with a column `pc`, gem5), or its instruction fetches. This trace
has neither. What `mesim record -o out.mtrc` writes has them; a folder of per-core files does not.",
    ),
    e(
        "E0326",
        "hot lines of several runs",
        "\
`--top` says of one run which lines cost the most coherence. `--compare` and `--vary` lay several
runs beside each other, and each has hot lines of its own: run once for each machine, with `--set`.
docs/hot-lines.md says what is told of a line.",
    ),
    e(
        "E0327",
        "too many steps for a picture",
        "\
`mesim step --as svg` draws every step, in a picture of at most 5,000: browsers and drawing programs
hold all of it. `--from` and `--limit` choose some; `mesim report` makes a page that shows any one
of 100,000.",
    ),
    e(
        "E0328",
        "several orders where one is replayed",
        "\
`mesim replay TRACE --interleave random:1..20` replays the trace once in each of several orders and
says how far each counter goes. Other commands replay in one order, and so do other flags that make
several runs (`--compare`, `--vary`) or tell of one (`--events`, `--top`, `--coverage`, `--jobs`). A
trace that can be read only once cannot be replayed again.",
    ),
    E0401,
    E0402,
    E0403,
    e(
        "E0501",
        "not coherent",
        "\
`mesim protocol check` has found a state in which an invariant does not hold. The trail that it
prints is a shortest one: each row is what every core, and the memory, has after a step. The last
step is where it shows; the mistake is a cell of that step or of one before, or what a state is said
to hold.

    mesim protocol check A07                      a seeded bug, to see what it looks like
    mesim protocol check A07 --counterexample lost-store.mtrace

The second command writes the trail as a trace for `mesim step`.",
    ),
    e(
        "E0502",
        "too many states",
        "\
The search stops at `--max-states`, whose memory is said in the line `bound`, before it has looked
at everything: nothing is proven. Fewer lines or cores, or `--symmetry`, make a smaller model; a
mistake in a protocol nearly always shows with two or three cores and one line.",
    ),
    e(
        "E0503",
        "cells that nothing reaches",
        "\
The protocol's tables have steps that no event in any state of the model asks for. Either the cell
is impossible and should be declared so (`never`), which the explorer then proves; or another cell
does not lead where it should. `mesim protocol witness NAME STATE.EVENT` looks for one cell.",
    ),
    e(
        "E0504",
        "no such cell",
        "\
A cell is a state and an event of the protocol's tables, such as `S.BusUpgr` or `M.Evict`.
`mesim protocol show NAME` prints the tables.",
    ),
    e(
        "E0505",
        "a model out of bounds",
        "\
The explorer takes 1 to 8 cores, 1 to 8 lines, 1 to 8 words of 1 to 16 values, caches of 1 line up
to all lines, and 1 to 3 private levels; caches smaller than the number of lines go with one private
level. The states and words of a core's lines have to fit into 64 bits: 4 bits for a state, and for
each copy 2 bits and the bits of its words.",
    ),
    E0601,
    E0602,
    E0603,
    E0604,
    E0605,
    E0606,
    E0607,
    E0608,
    E0701,
    E0702,
    E0703,
    E0704,
    E0801,
    E0802,
    E0803,
    E0804,
    E0805,
    E0806,
    E0807,
    E0808,
    E0809,
    E0810,
    e(
        "E0901",
        "a load did not see the last store",
        "\
With `--check`, every copy of a line carries the number of the last store to each word, and every
load is compared with the last store in global order. A difference means that mesim lost or kept
data that it should not have: a mistake in mesim. Please report the trace and the config.",
    ),
    e(
        "E0902",
        "an impossible cell was asked for",
        "\
The table of a built-in protocol marks a step as impossible, and the run came to it: a mistake in
the table or in the machine. Please report the trace and the config. (Under a protocol of a file it
is E0216.)",
    ),
    e(
        "E0903",
        "a conservation law was broken",
        "\
Every run is audited: hits and misses make accesses, lines gained and lost make lines held, bytes
on the bus are accounted for. A law that does not hold means that a counter is wrong, so no number
is shown. Please report the trace and the config.",
    ),
    e(
        "W0101",
        "a conversion lost something",
        "\
The output format cannot say everything; see E0308.",
    ),
    e(
        "W0102",
        "files without an order were merged",
        "\
Per-core files have no order among them. Written into one file they alternate, a record each;
another order gives other counts.",
    ),
    e(
        "W0103",
        "a trace without its end",
        "\
A file of drmemtrace ends with a footer; one without it is read as far as it goes.

An mtrc trace ends with an index, which its writer writes last. This one ends after a whole chunk
without it: its writer was stopped, or the file was cut exactly there. What came after the chunks
that are there nobody knows. `mesim convert trace.mtrc whole.mtrc` writes their records with an
index.",
    ),
    e(
        "W0104",
        "damaged chunks that were left out",
        "\
With `--salvage` an mtrc trace is read as far as its chunks are whole: each has a head and a CRC of
its own, so that a damaged one takes no other along. What is missing is counted by the numbers that
the heads and the index have for their records. The counts of a replay are those of what is left:
lines that were touched in a gap alone were never touched.",
    ),
    e(
        "W0105",
        "a trace without its last line",
        "\
The tool that wrote the trace writes a last line (pinatrace: `#eof`), and it is not there: the tool
was stopped, or the file was cut. What came after nobody knows; what there is was read. The last
access may be cut as well, so that its address is shorter than it was.",
    ),
    e(
        "W0106",
        "program files that are gone",
        "\
A trace says in which files the recorded program's instructions were, and the build ids of these
files. They were looked for to name functions and lines, and some are not there or have another
build id by now: of those only the file is named. The counts are not touched by this.",
    ),
    e(
        "W0201",
        "an inclusive level smaller than what it includes",
        "\
It is legal, and teaches what inclusion costs: each of its evictions takes lines out of the inner
levels, which can never be full.",
    ),
    e(
        "W0202",
        "a state that is never reached",
        "\
No path of the tables leads from the first state to this one, whatever the cores do. The protocol
runs as if the state were not there; probably a cell that should lead to it names another.",
    ),
    e(
        "W0203",
        "not the built-in protocol of that name",
        "\
The file has the name of a built-in protocol and is not the same: another table, state, word on a
state, or source. Reports name the protocol, so that its results would pass for those of the other.
Give it a name of its own.",
    ),
    e(
        "W0204",
        "a protocol that is not coherent",
        "\
Every cell of the file is possible by itself, but a machine of three cores can be brought into a
state in which an invariant does not hold. The replay goes on, and may not meet that state: its
counts are then of a machine that nobody could build. `mesim protocol check mine.ron` shows a
shortest trail to what is wrong.",
    ),
    W0401,
    e(
        "W0501",
        "a counterexample that no trace can say",
        "\
A trace has accesses and cleans. The replacement of a line of a first-level cache is written as a
read of another line that goes to the same place. Models with several levels, or with caches that
hold more than one line and not all, have replacements without such a form. The trail that `mesim
protocol check` prints says it all.",
    ),
    W0801,
    W0802,
    W0803,
];
