//! gem5's packet traces, as its `MemTraceProbe` writes them: binary, protobuf, one core.
//!
//! `gem5`, then messages, each behind its length as a varint. The first is the header: 1 who
//! recorded it, 2 the version (0), 3 ticks a second, 4 the names of ids. The others are packets,
//! each a request on its way between two parts of the machine:
//!
//! | field | what |
//! |---|---|
//! | 1 | the tick: checked, and not passed on, because it tells how that machine's caches did |
//! | 2 | the command |
//! | 3, 4 | the address, and how many bytes: 0 asks for nothing |
//! | 5 | flags, of which 0x100 makes a read a fetch |
//! | 6 | who asks: ignored, a file is of one core |
//! | 7 | the pc |
//!
//! The commands are numbers of gem5's own, which have been the same since 2018 up to 29; behind
//! that they moved when locked accesses came, in a way that can be told apart.

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::formats::messages::{Fields, Messages, NoField, Value};
use crate::header::Header;
use crate::record::{ACCESS_BYTES_MAX, Op, Record};
use crate::source::{CHUNK, Source};
use crate::text::{failure, number};

/// What such a file begins with.
const MAGIC: &[u8] = b"gem5";

/// The flag of a read that is an instruction fetch.
const INSTRUCTION_FETCH: u64 = 0x100;

/// Commands are below this: there are some sixty.
const COMMANDS: u64 = 256;

/// The longest name of who recorded the trace that is kept, in characters.
const NAME_CHARACTERS_MAX: usize = 200;

/// A source of the accesses of a trace's packets.
pub(crate) struct Gem5 {
    messages: Messages,
    header: Header,
    /// The first access, read with the header.
    first: Option<Packet>,
    ended: bool,
}

impl Gem5 {
    /// Reads the header, and on to the first access.
    pub(crate) fn new(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
        pcs: bool,
    ) -> Result<Gem5, TraceError> {
        let mut messages = Messages::new(input, path, codec);
        if let Err(found) = messages.magic(MAGIC)? {
            if found.is_empty() {
                return Err(failure::empty(path, Format::Gem5));
            }
            return Err(messages
                .wrong(TraceErrorKind::BadFileHeader)
                .found(format!("`{}` at the beginning", found.escape_ascii()))
                .expected("the bytes `gem5`")
                .help("it is in another format: name that, such as `--format mtrace`"));
        }
        let mut header = Header::new(Format::Gem5);
        header.provenance = recorder(&mut messages, path)?;
        let mut source = Gem5 { messages, header, first: None, ended: false };
        source.first = source.next()?;
        let Some(first) = &source.first else { return Err(failure::empty(path, Format::Gem5)) };
        source.header.pcs = pcs && first.pc.is_some();
        Ok(source)
    }

    /// Reads on to the next access; `Ok(None)` at the end.
    fn next(&mut self) -> Result<Option<Packet>, TraceError> {
        while !self.ended {
            let access = match self.messages.next() {
                Ok(Some(message)) => packet(message),
                Ok(None) => {
                    self.ended = true;
                    break;
                }
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            };
            match access {
                Ok(None) => {}
                Ok(Some(record)) => return Ok(Some(record)),
                Err(wrong) => {
                    self.ended = true;
                    return Err(self.error(wrong));
                }
            }
        }
        Ok(None)
    }

    #[cold]
    fn error(&self, wrong: Wrong) -> TraceError {
        let error = |kind| self.messages.wrong(kind);
        match wrong {
            Wrong::Field(why) => no_field(error(TraceErrorKind::BadMessage), why),
            Wrong::Type(field) => error(TraceErrorKind::BadMessage)
                .found(format!("field {field} that is no number"))
                .expected("the fields of a packet, which are numbers")
                .help(
                    "other traces of gem5 begin alike: traces of instructions (inst) and elastic \
                     ones are not read",
                ),
            Wrong::Missing(field) => error(TraceErrorKind::MissingField)
                .found("the end of a packet")
                .expected(format!("its {field}"))
                .help("a packet says tick, command, address and size, the fields 1 to 4"),
            Wrong::Command(command) => error(TraceErrorKind::BadOp)
                .found(format!("command {command}"))
                .expected(format!("a command below {COMMANDS}"))
                .help("1 is a read, 4 a write: the file was damaged, or is of another kind"),
            Wrong::Size(size) => error(TraceErrorKind::SizeOutOfRange)
                .found(format!("{size} bytes"))
                .expected(format!("at most {ACCESS_BYTES_MAX} bytes"))
                .help("the file was damaged, or is of another kind: copy it again"),
            Wrong::End(addr, size) => error(TraceErrorKind::AddressOverflow)
                .found(format!("{size} bytes at {addr:#x}"))
                .expected("an access that ends within 64 bits")
                .help("the file was damaged, or is of another kind: copy it again"),
        }
    }
}

/// Reads the header, and returns who recorded the trace if it says so.
fn recorder(messages: &mut Messages, path: &str) -> Result<Option<String>, TraceError> {
    let mut name = None;
    let mut version = 0;
    let mut is_of_packets = true;
    let Some(message) = messages.next()? else { return Err(failure::empty(path, Format::Gem5)) };
    let mut fields = Fields(message);
    let wrong = loop {
        match fields.take() {
            Ok(None) => break None,
            Ok(Some((1, Value::Bytes(bytes)))) => name = Some(printable(bytes)),
            Ok(Some((2, Value::Number(number)))) => version = number,
            // Traces of instructions have a number where those of packets have names.
            Ok(Some((4, Value::Number(_)))) => is_of_packets = false,
            Ok(Some(_)) => {}
            Err(why) => break Some(why),
        }
    };
    let error = |kind| messages.wrong(kind);
    if let Some(why) = wrong {
        return Err(no_field(error(TraceErrorKind::BadFileHeader), why));
    }
    if !is_of_packets {
        return Err(error(TraceErrorKind::BadFileHeader)
            .found("the header of a trace of instructions")
            .expected("that of a trace of packets")
            .help("record packets, with gem5's `MemTraceProbe` at a `CommMonitor`"));
    }
    if version > 0 {
        return Err(error(TraceErrorKind::NewerVersion)
            .found(format!("version {version}"))
            .expected("version 0, the only one of packet traces so far")
            .help("an elastic trace has a frequency there, and is not read: record packets"));
    }
    Ok(name.filter(|name| !name.is_empty()))
}

#[cold]
fn no_field(error: TraceError, why: NoField) -> TraceError {
    error
        .found(match why {
            NoField::Cut => "the end of the message within a field".to_owned(),
            NoField::Long => "a number of more than 64 bits".to_owned(),
            NoField::Type(other) => format!("a field of type {other}"),
        })
        .expected("fields of protobuf: types 0, 1, 2 and 5")
        .help("the file was damaged, or is of another kind: copy it again")
}

/// Returns a name fit to be printed.
fn printable(bytes: &[u8]) -> String {
    let visible = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    String::from_utf8_lossy(bytes).chars().take(NAME_CHARACTERS_MAX).map(visible).collect()
}

/// What is wrong with a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wrong {
    Field(NoField),
    /// A field that is no number.
    Type(u64),
    /// A field that has to be there is not.
    Missing(&'static str),
    Command(u64),
    Size(u64),
    /// The access does not end within 64 bits.
    End(u64, u32),
}

/// A demand access, and where in the program it comes from.
struct Packet {
    access: Record,
    pc: Option<u64>,
}

/// Reads a packet; `Ok(None)` if it is no demand access.
fn packet(message: &[u8]) -> Result<Option<Packet>, Wrong> {
    let [mut tick, mut command, mut addr, mut size, mut flags, mut pc] = [None; 6];
    let mut fields = Fields(message);
    while let Some((field, value)) = fields.take().map_err(Wrong::Field)? {
        let place = match field {
            1 => &mut tick,
            2 => &mut command,
            3 => &mut addr,
            4 => &mut size,
            5 => &mut flags,
            7 => &mut pc,
            _ => continue,
        };
        let Value::Number(number) = value else { return Err(Wrong::Type(field)) };
        *place = Some(number);
    }
    tick.ok_or(Wrong::Missing("tick"))?;
    let command = command.ok_or(Wrong::Missing("command"))?;
    let addr = addr.ok_or(Wrong::Missing("address"))?;
    let size = size.ok_or(Wrong::Missing("size"))?;
    if command >= COMMANDS {
        return Err(Wrong::Command(command));
    }
    let Some(op) = operation(command, flags.unwrap_or(0)).filter(|_| size > 0) else {
        return Ok(None);
    };
    let size = u32::try_from(size)
        .ok()
        .filter(|size| *size <= number::size_max(true))
        .ok_or(Wrong::Size(size))?;
    if !number::ends_within(addr, size) {
        return Err(Wrong::End(addr, size));
    }
    Ok(Some(Packet { access: Record::access(0, op, addr, size), pc }))
}

/// Returns what a command asks for, if it is a demand access.
///
/// Left out are answers, what caches do on their own (write-backs, evictions, prefetches), fences,
/// and maintenance of caches, whose numbers are not the same in all versions.
const fn operation(command: u64, flags: u64) -> Option<Op> {
    match command {
        // ReadReq, and what a cache makes of it: ReadCleanReq, ReadSharedReq; LoadLockedReq.
        1 | 24..=26 => Some(if flags & INSTRUCTION_FETCH == 0 { Op::Read } else { Op::Fetch }),
        // WriteReq, WriteLineReq, StoreCondReq, and what a cache makes of a store to a line that
        // it does not have, or not alone: ReadExReq, UpgradeReq, SCUpgradeReq.
        4 | 16..=18 | 22 | 27 => Some(Op::Write),
        // SwapReq; since gem5 22.1 LockedRMWReadReq, whose write half is 32, and SwapReq is 34,
        // which before that was a fence, of no bytes.
        30 | 34 => Some(Op::Atomic),
        _ => None,
    }
}

/// Returns whether a file that begins so is a trace of gem5's.
pub(crate) fn is_gem5(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

impl Source for Gem5 {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let mut count = 0;
        into.reserve(CHUNK);
        while count < CHUNK {
            let packet = match self.first.take() {
                Some(first) => Some(first),
                None => self.next()?,
            };
            let Some(Packet { access, pc }) = packet else { break };
            if self.header.pcs {
                into.push(Record::event(access.core, Op::Pc, pc.unwrap_or(0)));
            }
            into.push(access);
            count += 1;
        }
        Ok(count > 0)
    }
}
