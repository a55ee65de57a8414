#!/bin/sh
# Builds the programs and records the traces of this folder's parent again.
#
#     record.sh [-o FOLDER] [NAME...]
#
# NAME is a trace without its endings (`false-sharing`); all of them by default. FOLDER is where the
# traces go, by default the folder above this script. x86-64 Linux; see ../README.md for the rest.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=$here/..
while getopts o: option; do
    case $option in
    o) target=$OPTARG ;;
    *) echo "usage: record.sh [-o FOLDER] [NAME...]" >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$target"
target=$(cd "$target" && pwd)
names=$*

missing=
for tool in gcc make valgrind xz setarch; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    echo "record.sh: not found:$missing" >&2
    echo "  on Debian: apt-get install gcc libc6-dev make valgrind xz-utils util-linux" >&2
    exit 2
fi
if [ "$(uname -m)" != x86_64 ]; then
    echo "record.sh: this is $(uname -m); the recordings are made on x86_64" >&2
    exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make --silent -C "$here" BUILD="$work" all
cd "$work"

system=$(. /etc/os-release && echo "$PRETTY_NAME")
compiler=$(gcc --version | head -n 1)

# The same environment for everybody (its strings lie on the stack and move what is there), no
# randomised addresses.
bare() { env -i PATH=/usr/bin:/bin LC_ALL=C "$@"; }

wanted() { # is the trace $1 asked for?
    [ -z "$names" ] && return 0
    case " $names " in *" $1 "*) return 0 ;; esac
    return 1
}

# Stdin to the trace $1. One thread, so that the same input gives the same file; a window of 8 MiB
# (-6), so that a reader needs little memory, loses less than 1%.
compress() {
    xz -6e -T1 >"$target/$1.xz.new"
    mv "$target/$1.xz.new" "$target/$1.xz"
    echo "$1.xz $(wc -c <"$target/$1.xz") bytes"
}

# recorded NAME ORDER PROGRAM ARGUMENTS TITLE SOURCE SHOWS - by our recorder, as mesim text.
recorded() {
    wanted "$1" || return 0
    bare MESIM_RECORD_OUT=raw MESIM_RECORD_TITLE="$5" MESIM_RECORD_ORDER="$2" setarch -R "./$3" $4
    {
        echo "# A recording of a real program with four threads; the main thread is core 0."
        echo "# program: traces/sources/$6"
        echo "# command: MESIM_RECORD_ORDER=$2 setarch -R ./$3 $4"
        echo "# recorder: traces/sources/recorder.c, order \`$2\`"
        echo "# compiler: $compiler, -O2 -fsanitize=thread"
        echo "# machine: x86-64, $(nproc) CPUs, $system"
        echo "# shows: $7"
        cat raw
    } | compress "$1.mtrace"
}

# valgrind_lackey COMMAND... - lackey's text into the file `raw`. What the program prints goes to
# the file `output`, so that nothing of it comes between the records.
valgrind_lackey() {
    bare setarch -R valgrind --tool=lackey --trace-mem=yes --basic-counts=no \
        --trace-sched=yes --fair-sched=yes --log-fd=9 "$@" 9>raw >output
}

recorded false-sharing fair false_sharing 10000 \
    "False sharing: four counters in one line" false_sharing.c \
    "no data is shared, yet there are nearly as many invalidations as stores"
recorded false-sharing-free free false_sharing 10000 \
    "False sharing, threads in bursts" false_sharing.c \
    "the accesses of false-sharing in another order, with far fewer invalidations"
recorded false-sharing-padded fair false_sharing_padded 10000 \
    "False sharing cured: a line for each counter" "false_sharing.c with -DPADDED" \
    "the same work as false-sharing; after the first round no bus traffic at all"
recorded producer-consumer fair producer_consumer 2000 \
    "Two producers, two consumers, one lock-free ring" producer_consumer.c \
    "the lines of the cells go from a producer to a consumer and back; head and tail are contended"
recorded matmul fair matmul 48 \
    "Matrix product 48 x 48, rows in four blocks" matmul.c \
    "core 0 fills the inputs, all read one of them, and each writes rows of its own"
recorded lock-tas fair lock_tas 1000 \
    "A counter under a test-and-set lock" "lock.c with -DLOCK=1" \
    "every try of a waiter is an atomic that takes the lock's line"
recorded lock-ttas fair lock_ttas 1000 \
    "A counter under a test-and-test-and-set lock" "lock.c with -DLOCK=2" \
    "waiters read their own copy; a release makes all of them miss, and one of them wins"
recorded lock-ticket fair lock_ticket 1000 \
    "A counter under a ticket lock" "lock.c with -DLOCK=3" \
    "one atomic a turn, but the word that all waiters watch changes at every release"
recorded reader-mostly fair reader_mostly 200 \
    "A table read by three, changed by one" reader_mostly.c \
    "reads of shared lines are free until the writer takes the lines back"

# Everything that a blocking hand-over does: program, C library and instruction fetches.
if wanted handoff; then
    valgrind_lackey ./handoff 1500
    compress handoff.lackey <raw
fi

# A stock tool: the unmodified xz of the system, with two worker threads. Of lackey's lines the
# data accesses and Valgrind's own remain: with the fetches it is 5.6 million lines, and when a
# program ends while threads of it wait, Valgrind 3.19 also prints a `SCHEDSETJMP` line that lacks
# its prefix.
if wanted xz-t2; then
    licence=/usr/share/common-licenses/GPL-3
    sum=3972dc9744f6499f0f9b2dbf76696f2ae7ad8af9b23dde66d6af86c9dfb36986
    if ! echo "$sum  $licence" | sha256sum --check --status; then
        echo "record.sh: $licence is missing or another one; xz-t2 needs Debian's (base-files)" >&2
        exit 2
    fi
    head -c 8192 "$licence" >input
    valgrind_lackey xz -T2 -0 --block-size=4KiB -c -k input
    xz -dc output | cmp - input
    grep -E '^( [LSM] |==|--)' raw >data
    compress xz-t2.lackey <data
fi
