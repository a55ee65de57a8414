//! A protocol's states as a diagram, in the language of Graphviz.

use std::fmt::Write;

use crate::protocol::Protocol;
use crate::step::{BusOp, Processor, ProcessorStep, SnoopStep, State};

/// Renders a protocol as a state diagram for `dot`.
///
/// An arrow carries the labels of all events that lead from one state to the other on the same
/// side, a line each, in the order of the tables' columns.
pub fn dot(protocol: &Protocol) -> String {
    let mut out = format!(
        "\
digraph {} {{
    // Solid: a core's own accesses (event / transaction). Dashed: what its copy does when it sees
    // another core's transaction (transaction / what it sends). Left out: whatever changes no
    // state, asks nothing of the bus and moves no data, such as a hit in M.
    label = {};
    labelloc = t;
    rankdir = LR;
    nodesep = 0.6;
    ranksep = 1.4;
    node [shape = circle];
    edge [fontsize = 10];
",
        quoted(protocol.name()),
        quoted(&format!("{} ({})", protocol.name(), protocol.source())),
    );
    out.push('\n');
    for info in protocol.states() {
        let (name, meaning) = (quoted(&info.name), quoted(&info.meaning));
        let _ = writeln!(out, "    {name} [tooltip = {meaning}];");
    }
    for (side, style) in [(own as Side, "solid"), (snooped as Side, "dashed")] {
        out.push('\n');
        for from in protocol.all_states() {
            let arrows = side(protocol, from);
            for to in protocol.all_states() {
                let labels = arrows.iter().filter(|(end, _)| *end == to);
                let labels: Vec<_> = labels.map(|(_, label)| label.as_str()).collect();
                if !labels.is_empty() {
                    let names = [from, to].map(|state| quoted(protocol.state_name(state)));
                    let [from, to] = names;
                    // The words of labels are the program's own: none needs a quote.
                    let label = labels.join("\\n");
                    let _ =
                        writeln!(out, "    {from} -> {to} [style = {style}, label = \"{label}\"];");
                }
            }
        }
    }
    out.push_str("}\n");
    out
}

/// The arrows that leave a state on one side: where each ends, and its label.
type Arrows = Vec<(State, String)>;
/// Returns the arrows of one side.
type Side = fn(&Protocol, State) -> Arrows;

fn own(protocol: &Protocol, from: State) -> Arrows {
    let mut arrows = Arrows::new();
    for event in Processor::ALL {
        let name = event.name();
        match protocol.processor(from, event) {
            ProcessorStep::Never => {}
            ProcessorStep::Silent(next) if next == from => {}
            ProcessorStep::Silent(next) | ProcessorStep::Discard(next) => {
                arrows.push((next, name.to_owned()));
            }
            ProcessorStep::Bus(op, next) => arrows.push((next, format!("{name} / {op}"))),
            ProcessorStep::Wire { op, shared, alone } if shared == alone => {
                arrows.push((shared, format!("{name} / {op}")));
            }
            ProcessorStep::Wire { op, shared, alone } => {
                arrows.push((shared, format!("{name} / {op}, shared")));
                arrows.push((alone, format!("{name} / {op}, not shared")));
            }
            ProcessorStep::WriteBack(next) => arrows.push((next, format!("{name} / write back"))),
        }
    }
    arrows
}

fn snooped(protocol: &Protocol, from: State) -> Arrows {
    let mut arrows = Arrows::new();
    for op in BusOp::ALL {
        let takes_the_word = |next: State| op == BusOp::BusUpd && next.is_valid();
        let arrow = match protocol.snoop(from, op) {
            SnoopStep::Never => continue,
            SnoopStep::Silent(next) if takes_the_word(next) => (next, format!("{op} / update")),
            SnoopStep::Silent(next) if next == from => continue,
            SnoopStep::Silent(next) => (next, op.to_string()),
            SnoopStep::Flush(next) => (next, format!("{op} / flush")),
            SnoopStep::Supply(next) => (next, format!("{op} / supply")),
            SnoopStep::HandOver(next) if takes_the_word(next) => {
                (next, format!("{op} / hand over, update"))
            }
            SnoopStep::HandOver(next) => (next, format!("{op} / hand over")),
        };
        arrows.push(arrow);
    }
    arrows
}

/// Puts a text between quotes for `dot`.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrows(name: &str) -> Vec<String> {
        let rendered = dot(Protocol::built_in(name).expect("it is built in"));
        rendered.lines().filter(|line| line.contains(" -> ")).map(|l| l.trim().to_owned()).collect()
    }

    /// From the textbook's diagram (Culler, Singh and Gupta, figure 5.13), with `BusUpgr` from the
    /// text, and with the replacements and cleans that the diagram leaves out.
    #[test]
    fn msi_has_the_arrows_of_the_textbook() {
        assert_eq!(
            arrows("MSI"),
            [
                r#""I" -> "S" [style = solid, label = "Load / BusRd"];"#,
                r#""I" -> "M" [style = solid, label = "Store / BusRdX"];"#,
                r#""S" -> "I" [style = solid, label = "Evict"];"#,
                r#""S" -> "M" [style = solid, label = "Store / BusUpgr"];"#,
                r#""M" -> "I" [style = solid, label = "Evict / write back"];"#,
                r#""M" -> "S" [style = solid, label = "Clean"];"#,
                r#""S" -> "I" [style = dashed, label = "BusRdX\nBusUpgr"];"#,
                r#""M" -> "I" [style = dashed, label = "BusRdX / flush"];"#,
                r#""M" -> "S" [style = dashed, label = "BusRd / flush"];"#,
            ]
        );
    }

    /// Where a state stays and something moves, the arrow is a loop.
    #[test]
    fn a_dragon_that_updates_is_seen_to_do_so() {
        let arrows = arrows("Dragon");
        for expected in [
            r#""Sm" -> "Sm" [style = solid, label = "Store / BusUpd, shared"];"#,
            r#""Sc" -> "Sc" [style = dashed, label = "BusUpd / update"];"#,
            r#""Sm" -> "Sc" [style = dashed, label = "BusUpd / hand over, update"];"#,
            r#""Sm" -> "Sm" [style = dashed, label = "BusRd / supply"];"#,
        ] {
            assert!(arrows.iter().any(|arrow| arrow == expected), "{expected} in {arrows:#?}");
        }
    }

    #[test]
    fn quotes_and_backslashes_stay_inside_a_string() {
        assert_eq!(quoted(r#"a "b" \n"#), r#""a \"b\" \\n""#);
    }
}
