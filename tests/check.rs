//! `mesim check`: expectation files that hold, that do not, and that cannot be read.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, error_text, text};

/// Ten rounds of two writers of one word.
const TRACE: &str = "let ball = 0x1000\n0 W ball\n1 W ball\n0 W ball\n1 W ball\n0 R ball\n";

const GOOD: &str = r#"// A comment that stays.
(
    params: {"N": 2},
    config: (cores: 2, caches: [(name: "L1", size: "1 KiB", ways: 4)]),
    counts: {
        "bus_rdx": "2*N", // each store
        "totals/invalidations": "2*N - 1",
        "misses": ">= 2",
        "true_sharing": 3,
        "L1/evictions": "0",
        "cores/1/writes": "N",
        "memory/reads": "1..=N",
        "S>M": "0",
        "M>I/snoop": "2*N-1",
        "data_bytes": "> 0",
    },
    final: {"ball": "SS", "0x1000": "SS", "ball+0x40": "II"},
    also: [
        (set: {"protocol": "MOESI"}, final: {"ball": "SO"}),
        (
            set: {"protocol": "Dragon", "L1.ways": 2},
            counts: {"bus_upd": "2*N - 1"},
            final: {"ball": "Sc Sm"},
        ),
    ],
)
"#;

fn folder() -> Folder {
    Folder::with(&[("t.mtrace", TRACE), ("t.expect.ron", GOOD)])
}

#[test]
fn a_file_that_holds_is_good_and_says_how_much_was_compared() {
    let folder = folder();
    let output = folder.run(&["check", "t.mtrace"]);
    assert_eq!(error_text(&output), "");
    assert_eq!(text(&output), "t.mtrace: 16 of 16 hold on 3 machines\n");
    assert_eq!(output.status.code(), Some(0));
    let output = folder.run(&["check", "t.mtrace", "--quiet"]);
    assert_eq!((text(&output).as_str(), output.status.code()), ("", Some(0)));
}

#[test]
fn what_does_not_hold_is_shown_and_is_exit_1() {
    let folder = folder();
    let wrong = GOOD
        .replace("\"2*N - 1\",\n", "\"2*N\",\n")
        .replace("\">= 2\"", "\"< N\"")
        .replace("SO\"", "SM\"")
        .replace("1..=N", "N..=5");
    folder.write("t.expect.ron", wrong.as_bytes());
    let output = folder.run(&["check", "t.mtrace"]);
    assert_eq!(output.status.code(), Some(1));
    let mut shown = format!("$ mesim check t.mtrace\n{}{}", text(&output), error_text(&output));
    let output = folder.run(&["check", "t.mtrace", "--json", "-", "--param", "N=3"]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_str(&text(&output)).expect("JSON alone");
    let all = json["traces"][0]["machines"][0]["checks"].as_array().expect("a list").clone();
    let found = all.iter().find(|one| one["what"] == "totals/bus_rdx").expect("it is listed");
    let _ = writeln!(shown, "$ mesim check t.mtrace --json - --param N=3\n{found:#}");
    insta::assert_snapshot!("check_wrong", shown);
}

#[test]
fn what_the_command_line_says_of_the_machine_goes_over_what_the_file_says() {
    let folder = folder();
    let run = |args: &[&str]| {
        let output = folder.run(&[&["check", "t.mtrace", "-q"], args].concat());
        (output.status.code(), text(&output))
    };
    let (code, shown) = run(&["--set", "protocol=MSI"]);
    assert_eq!(code, Some(2), "MSI has no state O, which the second machine expects");
    assert_eq!(shown, "");
    folder.write("t.expect.ron", b"(counts: {\"bus_rd\": 1, \"bus_upgr\": 1})");
    folder.write("u.mtrace", b"0 R 0x40\n0 W 0x40\n");
    let run = |args: &[&str]| {
        let fixed = ["check", "u.mtrace", "--expect", "t.expect.ron", "-q"];
        folder.run(&[&fixed, args].concat()).status.code()
    };
    assert_eq!((run(&[]), run(&["--set", "protocol=MSI"])), (Some(1), Some(0)));
}

#[test]
fn blessing_replaces_what_does_not_hold_and_nothing_else() {
    let folder = folder();
    let wrong = GOOD
        .replace("\"2*N\", // each store", "\"7\", // each store")
        .replace("\"true_sharing\": 3", "\"true_sharing\": 9")
        .replace("\"Sc Sm\"", "\"Sm Sc\"");
    assert_eq!(wrong.len(), GOOD.len() - 2);
    folder.write("t.expect.ron", wrong.as_bytes());
    let output = folder.run(&["check", "t.mtrace", "--bless"]);
    assert_eq!((error_text(&output).as_str(), output.status.code()), ("", Some(0)));
    assert_eq!(
        text(&output),
        "t.expect.ron: totals/bus_rdx: 7 is now 4\n\
         t.expect.ron: classes/true_sharing: 9 is now 3\n\
         t.expect.ron: final/ball: Sm Sc is now Sc Sm\n"
    );
    let blessed = String::from_utf8(folder.read("t.expect.ron")).expect("it is a text");
    assert_eq!(blessed, GOOD.replace("\"2*N\", // each store", "\"4\", // each store"));
    let output = folder.run(&["check", "t.mtrace", "--bless"]);
    assert_eq!(text(&output), "t.expect.ron: everything holds for t.mtrace\n");
    assert_eq!(folder.names(), ["t.expect.ron", "t.mtrace"]);
}

#[test]
fn the_file_beside_a_trace_is_found_by_its_name() {
    let folder = folder();
    folder.good(&["convert", "t.mtrace", "t.mtrace.xz"]);
    std::fs::remove_file(folder.join("t.mtrace")).expect("it is there");
    let output = folder.run(&["check", "t.mtrace.xz", "--param", "N=2"]);
    // Conversion keeps no names of variables.
    assert_eq!(output.status.code(), Some(2));
    assert!(error_text(&output).contains("the trace has no address `ball`"));
    folder.write("t.expect.ron", b"(config: \"sub/m.ron\", counts: {\"misses\": \"5\"})");
    std::fs::create_dir(folder.join("sub")).expect("a folder");
    folder.write("sub/m.ron", b"(cores: 2)");
    assert_eq!(text(&folder.run(&["check", "t.mtrace.xz"])), "t.mtrace.xz: 1 of 1 hold\n");
}

#[test]
fn mistakes_in_an_expectation_file_are_shown_in_it() {
    let folder = folder();
    let mut shown = String::new();
    for (from, to) in [
        ("bus_rdx", "bus_rdy"),
        ("totals/invalidations", "totals/invalidation"),
        ("L1/evictions", "L3/evictions"),
        ("cores/1/writes", "cores/2/writes"),
        ("S>M", "S>O"),
        ("2*N - 1", "2*M - 1"),
        ("\"2*N\", //", "\"N/4\", //"),
        (">= 2", "=> 2"),
        ("1..=N", "1..N"),
        ("\"0\"", "true"),
        ("\"2*N - 1\"", "\"2*N \\u{2d} 1\""),
        ("params", "parms"),
        ("\"N\": 2", "\"N\": 2, \"N\": 3"),
        ("counts: {\n", "counts: [\n"),
        ("\"MOESI\"", "\"MOSI\""),
        ("L1.ways", "L9.ways"),
        ("cores: 2,", "core: 2,"),
        ("\"1 KiB\"", "\"1 KB\""),
        (
            "config: (cores: 2, caches: [(name: \"L1\", size: \"1 KiB\", ways: 4)])",
            "config: \"m.ron\"",
        ),
        ("\"ball\": \"SS\"", "\"bal\": \"SS\""),
        ("\"ball\": \"SS\"", "\"-1\": \"SS\""),
        ("\"ball\": \"SS\"", "\"ball\": \"SX\""),
        ("\"ball\": \"SS\"", "\"ball\": \"SSS\""),
        ("\"Sc Sm\"", "\"ScSm\""),
    ] {
        let wrong = GOOD.replacen(from, to, 1);
        assert_ne!(wrong, GOOD, "{from} is there");
        folder.write("t.expect.ron", wrong.as_bytes());
        let output = folder.run(&["check", "t.mtrace"]);
        let error = error_text(&output);
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(2), ""), "{to}: {error}");
        let _ = writeln!(shown, "{from} -> {to}\n{error}");
    }
    for (name, whole) in [("nothing", "()"), ("empty", ""), ("no brackets", "counts: {}")] {
        folder.write("t.expect.ron", whole.as_bytes());
        let output = folder.run(&["check", "t.mtrace"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let _ = writeln!(shown, "{name}\n{}", error_text(&output));
    }
    insta::assert_snapshot!("check_mistakes", shown);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let folder = folder();
    folder.write("u.mtrace", TRACE.as_bytes());
    let mut shown = String::new();
    for line in [
        "check u.mtrace",
        "check t.mtrace u.mtrace --expect t.expect.ron",
        "check t.mtrace --param M=3",
        "check t.mtrace --param N=x",
        "check t.mtrace --bless --param N=3",
        "check - --expect t.expect.ron",
        "check -",
        "check none.mtrace --expect t.expect.ron",
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let output = folder.run(&args);
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(2), ""), "{line}");
        let _ = writeln!(shown, "$ mesim {line}\n{}", error_text(&output));
    }
    insta::assert_snapshot!("check_refused", shown);
    assert_eq!(folder.names(), ["t.expect.ron", "t.mtrace", "u.mtrace"]);
}

#[test]
fn no_damaged_file_brings_the_reader_down() {
    // A fixed seed, so that a failure comes again.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let pieces: Vec<char> = "(){}[]\",:+-*/<>=.0N é\n".chars().collect();
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let mut text: Vec<char> = GOOD.chars().collect();
        for _ in 0..=draw(3) {
            let at = draw(text.len());
            match draw(3) {
                0 => drop(text.remove(at)),
                1 => text.insert(at, pieces[draw(pieces.len())]),
                _ => text[at] = pieces[draw(pieces.len())],
            }
        }
        let text: String = text.into_iter().collect();
        match driver::expect::read("t.expect.ron", &text, &[]) {
            Ok(_) => good += 1,
            Err(mistakes) => {
                bad += 1;
                for mistake in mistakes {
                    let span = mistake.origin.span;
                    assert!(text.get(span.clone()).is_some(), "{span:?} of {text}");
                }
            }
        }
    }
    assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
}
