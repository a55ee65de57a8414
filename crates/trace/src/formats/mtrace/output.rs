//! Writing the simulator's own text, which loses nothing.

use crate::formats::mtrace::SIZE_DEFAULT;
use crate::formats::mtrace::time::UNITS;
use crate::header::Header;
use crate::limits::LINE_BYTES_MAX;
use crate::loss::Losses;
use crate::record::{Op, Record};
use crate::text::output::{self, LineWriter};

/// Writes the format.
pub(crate) struct MtraceWriter;

impl LineWriter for MtraceWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label: &[u8] = match record.op {
            Op::Read => b" R 0x",
            Op::Write => b" W 0x",
            Op::Atomic => b" A 0x",
            Op::Fetch => b" I 0x",
            Op::Clean => b" C 0x",
            Op::Flush => b" F 0x",
            Op::FlushAll => b" F *\n",
            Op::Fence => b" B\n",
            Op::Compute => b" T ",
            Op::Time => return time(record.addr, out),
            Op::TimeTicks => return time_in("cycles", record.addr, out),
            Op::Pc => return output::left_out(record.op, losses),
        };
        output::decimal(out, u64::from(record.core));
        out.extend_from_slice(label);
        match record.op {
            Op::FlushAll | Op::Fence | Op::Time | Op::TimeTicks | Op::Pc => return,
            Op::Compute => output::decimal(out, record.addr),
            Op::Read | Op::Write | Op::Atomic | Op::Fetch | Op::Clean | Op::Flush => {
                output::hex(out, record.addr);
                if record.size != SIZE_DEFAULT {
                    out.push(b' ');
                    output::decimal(out, u64::from(record.size));
                }
            }
        }
        out.push(b'\n');
    }
}

/// Writes a time in the largest unit that says it in whole numbers.
fn time(picoseconds: u64, out: &mut Vec<u8>) {
    let whole = |places: usize| picoseconds.is_multiple_of(10u64.pow(places as u32));
    let unit = UNITS.iter().find(|&&(_, places)| whole(places));
    let &(name, places) = unit.unwrap_or(&("ps", 0));
    time_in(name, picoseconds / 10u64.pow(places as u32), out);
}

fn time_in(unit: &str, amount: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"@time ");
    output::decimal(out, amount);
    out.push(b' ');
    out.extend_from_slice(unit.as_bytes());
    out.push(b'\n');
}

/// Returns the header lines of a trace.
pub(crate) fn head(header: &Header) -> Vec<u8> {
    let mut head = String::new();
    let mut line = |keyword: &str, value: Option<String>| {
        let value = value.map(|value| one_line(&value)).filter(|value| !value.is_empty());
        if let Some(value) = value {
            head.extend([keyword, " ", &value, "\n"]);
        }
    };
    line("@title", header.title.clone());
    line("@cores", header.cores.map(|cores| cores.to_string()));
    line("@line", header.line.map(|bytes| bytes.to_string()));
    line("@config", header.config.clone());
    head.into_bytes()
}

/// Makes a text fit the rest of a line: no line ends, not too long.
fn one_line(text: &str) -> String {
    let mut line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let mut room = LINE_BYTES_MAX - "@config ".len();
    while !line.is_char_boundary(room.min(line.len())) {
        room -= 1;
    }
    line.truncate(room);
    line.trim().to_owned()
}
