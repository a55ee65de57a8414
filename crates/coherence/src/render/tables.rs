//! A protocol's states and tables as text and Markdown.

use std::fmt::Write;

use crate::protocol::Protocol;
use crate::step::{BusOp, Processor, ProcessorStep, SnoopStep, State};

/// Renders a protocol as aligned plain text.
pub fn text(protocol: &Protocol) -> String {
    let mut out = format!("{}  ({})\n", protocol.name(), protocol.source());
    for (title, grid) in sections(protocol) {
        let _ = writeln!(out, "\n{title}");
        let widths: Vec<usize> = (0..grid[0].len())
            .map(|column| grid.iter().map(|row| row[column].len()).max().unwrap_or(0))
            .collect();
        for row in grid {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let _ = writeln!(out, "  {}", line.trim_end());
        }
    }
    if reads_to_store(protocol) {
        let _ = writeln!(out, "\n{STORE_MISS}");
    }
    out
}

/// Renders a protocol as Markdown tables.
pub fn markdown(protocol: &Protocol) -> String {
    let mut out = format!("### {}\n\nSource: {}.\n", protocol.name(), protocol.source());
    for (title, grid) in sections(protocol) {
        let _ = writeln!(out, "\n{title}:\n");
        for (number, row) in grid.iter().enumerate() {
            // A `|` of a file's own words is no border.
            let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
            if number == 0 {
                let _ = writeln!(out, "|{}", "---|".repeat(row.len()));
            }
        }
    }
    if reads_to_store(protocol) {
        let _ = writeln!(out, "\n{STORE_MISS}");
    }
    out
}

/// What a store cell in the first row means that reads the line to share it.
const STORE_MISS: &str = "A store to a line that is not here is a BusRd, and then a store in the \
                          state that it reaches.";

fn reads_to_store(protocol: &Protocol) -> bool {
    protocol.processor(State::INVALID, Processor::Store).op() == Some(BusOp::BusRd)
}

type Grid = Vec<Vec<String>>;

/// The states, the processor table and the snoop table, each with a title and a header row.
fn sections(protocol: &Protocol) -> [(&'static str, Grid); 3] {
    [
        ("States", states(protocol)),
        ("Own accesses", processor(protocol)),
        ("Other cores' transactions", snoop(protocol)),
    ]
}

fn states(protocol: &Protocol) -> Grid {
    let mut grid = vec![vec!["state".to_owned(), "holds".to_owned(), "meaning".to_owned()]];
    for info in protocol.states() {
        let h = info.holding;
        let flags = [
            (h.valid, "valid"),
            (h.unique, "unique"),
            (h.dirty, "dirty"),
            (h.forwards, "forwards"),
        ];
        let held: Vec<_> = flags.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        let holds = if held.is_empty() { "nothing".to_owned() } else { held.join(", ") };
        grid.push(vec![info.name.to_string(), holds, info.meaning.trim().to_owned()]);
    }
    grid
}

fn processor(protocol: &Protocol) -> Grid {
    let header = Processor::ALL.iter().map(|event| event.name().to_owned());
    let mut grid = vec![std::iter::once("state".to_owned()).chain(header).collect::<Vec<_>>()];
    for state in protocol.all_states() {
        let cells = Processor::ALL
            .iter()
            .map(|event| processor_cell(protocol, protocol.processor(state, *event)));
        let name = protocol.state_name(state).to_owned();
        grid.push(std::iter::once(name).chain(cells).collect());
    }
    grid
}

/// Columns of operations that the protocol never meets are left out.
fn snoop(protocol: &Protocol) -> Grid {
    let met = |op: &&BusOp| {
        protocol.all_states().any(|state| protocol.snoop(state, **op) != SnoopStep::Never)
    };
    let ops: Vec<_> = BusOp::ALL.iter().filter(met).collect();
    let header = ops.iter().map(|op| op.name().to_owned());
    let mut grid = vec![std::iter::once("state".to_owned()).chain(header).collect::<Vec<_>>()];
    for state in protocol.all_states() {
        let cells = ops.iter().map(|op| snoop_cell(protocol, **op, protocol.snoop(state, **op)));
        let name = protocol.state_name(state).to_owned();
        grid.push(std::iter::once(name).chain(cells).collect());
    }
    grid
}

/// Renders a step of the processor table.
pub fn processor_cell(protocol: &Protocol, step: ProcessorStep) -> String {
    let name = |state| protocol.state_name(state);
    match step {
        ProcessorStep::Never => "never".to_owned(),
        ProcessorStep::Silent(next) => name(next).to_owned(),
        ProcessorStep::Bus(op, next) => format!("{op}, {}", name(next)),
        ProcessorStep::Wire { op, shared, alone } => {
            format!("{op}, {} if shared else {}", name(shared), name(alone))
        }
        ProcessorStep::Discard(next) => format!("discard, {}", name(next)),
        ProcessorStep::WriteBack(next) => format!("write back, {}", name(next)),
    }
}

/// Renders a step of the snoop table in the column of an operation.
pub fn snoop_cell(protocol: &Protocol, op: BusOp, step: SnoopStep) -> String {
    let name = |state| protocol.state_name(state);
    // A copy that stays takes the word that a `BusUpd` sends.
    let update = |next: State| {
        if op == BusOp::BusUpd && next.is_valid() { "update, " } else { "" }
    };
    match step {
        SnoopStep::Never => "never".to_owned(),
        SnoopStep::Silent(next) => format!("{}{}", update(next), name(next)),
        SnoopStep::Flush(next) => format!("flush, {}{}", update(next), name(next)),
        SnoopStep::Supply(next) => format!("supply, {}{}", update(next), name(next)),
        SnoopStep::HandOver(next) => format!("hand over, {}{}", update(next), name(next)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each cell below was copied from the textbook's diagram (Culler, Singh and Gupta, figure
    /// 5.15, with `BusUpgr` from the text), not from the program.
    #[test]
    fn mesi_renders_as_the_textbook_has_it() {
        let mesi = Protocol::built_in("MESI").unwrap();
        let rendered = text(mesi);
        let rows: Vec<Vec<&str>> = rendered
            .lines()
            .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
            .collect();
        for row in [
            ["I", "BusRd, S if shared else E", "BusRdX, M", "never", "never"],
            ["S", "S", "BusUpgr, M", "discard, I", "S"],
            ["E", "E", "M", "discard, I", "E"],
            ["M", "M", "M", "write back, I", "E"],
        ] {
            assert!(rows.iter().any(|r| r == &row), "{row:?} in\n{rendered}");
        }
        for row in [
            ["I", "I", "I", "I"],
            ["S", "S", "I", "I"],
            ["E", "S", "I", "never"],
            ["M", "flush, S", "flush, I", "never"],
        ] {
            assert!(rows.iter().any(|r| r == &row), "{row:?} in\n{rendered}");
        }
    }
    /// The table of Archibald and Baer, and of Culler, Singh and Gupta (figure 5.16): a copy that
    /// sees a `BusUpd` takes the word, and an owner stops being one.
    #[test]
    fn a_dragon_says_which_copies_take_the_word() {
        let dragon = Protocol::built_in("Dragon").unwrap();
        let rendered = markdown(dragon);
        for line in [
            "| I | I | I |",
            "| Sc | Sc | update, Sc |",
            "| E | Sc | never |",
            "| Sm | supply, Sm | hand over, update, Sc |",
            "| M | supply, Sm | never |",
            STORE_MISS,
        ] {
            assert!(rendered.lines().any(|rendered| rendered == line), "{line} in\n{rendered}");
        }
        assert!(text(dragon).contains(STORE_MISS));
        assert!(!text(Protocol::built_in("MESI").unwrap()).contains(STORE_MISS));
    }
}
