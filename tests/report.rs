//! `mesim report`: what its page holds, and what a browser shows of it.
//!
//! The test in a browser says so on standard error and is left out where there is no browser.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Folder, ROOT, error_text, text};

/// A title that would be markup, and a script, if anything took it for that.
const HOSTILE: &str =
    "</script></title><img src=x onerror=alert(1)><script>alert(2)</script>{{script}}<!--";

const TRACE: &str = "\
@cores 2
@line 64
let x = 0x1000
let y = 0x1004
0 R x
1 W y
0 R x
1 W x
0 R x 8
0 W 0x1080
0 R x
1 W 0x103e
0 C x
0 F x
0 R x
";

fn folder() -> Folder {
    let trace = format!("@title {HOSTILE}\n{TRACE}");
    let durable = "(cores: 2, durability: (flush: (every: \"5 s\")))";
    Folder::with(&[
        ("hostile.mtrace", &trace),
        ("small.ron", "(caches: [(name: \"L1\", size: \"128 B\", ways: 1)])"),
        ("durable.ron", durable),
        ("empty.mtrace", "@cores 2\n"),
        ("broken.mtrace", "@cores 1\n0 R 0x1000\n0 R nothing\n"),
    ])
}

fn page_of(folder: &Folder, name: &str) -> String {
    String::from_utf8(folder.read(name)).expect("pages are UTF-8")
}

/// Returns what stands in a script of a page.
fn script<'a>(page: &'a str, id: &str) -> &'a str {
    let begin = format!("<script type=\"application/json\" id=\"{id}\">");
    let (_, rest) = page.split_once(&begin).expect("the page has that script");
    rest.split_once("</script>").expect("it ends").0
}

/// Returns the report of a replay that looks at all that a page shows.
fn report_of(folder: &Folder, trace: &str, more: &[&str]) -> Value {
    let args = ["replay", trace, "--top", "20", "--coverage", "--json", "-"];
    let report = folder.good(&[&args[..], more].concat());
    serde_json::from_slice(&report).expect("JSON")
}

#[test]
fn a_page_has_the_steps_that_a_replay_writes() {
    let folder = folder();
    let machine = ["-c", "small.ron", "-q"];
    folder.good(&[&["report", "hostile.mtrace", "-o", "page.html"], &machine[..]].concat());
    folder.good(&[&["replay", "hostile.mtrace", "--events", "e.jsonl"], &machine[..]].concat());
    let page = page_of(&folder, "page.html");
    let embedded: Value = serde_json::from_str(script(&page, "data-steps")).expect("JSON");
    let events = page_of(&folder, "e.jsonl");
    let written: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    assert!(written.len() > 10);
    assert_eq!(embedded, Value::Array(written));
    // Each is the very line, but for the signs that could be markup.
    let lines = script(&page, "data-steps").lines().skip(1).map(|line| line.trim_end_matches(','));
    for (line, event) in lines.zip(events.lines()) {
        assert_eq!(line, event.replace('<', "\\u003c"));
    }
    // Beside them the report that the same replay makes.
    let report = report_of(&folder, "hostile.mtrace", &machine);
    let data: Value = serde_json::from_str(script(&page, "data-page")).expect("JSON");
    assert_eq!(data["schema"], "mesim.page/1");
    assert_eq!(data["report"], report);
    assert_eq!(data["report"]["lines"][0]["name"], "x, y at +4");
    assert_eq!(data["names"]["0x1004"], "y");
    assert_eq!(data["protocol"]["cells"]["I.Store"], "BusRdX, M");
    // Again, and to standard output: the same bytes.
    let args = ["report", "hostile.mtrace", "-o", "-"];
    assert_eq!(folder.good(&[&args[..], &machine[..]].concat()), page.as_bytes());
}

#[test]
fn a_page_loads_nothing_and_takes_no_title_for_markup() {
    let folder = folder();
    folder.good(&["report", "hostile.mtrace", "-o", "page.html", "-q"]);
    let page = page_of(&folder, "page.html");
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script>").count(), 3);
    assert_eq!(page.matches("<img").count() + page.matches("<!--").count(), 0);
    for loading in ["src=\"", "href=", "url(", "@import", "<link", "<iframe", "https:"] {
        assert!(!page.contains(loading), "{loading}");
    }
    // The name of SVG, which is no place to load from.
    assert_eq!(page.matches("http:").count(), page.matches("http://www.w3.org/2000/svg").count());
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";
    assert!(page.contains(&format!("\"Content-Security-Policy\" content=\"{policy}\"")));
}

/// Returns the sum of the numbers of a list.
fn sum(numbers: &Value) -> u64 {
    numbers.as_array().map_or(0, |numbers| numbers.iter().filter_map(Value::as_u64).sum())
}

#[test]
fn the_windows_of_a_page_add_up_to_its_report() {
    let folder = Folder::new();
    // Long enough for plots in the place of steps.
    let gen_args = [
        "gen",
        "zipf",
        "--cores",
        "3",
        "--accesses",
        "120000",
        "-o",
        "long.mtrace",
        "--write-percent",
        "30",
    ];
    folder.good(&gen_args);
    for (set, limit) in [("L1.size=1KiB", "1000000"), ("protocol=Dragon", "700")] {
        let args = ["report", "long.mtrace", "-o", "page.html", "-q", "--limit", limit];
        folder.good(&[&args[..], &["--set", set]].concat());
        let page = page_of(&folder, "page.html");
        assert!(page.len() < 5 << 20, "{} bytes", page.len());
        let steps: Value = serde_json::from_str(script(&page, "data-steps")).expect("JSON");
        let data: Value = serde_json::from_str(script(&page, "data-page")).expect("JSON");
        let (windows, report) = (&data["windows"], &data["report"]);
        let more = ["-q", "--limit", limit, "--set", set];
        assert_eq!(*report, report_of(&folder, "long.mtrace", &more));
        assert_eq!(report["lines"].as_array().map(Vec::len), Some(20));
        let references = report["totals"]["accesses"].as_u64().expect("a count");
        let is_long = references > 100_000;
        assert_eq!(limit != "700", is_long);
        let expected = if is_long { 1 } else { references + 1 };
        assert_eq!(steps.as_array().map(Vec::len), Some(expected as usize));
        let count = windows["invalidations"].as_array().expect("a list").len() as u64;
        let number = |value: &Value| value.as_u64().expect("a count");
        assert!(count < 500);
        assert_eq!(number(&windows["length"]) * (count - 1) + number(&windows["last"]), references);
        assert!(limit == "700" || sum(&windows["invalidations"]) > 1000);
        assert_eq!(sum(&windows["invalidations"]), number(&report["totals"]["invalidations"]));
        for (op, key) in [
            ("BusRd", "bus_rd"),
            ("BusRdX", "bus_rdx"),
            ("BusUpgr", "bus_upgr"),
            ("BusUpd", "bus_upd"),
        ] {
            assert_eq!(sum(&windows["bus"][op]), number(&report["totals"][key]), "{op}");
        }
        for (class, misses) in report["classes"].as_object().expect("an object") {
            assert_eq!(sum(&windows["classes"][class]), number(misses), "{class}");
        }
    }
}

/// Writes a trace in which core 0 reads a few lines, and core 1 now and then writes a word.
fn with_events(steps: u64, events: &[u64]) -> String {
    let mut trace = String::from("@cores 2\n");
    for step in 1..=steps {
        let line = 0x1000 + 64 * (step % 5);
        let _ = if events.contains(&step) {
            writeln!(trace, "1 W 0x1000")
        } else {
            writeln!(trace, "0 R {line:#x}")
        };
    }
    trace
}

/// Returns the steps that a page has, which are those of a replay, as numbers.
fn kept(page: &str, events: &[Value]) -> Vec<u64> {
    let steps: Value = serde_json::from_str(script(page, "data-steps")).expect("JSON");
    let steps = &steps.as_array().expect("a list")[1..];
    let number = |step: &Value| step["i"].as_u64().expect("a number");
    for step in steps {
        assert_eq!(*step, events[number(step) as usize]);
    }
    steps.iter().map(number).collect()
}

#[test]
fn a_page_of_a_long_trace_has_the_steps_round_what_is_asked_for() {
    let hits = [30, 60_000, 60_040, 100_990];
    let folder = Folder::with(&[("long.mtrace", &with_events(101_020, &hits))]);
    let replay = ["replay", "long.mtrace", "-q", "--set", "protocol=MSI", "--events", "e.jsonl"];
    folder.good(&replay);
    let events = page_of(&folder, "e.jsonl");
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    // 50 before and 50 after, as far as there are steps; two that are close make one stretch.
    let expected: Vec<u64> = (1..=80).chain(59_950..=60_090).chain(100_940..=101_020).collect();
    let report = ["report", "long.mtrace", "-o", "page.html", "--set", "protocol=MSI", "--around"];
    // Whenever core 1 writes, core 0 has read the line since, and loses it.
    for condition in ["core=1", "state S->I"] {
        let said = folder.good(&[&report[..], &[condition]].concat());
        let said = String::from_utf8(said).expect("UTF-8");
        // 80 + 141 + 81 steps.
        assert!(
            said.contains(&format!("with 302 steps, round 4 that meet {condition}\n")),
            "{said}"
        );
        let page = page_of(&folder, "page.html");
        assert_eq!(kept(&page, &events), expected, "{condition}");
        let data: Value = serde_json::from_str(script(&page, "data-page")).expect("JSON");
        let around = &data["around"];
        assert_eq!(around["condition"], condition);
        assert_eq!(around["hits"], serde_json::json!(hits));
        assert_eq!(around["is_full"], false);
        // The plots and counts are of all of it.
        assert_eq!(data["report"]["totals"]["accesses"], 101_020);
        let starts = around["starts"].as_array().expect("a list");
        let places: Vec<_> = starts.iter().map(|start| (&start["at"], &start["step"])).collect();
        let place = |at: u64, step: u64| (Value::from(at), Value::from(step));
        let wanted = [place(1, 1), place(81, 59_950), place(222, 100_940)];
        assert!(places.iter().copied().eq(wanted.iter().map(|(at, step)| (at, step))), "{around}");
        // Each stretch is about the five lines, and its states are those that the replay's steps
        // lead to: of a line, what its last step before the stretch left, as none is evicted.
        for start in starts {
            let first = start["step"].as_u64().expect("a number") as usize;
            let states = start["states"].as_object().expect("an object");
            let lines: Vec<&String> = states.keys().collect();
            assert_eq!(lines, ["0x1000", "0x1040", "0x1080", "0x10c0", "0x1100"]);
            for (line, states) in states {
                let last = events[1..first].iter().rfind(|step| step["line"] == **line);
                let after = last.map_or("II", |step| step["after"].as_str().expect("letters"));
                assert_eq!(states, after, "{line} before step {first}");
            }
        }
    }
    // Core 1 has the line of its first write ever after.
    folder.good(&[&report[..], &["bus=BusRdX", "-q"]].concat());
    assert_eq!(kept(&page_of(&folder, "page.html"), &events), (1..=80).collect::<Vec<_>>());
    // Where every fifth step is asked for, there are as many as a page can have.
    folder.good(&[&report[..], &["line=0x1040", "-q"]].concat());
    let page = page_of(&folder, "page.html");
    assert_eq!(kept(&page, &events), (1..=100_000).collect::<Vec<_>>());
    let data: Value = serde_json::from_str(script(&page, "data-page")).expect("JSON");
    assert_eq!(data["around"]["is_full"], true);
}

#[test]
fn pages_that_cannot_be_are_refused_and_leave_nothing() {
    let lines = [
        "report hostile.mtrace",
        "report hostile.mtrace -o page.html -c durable.ron",
        "report broken.mtrace -o page.html",
        "report hostile.mtrace -o nowhere/page.html",
        "report nothing.mtrace -o page.html",
        "report hostile.mtrace -o page.html --around bus=BusRdY",
        "report hostile.mtrace -o page.html --around core=2",
        "report hostile.mtrace -o page.html --around z",
        "report hostile.mtrace -o page.html --around state=I->Z",
        "report hostile.mtrace -o page.html --around bus=BusUpd -q",
        "report hostile.mtrace -o page.html --around line=0x4000 -q",
        "report empty.mtrace -o page.html --around core=1",
    ];
    insta::assert_snapshot!("report_refused", crate::crashes::refused(&folder(), &lines));
}

/// Tells whether there is a tool; says loudly what is left out without it.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn has(tool: &str) -> bool {
    let mut command = Command::new(tool);
    let is = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !is {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("\n!!! NO {tool}: {test} is left out\n");
    }
    is
}

#[test]
fn a_browser_shows_what_the_steps_say() {
    if !has("node") || !has("chromium") {
        return;
    }
    let folder = folder();
    folder.good(&["gen", "zipf", "--cores", "2", "--accesses", "120000", "-o", "long.mtrace"]);
    folder.good(&[
        "gen",
        "zipf",
        "--cores",
        "8",
        "--accesses",
        "90",
        "--lines",
        "40",
        "--write-percent",
        "40",
        "-o",
        "many.mtrace",
    ]);
    folder.write("events.mtrace", with_events(2030, &[3, 2000]).as_bytes());
    let scenarios = Path::new(ROOT).join("traces/scenarios");
    let scenario = |name: &str| scenarios.join(name).display().to_string();
    let pages = [
        vec!["hostile.mtrace".to_owned(), "-c".to_owned(), "small.ron".to_owned()],
        vec![scenario("false-sharing.mtrace")],
        vec![scenario("dirty-sharing.mtrace"), "--set".to_owned(), "protocol=Dragon".to_owned()],
        // More lines than the page shows at once, and evictions.
        ["many.mtrace", "--set", "L1.size=1KiB", "--set", "L2.size=1KiB"]
            .map(str::to_owned)
            .to_vec(),
        vec!["long.mtrace".to_owned()],
        // Stretches of a long one, where lines are evicted too.
        ["events.mtrace", "-c", "small.ron"].map(str::to_owned).to_vec(),
    ];
    for args in pages {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let around = ["--around", "core=1"];
        let around: &[&str] = if args[0] == "events.mtrace" { &around } else { &[] };
        folder.good(&[&["report", "-q", "-o", "page.html"], &args[..], around].concat());
        folder.good(&[&["replay", "-q", "--events", "e.jsonl"], &args[..]].concat());
        let report = report_of(&folder, args[0], &[&["-q"], &args[1..]].concat());
        folder.write("report.json", report.to_string().as_bytes());
        if args[0] == "long.mtrace" {
            let events = page_of(&folder, "e.jsonl");
            folder.write("e.jsonl", events.lines().next().expect("a line").as_bytes());
        }
        let mut command = Command::new("node");
        command.arg(Path::new(ROOT).join("tests/browser/report.mjs"));
        command
            .args(["chromium", "page.html", "e.jsonl", "report.json"])
            .current_dir(folder.path());
        let output = command.output().expect("node runs");
        let (said, complained) = (text(&output), error_text(&output));
        assert!(output.status.success(), "{args:?}: {said}{complained}");
    }
}
