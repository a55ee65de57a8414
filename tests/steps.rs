//! Steps: one trace worked out by hand, and what the commands make of steps.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Folder, ROOT, error_text, text};

/// Two cores, each with one cache of two lines, one way each: lines 0x1000 and 0x1080 meet in
/// set 0, line 0x1040 has set 1 alone.
const MACHINE: &str = "(caches: [(name: \"L1\", size: \"128 B\", ways: 1)])";

const TRACE: &str = "\
@title By hand
@cores 2
@line 64
let x = 0x1000
let y = 0x1004
let z = 0x1080
0 R x
1 W y
0 R x
0 R y
1 W x
0 R x 8
0 W z
0 R x
1 W 0x103e
0 C x
0 F x
0 R x
";

/// A step by hand: what its access is, what it finds, what it leaves, and the reason.
struct Expected {
    access: Value,
    answer: Value,
    states: [&'static str; 2],
    events: Value,
    cells: Value,
    values: Value,
    why: &'static str,
}

fn access(core: u32, op: &str, addr: &str, size: u32, line: &str) -> Value {
    json!({"core": core, "op": op, "addr": addr, "size": size, "line": line})
}

fn miss(class: &str, bus: &str, supplier: &str) -> Value {
    json!({"hit": false, "class": class, "bus": bus, "supplier": supplier})
}

/// Every field of every step of [`TRACE`], from the table of MESI and the rules of the house.
#[expect(clippy::too_many_lines, reason = "a row a step")]
fn by_hand() -> Vec<Expected> {
    let none = || json!([]);
    let hit = |bus: Value| json!({"hit": true, "class": null, "bus": bus, "supplier": null});
    let aside = || json!({"hit": null, "class": null, "bus": null, "supplier": null});
    vec![
        // Nobody has the line: memory answers, and the only copy is E.
        Expected {
            access: access(0, "R", "0x1000", 4, "0x1000"),
            answer: miss("cold", "BusRd", "memory"),
            states: ["II", "EI"],
            events: none(),
            cells: json!(["I.Load"]),
            values: json!({"0x1000": 0}),
            why: "C0's copy is I: C0 has not had this line before (cold). BusRd: no other core has \
                  the line; memory supplies it; C0 has it in E now.",
        },
        // E.BusRdX goes to I without data: a clean copy does not supply, so memory does.
        Expected {
            access: access(1, "W", "0x1004", 4, "0x1000"),
            answer: miss("cold", "BusRdX", "memory"),
            states: ["EI", "IM"],
            events: json!([{"core": 0, "do": "invalidate"}]),
            cells: json!(["I.Store", "E.BusRdX"]),
            values: json!({"0x1004": 2}),
            why: "C1's copy is I: C1 has not had this line before (cold). BusRdX: C0 loses E; \
                  memory supplies it; C1 has it in M now.",
        },
        // C0 lost the line to a write of y and asks for x, which nobody wrote.
        Expected {
            access: access(0, "R", "0x1000", 4, "0x1000"),
            answer: miss("false_sharing", "BusRd", "core1"),
            states: ["IM", "SS"],
            events: json!([{"core": 1, "do": "flush"}]),
            cells: json!(["I.Load", "M.BusRd"]),
            values: json!({"0x1000": 0}),
            why: "C0's copy is I: C1's write to y (step 2) took the whole line; no other core has \
                  written x since (false sharing). BusRd: C1 puts the dirty line on the bus and \
                  goes from M to S; C0 has it in S now.",
        },
        Expected {
            access: access(0, "R", "0x1004", 4, "0x1000"),
            answer: hit(Value::Null),
            states: ["SS", "SS"],
            events: none(),
            cells: json!(["S.Load"]),
            values: json!({"0x1004": 2}),
            why: "C0's copy is S: a read may use it without asking anybody.",
        },
        // A store to S is a hit, and a BusUpgr.
        Expected {
            access: access(1, "W", "0x1000", 4, "0x1000"),
            answer: hit(json!("BusUpgr")),
            states: ["SS", "IM"],
            events: json!([{"core": 0, "do": "invalidate"}]),
            cells: json!(["S.Store", "S.BusUpgr"]),
            values: json!({"0x1000": 5}),
            why: "C1's copy is S: other cores may have the line too, so a write needs BusUpgr. \
                  BusUpgr: C0 loses S; C1 has it in M now.",
        },
        // Two words: x is what step 5 wrote, the store that took the line.
        Expected {
            access: access(0, "R", "0x1000", 8, "0x1000"),
            answer: miss("true_sharing", "BusRd", "core1"),
            states: ["IM", "SS"],
            events: json!([{"core": 1, "do": "flush"}]),
            cells: json!(["I.Load", "M.BusRd"]),
            values: json!({"0x1000": 5, "0x1004": 2}),
            why: "C0's copy is I: C1's write to x (step 5) took the whole line, and wrote what C0 \
                  asks for (true sharing). BusRd: C1 puts the dirty line on the bus and goes from \
                  M to S; C0 has it in S now.",
        },
        // z has the place of x's line, which leaves first, clean.
        Expected {
            access: access(0, "W", "0x1080", 4, "0x1080"),
            answer: miss("cold", "BusRdX", "memory"),
            states: ["II", "MI"],
            events: json!([{"core": 0, "do": "evict", "line": "0x1000"}]),
            cells: json!(["S.Evict", "I.Store"]),
            values: json!({"0x1080": 7}),
            why: "C0's copy is I: C0 has not had this line before (cold). BusRdX: no other core \
                  has the line; memory supplies it; C0 has it in M now. Besides, C0 gives x up.",
        },
        // Two lines fully associative would have kept x. z leaves, dirty. C1 still has S, clean:
        // memory answers.
        Expected {
            access: access(0, "R", "0x1000", 4, "0x1000"),
            answer: miss("conflict", "BusRd", "memory"),
            states: ["IS", "SS"],
            events: json!([
                {"core": 0, "do": "write_back", "line": "0x1080"},
                {"core": 0, "do": "evict", "line": "0x1080"}
            ]),
            cells: json!(["M.Evict", "I.Load", "S.BusRd"]),
            values: json!({"0x1000": 5}),
            why: "C0's copy is I: the line left C0's caches in step 7; a fully associative L1 of \
                  that size would have it (conflict). BusRd: C1 keeps S; memory supplies it; C0 \
                  has it in S now. Besides, C0 writes z back and gives it up.",
        },
        // Four bytes from 0x103e: two in this line, a part of its last word,
        Expected {
            access: access(1, "W", "0x103e", 2, "0x1000"),
            answer: hit(json!("BusUpgr")),
            states: ["SS", "IM"],
            events: json!([{"core": 0, "do": "invalidate"}]),
            cells: json!(["S.Store", "S.BusUpgr"]),
            values: json!({"0x103c": 9}),
            why: "C1's copy is S: other cores may have the line too, so a write needs BusUpgr. \
                  BusUpgr: C0 loses S; C1 has it in M now.",
        },
        // and two in the next.
        Expected {
            access: access(1, "W", "0x1040", 2, "0x1040"),
            answer: miss("cold", "BusRdX", "memory"),
            states: ["II", "IM"],
            events: none(),
            cells: json!(["I.Store"]),
            values: json!({"0x1040": 10}),
            why: "C1's copy is I: C1 has not had this line before (cold). BusRdX: no other core \
                  has the line; memory supplies it; C1 has it in M now.",
        },
        // C0 asks, C1 has the dirty copy: M.Clean.
        Expected {
            access: access(0, "C", "0x1000", 4, "0x1000"),
            answer: aside(),
            states: ["IM", "IE"],
            events: json!([{"core": 1, "do": "write_back"}]),
            cells: json!(["M.Clean"]),
            values: json!({}),
            why: "C0 cleans the line in every cache: C1 writes it back and goes from M to E.",
        },
        Expected {
            access: access(0, "F", "0x1000", 4, "0x1000"),
            answer: aside(),
            states: ["IE", "II"],
            events: none(),
            cells: none(),
            values: json!({}),
            why: "C0 flushes the line from every cache: C1 loses E.",
        },
        // After a flush the line is cold for everybody; memory has what C1 wrote back.
        Expected {
            access: access(0, "R", "0x1000", 4, "0x1000"),
            answer: miss("cold", "BusRd", "memory"),
            states: ["II", "EI"],
            events: none(),
            cells: json!(["I.Load"]),
            values: json!({"0x1000": 5}),
            why: "C0's copy is I: the line was flushed from every cache in step 12 (cold). BusRd: \
                  no other core has the line; memory supplies it; C0 has it in E now.",
        },
    ]
}

impl Expected {
    /// Returns the record as the format has it, key by key.
    fn line(&self, number: usize) -> String {
        let (access, answer) = (&self.access, &self.answer);
        let record = json!({
            "i": number + 1,
            "core": access["core"], "op": access["op"], "addr": access["addr"],
            "size": access["size"], "line": access["line"],
            "hit": answer["hit"], "class": answer["class"],
            "bus": answer["bus"], "supplier": answer["supplier"],
            "before": self.states[0], "after": self.states[1],
            "events": self.events, "cells": self.cells, "values": self.values, "why": self.why,
        });
        record.to_string()
    }
}

fn folder() -> Folder {
    let durable = "(cores: 2, durability: (flush: (every: \"5 s\")))";
    Folder::with(&[
        ("hand.mtrace", TRACE),
        ("hand.ron", MACHINE),
        ("durable.ron", durable),
        ("0.din", "0 1000\n1 1000\n"),
        ("1.din", "0 1000\n1 1004\n"),
        ("broken.mtrace", "@cores 1\n0 R 0x1000\n0 R nothing\n"),
        ("grows.mtrace", "0 R 0x1000\n1 T 5\n1 R 0x1000\n"),
    ])
}

#[test]
fn a_trace_worked_out_by_hand_has_these_steps() {
    let folder = folder();
    let args = ["replay", "hand.mtrace", "-c", "hand.ron", "-q", "--events", "steps.jsonl"];
    folder.good(&args);
    let found = String::from_utf8(folder.read("steps.jsonl")).expect("JSON is UTF-8");
    let header = json!({
        "schema": "mesim.steps/1",
        "title": "By hand",
        "machine": {
            "cores": 2, "protocol": "MESI", "states": ["I", "S", "E", "M"], "line_bytes": 64
        },
    });
    let lines = by_hand().iter().enumerate().map(|(number, step)| step.line(number)).collect();
    let expected: Vec<String> = [vec![header.to_string()], lines].concat();
    for (number, expected) in expected.iter().enumerate() {
        assert_eq!(found.lines().nth(number), Some(&expected[..]), "line {}", number + 1);
    }
    assert_eq!(found.lines().count(), expected.len());
    // Again, and by the other command: the same bytes.
    folder.good(&args);
    assert_eq!(folder.read("steps.jsonl"), found.as_bytes());
    let step = folder.good(&["step", "hand.mtrace", "-c", "hand.ron", "--as", "jsonl"]);
    assert_eq!(step, found.as_bytes());
}

#[test]
fn the_report_is_that_of_a_replay_without_steps() {
    let folder = folder();
    for flags in [&[][..], &["--classify", "--check", "--coverage"], &["--warmup", "3"]] {
        let args = [&["replay", "hand.mtrace", "-c", "hand.ron", "-q"], flags].concat();
        let json = |name: &str, more: &[&str]| {
            let printed = folder.good(&[&args[..], &["--json", name], more].concat());
            (folder.read(name), printed)
        };
        let (without, with) = (json("a.json", &[]), json("a.json", &["--events", "e.jsonl"]));
        assert_eq!(with, without, "{flags:?}");
        // Alone on standard output, and the report in its file.
        let alone = json("a.json", &["--events", "-"]);
        assert_eq!(alone.0, without.0);
        assert_eq!(alone.1, folder.read("e.jsonl"));
    }
}

#[test]
fn per_core_files_have_steps_in_the_order_that_is_asked_for() {
    let folder = folder();
    let args = ["replay", "0.din", "1.din", "--interleave", "rr:1", "-q", "--events", "-"];
    let lines = text(&folder.run(&args));
    let cores: Vec<Value> = lines
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("a record");
            if value["i"].is_null() {
                value["machine"]["cores"].clone()
            } else {
                value["core"].clone()
            }
        })
        .collect();
    // Two cores in the header, then their turns.
    assert_eq!(cores, [2, 0, 1, 0, 1]);
    assert!(lines.contains(r#""before":"EI","after":"SS""#), "{lines}");
}

#[test]
fn a_machine_that_grows_says_so_and_has_the_states_of_the_cores_so_far() {
    let folder = folder();
    let lines = text(&folder.run(&["step", "grows.mtrace", "--as", "jsonl"]));
    assert!(
        lines.starts_with(r#"{"schema":"mesim.steps/1","title":null,"machine":{"cores":null,"#)
    );
    for states in [r#""before":"I","after":"E""#, r#""before":"EI","after":"SS""#] {
        assert!(lines.contains(states), "{lines}");
    }
}

#[test]
fn steps_that_cannot_be_are_refused_and_leave_nothing() {
    let lines = [
        "replay hand.mtrace --events e.jsonl --jobs 2 --counts-only",
        "replay hand.mtrace --events e.jsonl -c durable.ron",
        "replay hand.mtrace --events e.jsonl --json e.jsonl",
        "replay hand.mtrace --events - --json -",
        "replay hand.mtrace --events e.jsonl --compare mesi,msi",
        "replay hand.mtrace --events e.jsonl --vary L1.size=16KiB,32KiB",
        "replay hand.mtrace --events nowhere/e.jsonl",
        "replay broken.mtrace --events e.jsonl",
        "step hand.mtrace --as html",
        "step hand.mtrace --blank state",
        "step hand.mtrace --as csv --from 14",
        "step hand.mtrace --as vcd --blank bus",
    ];
    insta::assert_snapshot!("refused", crate::crashes::refused(&folder(), &lines));
}

#[test]
fn each_kind_shows_the_same_steps() {
    let folder = folder();
    let mut shown = String::new();
    for flags in [
        "--as table",
        "--as csv",
        "--as markdown",
        "--as latex",
        "--as jsonl",
        "--as markdown --set protocol=Dragon",
        "--as jsonl --set protocol=Dragon",
        "--as table --blank bus,states,class,hit,supplier,events",
        "--as csv --blank bus,states,class,hit,supplier,events,cells,values,why",
        "--as markdown --blank bus,states,events,why",
        "--as latex --blank states,why",
        "--as jsonl --blank bus,states,events,cells,why --from 13",
    ] {
        let line = format!("step hand.mtrace -c hand.ron --plain {flags}");
        let output = folder.run(&line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(error_text(&output), "", "{line}");
        let _ = writeln!(shown, "$ mesim {line}\n{}", text(&output));
    }
    insta::assert_snapshot!("kinds", shown);
}

#[test]
fn a_protocol_from_a_file_has_reasons_of_its_own() {
    let folder = Folder::new();
    let docs = std::path::Path::new(ROOT).join("docs/mosi.ron");
    let trace = "@cores 3\nlet x = 0x1000\n0 R x\n0 W x\n1 R x\n2 R x\n1 W x\n0 A x\n0 R x+64\n";
    folder.write("t.mtrace", trace.as_bytes());
    let protocol = format!("protocol={}", docs.display());
    let output = folder.good(&["step", "t.mtrace", "--as", "jsonl", "--set", &protocol]);
    let mut shown = String::new();
    for line in String::from_utf8(output).expect("UTF-8").lines().skip(1) {
        let record: Value = serde_json::from_str(line).expect("a record");
        let _ = writeln!(shown, "{} {} {}", record["i"], record["after"], record["why"]);
    }
    insta::assert_snapshot!("reasons_of_mosi", shown);
}

/// The records of a scenario's steps, and the same steps as a chart of a kind.
fn charted(kind: &str) -> (Vec<Value>, String) {
    let folder = Folder::new();
    let trace = format!("{ROOT}/traces/scenarios/lock-mcs.mtrace");
    let lines = text(&folder.run(&["step", &trace, "--as", "jsonl"]));
    let records = lines.lines().skip(1).map(|line| serde_json::from_str(line).expect("a record"));
    (records.collect(), text(&folder.run(&["step", &trace, "--as", kind])))
}

#[test]
fn tracks_in_time_have_each_step_and_count_as_the_steps_do() {
    let (records, chart) = charted("perfetto");
    let chart: Value = serde_json::from_str(&chart).expect("one value");
    let events = chart["traceEvents"].as_array().expect("a list");
    let slices = |track: u64| {
        let of = move |event: &&Value| event["ph"] == "X" && event["tid"] == track;
        events.iter().filter(of)
    };
    for core in 0..4 {
        let of_core = records.iter().filter(|record| record["core"] == core);
        let expected: Vec<_> = of_core.map(|record| record["i"].clone()).collect();
        assert_eq!(slices(core).map(|event| event["ts"].clone()).collect::<Vec<_>>(), expected);
    }
    let bus: Vec<_> = records.iter().filter(|record| !record["bus"].is_null()).collect();
    let shown = slices(4).map(|event| (event["ts"].clone(), event["name"].clone()));
    let expected = bus.iter().map(|record| (record["i"].clone(), record["bus"].clone()));
    assert_eq!(shown.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    // MCS with four cores: 6 BusRd, 14 BusRdX, 11 invalidations, as its expectation file derives.
    let last = |name: &str| events.iter().rfind(|event| event["name"] == name).expect(name);
    assert_eq!(last("transactions")["args"], serde_json::json!({"BusRdX": 14, "BusRd": 6}));
    assert_eq!(last("invalidations")["args"]["invalidations"], 11);
}

#[test]
fn waveforms_have_the_states_after_each_step() {
    let (records, chart) = charted("vcd");
    let (head, body) = chart.split_once("$enddefinitions $end").expect("a head");
    // What a signal is called, by its short name.
    let mut names = std::collections::HashMap::new();
    let mut scope = Vec::new();
    for line in head.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["$scope", "module", name, "$end"] => scope.push(name),
            ["$upscope", "$end"] => drop(scope.pop()),
            ["$var", "wire", _, id, name, "$end"] => {
                let path = format!("{}.{name}", scope.last().expect("a scope"));
                assert_eq!(names.insert(id, path), None, "a short name of two signals");
            }
            _ => {}
        }
    }
    let ascii = |bits: &str| {
        let bytes = bits.as_bytes().chunks(8);
        let byte = |bits: &[u8]| bits.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
        String::from_utf8(bytes.map(byte).filter(|byte| *byte > 0).collect()).expect("text")
    };
    // A short name may be `#` as well; no line of a value begins with it.
    let mut moments = body.split("\n#").skip(1);
    for record in &records {
        let moment = moments.next().expect("a moment");
        let mut lines = moment.lines();
        assert_eq!(lines.next(), Some(record["i"].to_string().as_str()));
        let mut states = ["", "", "", ""].map(str::to_owned);
        let mut bus = None;
        for line in lines {
            let Some((value, id)) = line.strip_prefix('b').and_then(|line| line.split_once(' '))
            else {
                continue;
            };
            let name = names[id].as_str();
            match name.split_once('.') {
                Some((core, "state")) => {
                    states[core[4..].parse::<usize>().expect("a core")] = ascii(value);
                }
                Some(("bus", "op")) if value != "z" => bus = Some(ascii(value)),
                _ => {}
            }
        }
        assert_eq!(states.concat(), record["after"].as_str().expect("letters"), "{moment}");
        assert_eq!(bus.as_deref(), record["bus"].as_str(), "{moment}");
    }
    let end = moments.next().expect("the end").trim();
    assert_eq!(end, (records.len() + 1).to_string());
}

#[test]
fn sequence_charts_name_only_who_takes_part() {
    let (records, chart) = charted("mermaid");
    let transactions = chart.lines().filter(|line| line.contains("->>bus: ")).count();
    let flushes = chart.matches("->>bus: flush").count();
    let on_bus = records.iter().filter(|record| !record["bus"].is_null()).count();
    assert_eq!(transactions - flushes, on_bus);
    let parts: Vec<&str> =
        chart.lines().filter_map(|line| line.trim().strip_prefix("participant ")).collect();
    let parts: Vec<&str> =
        parts.iter().map(|part| part.split(' ').next().expect("a name")).collect();
    for line in chart.lines().filter(|line| line.contains("->") || line.contains("-x")) {
        let (who, what) = line.trim().split_once(':').expect("a message");
        let two: Vec<&str> = who.split(['-', '>', 'x']).filter(|part| !part.is_empty()).collect();
        assert!(two.iter().all(|part| parts.contains(part)), "{who}: {what}");
    }
    let folder = Folder::new();
    let trace = format!("{ROOT}/traces/scenarios/l2-hit-after-write-back.mtrace");
    let chart = folder.run(&["step", &trace, "--as", "mermaid"]);
    insta::assert_snapshot!("mermaid", text(&chart));
}

/// The value of an attribute in a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let (_, rest) = tag.split_once(&format!(" {name}=\"")).expect("the tag has the attribute");
    rest.split('"').next().expect("the attribute ends")
}

/// Where the heads of the life lines of a picture stand, from the left.
fn heads(picture: &str) -> Vec<&str> {
    picture.split("<text class=\"head\"").skip(1).map(|tag| attribute(tag, "x")).collect()
}

#[test]
fn a_picture_has_each_step_with_its_states_transaction_and_supplier() {
    let (records, picture) = charted("svg");
    let x = heads(&picture);
    assert_eq!(x.len(), 5, "four cores, and what lies below");
    let place = |at: &str| x.iter().position(|x| *x == at).expect("a life line");
    let rows: Vec<_> = picture.split("<g><title>").skip(1).collect();
    assert_eq!(rows.len(), records.len());
    let mut lost = 0;
    for (row, record) in rows.iter().zip(&records) {
        let i = &record["i"];
        let me = usize::try_from(record["core"].as_u64().expect("a core")).expect("a small one");
        // Who changed, and who asked, with the state after it.
        let badges = row.split("<g class=\"state ").skip(1).map(|badge| {
            let (_, tag) = badge.split_once("<text").expect("a badge has letters");
            let (_, letters) = tag.split_once('>').expect("the tag ends");
            (place(attribute(tag, "x")), letters.split('<').next().expect("letters").to_owned())
        });
        let [before, after] =
            ["before", "after"].map(|key| record[key].as_str().expect("letters").chars());
        let changed = before.zip(after).enumerate();
        let changed = changed.filter(|(core, (was, is))| *core == me || was != is);
        let changed: Vec<_> = changed.map(|(core, (_, is))| (core, is.to_string())).collect();
        lost += changed.iter().filter(|(core, state)| *core != me && state == "I").count();
        assert_eq!(badges.collect::<Vec<_>>(), changed, "{i}");
        // The transaction's name, and the arrow of the line that comes.
        let bus = record["bus"].as_str();
        let names = ["BusRd<", "BusRdX<", "BusUpgr<"];
        let drawn: Vec<_> = names.iter().filter(|name| row.contains(*name)).collect();
        assert_eq!(drawn.first().map(|name| &name[..name.len() - 1]), bus, "{i}");
        let from = row.split("<path class=\"data\"").nth(1).map(|tag| {
            let path = attribute(tag, "d");
            place(path[1..].split(' ').next().expect("it begins somewhere"))
        });
        let supplier = record["supplier"].as_str().map(|name| {
            name.strip_prefix("core").map_or(4, |core| core.parse().expect("a number"))
        });
        assert_eq!(from, supplier, "{i}");
    }
    assert_eq!(lost, 11, "invalidations, as lock-mcs.expect.ron derives them");
}

#[test]
fn a_picture_shows_write_backs_and_any_title_and_no_more_steps_than_can_be_seen() {
    let folder = Folder::new();
    let trace = format!("{ROOT}/traces/scenarios/evict-modified.mtrace");
    let picture = text(&folder.run(&["step", &trace, "--as", "svg"]));
    assert_eq!(picture.matches("<path class=\"back\"").count(), 1, "one dirty victim");
    insta::assert_snapshot!("svg", picture);

    folder.write("t.mtrace", b"@title a < b && \"c\" > d\n0 R 0x1000\n");
    let picture = text(&folder.run(&["step", "t.mtrace", "--as", "svg"]));
    assert!(picture.contains("<title>a &lt; b &amp;&amp; \"c\" &gt; d</title>"), "{picture}");

    let long = "0 R 0x1000\n".repeat(5_001);
    folder.write("long.mtrace", long.as_bytes());
    let output = folder.run(&["step", "long.mtrace", "--as", "svg"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "nothing half-written");
    insta::assert_snapshot!("svg_too_long", error_text(&output));
    let output = folder.run(&["step", "long.mtrace", "--as", "svg", "--from", "2"]);
    assert_eq!(text(&output).matches("<g><title>").count(), 5_000);
}

/// Files of a core each, in every order that a replay knows, a list of them as well as a folder.
#[test]
fn steps_of_per_core_files_are_those_of_a_replay() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("cores")).expect("a folder");
    let of_core = |core: u64| {
        let op = |n: u64| if (n + core).is_multiple_of(3) { 'w' } else { 'r' };
        (0..60).fold(String::new(), |mut text, n| {
            writeln!(text, "{} {:#x}", op(n), 0x1000 + n * (36 + core) % 512).unwrap();
            text
        })
    };
    for core in 0..2 {
        folder.write(&format!("cores/core{core}.trace"), of_core(core).as_bytes());
    }
    let mut seen = Vec::new();
    for trace in [&["cores"][..], &["cores/core0.trace", "cores/core1.trace"]] {
        for interleave in ["clock", "rr:2", "random:4"] {
            let order = ["--interleave", interleave, "--format", "percore"];
            let replay = [&["replay"], trace, &order, &["-q", "--events", "events"]].concat();
            let output = folder.run(&replay);
            assert!(output.status.success(), "{}", error_text(&output));
            let events = std::fs::read_to_string(folder.path().join("events")).expect("events");
            let output = folder.run(&[&["step"], trace, &order, &["--as", "jsonl"]].concat());
            assert!(output.status.success(), "{}", error_text(&output));
            assert_eq!(text(&output), events, "{trace:?} {interleave}");
            assert_eq!(events.lines().count(), 1 + 120);
            let report = [&["report"], trace, &order, &["-q", "-o", "page"]].concat();
            assert!(folder.run(&report).status.success());
            let page = std::fs::read_to_string(folder.path().join("page")).expect("a page");
            assert!(events.lines().skip(1).all(|step| page.contains(step)), "{trace:?}");
            seen.push(events);
        }
    }
    assert_eq!(seen[..3], seen[3..], "a folder is the list of its files");
    assert_ne!(seen[0], seen[1]);
}
