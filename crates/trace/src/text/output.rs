//! The sink that all text writers share: records to lines, lines to blocks.

use crate::error::TraceError;
use crate::header::Header;
use crate::limits::BLOCK_BYTES;
use crate::loss::{Loss, Losses};
use crate::modules::Module;
use crate::record::{Op, Record};
use crate::sink::{FinishWrite, Sink, write_error};

/// The grammar of a text format, the other way round.
pub(crate) trait LineWriter {
    /// Returns what stands before the first record, whatever the trace says about itself.
    fn head(&self) -> &'static str {
        ""
    }

    /// Appends the line (or lines) of a record and counts what they do not say.
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses);

    /// Appends what was kept back of the last records, if anything is.
    fn end(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// A sink that writes text.
pub(crate) struct TextSink<'out, W> {
    writer: W,
    out: Box<dyn FinishWrite + 'out>,
    block: Vec<u8>,
    losses: Losses,
    /// How many cores the trace states, where the text cannot state it.
    stated: u16,
    /// How many cores the records name.
    named: u16,
}

impl<'out, W: LineWriter> TextSink<'out, W> {
    /// Makes a sink that begins with the text `head`, which states everything.
    pub(crate) fn with_head(
        writer: W,
        head: Vec<u8>,
        out: Box<dyn FinishWrite + 'out>,
    ) -> TextSink<'out, W> {
        TextSink { writer, out, block: head, losses: Losses::default(), stated: 0, named: 0 }
    }

    /// Makes a sink of a format without lines for what a header says; that is lost.
    pub(crate) fn without_head(
        writer: W,
        header: &Header,
        out: Box<dyn FinishWrite + 'out>,
    ) -> TextSink<'out, W> {
        let stated = header.cores.unwrap_or(0);
        let head = writer.head().into();
        TextSink { losses: header_losses(header), stated, ..Self::with_head(writer, head, out) }
    }

    fn send(&mut self) -> Result<(), TraceError> {
        let result = self.out.write_all(&self.block).map_err(write_error);
        self.block.clear();
        result
    }
}

impl<W: LineWriter> Sink for TextSink<'_, W> {
    fn write(&mut self, records: &[Record]) -> Result<(), TraceError> {
        for record in records {
            self.named = self.named.max(record.core + 1);
            self.writer.line(record, &mut self.block, &mut self.losses);
            if self.block.len() >= BLOCK_BYTES {
                self.send()?;
            }
        }
        Ok(())
    }

    fn modules(&mut self, modules: &[Module]) {
        self.losses.add_many(Loss::Module, modules.len() as u64);
    }

    fn finish(mut self: Box<Self>) -> Result<Losses, TraceError> {
        self.writer.end(&mut self.block);
        self.send()?;
        self.out.finish().map_err(write_error)?;
        if self.stated > self.named.max(1) {
            // A reader counts the cores that it sees.
            self.losses.add(Loss::Header);
        }
        Ok(self.losses)
    }
}

/// Counts the header lines that only the simulator's own format has.
fn header_losses(header: &Header) -> Losses {
    let mut losses = Losses::default();
    let lines = [header.line.is_some(), header.title.is_some(), header.config.is_some()];
    for _ in lines.iter().filter(|&&stated| stated) {
        losses.add(Loss::Header);
    }
    losses
}

/// Appends a number in lower-case hex without `0x`.
pub(crate) fn hex(out: &mut Vec<u8>, value: u64) {
    let digits = (64 - (value | 1).leading_zeros()).div_ceil(4);
    for at in (0..digits).rev() {
        let digit = (value >> (4 * at) & 0xf) as usize;
        out.push(b"0123456789abcdef"[digit]);
    }
}

/// Appends a number in decimal.
pub(crate) fn decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Returns the address of the record in a format of aligned words of 4 bytes.
pub(crate) fn word(record: &Record, losses: &mut Losses) -> u64 {
    if record.size != 4 {
        losses.add(Loss::Size);
    }
    if !record.addr.is_multiple_of(4) {
        losses.add(Loss::Alignment);
    }
    record.addr & !3
}

/// Counts the loss of the core of a record in a format of one core.
pub(crate) fn one_core(record: &Record, losses: &mut Losses) {
    if record.core != 0 {
        losses.add(Loss::Core);
    }
}

/// Counts the loss of a record that the format cannot say at all.
pub(crate) fn left_out(op: Op, losses: &mut Losses) {
    let loss = match op {
        Op::Fetch => Loss::Fetch,
        Op::Clean => Loss::Clean,
        Op::Flush => Loss::Flush,
        Op::FlushAll => Loss::FlushAll,
        Op::Fence => Loss::Fence,
        Op::Compute => Loss::Compute,
        Op::Time | Op::TimeTicks => Loss::Time,
        Op::Pc => Loss::Pc,
        // Every format says loads and stores, and atomics as stores at least.
        Op::Read | Op::Write | Op::Atomic => return,
    };
    losses.add(loss);
}
