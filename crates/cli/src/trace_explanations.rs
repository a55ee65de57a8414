//! The diagnostic codes of traces, E01.., at length.

use crate::explanations::{Explanation, e};

/// The codes in order.
pub(crate) const TRACES: &[Explanation] = &[
    e(
        "E0101",
        "no such file",
        "\
The trace named on the command line does not exist. If the folder has a file with a similar name,
the diagnostic says which. `-` stands for standard input.",
    ),
    e(
        "E0102",
        "a folder, not a file",
        "\
A folder stands where one trace file is expected. A folder of per-core files (one file a core, in
the formats percore, nus, din, xdin, champsim or gem5) is replayed by naming the folder itself:

    mesim replay cores/ --format percore

A folder of the thread files of drmemtrace is one trace, and so is a folder with a folder `trace` in
it, as DynamoRIO's tools write it.",
    ),
    e(
        "E0103",
        "cannot read or write",
        "\
The operating system refused to read the trace or to write the output; its own words are in the
diagnostic.",
    ),
    e(
        "E0104",
        "empty trace",
        "\
The file has no record: it is empty, or has only comments and header lines. A report of nothing
would look like a machine that did nothing, so there is none.",
    ),
    e(
        "E0105",
        "unknown trace format",
        "\
The format can be recognised neither by the file's name nor by its first lines, or several formats
fit. `--format NAME` says which it is. `0 B` alone fits two: it is a fence of mtrace, and in din
a read of address 0xb.",
    ),
    e(
        "E0106",
        "not a text file",
        "\
The file holds bytes that no text contains. All formats but mtrc, drmemtrace, champsim, gem5 and
oracle-general are text. mtrc, drmemtrace and gem5 are recognised by their first bytes;
oracle-general is known by its name (`.oracleGeneral`, or `.oracleGeneral.bin`) or by `--format
oracle-general` alone; champsim by its name (`.champsimtrace`, or `.trace` if what is in it can be
instructions) or by `--format champsim` or `champsim-cloudsuite`.
gzip, zstd, xz, lz4 and zip are recognised by their first bytes whatever the file is called.",
    ),
    e(
        "E0107",
        "truncated file",
        "\
The compressed file, or the mtrc trace, ends before its end. The diagnostic says how many records
came before; they are not reported on, because counts of an unknown part of a trace mean nothing.
If the part is what you want, decompress it and replay that. Of an mtrc trace the whole chunks
before the cut are a trace too: `head -c BYTES trace.mtrc > whole.mtrc`, with the number that the
diagnostic says.",
    ),
    e(
        "E0108",
        "damaged compressed file",
        "\
The compressed file's own checks fail. Copy it again. Of a zip every member is compared with what
its head says, and all of them with the directory at the end; none may be longer than it says.",
    ),
    e(
        "E0109",
        "line too long",
        "\
A line of a text trace has more than 4096 bytes. No format has such lines: the file is something
else, or its line ends are lost.",
    ),
    e(
        "E0110",
        "missing field",
        "\
A line ends before all of its fields. The formats, field by field:

    mtrace   CORE OP ADDR [SIZE]        0 R 0x1000 4
    din      LABEL ADDR                 0 1fffe000
    xdin     ACC ADDR SIZE              r 1fffe000 4
    lackey    OP ADDR,SIZE               L 1fffe000,4
    ncsu     CORE r|w ADDR              1 r a1663dc4
    percore  r|w 0xADDR                 r 0x1000
    nus      LABEL VALUE                0 0x1000
    csv      as its header line names   0,R,0x1000,4
    pinatrace  0xPC: R|W 0xADDR         0x401136: R 0x1000
    execlog  CPU, 0xPC, 0xOPCODE, \"DISASSEMBLY\", load|store, 0xADDR
             0, 0x400a14, 0xf9400fe0, \"ldr x0, [sp, #0x18]\", load, 0x40007ffe58
    spike    core N: PRIVILEGE 0xPC (0xOPCODE) REGISTER 0xVALUE mem 0xADDR [0xDATA]
             core   0: 3 0x80000004 (0x0182b283) x5 0x1 mem 0x80000018
    msr      TIMESTAMP,HOST,DISK,Read|Write,OFFSET,SIZE,RESPONSETIME
             128166372003061629,hm,0,Read,383496192,32768,413
    twitter  TIME,KEY,KEYSIZE,VALUESIZE,CLIENT,OPERATION,TTL
             0,q:q:1:8WTfjZU14ee,17,213,4,get,0",
    ),
    e(
        "E0111",
        "unexpected field",
        "\
A line goes on after its last field. In mtrace, a comment begins with `#`. The columns of a csv or
pinatrace that are of no use have to be named as well, `_` in `--columns`.",
    ),
    e(
        "E0112",
        "unknown operation",
        "\
The format has no such operation. mtrace has R (load), W (store), A (atomic read-modify-write), I
(instruction fetch), C (clean), F (flush), B (fence) and T (compute ticks). csv and pinatrace have
r, w, i and a, in any case, and words for them such as load and store; execlog has load and store,
and a line of spike begins with `core`. msr has Read and Write.
twitter has get and gets, which are loads, and set, add, replace, cas, append, prepend, incr, decr
and delete, which are stores. The records of drmemtrace have types from 0 to 49, those of champsim
a 0 or 1 where they say whether they are branches, those of gem5 a command below 256: anything else
is another format, or damage.",
    ),
    e(
        "E0113",
        "invalid core number",
        "\
Cores are decimal numbers from 0. In drmemtrace a thread (a record of type 22) has to be named
before the first access.",
    ),
    e(
        "E0114",
        "no such core",
        "\
The trace names a core that the machine does not have. Cores are numbered from 0, so that a
machine of 4 cores has the cores 0 to 3. `--cores N` makes room; no machine has more than 64. The
threads of lackey and drmemtrace are cores, in the order in which they first appear; `mesim record
--threads-as-cores 4-way` lays those of a program round four cores.",
    ),
    e(
        "E0115",
        "invalid address",
        "\
Addresses are hexadecimal: with 0x in mtrace, percore, nus, execlog and spike, without in din, xdin
and lackey, either way in ncsu, csv and pinatrace (but decimal in a column called `addr:dec`). In
mtrace a declared name may stand for one: `let x = 0x1000`, then `x+8`. Disks and offsets of msr are
decimal.",
    ),
    e(
        "E0116",
        "address beyond 64 bits",
        "\
The address, or the last byte of the access, lies beyond the last 64-bit address. In msr each disk
has 256 TiB of its own: the offset is the lower 48 bits of an address.",
    ),
    e(
        "E0117",
        "invalid size",
        "\
Sizes are whole numbers of bytes: decimal, but hexadecimal in xdin.",
    ),
    e(
        "E0118",
        "size out of range",
        "\
An access touches 1 to 65536 bytes; a clean or flush, or a request of msr, which becomes several
accesses, may cover up to 1 GiB. In drmemtrace a size of 0 counts as 1; a bundle has 1 to 8
instructions of at least a byte each.",
    ),
    e(
        "E0119",
        "invalid number of cycles",
        "\
Compute ticks (T, and label 2 of nus) are whole numbers, at most 2^62 of them in a trace.",
    ),
    e(
        "E0120",
        "unknown name",
        "\
An address name is used that no earlier line declares. `let x = 0x1000` declares x for all lines
after it.",
    ),
    e(
        "E0121",
        "invalid declaration",
        "\
A declaration reads `let NAME = 0xADDR`.",
    ),
    e(
        "E0122",
        "name declared twice",
        "\
A name stands for one address in the whole trace.",
    ),
    e(
        "E0123",
        "too many names",
        "\
A trace declares at most 65,536 names.",
    ),
    e(
        "E0124",
        "invalid header line",
        "\
The header lines of mtrace are `@cores N`, `@line BYTES`, `@title TEXT`, `@config FILE` and,
anywhere, `@time 5 s`.

A csv begins with a line that names its columns, `op` and `addr` among them, each kind once, such as
`core,op,addr,size`. `--columns \"core op addr size\"` names them where the file does not.",
    ),
    e(
        "E0125",
        "invalid time",
        "\
A time is a number and a unit: s, ms, us, ns, ps or cycles, such as `@time 1.5 ms`, at most
2^62 picoseconds (53 days) or cycles. In msr (units of 100 ns), twitter and oracle-general (seconds)
it is a whole number, and the first request's time is the beginning: none may be more than 53 days
after it.",
    ),
    e(
        "E0126",
        "time runs backwards",
        "\
Simulated time never runs backwards: each `@time` is at or after the one before, and so is each
request of oracle-general. (msr and twitter traces are known to be slightly out of order: there an
earlier time counts as the last one.) Nor do the timestamps of a file of drmemtrace.",
    ),
    e(
        "E0127",
        "wrong number of files",
        "\
Per-core files are one for each core: from 1 file to as many as the machine has cores. An empty
file is a core that did nothing.",
    ),
    e(
        "E0128",
        "not a file of one core",
        "\
Several files were given, so each is the trace of one core; this one's lines name cores
themselves, or it numbers keys or disks of its own (oracle-general, msr, twitter), so that its
addresses have nothing to do with those of the others. Replay it alone.",
    ),
    e(
        "E0129",
        "incomplete record",
        "\
A binary trace ends within a record: it was cut off, or it is of another format. A record of
oracle-general has 24 bytes, little endian: u32 seconds, u64 object, u32 size, i64 next access. One
of drmemtrace has 12, one of champsim 64, one of champsim-cloudsuite 96.",
    ),
    e(
        "E0130",
        "too many keys",
        "\
The keys of oracle-general and twitter are numbered as they appear, and all of them are kept in
memory: at most 2^25 (33,554,432) different ones, of 1 GiB together. msr has at most 65,536 disks.",
    ),
    e(
        "E0131",
        "a format that is only read",
        "\
oracle-general, msr and twitter are read but not written: what was read of them has addresses where
the trace had keys and disks. pinatrace, execlog, spike, drmemtrace, champsim-cloudsuite and gem5
are not written either, and a zip is unpacked but not made. `mesim convert` to mtrace keeps
everything that was read.",
    ),
    e(
        "E0132",
        "invalid file header",
        "\
The file is called .mtrc, or is to be read as mtrc, but does not begin as such a file does, or its
header is damaged. An mtrc trace begins with the bytes `MTRC\\x1a\\r\\n\\x00`. A transfer that
changes line ends changes the sixth and seventh of them: copy the file again, as binary.

A drmemtrace trace begins with a header, a record of type 25. Raw files, as DynamoRIO's tracer
writes them (`raw/*.raw.lz4`), have none: `drraw2trace -indir FOLDER.dir` makes thread files of
them, in FOLDER.dir/trace.",
    ),
    e(
        "E0133",
        "a newer version of the format",
        "\
The mtrc trace has something that this version of mesim cannot read and must not ignore: a newer
major version, a codec, flags, or program counters. Read it with the mesim that wrote it, or have
that convert it to mtrace. Of drmemtrace the versions 1 to 7 are read.",
    ),
    e(
        "E0134",
        "damaged chunk",
        "\
A chunk of an mtrc trace fails its CRC, does not decompress, or says what cannot be. The diagnostic
names the chunk, its offset in the file and its records. None of them is replayed, nor anything
after them. Copy the file again, or record it again.",
    ),
    e(
        "E0135",
        "damaged index",
        "\
The index at the end of an mtrc trace fails its CRC, has rows that are not of the chunks before it,
or has bytes after its end mark. The chunks have CRCs of their own, so that the records are not in
doubt, but the file is not as it was written.",
    ),
    e(
        "E0136",
        "a zip that is not read",
        "\
A member of a zip archive is encrypted, packed by a method other than deflate, or stored with its
length behind it, where a pipe cannot know it. What `unzip` can read can be packed anew:

    unzip -p old.zip | gzip > new.gz",
    ),
    e(
        "E0137",
        "invalid message",
        "\
A trace of gem5 is `gem5` and messages of protobuf, each behind its length. What stands there is no
message, or has a length that none has. The diagnostic says which packet it would be, and its
offset: the file was damaged before that, or is one of gem5's other traces (of instructions, or
elastic), which begin alike and are not read.",
    ),
];
