//! The names of the trace formats and what each one can say.

use crate::loss::Loss;

/// A trace format that is read and, but for traces of requests, written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// The simulator's own text: `CORE OP ADDR [SIZE]`.
    Mtrace,
    /// The simulator's own container: binary, packed, in chunks.
    Mtrc,
    /// Dinero III and IV: `LABEL ADDR`.
    Din,
    /// Dinero IV, extended: `ACC ADDR SIZE`.
    Xdin,
    /// Valgrind's lackey with `--trace-mem=yes`.
    Lackey,
    /// NCSU course traces: `PROC r|w ADDR`, in global order.
    Ncsu,
    /// Georgia Tech course traces, a file a core: `r|w 0xADDR`.
    Percore,
    /// NUS course traces, a file a core: `LABEL 0xVALUE`.
    Nus,
    /// A table: a line of column names, then an access a line.
    Csv,
    /// Intel Pin's pinatrace: `0xPC: R|W 0xADDR`.
    Pinatrace,
    /// QEMU's plugin execlog: `CPU, 0xPC, 0xOPCODE, "...", load, 0xADDR`.
    Execlog,
    /// Spike with `--log-commits`: `core   0: 3 0xPC (0xOPCODE) ... mem 0xADDR`.
    Spike,
    /// DynamoRIO's drmemtrace, threads by timestamps: binary, 12 bytes a record.
    Drmemtrace,
    /// ChampSim, a file a core: binary, 64 bytes an instruction.
    Champsim,
    /// ChampSim's variant of CloudSuite's traces: binary, 96 bytes an instruction.
    ChampsimCloudsuite,
    /// gem5's packet traces: binary, protobuf, a file a core.
    Gem5,
    /// libCacheSim's oracleGeneral, requests to a cache: binary, 24 bytes a request.
    OracleGeneral,
    /// Block traces as Microsoft Research Cambridge published them (CSV).
    Msr,
    /// Requests to caches of keys and values as Twitter published them (CSV).
    Twitter,
}

impl Format {
    /// Every format, in the order in which help and errors list them.
    pub const ALL: &[Format] = &[
        Format::Mtrace,
        Format::Mtrc,
        Format::Din,
        Format::Xdin,
        Format::Lackey,
        Format::Ncsu,
        Format::Percore,
        Format::Nus,
        Format::Csv,
        Format::Pinatrace,
        Format::Execlog,
        Format::Spike,
        Format::Drmemtrace,
        Format::Champsim,
        Format::ChampsimCloudsuite,
        Format::Gem5,
        Format::OracleGeneral,
        Format::Msr,
        Format::Twitter,
    ];

    /// Returns the name that `--format` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::Mtrace => "mtrace",
            Format::Mtrc => "mtrc",
            Format::Din => "din",
            Format::Xdin => "xdin",
            Format::Lackey => "lackey",
            Format::Ncsu => "ncsu",
            Format::Percore => "percore",
            Format::Nus => "nus",
            Format::Csv => "csv",
            Format::Pinatrace => "pinatrace",
            Format::Execlog => "execlog",
            Format::Spike => "spike",
            Format::Drmemtrace => "drmemtrace",
            Format::Champsim => "champsim",
            Format::ChampsimCloudsuite => "champsim-cloudsuite",
            Format::Gem5 => "gem5",
            Format::OracleGeneral => "oracle-general",
            Format::Msr => "msr",
            Format::Twitter => "twitter",
        }
    }

    /// Returns the format of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.iter().copied().find(|format| format.name() == name)
    }

    /// Returns the file name extensions that mean this format, without a dot.
    ///
    /// An extension decides: a file called `a.din` is read as din whatever it holds. Only of csv
    /// there are several kinds, and its lines decide whether a file is of requests.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Format::Mtrace => &["mtrace"],
            Format::Mtrc => &["mtrc"],
            Format::Din => &["din"],
            Format::Xdin => &["xdin"],
            Format::Lackey => &["lackey"],
            Format::Ncsu => &["ncsu"],
            Format::Percore => &["percore"],
            Format::Nus => &["nus"],
            Format::Csv => &["csv"],
            Format::Pinatrace => &["pinatrace"],
            Format::Execlog => &["execlog"],
            Format::Spike => &["spike"],
            Format::Drmemtrace => &["drmemtrace"],
            Format::Champsim => &["champsimtrace", "champsim"],
            Format::ChampsimCloudsuite => &["champsim-cloudsuite"],
            Format::Gem5 => &["gem5", "ptrc"],
            Format::OracleGeneral => &["oracleGeneral", "oracle-general"],
            Format::Msr => &["msr"],
            Format::Twitter => &["twitter"],
        }
    }

    /// Returns the format whose extension this is (case does not matter), if there is one.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Format> {
        Format::ALL
            .iter()
            .copied()
            .find(|format| format.extensions().iter().any(|e| e.eq_ignore_ascii_case(extension)))
    }

    /// Returns one line that describes the format.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Format::Mtrace => "mesim text: `CORE OP ADDR [SIZE]`",
            Format::Mtrc => "mesim container: binary, packed chunks with an index",
            Format::Din => "Dinero: `LABEL ADDR`, labels 0 to 4, hex without 0x",
            Format::Xdin => "Dinero IV, extended: `r|w|i|m|c|v ADDR SIZE`, hex",
            Format::Lackey => "Valgrind lackey --trace-mem=yes, threads by --trace-sched=yes",
            Format::Ncsu => "NCSU: `PROC r|w ADDR`, hex, in global order",
            Format::Percore => "a file a core: `r|w 0xADDR`",
            Format::Nus => "a file a core: `0|1|2 0xVALUE` for load, store, compute cycles",
            Format::Csv => "a table: a line of column names, then an access a line",
            Format::Pinatrace => "Intel Pin pinatrace: `0xPC: R|W 0xADDR`",
            Format::Execlog => "QEMU execlog: `CPU, 0xPC, 0xOPCODE, \"...\", load, 0xADDR`",
            Format::Spike => "Spike --log-commits: `core   0: 3 0xPC (0xOPCODE) mem 0xADDR`",
            Format::Drmemtrace => "DynamoRIO drmemtrace: binary, 12 bytes a record, threads",
            Format::Champsim => "ChampSim: binary, 64 bytes an instruction",
            Format::ChampsimCloudsuite => {
                "ChampSim for CloudSuite: binary, 96 bytes an instruction"
            }
            Format::Gem5 => "gem5 packets: binary, protobuf messages behind their lengths",
            Format::OracleGeneral => "libCacheSim oracleGeneral: binary, 24 bytes a request",
            Format::Msr => "MSR Cambridge block trace: CSV of 7 fields, 100 ns, bytes",
            Format::Twitter => "Twitter cache trace: CSV of 7 fields, seconds, keys",
        }
    }

    /// Returns a line that is a record of the format, or what a record of a binary one is.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Format::Mtrace => "0 R 0x1000 8",
            Format::Mtrc => "a control byte and its operands, in a chunk",
            Format::Din => "0 7fff1234",
            Format::Xdin => "r 7fff1234 4",
            Format::Lackey => " L 1ffeffe7e0,8",
            Format::Ncsu => "0 r 7fff1234",
            Format::Percore => "r 0x7fff1234",
            Format::Nus => "0 0x7fff1234",
            Format::Csv => "0,R,0x7fff1234,8",
            Format::Pinatrace => "0x401136: R 0x7fff1234",
            Format::Execlog => "0, 0x400a14, 0xf9400fe0, \"ldr x0, [sp, #0x18]\"",
            Format::Spike => "core   0: 3 0x0000000080000000 (0x00000297) x5  0x80000000",
            Format::Drmemtrace => "u16 type, u16 size, u64 address",
            Format::Champsim => "u64 instruction, 8 bytes, u64 stores[2], u64 loads[4]",
            Format::ChampsimCloudsuite => {
                "u64 instruction, 16 bytes, u64 stores[4], u64 loads[4], 8 bytes"
            }
            Format::Gem5 => "a length and a message of tick, command, address, size",
            Format::OracleGeneral => "u32 seconds, u64 object, u32 size, i64 next",
            Format::Msr => "128166372003061629,hm,0,Read,383496192,32768,413",
            Format::Twitter => "0,q:q:1:8WTfjZU14ee,17,213,4,get,0",
        }
    }

    /// Says whether the format is read and not written.
    ///
    /// A trace of requests has keys or disks where memory has addresses; what was read of one is no
    /// such trace any more. What DynamoRIO's tools or CloudSuite's traces have besides accesses is
    /// not read, so that none of them could be made of it; nor can the program counters of others.
    #[must_use]
    pub const fn is_read_only(self) -> bool {
        self.numbers_keys()
            || matches!(
                self,
                Format::Pinatrace
                    | Format::Execlog
                    | Format::Spike
                    | Format::Drmemtrace
                    | Format::ChampsimCloudsuite
                    | Format::Gem5
            )
    }

    /// Returns the formats that are written, in the order of [`ALL`](Self::ALL).
    pub fn written() -> impl Iterator<Item = Format> {
        Format::ALL.iter().copied().filter(|format| !format.is_read_only())
    }

    /// Says whether the format is binary: bytes instead of lines.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(
            self,
            Format::Mtrc
                | Format::Drmemtrace
                | Format::Champsim
                | Format::ChampsimCloudsuite
                | Format::Gem5
                | Format::OracleGeneral
        )
    }

    /// Says whether addresses are made up: keys or disks, numbered in each file as they appear.
    ///
    /// Several such files are no cores of one machine: their addresses have nothing in common.
    #[must_use]
    pub const fn numbers_keys(self) -> bool {
        matches!(self, Format::OracleGeneral | Format::Msr | Format::Twitter)
    }

    /// Says whether a trace of this format is one of several files, a file a core.
    ///
    /// Such files have no order among them; how they interleave is the reader's choice.
    #[must_use]
    pub const fn is_per_core(self) -> bool {
        matches!(self, Format::Percore | Format::Nus)
    }

    /// Says whether each line (or record) names its core; in csv it does if it has such a column.
    #[must_use]
    pub const fn names_cores(self) -> bool {
        matches!(
            self,
            Format::Mtrace
                | Format::Mtrc
                | Format::Ncsu
                | Format::Csv
                | Format::Execlog
                | Format::Spike
                | Format::Drmemtrace
        )
    }

    /// Returns what a writer of this format cannot keep; empty for a lossless one, or for none.
    ///
    /// The writer counts what it really lost, see [`Losses`](crate::Losses).
    #[must_use]
    pub const fn loses(self) -> &'static [Loss] {
        use Loss::{
            AddressZero, Alignment, Atomic, Clean, Compute, Core, Fence, Fetch, Flush, FlushAll,
            Header, Size, Time,
        };
        match self {
            Format::Mtrace
            | Format::Mtrc
            | Format::Pinatrace
            | Format::Execlog
            | Format::Spike
            | Format::Drmemtrace
            | Format::ChampsimCloudsuite
            | Format::Gem5
            | Format::OracleGeneral
            | Format::Msr
            | Format::Twitter => &[],
            Format::Din => {
                &[Header, Core, Size, Alignment, Atomic, Clean, Flush, Fence, Compute, Time]
            }
            Format::Xdin => &[Header, Core, Atomic, Fence, Compute, Time],
            Format::Lackey => &[Header, Atomic, Clean, Flush, FlushAll, Fence, Compute, Time],
            Format::Csv => &[Header, Clean, Flush, FlushAll, Fence, Compute, Time],
            Format::Ncsu => &[
                Header, Size, Alignment, Atomic, Fetch, Clean, Flush, FlushAll, Fence, Compute,
                Time,
            ],
            Format::Percore => &[
                Header, Core, Size, Alignment, Atomic, Fetch, Clean, Flush, FlushAll, Fence,
                Compute, Time,
            ],
            Format::Champsim => &[
                Header,
                Core,
                Size,
                AddressZero,
                Atomic,
                Clean,
                Flush,
                FlushAll,
                Fence,
                Compute,
                Time,
            ],
            Format::Nus => {
                &[Header, Core, Size, Alignment, Atomic, Fetch, Clean, Flush, FlushAll, Fence, Time]
            }
        }
    }
}
