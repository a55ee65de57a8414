//! `mesim report`: what its page holds, and what a browser shows of it.
//!
//! The test in a browser says so on standard error and is left out where there is no browser.

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

#[test]
fn pages_that_cannot_be_are_refused_and_leave_nothing() {
    let lines = [
        "report hostile.mtrace",
        "report hostile.mtrace -o page.html -c durable.ron",
        "report broken.mtrace -o page.html",
        "report hostile.mtrace -o nowhere/page.html",
        "report nothing.mtrace -o page.html",
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
    ];
    for args in pages {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        folder.good(&[&["report", "-q", "-o", "page.html"], &args[..]].concat());
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
