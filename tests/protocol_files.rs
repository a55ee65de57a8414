//! Protocols as files: written, read back, run, and refused with the place where they are wrong.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use coherence::{
    BusOp, Processor, ProcessorStep, Protocol, ProtocolParts, SnoopStep, State, render,
};
use driver::config::{Config, Draft};
use driver::protocol_file::{self, BYTES_MAX, MistakeKind, ProtocolFile};
use driver::{Interleave, ReplayError, ReplayOptions, Streams};

use crate::support::{Folder, ROOT, error_text, mesim, text};

/// Returns the text of a shipped file.
fn shipped(protocol: &Protocol) -> String {
    let path = format!("{ROOT}/configs/protocols/{}.ron", protocol.name().to_lowercase());
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read(text: &str) -> ProtocolFile {
    protocol_file::read("file.ron", text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

fn built_in(name: &str) -> &'static Protocol {
    Protocol::built_in(name).expect("it is built in")
}

#[test]
fn a_built_in_that_is_written_reads_as_the_same_value() {
    for protocol in Protocol::BUILT_IN {
        let file = read(&protocol_file::write(protocol));
        assert_eq!(&file.protocol, *protocol);
        assert_eq!((file.defects, file.warnings), (vec![], vec![]));
    }
}

#[test]
fn shipped_files_are_what_the_program_prints() {
    for protocol in Protocol::BUILT_IN {
        let output =
            mesim().args(["protocol", "show", protocol.name(), "--format", "ron"]).output();
        assert_eq!(text(&output.expect("the command runs")), shipped(protocol));
    }
    let files = std::fs::read_dir(format!("{ROOT}/configs/protocols")).expect("the folder");
    assert_eq!(files.count(), Protocol::BUILT_IN.len());
}

/// All words and blanks that a text may have: what is written is read again, whatever it is.
#[test]
fn a_protocol_with_unusual_words_goes_there_and_back() {
    let mesi = read(&protocol_file::write(built_in("MESI"))).protocol;
    let mut parts = parts_of(&mesi);
    parts.name = "a \"quoted\" \\ name".to_owned();
    parts.source = "\u{e9}\u{4e2d} // no comment".to_owned();
    parts.states[1].meaning = "".into();
    parts.states[2].name = "Excl_2".into();
    let protocol = Protocol::new(parts).expect("the parts fit");
    assert_eq!(read(&protocol_file::write(&protocol)).protocol, protocol);
}

fn parts_of(protocol: &Protocol) -> ProtocolParts {
    let rows = || protocol.all_states();
    ProtocolParts {
        name: protocol.name().to_owned(),
        source: protocol.source().to_owned(),
        states: protocol.states().to_vec(),
        processor: rows()
            .map(|row| Processor::ALL.map(|event| protocol.processor(row, event)))
            .collect(),
        snoop: rows().map(|row| BusOp::ALL.map(|op| protocol.snoop(row, op))).collect(),
    }
}

#[test]
fn a_replay_counts_the_same_under_a_built_in_and_under_its_file() {
    let folder = Folder::new();
    for protocol in Protocol::BUILT_IN {
        folder.write("mine.ron", shipped(protocol).as_bytes());
        let json = |value: &str| {
            let set = format!("protocol={value}");
            let trace = format!("{ROOT}/traces/lock-ticket.mtrace.xz");
            folder.good(&["replay", &trace, "--json", "-", "-q", "--check", "--set", &set])
        };
        assert_eq!(json("mine.ron"), json(protocol.name()), "{}", protocol.name());
        let show =
            |name: &str, format: &str| folder.good(&["protocol", "show", name, "--format", format]);
        for format in ["text", "markdown", "dot", "ron"] {
            assert_eq!(show("mine.ron", format), show(protocol.name(), format));
        }
    }
}

#[test]
fn a_path_counts_from_where_it_is_written() {
    let named = |name: &str| shipped(built_in("MESI")).replace("MESI", name);
    let folder = Folder::with(&[
        ("t.mtrace", "0 R 0x1000\n"),
        ("mine.ron", &named("here")),
        ("config.ron", "(protocol: \"mine.ron\")\n"),
    ]);
    std::fs::create_dir(folder.join("sub")).expect("a folder");
    folder.write("sub/mine.ron", named("there").as_bytes());
    folder.write("sub/config.ron", b"(protocol: \"mine.ron\")\n");
    folder.write("sub/up.ron", b"(protocol: \"../mine.ron\")\n");
    folder.write("sub/t.mtrace", b"@config config.ron\n0 R 0x1000\n");
    let machine = |args: &[&str]| {
        let output = folder.good(&[&["replay", "-q"], args].concat());
        let report = String::from_utf8(output).expect("a report");
        let line = report.lines().find(|line| line.starts_with("machine")).expect("a machine");
        line.split(", ").nth(1).expect("a protocol").to_owned()
    };
    assert_eq!(machine(&["t.mtrace", "--set", "protocol=mine.ron"]), "here");
    assert_eq!(machine(&["t.mtrace", "--set", "protocol=sub/mine.ron"]), "there");
    assert_eq!(machine(&["t.mtrace", "-c", "config.ron"]), "here");
    assert_eq!(machine(&["t.mtrace", "-c", "sub/config.ron"]), "there");
    assert_eq!(machine(&["t.mtrace", "-c", "sub/up.ron"]), "here");
    assert_eq!(machine(&["sub/t.mtrace"]), "there");
    // The last word is that of `--set`, from where the command was started.
    assert_eq!(machine(&["sub/t.mtrace", "--set", "protocol=mine.ron"]), "here");
    assert_eq!(machine(&["t.mtrace", "-c", "config.ron", "--set", "protocol=msi"]), "MSI");
}

/// A pipe has its text once, and a trace without a config is looked at before its machine is known.
#[cfg(unix)]
#[test]
fn a_protocol_can_come_through_a_pipe() {
    let folder = Folder::with(&[("t.mtrace", "@line 32\n0 R 0x1000\n")]);
    let text = shipped(built_in("MOESI"));
    let args = ["replay", "t.mtrace", "-q", "--set", "protocol=/dev/stdin"];
    let output = folder.feed(&args, text.as_bytes());
    assert!(self::text(&output).contains("1 core, MOESI, lines of 32 bytes"), "{output:?}");
    let output = folder.feed(&["protocol", "show", "-", "--format", "ron"], text.as_bytes());
    assert_eq!(self::text(&output), text);
}

/// Returns what a refusal says, as a user would see it.
fn refused(folder: &Folder, args: &[&str]) -> String {
    let output = folder.run(args);
    let error = error_text(&output);
    assert!(!error.contains("panicked"), "{args:?}: {error}");
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    assert_eq!(text(&output), "", "{args:?}: something on standard output");
    error
}

/// Changes MESI's file: what stands for what, each once.
pub(crate) fn mesi_with(changes: &[(&str, &str)]) -> String {
    let mut text = shipped(built_in("MESI"));
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {text}");
        text = text.replace(from, to);
    }
    text
}

const STATES: &str = "(name: \"S\", holds: [valid],                ";

#[test]
fn the_mistakes_of_a_student_are_shown_where_they_are() {
    let row_of_m = "        M: (Load: hit(M),            Store: hit(M),          \
                    Evict: write_back(I), Clean: clean(E)),\n";
    let endless = format!("flush({})", "S".repeat(99));
    let mistakes: &[(&str, &[(&str, &str)])] = &[
        ("E is kept when another core reads", &[("E: (BusRd: go(S)", "E: (BusRd: go(E)")]),
        (
            "an upgrade invalidates nobody",
            &[(
                "S: (BusRd: go(S),    BusRdX: go(I),    BusUpgr: go(I)",
                "S: (BusRd: go(S),    BusRdX: go(I),    BusUpgr: go(S)",
            )],
        ),
        ("two rules for one cell", &[("S: (Load: hit(S), ", "S: (Load: hit(S), Load: hit(E), ")]),
        ("two rows for one state", &[(row_of_m, &[row_of_m, row_of_m].concat())]),
        ("a missing row", &[(row_of_m, "")]),
        ("a missing cell", &[("Store: bus(BusUpgr, M), ", "")]),
        ("a misspelt state", &[("wire(BusRd, S, E)", "wire(BusRd, S, Ex)")]),
        ("a misspelt step", &[("flush(S)", "flsh(S)")]),
        ("a misspelt operation", &[("bus(BusRdX, M)", "bus(BusRdx, M)")]),
        ("an unknown column", &[("Store: bus(BusUpgr, M), ", "Stor: bus(BusUpgr, M), ")]),
        ("a dirty copy is dropped", &[("write_back(I)", "discard(I)")]),
        ("a dirty copy does not answer", &[("flush(S)", "go(M)")]),
        ("a step of the other side", &[("Load: hit(M)", "Load: supply(M)")]),
        ("an argument too few", &[("bus(BusUpgr, M)", "bus(M)")]),
        ("the arguments the wrong way round", &[("bus(BusUpgr, M)", "bus(M, BusUpgr)")]),
        ("a cell that is none", &[("Load: hit(S)", "Load: (hit, S)")]),
        ("a row that is none", &[(row_of_m, "        M: hit(M),\n")]),
        ("a row of no state", &[("        S: (BusRd", "        Z: (BusRd")]),
        ("a state that was renamed in the list only", &[("name: \"S\"", "name: \"Sh\"")]),
        ("a state listed twice", &[("name: \"E\", ", "name: \"S\", ")]),
        ("a state that holds what no state can", &[("dirty]", "drity]")]),
        ("a second invalid state", &[(STATES, "(name: \"S\", holds: [], ")]),
        ("the first state is valid", &[("holds: [],   ", "holds: [valid],")]),
        ("no state is dirty", &[("[valid, unique, dirty]", "[valid, unique]")]),
        (
            "a state that holds something twice",
            &[("[valid, unique, dirty]", "[valid, dirty, dirty]")],
        ),
        ("a state name without an end", &[("flush(S)", &endless)]),
        ("no name for a state", &[("name: \"S\"", "name: \"the shared one\"")]),
        ("no name", &[("name: \"MESI\",", "")]),
        ("a name of two lines", &[("\"MESI\"", "\"ME\\nSI\"")]),
        ("a misspelt key", &[("source:", "sources:")]),
        ("no states", &[("    states: [\n", "    states: [],\n    sttes: [\n")]),
        ("a comma too few", &[("Clean: never),", "Clean: never)")]),
        ("a bracket too few", &[("clean(S)),", "clean(S),")]),
        ("a bracket too many", &[("clean(S)),", "clean(S))),")]),
    ];
    let folder = Folder::with(&[("t.mtrace", "0 R 0x1000\n")]);
    let mut shown = String::new();
    for (what, changes) in mistakes {
        folder.write("mine.ron", mesi_with(changes).as_bytes());
        let set = ["--set", "protocol=mine.ron"];
        let error = refused(&folder, &[&["replay", "t.mtrace", "-q"], &set[..]].concat());
        assert_eq!(refused(&folder, &["protocol", "show", "mine.ron"]), error);
        // Most have one cause, and none has a cascade.
        let errors = error.matches("error[E02").count();
        assert!((1..=8).contains(&errors), "{what}: {error}");
        assert_eq!(error.matches(" --> mine.ron:").count(), errors, "{what}: {error}");
        assert_eq!(error.matches("= help: ").count(), errors, "{what}: {error}");
        let _ = writeln!(shown, "### {what}\n{error}");
    }
    insta::assert_snapshot!("protocol_mistakes", shown);
}

#[test]
fn files_that_hold_no_protocol_are_refused() {
    let states = (0..17).map(|n| format!("(name: \"S{n}\", holds: [valid])"));
    let states = states.collect::<Vec<_>>().join(",");
    let folder = Folder::with(&[
        ("t.mtrace", "0 R 0x1000\n"),
        ("empty.ron", ""),
        ("words.ron", "I is invalid.\n"),
        ("machine.ron", "(cores: 4)\n"),
        ("none.ron", "(name: \"n\", source: \"n\", states: [], processor: (), snoop: ())"),
        (
            "many.ron",
            &format!("(name: \"n\", source: \"n\", states: [{states}], processor: (), snoop: ())"),
        ),
        ("deep.ron", &format!("(states: {}", "(".repeat(1 << 18))),
        ("deeper.ron", &format!("(states: {}", "[(a: ".repeat(1 << 16))),
        ("huge.ron", &" ".repeat(BYTES_MAX + 1)),
        ("config.ron", "(\n    protocol: \"nowhere.ron\",\n)\n"),
        ("mesi.ron", &shipped(built_in("MESI"))),
        (
            "columns.ron",
            &shipped(built_in("MESI"))
                .replace("Load:", "Laod:")
                .replace("Evict:", "Evcit:")
                .replace("BusRdX:", "BusRdx:"),
        ),
    ]);
    folder.write("bytes.ron", &[0xff, 0xfe, 0, 1]);
    std::fs::create_dir(folder.join("folder.ron")).expect("a folder");
    let mut shown = String::new();
    let mut show = |args: &[&str]| {
        let error = refused(&folder, args);
        let _ = writeln!(shown, "$ mesim {}\n{error}", args.join(" "));
    };
    for name in
        ["empty", "words", "machine", "none", "many", "deep", "huge", "bytes", "folder", "msei"]
    {
        show(&["replay", "t.mtrace", "--set", &format!("protocol={name}.ron")]);
    }
    // Four rows with three misspelt columns each: eight are shown, and the others counted.
    show(&["protocol", "show", "columns.ron"]);
    show(&["replay", "t.mtrace", "-c", "config.ron"]);
    show(&["replay", "t.mtrace", "--set", "protocol=-"]);
    show(&["protocol", "show", "mesy"]);
    show(&["protocol", "show", "nowhere/mesi.ron"]);
    refused(&folder, &["protocol", "show", "deeper.ron"]);
    insta::assert_snapshot!("protocol_files", shown);
}

#[test]
fn mistakes_for_programs_are_an_object_a_line() {
    let two = mesi_with(&[("flush(S)", "flsh(S)"), ("write_back(I)", "write_bak(I)")]);
    let folder = Folder::with(&[("mine.ron", &two)]);
    let error = refused(&folder, &["--message-format", "json", "protocol", "show", "mine.ron"]);
    let lines = error.lines().map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object");
        assert_eq!((&value["severity"], &value["code"]), (&"error".into(), &"E0213".into()));
        (value["line"].as_u64(), value["help"].as_str().map(str::to_owned))
    });
    let lines: Vec<_> = lines.collect();
    assert_eq!(
        lines,
        [
            (Some(15), Some("there is a step `write_back`".to_owned())),
            (Some(22), Some("there is a step `flush`".to_owned())),
        ]
    );
}

#[test]
fn what_is_legal_and_not_meant_is_said_and_runs() {
    let never_exclusive = [
        ("name: \"MESI\"", "name: \"my MESI\""),
        ("wire(BusRd, S, E)", "bus(BusRd, S)"),
        ("write_back(I), Clean: clean(E)", "write_back(I), Clean: clean(S)"),
    ];
    let folder = Folder::with(&[
        ("t.mtrace", "0 R 0x1000\n"),
        ("unreached.ron", &mesi_with(&never_exclusive)),
        // A clean that forgets that the line is alone is legal.
        ("alias.ron", &mesi_with(&never_exclusive[2..])),
    ]);
    let mut shown = String::new();
    for file in ["unreached.ron", "alias.ron"] {
        let output =
            folder.run(&["replay", "t.mtrace", "-q", "--set", &format!("protocol={file}")]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output).contains("miss rate"));
        let _ = writeln!(shown, "{}", error_text(&output));
    }
    insta::assert_snapshot!("protocol_warnings", shown);
}

/// Two cores store to a line that both hold, and neither tells the other.
#[test]
fn a_protocol_that_fails_on_the_way_is_blamed_for_it() {
    let folder = Folder::with(&[
        ("silent.ron", &mesi_with(&[("bus(BusUpgr, M)", "hit(M)"), ("\"MESI\"", "\"silent\"")])),
        (
            "never.ron",
            &mesi_with(&[("E: (BusRd: go(S)", "E: (BusRd: never"), ("\"MESI\"", "\"n\"")]),
        ),
        ("t.mtrace", "0 R 0x1000\n1 R 0x1000\n0 W 0x1000\n1 R 0x1000\n"),
    ]);
    let mut shown = String::new();
    for args in [
        &["replay", "t.mtrace", "-q", "--check", "--set", "protocol=silent.ron"][..],
        &["replay", "t.mtrace", "-q", "--set", "protocol=never.ron"],
        &["step", "t.mtrace", "--plain", "--set", "protocol=never.ron"],
    ] {
        let error = refused(&folder, args);
        assert!(error.contains("\nerror[E0216]"), "{error}");
        // The run itself was warned of.
        assert!(error.starts_with("warning[W0204]"), "{error}");
        let _ = writeln!(shown, "$ mesim {}\n{error}", args.join(" "));
    }
    insta::assert_snapshot!("protocol_failures", shown);
}

/// Variants that the explorer proves coherent, each once refused by a law that is none,
/// or lost data to a rule that went too far.
#[test]
fn a_coherent_file_is_never_blamed() {
    let dragon = |from: &str, to: &str| {
        let text = shipped(built_in("Dragon"));
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to).replace("\"Dragon\"", "\"Variant\"")
    };
    // A load that takes the line for itself.
    let taken = "(name: \"Taken\", source: \"-\", states: [\
        (name: \"I\", holds: [], meaning: \"-\"), \
        (name: \"E\", holds: [valid, unique], meaning: \"-\"), \
        (name: \"M\", holds: [valid, unique, dirty], meaning: \"-\")], processor: (\
        I: (Load: bus(BusRdX, E), Store: bus(BusRdX, M), Evict: never, Clean: never), \
        E: (Load: hit(E), Store: hit(M), Evict: discard(I), Clean: clean(E)), \
        M: (Load: hit(M), Store: hit(M), Evict: write_back(I), Clean: clean(E))), snoop: (\
        I: (BusRdX: go(I)), E: (BusRdX: go(I)), M: (BusRdX: flush(I))))";
    let folder = Folder::with(&[
        ("gone.ron", &dragon("hand_over(Sc)", "hand_over(I)")),
        ("flushed.ron", &dragon("hand_over(Sc)", "flush(Sc)")),
        ("taken.ron", taken),
        ("t.mtrace", "0 W 0x10\n1 R 0x10\n1 W 0x10\n0 R 0x10\n0 W 0x10\n1 R 0x10\n"),
    ]);
    let rule = "rules.invalidating_flush_updates_memory=false";
    for file in ["gone.ron", "flushed.ron", "taken.ron"] {
        folder.good(&["protocol", "check", file, "-q"]);
        folder.good(&["protocol", "check", file, "-q", "--set", rule]);
        let protocol = format!("protocol={file}");
        folder.good(&["replay", "t.mtrace", "-q", "--check", "--set", &protocol]);
        folder.good(&["replay", "t.mtrace", "-q", "--check", "--set", &protocol, "--set", rule]);
    }
}

/// Returns the places of all cells of a file: table, row, column and the bytes of `column: cell`.
fn cells(text: &str) -> Vec<(&str, &str, &str, std::ops::Range<usize>)> {
    let mut cells = Vec::new();
    let (mut table, mut offset) = ("", 0);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_suffix(": (") {
            table = name;
        } else if let Some((row, rest)) = trimmed.split_once(": ").filter(|_| !table.is_empty())
            && let Some(inner) = rest.trim_start().strip_prefix('(')
        {
            let inner = inner.strip_suffix("),").expect("a row ends in a bracket and a comma");
            let start = offset + inner.as_ptr() as usize - line.as_ptr() as usize;
            let mut at = 0;
            while at < inner.len() {
                let (mut depth, mut end) = (0, at);
                for (place, c) in inner[at..].char_indices() {
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    end = at + place + c.len_utf8();
                    if c == ',' && depth == 0 {
                        break;
                    }
                }
                let column = inner[at..].trim_start().split(':').next().expect("a column");
                cells.push((table, row, column, start + at..start + end));
                at = end;
            }
        }
        offset += line.len();
    }
    cells
}

#[test]
fn a_cell_that_is_left_out_is_missed_by_state_and_event() {
    let mut deleted = 0;
    for protocol in Protocol::BUILT_IN {
        let whole = shipped(protocol);
        let cells = cells(&whole);
        let columns = 4 + BusOp::ALL.into_iter().filter(|op| protocol.meets(*op)).count();
        assert_eq!(cells.len(), protocol.states().len() * columns, "{}", protocol.name());
        for (table, row, column, bytes) in cells {
            let mut text = whole.clone();
            text.replace_range(bytes, "");
            let mistakes = protocol_file::read("file.ron", &text).expect_err("a cell is missing");
            // The last cell of a column takes the need for others with it, never adds one.
            let [mistake] = &mistakes[..] else { panic!("{mistakes:#?}") };
            assert_eq!(mistake.kind, MistakeKind::Cell, "{mistake:?}");
            assert_eq!(mistake.message, format!("row {row} of `{table}` has no cell for {column}"));
            assert_eq!(&text[mistake.origin.span.clone()], row);
            // What is offered is a cell that keeps the rules.
            let offered = mistake.help.split('`').nth(1).expect("an example");
            let start = mistake.origin.span.end;
            let bracket = start + text[start..].find('(').expect("the row");
            text.insert_str(bracket + 1, &format!("{offered}, "));
            assert_eq!(read(&text).defects, [], "{offered} in row {row}");
            deleted += 1;
        }
    }
    // By hand: the states of each times its columns, 3 x 7 + 4 x 7 + 5 x 7 + 5 x 7 + 5 x 6.
    assert_eq!(deleted, 21 + 28 + 35 + 35 + 30, "a new protocol adds states times columns");
}

/// Nobody issues a `BusRdX` here, until the rule `ReadExclusive` makes one of each `BusUpgr`.
#[test]
fn a_column_is_needed_where_a_house_rule_asks_for_it() {
    let moesi = shipped(built_in("MOESI")).replace("bus(BusRdX, M)", "wire(BusRd, O, M)");
    assert_eq!(read(&moesi).defects, []);
    let mut without = moesi.clone();
    for (.., column, bytes) in cells(&moesi).into_iter().rev() {
        if column == "BusRdX" {
            without.replace_range(bytes, "");
        }
    }
    let mistakes = protocol_file::read("file.ron", &without).expect_err("a column is missing");
    let messages: Vec<_> = mistakes.into_iter().map(|mistake| mistake.message).collect();
    let expected = ["I", "S", "E", "O", "M"];
    assert_eq!(
        messages,
        expected.map(|row| format!("row {row} of `snoop` has no cell for BusRdX"))
    );
    // Without a `BusUpgr` there is nothing to make one of.
    let silent = without.replace("bus(BusUpgr, M)", "wire(BusUpd, O, M)");
    assert!(protocol_file::read("file.ron", &silent).is_err_and(|mistakes| {
        mistakes.iter().all(|mistake| mistake.message.ends_with("BusUpd"))
    }));
}

#[test]
fn a_row_that_is_left_out_is_missed_by_its_state() {
    let mut deleted = 0;
    for protocol in Protocol::BUILT_IN {
        let whole = shipped(protocol);
        let is_row = |line: &&str| line.starts_with("        ") && !line.contains("name:");
        for line in whole.lines().filter(is_row) {
            let row = line.trim().split(':').next().expect("a row");
            let table = if line.contains("Load") { "processor" } else { "snoop" };
            let text = whole.replace(&format!("{line}\n"), "");
            let mistakes = protocol_file::read("file.ron", &text).expect_err("a row is missing");
            let [mistake] = &mistakes[..] else { panic!("{mistakes:#?}") };
            assert_eq!(mistake.kind, MistakeKind::Row, "{mistake:?}");
            assert_eq!(mistake.message, format!("`{table}` has no row for {row}"));
            assert_eq!(&text[mistake.origin.span.clone()], table);
            deleted += 1;
        }
    }
    // Two rows a state.
    assert_eq!(deleted, 2 * (3 + 4 + 5 + 5 + 5), "a new protocol adds two rows a state");
}

/// A text that is cut or has a wrong byte is refused or is another protocol, and nothing panics.
#[test]
fn damaged_files_are_refused_in_order() {
    let whole = shipped(built_in("MESIF"));
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        if whole[end..].trim().is_empty() {
            continue;
        }
        let mistakes = protocol_file::read("cut.ron", &whole[..end]).expect_err("it is cut");
        assert!(!mistakes.is_empty());
    }
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 33) as usize % below
    };
    let letters: Vec<char> = "()[]:,\"/*ISFEM_ \n\\r#0\u{e9}\0".chars().collect();
    for _ in 0..3_000 {
        let mut chars: Vec<char> = whole.chars().collect();
        for _ in 0..=draw(3) {
            let at = draw(chars.len());
            match draw(3) {
                0 => drop(chars.remove(at)),
                1 => chars[at] = letters[draw(letters.len())],
                _ => chars.insert(at, letters[draw(letters.len())]),
            }
        }
        let text: String = chars.into_iter().collect();
        match protocol_file::read("damaged.ron", &text) {
            Ok(file) => {
                let again = read(&protocol_file::write(&file.protocol)).protocol;
                assert_eq!(again, file.protocol);
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    assert!(text.get(mistake.origin.span.clone()).is_some(), "{mistake:?}");
                    assert!(!mistake.label.is_empty() && !mistake.help.is_empty(), "{mistake:?}");
                }
            }
        }
    }
}

/// Returns every step that a cell of a protocol of so many states can have.
fn all_steps(states: u8) -> (Vec<ProcessorStep>, Vec<SnoopStep>) {
    let all: Vec<State> = (0..states).map(State).collect();
    let mut own = vec![ProcessorStep::Never];
    let mut seen = vec![SnoopStep::Never];
    for next in &all {
        own.extend([
            ProcessorStep::Silent(*next),
            ProcessorStep::Discard(*next),
            ProcessorStep::WriteBack(*next),
        ]);
        for op in BusOp::ALL {
            own.push(ProcessorStep::Bus(op, *next));
            let wire = |alone: &State| ProcessorStep::Wire { op, shared: *next, alone: *alone };
            own.extend(all.iter().filter(|alone| *alone != next).map(wire));
        }
        seen.extend([
            SnoopStep::Silent(*next),
            SnoopStep::Flush(*next),
            SnoopStep::Supply(*next),
            SnoopStep::HandOver(*next),
        ]);
    }
    (own, seen)
}

/// Three cores, few lines, every operation: most cells of a small protocol are asked.
fn busy_trace() -> String {
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 33) % below
    };
    let mut text = String::from("@cores 3\n");
    for _ in 0..400 {
        let (core, line) = (draw(3), 0x1000 + 64 * draw(6));
        let op = ["R", "R", "W", "W", "A", "I", "C", "F"][draw(8) as usize];
        let size = if matches!(op, "C" | "F") { 64 } else { 4 };
        let _ = writeln!(text, "{core} {op} {line:#x} {size}");
    }
    text
}

/// Replays under a protocol in the checked build of the tests, where a sum that overflows or a
/// promise that does not hold is a panic.
fn replay(protocol: &Protocol, trace: &str, machine: &str, check: bool) -> Result<(), ReplayError> {
    let mut draft = Draft::from_ron("machine.ron", machine).expect("it is a machine");
    draft.set("protocol=mine.ron").expect("it is a path");
    draft.set_protocol(protocol.clone());
    let Ok(config) = Config::new(&draft) else { return Ok(()) };
    let bytes = trace.as_bytes().to_vec();
    let source =
        trace::read("busy", Box::new(std::io::Cursor::new(bytes)), &trace::ReadOptions::default())?;
    let options = ReplayOptions { check, classify: check, ..ReplayOptions::default() };
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    driver::replay(&config, Streams::Ordered(source), Interleave::Recorded, &options, go_on)
        .map(|_| ())
}

/// The protocols one cell away from each built-in one that keep all rules of single cells. Many
/// are wrong: a run says so, or counts; it never panics and never blames the program.
#[test]
fn a_wrong_protocol_without_a_wrong_cell_fails_in_order() {
    const SMALL: &str =
        "(cores: 3, caches: [(size: \"128 B\", ways: 1), (size: \"256 B\", ways: 2)])";
    const OUTER: &str = "(cores: 3, l1i: (size: \"128 B\", ways: 1), caches: [(size: \"128 B\", \
        ways: 2, write: WriteThrough(allocate: false)), (size: \"256 B\", ways: 2, \
        inclusion: NonInclusive), (scope: Shared, size: \"512 B\", ways: 2)], rules: \
        (write_to_shared: ReadExclusive, clean_supply: AnyHolder, drain_at_end: true, \
        invalidating_flush_updates_memory: false))";
    let trace = busy_trace();
    let (mut tried, mut failed) = (0, 0);
    for protocol in Protocol::BUILT_IN {
        let (own, seen) = all_steps(protocol.states().len() as u8);
        let mut mutants = Vec::new();
        for row in protocol.all_states().map(State::index) {
            for column in 0..4 {
                let parts = parts_of(protocol);
                mutants.extend(own.iter().map(|step| {
                    let mut parts = parts.clone();
                    parts.processor[row][column] = *step;
                    parts
                }));
                mutants.extend(seen.iter().map(|step| {
                    let mut parts = parts.clone();
                    parts.snoop[row][column] = *step;
                    parts
                }));
            }
        }
        for parts in mutants {
            let mutant = Protocol::new(parts).expect("the parts fit");
            if !mutant.defects().is_empty() || mutant == **protocol {
                continue;
            }
            assert_eq!(read(&protocol_file::write(&mutant)).protocol, mutant);
            for (machine, check) in [(SMALL, true), (OUTER, tried % 2 == 0)] {
                tried += 1;
                match replay(&mutant, &trace, machine, check) {
                    Ok(()) => {}
                    Err(ReplayError::Protocol(_)) => failed += 1,
                    Err(other) => panic!("{other}\n{}", protocol_file::write(&mutant)),
                }
            }
        }
    }
    assert!(failed > 100 && tried > 2 * failed / 3, "{failed} of {tried}");
}

#[test]
fn graphviz_draws_every_diagram() {
    let found = Command::new("dot").arg("-V").stderr(Stdio::null()).status();
    if found.is_err() {
        // Past the harness, which keeps the words of a test that passes to itself.
        let words = "SKIPPED: there is no `dot` (Graphviz) to ask about the diagrams";
        let _ = writeln!(std::io::stderr(), "{words}");
        return;
    }
    for protocol in Protocol::BUILT_IN {
        let folder = Folder::with(&[("p.dot", &render::dot(protocol))]);
        let mut dot = Command::new("dot");
        let output = dot.args(["-Tsvg", "p.dot"]).current_dir(folder.path()).output();
        let output = output.expect("dot runs");
        assert!(output.status.success(), "{}", error_text(&output));
        assert_eq!(error_text(&output), "", "{}", protocol.name());
        let svg = text(&output);
        let nodes = svg.matches("class=\"node\"").count();
        assert_eq!(nodes, protocol.states().len(), "{}", protocol.name());
    }
}

#[test]
fn protocols_are_shown_in_every_format() {
    let mut shown = String::new();
    for protocol in Protocol::BUILT_IN {
        let _ = writeln!(shown, "{}\n{}", render::text(protocol), render::dot(protocol));
    }
    insta::assert_snapshot!("protocol_renderings", shown);
}

/// Names of two letters stand apart, each core's below its own of the row before.
#[test]
fn steps_under_dragon_keep_the_cores_apart() {
    let args = "step traces/scenarios/quiz-six-accesses.mtrace --plain --set protocol=dragon";
    let output = mesim().args(args.split(' ')).current_dir(ROOT).output();
    insta::assert_snapshot!("step_dragon", text(&output.expect("the command runs")));
}
