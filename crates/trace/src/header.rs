//! What a trace says about itself.

use crate::format::Format;

/// What is known of a trace before its first record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The format that was forced or recognised.
    pub format: Format,
    /// The number of cores, where the trace states it (`@cores`; 1 for formats of one core).
    pub cores: Option<u16>,
    /// The line size the trace was made for, in bytes (`@line`).
    pub line: Option<u64>,
    /// The title (`@title`).
    pub title: Option<String>,
    /// The machine the trace was made for, a path relative to the trace (`@config`).
    pub config: Option<String>,
    /// Whether the records of different cores have an order among them.
    ///
    /// False for a file of one core among several.
    pub ordered: bool,
    /// Whether there may be instruction fetches, where the trace (mtrc) says so.
    pub fetches: Option<bool>,
    /// Whether there may be times, where the trace (mtrc) says so.
    pub times: Option<bool>,
    /// Whether it is known of accesses, other than by fetches, which instructions they come from.
    pub pcs: bool,
    /// How the trace was made, in words, where the trace (mtrc, gem5) says it.
    pub provenance: Option<String>,
    /// Names of addresses (`let`) that were declared before the first record, in the order of the
    /// addresses, names of one address in their own order.
    pub names: Vec<(String, u64)>,
}

impl Header {
    /// Returns the header of a trace that states nothing about itself.
    #[must_use]
    pub const fn new(format: Format) -> Header {
        let cores = match format {
            Format::Mtrace
            | Format::Mtrc
            | Format::Lackey
            | Format::Ncsu
            | Format::Csv
            | Format::Pinatrace
            | Format::Execlog
            | Format::Spike
            | Format::Drmemtrace => None,
            Format::Din
            | Format::Xdin
            | Format::Percore
            | Format::Nus
            | Format::Champsim
            | Format::ChampsimCloudsuite
            | Format::Gem5
            | Format::OracleGeneral
            | Format::Msr
            | Format::Twitter => Some(1),
        };
        let ordered = !format.is_per_core();
        Header {
            format,
            cores,
            line: None,
            title: None,
            config: None,
            ordered,
            fetches: None,
            times: None,
            pcs: false,
            provenance: None,
            names: Vec::new(),
        }
    }
}
