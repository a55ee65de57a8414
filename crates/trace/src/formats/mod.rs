//! The list of the formats: one module each, and one line each in the functions below.
//!
//! `requests`, `keys` and `clock` are what the traces of requests have in common, `rows` what csv
//! and pinatrace have, `word_end` what traces without sizes have;
//! `messages` is what a file of protobuf messages is, `riscv` what an opcode tells.

use crate::codec::Codec;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::header::Header;
use crate::mtrc::{ChunkCodec, MtrcReader, MtrcSink, Salvage, Wanted};
use crate::record::{CORES_MAX, Op};
use crate::sink::{FinishWrite, Sink};
use crate::source::{ReadOptions, Source};
use crate::text::buffer::LineBuffer;
use crate::text::output::{LineWriter, TextSink};
use crate::text::reader::{LineFormat, TextReader};

mod champsim;
mod champsim_writer;
mod clock;
mod csv;
mod din;
#[cfg_attr(not(feature = "files"), expect(dead_code, reason = "several files need paths"))]
mod drmemtrace;
mod execlog;
#[cfg(test)]
mod fast_tests;
mod fixed;
mod gem5;
mod keys;
mod lackey;
mod messages;
mod msr;
mod mtrace;
mod ncsu;
mod nus;
mod oracle_general;
mod percore;
mod pinatrace;
mod requests;
mod riscv;
mod rows;
mod spike;
mod twitter;
mod word_end;
mod xdin;

/// Makes the reader of a trace whose format is known.
pub(crate) fn reader(
    format: Format,
    buffer: LineBuffer,
    path: &str,
    codec: Option<Codec>,
    options: &ReadOptions,
) -> Result<Box<dyn Source>, TraceError> {
    fn boxed<F: LineFormat + 'static>(
        grammar: F,
        buffer: LineBuffer,
        path: &str,
        codec: Option<Codec>,
        format: Format,
    ) -> Result<Box<dyn Source>, TraceError> {
        Ok(Box::new(TextReader::new(grammar, buffer, path, codec, Header::new(format))?))
    }
    let cores = options.cores_max.clamp(1, CORES_MAX);
    let (modify, columns) = (options.lackey_modify, options.columns.clone());
    let wanted = Wanted { cores, pcs: options.pcs };
    match format {
        Format::Mtrace => boxed(mtrace::Mtrace::new(cores), buffer, path, codec, format),
        Format::Mtrc if options.salvage => {
            Ok(Box::new(Salvage::new(buffer.into_input(), path, codec, wanted)?))
        }
        Format::Mtrc => Ok(Box::new(MtrcReader::new(buffer.into_input(), path, codec, wanted)?)),
        Format::Din => boxed(din::Din, buffer, path, codec, format),
        Format::Xdin => boxed(xdin::Xdin, buffer, path, codec, format),
        Format::Lackey => {
            // As a recorder that lays many threads on few cores later it may ask for more.
            let threads = options.cores_max.max(1);
            let lackey = lackey::Lackey::new(threads, modify, options.lackey_slices);
            boxed(lackey, buffer, path, codec, format)
        }
        Format::Ncsu => boxed(ncsu::Ncsu { cores }, buffer, path, codec, format),
        Format::Percore => boxed(percore::Percore, buffer, path, codec, format),
        Format::Nus => boxed(nus::Nus::default(), buffer, path, codec, format),
        Format::Csv => {
            boxed(csv::Csv::new(cores, columns, options.pcs), buffer, path, codec, format)
        }
        Format::Pinatrace => boxed(
            pinatrace::Pinatrace::new(cores, columns, options.pcs),
            buffer,
            path,
            codec,
            format,
        ),
        Format::Execlog => boxed(execlog::Execlog { cores }, buffer, path, codec, format),
        Format::Spike => boxed(spike::Spike { cores }, buffer, path, codec, format),
        Format::Drmemtrace => {
            Ok(Box::new(drmemtrace::Drmemtrace::alone(buffer.into_input(), path, codec, cores)?))
        }
        Format::Champsim | Format::ChampsimCloudsuite => {
            champsim::reader(format, buffer.into_input(), path, codec)
        }
        Format::Gem5 => {
            Ok(Box::new(gem5::Gem5::new(buffer.into_input(), path, codec, options.pcs)?))
        }
        Format::OracleGeneral => {
            let op = if options.requests_write { Op::Write } else { Op::Read };
            let input = buffer.into_input();
            Ok(Box::new(oracle_general::OracleGeneral::new(input, path, codec, op)?))
        }
        Format::Msr => boxed(msr::Msr::new(), buffer, path, codec, format),
        Format::Twitter => boxed(twitter::Twitter::new(), buffer, path, codec, format),
    }
}

/// Returns whether a line names the columns of a csv.
pub(crate) use csv::is_header as is_csv_header;

pub(crate) use drmemtrace::is_drmemtrace;
/// Returns whether a file that begins so is drmemtrace, or what that is made of.
#[cfg(feature = "files")]
pub(crate) use drmemtrace::{Drmemtrace, ThreadFile};

/// Returns whether a file that begins so is gem5's.
pub(crate) use gem5::is_gem5;

/// Returns which of ChampSim's formats a beginning fits.
pub(crate) use champsim::looks as champsim_looks;

/// Returns whether a line (neither blank nor a comment) may be one of this format.
pub(crate) fn looks(format: Format, line: &[u8]) -> bool {
    match format {
        Format::Mtrace => mtrace::looks(line),
        Format::Din => din::looks(line),
        Format::Xdin => xdin::looks(line),
        Format::Lackey => lackey::looks(line),
        Format::Ncsu => ncsu::looks(line),
        Format::Percore => percore::looks(line),
        Format::Nus => nus::looks(line),
        Format::Pinatrace => pinatrace::looks(line),
        Format::Execlog => execlog::looks(line),
        Format::Spike => spike::looks(line),
        // csv is known by its first line, mtrc, drmemtrace and gem5 by their first bytes; of the
        // others nothing is their own: a name or a flag has to say it.
        Format::Csv
        | Format::Mtrc
        | Format::Drmemtrace
        | Format::Champsim
        | Format::ChampsimCloudsuite
        | Format::Gem5
        | Format::OracleGeneral => false,
        Format::Msr => msr::looks(line),
        Format::Twitter => twitter::looks(line),
    }
}

/// Makes a writer of a format; one that is only read is an error.
///
/// The formats of one core write the records of all cores into one file and count the loss; what
/// keeps the cores is a file for each.
pub fn writer<'out>(
    format: Format,
    header: &Header,
    out: Box<dyn FinishWrite + 'out>,
) -> Result<Box<dyn Sink + 'out>, TraceError> {
    writer_with(format, header, ChunkCodec::default(), out)
}

/// Makes a writer as [`writer`] does; the chunks of a format that has them (mtrc) are packed so.
pub fn writer_with<'out>(
    format: Format,
    header: &Header,
    codec: ChunkCodec,
    out: Box<dyn FinishWrite + 'out>,
) -> Result<Box<dyn Sink + 'out>, TraceError> {
    fn boxed<'out, W: LineWriter + 'out>(
        writer: W,
        header: &Header,
        out: Box<dyn FinishWrite + 'out>,
    ) -> Box<dyn Sink + 'out> {
        Box::new(TextSink::without_head(writer, header, out))
    }
    Ok(match format {
        Format::Mtrace => {
            let head = mtrace::head(header);
            Box::new(TextSink::with_head(mtrace::MtraceWriter, head, out))
        }
        Format::Mtrc => Box::new(MtrcSink::new(header, codec, out)?),
        Format::Din => boxed(din::DinWriter, header, out),
        Format::Xdin => boxed(xdin::XdinWriter, header, out),
        Format::Lackey => boxed(lackey::LackeyWriter::default(), header, out),
        Format::Ncsu => boxed(ncsu::NcsuWriter, header, out),
        Format::Percore => boxed(percore::PercoreWriter, header, out),
        Format::Nus => boxed(nus::NusWriter, header, out),
        Format::Csv => boxed(csv::CsvWriter::new(header.pcs), header, out),
        Format::Champsim => boxed(champsim_writer::ChampsimWriter::default(), header, out),
        Format::Pinatrace
        | Format::Execlog
        | Format::Spike
        | Format::Drmemtrace
        | Format::ChampsimCloudsuite
        | Format::Gem5
        | Format::OracleGeneral
        | Format::Msr
        | Format::Twitter => return Err(read_only(format)),
    })
}

/// Makes the error of a format that has no writer; the path is the caller's to fill in.
#[cold]
pub(crate) fn read_only(format: Format) -> TraceError {
    let names: Vec<&str> = Format::written().map(Format::name).collect();
    TraceError::new(TraceErrorKind::ReadOnly, "<output>")
        .found(format.name())
        .expected(format!("one of {}", names.join(", ")))
        .help("mtrc keeps everything: `--to mtrc`, or a name such as `out.mtrc`")
}
