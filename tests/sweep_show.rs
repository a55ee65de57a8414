//! `mesim sweep show` and `mesim replay --interleave` with several orders: against numbers that are
//! derived by hand, a second reckoning from the merged table, and single replays.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::crashes::refused;
use crate::record::has;
use crate::support::{Folder, ROOT, error_text, text};

/// One core goes over some lines again and again.
fn rounds(lines: u64) -> String {
    let mut trace = String::from("@cores 1\n");
    for _ in 0..10 {
        for line in 0..lines {
            let _ = writeln!(trace, "0 R {:#x}", 0x1000 + 64 * line);
        }
    }
    trace
}

/// Each of two cores stores so often to one line; core 0 does so first.
fn stores(each: usize) -> String {
    let of = |core: u32| format!("{core} W 0x1000\n").repeat(each);
    format!("@cores 2\n{}{}", of(0), of(1))
}

/// A first level of 2, 4 or 8 lines, any of which may lie anywhere, that keeps those used last.
const SIZES: &str = "(traces: [\"three.mtrace\", \"five.mtrace\"], set: {\"L1.ways\": Full}, \
    vary: {\"L1.size\": [\"128 B\", \"256 B\", \"512 B\"]})";

/// Several traces whose cores share lines, under protocols that differ on them.
const SHARING: &str = "(traces: [\"a.mtrace\", \"b.mtrace\", \"c.mtrace\"], \
    interleave: [\"recorded\", \"random:1..3\"], \
    vary: {\"protocol\": [\"MSI\", \"MESI\", \"Dragon\"], \"L1.size\": [\"1 KiB\", \"4 KiB\"]})";

fn run(space: &str, traces: &[(&str, String)]) -> Folder {
    let folder = Folder::with(&[("space.ron", space)]);
    for (name, trace) in traces {
        folder.write(name, trace.as_bytes());
    }
    folder.good(&["sweep", "plan", "space.ron", "-o", "plan.ron", "-q"]);
    folder.good(&["sweep", "run", "plan.ron", "-d", "results", "-q"]);
    folder
}

fn sizes() -> Folder {
    run(SIZES, &[("three.mtrace", rounds(3)), ("five.mtrace", rounds(5))])
}

fn sharing() -> Folder {
    let folder = Folder::new();
    let kinds = [("a", "ping-pong"), ("b", "zipf"), ("c", "producer-consumer")];
    let trace = |(name, kind): (&str, &str)| {
        let file = format!("{name}.mtrace");
        let count = if kind == "zipf" { "--accesses" } else { "--rounds" };
        folder.good(&["gen", kind, "--cores", "2", count, "400", "-o", &file]);
        String::from_utf8(folder.read(&file)).expect("a text")
    };
    let [a, b, c] = kinds.map(trace);
    run(SHARING, &[("a.mtrace", a), ("b.mtrace", b), ("c.mtrace", c)])
}

fn shown(folder: &Folder, flags: &[&str]) -> Value {
    let args = [&["sweep", "show", "results", "--json", "-"], flags].concat();
    serde_json::from_slice(&folder.good(&args)).expect("JSON alone")
}

fn printed(folder: &Folder, flags: &[&str]) -> String {
    let args = [&["sweep", "show", "results"], flags].concat();
    String::from_utf8(folder.good(&args)).expect("UTF-8")
}

/// Returns all cells of the merged table.
fn merged(folder: &Folder) -> Vec<Value> {
    folder.good(&["sweep", "merge", "results", "-o", "all.json", "-q"]);
    let all: Value = serde_json::from_slice(&folder.read("all.json")).expect("JSON");
    all["cells"].as_array().expect("a list").clone()
}

fn ids(cells: &Value) -> Vec<&str> {
    let cells = cells.as_array().expect("a list").iter();
    cells.map(|cell| cell["id"].as_str().expect("a text")).collect()
}

#[test]
fn a_summary_best_cells_and_fronts_are_those_of_an_lru_stack() {
    // Three lines in a cache of two that keeps those used last: each of 30 accesses misses; in a
    // larger one, the first 3. Five lines in a cache of two or of four: all 50, else the first 5.
    let folder = sizes();
    let summary = shown(&folder, &[]);
    assert_eq!(summary["schema"], "mesim.sweep-show/1");
    assert_eq!([&summary["cells"], &summary["done"]], [6, 6]);
    assert_eq!(summary["traces"][0]["ranges"]["misses"], json!([3, 30]));
    assert_eq!(summary["traces"][1]["ranges"]["misses"], json!([5, 50]));

    let best = &shown(&folder, &["--best", "misses"])["best"][0];
    let of_cells = |trace: usize| {
        let cells = best["traces"][trace]["cells"].as_array().expect("a list").iter();
        cells.map(|cell| cell["values"]["L1.size"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of_cells(0), ["256 B", "512 B"]);
    assert_eq!(of_cells(1), ["512 B"]);
    assert_eq!(best["overall"]["machines"][0]["values"]["L1.size"], "512 B");
    assert_eq!(best["overall"]["geometric_mean"], 1.0);

    let pareto = &shown(&folder, &["--pareto", "L1.size,misses"])["pareto"];
    let front = |trace: usize| {
        let points = pareto["traces"][trace]["points"].as_array().expect("a list").iter();
        let front = points.filter(|point| point["front"] == true);
        front.map(|point| [&point["x"], &point["y"]].map(Value::as_u64)).collect::<Vec<_>>()
    };
    assert_eq!(front(0), [[Some(128), Some(30)], [Some(256), Some(3)]]);
    assert_eq!(front(1), [[Some(128), Some(50)], [Some(512), Some(5)]]);

    let flags: [&[&str]; 4] = [
        &[],
        &["--best", "misses", "--best", "max:hits/accesses"],
        &["--pareto", "L1.size,misses"],
        &["--spread"],
    ];
    let mut all = String::new();
    for flags in flags {
        let _ = writeln!(all, "$ mesim sweep show results {}", flags.join(" "));
        let _ = writeln!(all, "{}", printed(&folder, flags));
    }
    insta::assert_snapshot!("sweep_show", all);
}

#[test]
fn ratios_without_a_number_below_are_left_out_and_counted() {
    let folder = sizes();
    // Where every access misses, misses/hits is nothing.
    let best = &shown(&folder, &["--best", "misses/hits"])["best"][0];
    assert_eq!(best["left_out"], 3);
    // 3 of 30 miss, and 5 of 50: a ninth of the hits.
    let value = best["traces"][1]["value"].as_f64().expect("a number");
    assert!((value - 5.0 / 45.0).abs() < 1e-12, "{value}");
    let text = printed(&folder, &["--best", "misses/hits"]);
    assert!(text.contains("left out   3 cells have a result, but no value of it\n"), "{text}");
}

/// Returns the value of a metric of a cell, by a second reading of what a metric is.
fn metric(cell: &Value, name: &str) -> Option<f64> {
    if let Some((over, under)) = name.split_once('/') {
        return Some(metric(cell, over)? / metric(cell, under)?).filter(|ratio| ratio.is_finite());
    }
    if name == "L1.size" {
        let size = cell["values"]["L1.size"].as_str()?;
        return size.strip_suffix(" KiB")?.parse().ok().map(|kib: f64| 1024.0 * kib);
    }
    cell["counts"][name].as_f64()
}

#[test]
fn best_cells_and_fronts_are_those_of_a_second_reckoning() {
    let folder = sharing();
    let cells = merged(&folder);
    assert_eq!(cells.len(), 72);
    let by_trace = |trace: &str| -> Vec<&Value> {
        cells.iter().filter(|cell| cell["trace"] == trace).collect()
    };
    let mut factors = Vec::new();
    for (name, more) in
        [("cycles", false), ("misses/accesses", false), ("bus.data_bytes", false), ("hits", true)]
    {
        let written = if more { format!("max:{name}") } else { name.to_owned() };
        let best = &shown(&folder, &["--best", &written])["best"][0];
        let value = |cell: &Value| metric(cell, name).expect("a value");
        let better = |a: f64, b: f64| if more { a > b } else { a < b };
        // By machine, what it has on each trace times the trace's best.
        let mut machines: BTreeMap<String, f64> = BTreeMap::new();
        for trace in best["traces"].as_array().expect("a list") {
            let of_trace = by_trace(trace["trace"].as_str().expect("a text"));
            let all = of_trace.iter().map(|cell| value(cell));
            let found = all.reduce(|a, b| if better(b, a) { b } else { a }).expect("cells");
            assert_eq!(trace["value"].as_f64(), Some(found), "{name}");
            let equal = of_trace.iter().filter(|cell| value(cell).total_cmp(&found).is_eq());
            let equal: Vec<_> = equal.map(|cell| cell["id"].as_str().expect("a text")).collect();
            assert_eq!(ids(&trace["cells"]), equal, "{name}");
            let mut of_machines: BTreeMap<String, Vec<f64>> = BTreeMap::new();
            for cell in &of_trace {
                of_machines.entry(cell["values"].to_string()).or_default().push(value(cell));
            }
            for (machine, mut values) in of_machines {
                values.sort_by(f64::total_cmp);
                // Four orders: the second one.
                let times = if more { found / values[1] } else { values[1] / found };
                *machines.entry(machine).or_insert(1.0) *= times;
            }
        }
        let product = machines.values().copied().fold(f64::INFINITY, f64::min);
        let overall = &best["overall"];
        let mean = overall["geometric_mean"].as_f64().expect("a number");
        assert!((mean - product.cbrt()).abs() < 1e-9, "{name}: {mean} and {}", product.cbrt());
        let named = overall["machines"][0]["values"].to_string();
        assert!((machines[&named] - product).abs() < 1e-9, "{name}: {named}");
        factors.push(mean);
    }
    // Not all of them are 1, which anything would give.
    assert!(factors.iter().any(|factor| *factor > 1.001), "{factors:?}");

    for (x, y) in [("L1.size", "cycles"), ("bus.data_bytes", "misses"), ("cycles", "max:hits")] {
        let pareto = &shown(&folder, &["--pareto", &format!("{x},{y}")])["pareto"];
        let more = y.starts_with("max:");
        let place = |cell: &Value| {
            let up = metric(cell, y.trim_start_matches("max:")).expect("a value");
            (metric(cell, x).expect("a value"), if more { -up } else { up })
        };
        let mut fronts = 0;
        for trace in pareto["traces"].as_array().expect("a list") {
            let of_trace = by_trace(trace["trace"].as_str().expect("a text"));
            let points = trace["points"].as_array().expect("a list");
            assert_eq!(points.len(), of_trace.len());
            for point in points {
                let find = |cell: &&&Value| cell["id"] == point["id"];
                let here = place(of_trace.iter().find(find).expect("a cell"));
                let beats = |cell: &&Value| {
                    let there = place(cell);
                    there.0 <= here.0 && there.1 <= here.1 && there != here
                };
                let in_front = !of_trace.iter().any(beats);
                assert_eq!(point["front"], in_front, "{x},{y}: {point}");
                fronts += usize::from(in_front);
            }
        }
        assert!(fronts >= 3 && fronts < cells.len(), "{fronts}");
    }
}

#[test]
fn missing_and_failed_cells_are_named_and_the_others_shown() {
    let folder = sizes();
    let best = &shown(&folder, &["--best", "max:L1.size"])["best"][0];
    let gone = ids(&best["traces"][0]["cells"])[0].to_owned();
    std::fs::remove_file(folder.join(&format!("results/{gone}.json"))).expect("it is there");
    let output = folder.run(&["sweep", "show", "results", "--best", "misses"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_text(&output).contains("E0808"), "{}", error_text(&output));
    // The largest is no machine that both traces have: of the others, the one of 4 lines.
    let shown = text(&output);
    assert!(shown.contains("all traces L1.size=256 B\n"), "{shown}");
    assert!(shown.contains("the least of the 2 machines with a value on every one\n"), "{shown}");
}

#[test]
fn a_plot_and_a_page_show_every_point_and_take_no_name_for_markup() {
    let hostile = "a<b>&'c;script.mtrace";
    let space = SIZES.replace("three.mtrace", hostile);
    let folder = run(&space, &[(hostile, rounds(3)), ("five.mtrace", rounds(5))]);
    let flags = ["--pareto", "L1.size,misses", "--svg", "p.svg", "--html", "p.html"];
    printed(&folder, &flags);
    let read = |name| String::from_utf8(folder.read(name)).expect("UTF-8");
    let (svg, page) = (read("p.svg"), read("p.html"));
    for (text, points) in [(&svg, 6 + 2), (&page, 6 + 2)] {
        // Those of the legend too.
        assert_eq!(text.matches("class=\"point ").count(), points);
        assert_eq!(text.matches("class=\"point behind\"").count(), 2);
        assert_eq!(text.matches("class=\"step\"").count(), 2);
        assert_eq!(text.matches("<b>").count(), 0);
        let title = "a&lt;b&gt;&amp;'c;script.mtrace; interleave: recorded; id: ";
        assert_eq!(text.matches(title).count(), 3);
        assert_eq!(text.matches("L1.size: 256 B; misses: 3; on the front</title>").count(), 1);
        assert_eq!(text.matches("L1.size: 256 B; misses: 50</title>").count(), 1);
        for loading in ["src=\"", "href=", "url(", "@import", "<link", "<iframe", "https:"] {
            assert!(!text.contains(loading), "{loading}");
        }
    }
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";
    assert!(page.contains(&format!("\"Content-Security-Policy\" content=\"{policy}\"")));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("tabindex=\"-1\"").count(), 2);
    // Less is better to the right and upwards: on along the first, then down.
    assert_eq!(svg.matches("class=\"step\" d=\"M84.0 ").count(), 2);
    assert!(svg.contains("H342.0V"), "{svg}");
    // Again: the same bytes.
    printed(&folder, &flags);
    assert_eq!([read("p.svg"), read("p.html")], [svg, page]);
    let best = printed(&folder, &["--pareto", "max:L1.size,misses", "--svg", "-"]);
    assert!(best.contains("L1.size, bytes (more is better)"), "{best}");
}

#[test]
fn what_is_no_metric_is_refused_with_what_is_one() {
    let folder = sizes();
    let lines = [
        "sweep show results --best miss",
        "sweep show results --best max:L1.siz",
        "sweep show results --best misses/acesses",
        "sweep show results --best misses/",
        "sweep show results --pareto misses",
        "sweep show results --pareto misses,L1.hits,cycles",
        "sweep show results --pareto misses,nothing.like.it",
        "sweep show results --svg p.svg",
        "sweep show results --json - --pareto misses,cycles --svg -",
        "sweep show nowhere",
    ];
    insta::assert_snapshot!("sweep_show_refused", refused(&folder, &lines));
}

#[test]
#[cfg(not(feature = "parquet"))]
fn a_program_without_parquet_says_how_to_get_it() {
    let lines = ["sweep merge results -o table.parquet"];
    insta::assert_snapshot!("sweep_show_no_parquet", refused(&sizes(), &lines));
}

#[test]
fn spreads_are_of_the_orders_of_each_trace_on_each_machine() {
    let folder = sharing();
    let cells = merged(&folder);
    let spreads = shown(&folder, &["--spread"])["spread"].clone();
    let spreads = spreads.as_array().expect("a list");
    assert_eq!(spreads.len(), 18);
    let mut differ = 0;
    for spread in spreads {
        assert_eq!(spread["orders"], json!(["recorded", "random:1", "random:2", "random:3"]));
        let is_of =
            |cell: &&Value| cell["trace"] == spread["trace"] && cell["values"] == spread["values"];
        let of: Vec<&Value> = cells.iter().filter(is_of).collect();
        let names = of[0]["counts"].as_object().expect("counters").keys();
        let ranges = spread["spread"].as_array().expect("a list");
        for name in names {
            differ += compare(ranges, &spread["equal"], name, &of);
        }
    }
    assert!(differ > 100, "{differ}");
}

/// Compares what is said of a counter with what was counted in each order; returns whether it
/// differs.
fn compare(ranges: &[Value], equal: &Value, name: &str, runs: &[&Value]) -> usize {
    let mut values: Vec<u64> =
        runs.iter().map(|run| run["counts"][name].as_u64().expect("a count")).collect();
    values.sort_unstable();
    let (min, max) = (values[0], values[values.len() - 1]);
    let range = ranges.iter().find(|range| range["counter"] == name);
    let Some(range) = range else {
        assert_eq!(min, max, "{name}");
        assert!(equal.as_array().expect("a list").contains(&json!(name)), "{name}");
        return 0;
    };
    assert!(min < max, "{name}");
    let median = values[values.len().div_ceil(2) - 1];
    assert_eq!([&range["min"], &range["median"], &range["max"]], [min, median, max], "{name}");
    for (key, value) in [("min_in", min), ("max_in", max)] {
        let orders = runs.iter().filter(|run| run["counts"][name] == value);
        let orders: Vec<_> = orders.map(|run| run["interleave"].clone()).collect();
        assert_eq!(range[key], Value::Array(orders), "{name}");
    }
    1
}

#[test]
fn orders_beside_each_other_count_what_each_counts_alone() {
    let folder = Folder::new();
    let gen_args = ["gen", "zipf", "--cores", "3", "--accesses", "2000", "--lines", "40"];
    folder.good(&[&gen_args[..], &["--write-percent", "40", "-o", "z.mtrace"]].concat());
    let list = "recorded,clock,rr:1,rr:4,random:7..9";
    let args = ["replay", "z.mtrace", "--classify", "-q", "--json", "-", "--interleave"];
    let all: Value =
        serde_json::from_slice(&folder.good(&[&args[..], &[list]].concat())).expect("JSON alone");
    assert_eq!(all["schema"], "mesim.interleavings/1");
    let runs = all["orders"].as_array().expect("a list");
    let orders = ["recorded", "clock", "rr:1", "rr:4", "random:7", "random:8", "random:9"];
    assert_eq!(runs.len(), orders.len());
    for (run, order) in runs.iter().zip(orders) {
        let alone: Value =
            serde_json::from_slice(&folder.good(&[&args[..], &[order]].concat())).expect("JSON");
        assert_eq!(run["interleave"], order);
        assert_eq!(alone["machine"], all["machine"]);
        let counts = &run["counts"];
        let mut found = 0;
        for (prefix, part) in [("", "totals"), ("classes.", "classes"), ("memory.", "memory")] {
            for (name, value) in alone[part].as_object().expect("an object") {
                if value.is_number() {
                    assert_eq!(counts[&format!("{prefix}{name}")], *value, "{order}: {name}");
                    found += 1;
                }
            }
        }
        assert!(found > 40, "{found}");
    }
    let runs: Vec<&Value> = runs.iter().collect();
    let names = runs[0]["counts"].as_object().expect("counters").keys();
    let ranges = all["spread"].as_array().expect("a list");
    let differ: usize = names.map(|name| compare(ranges, &all["equal"], name, &runs)).sum();
    assert_eq!(differ, ranges.len());
    assert!(differ > 20, "{differ}");
}

#[test]
fn turns_of_two_writers_are_as_many_invalidations_as_there_are_changes_of_turn() {
    // Whoever stores after the other takes the line from it. In turns of one store, all but the
    // first of 2n take it: 2n - 1. In turns of n, one.
    for n in [1, 4, 25] {
        let folder = Folder::with(&[("s.mtrace", &stores(n))]);
        let list = format!("rr:1,rr:{}", n + 1);
        let args = ["replay", "s.mtrace", "-q", "--json", "-", "--interleave", &list];
        let all: Value = serde_json::from_slice(&folder.good(&args)).expect("JSON alone");
        let of = |order: usize| all["orders"][order]["counts"]["invalidations"].as_u64();
        assert_eq!([of(0), of(1)], [Some(2 * n as u64 - 1), Some(1)]);
        let ranges = all["spread"].as_array().expect("a list");
        let range = ranges.iter().find(|range| range["counter"] == "invalidations");
        // Of two, the lower one is in the middle.
        let median = range.map(|range| range["median"].as_u64());
        assert_eq!(median, (n > 1).then_some(Some(1)));
    }
    let folder = Folder::with(&[("s.mtrace", &stores(4))]);
    let args = ["replay", "s.mtrace", "-q", "--counts-only", "--interleave", "rr:1..4,recorded"];
    insta::assert_snapshot!("interleavings", String::from_utf8(folder.good(&args)).expect("UTF-8"));
}

#[test]
fn several_orders_are_refused_where_one_is_replayed() {
    let folder = Folder::with(&[("s.mtrace", &stores(4))]);
    let lines = [
        "replay s.mtrace --interleave rr:1..2 --compare mesi,moesi",
        "replay s.mtrace --interleave rr:1..2 --vary L1.size=16KiB,32KiB",
        "replay s.mtrace --interleave rr:1..2 --events e.jsonl",
        "replay s.mtrace --interleave rr:1..2 --jobs 2 --counts-only",
        "replay s.mtrace --interleave rr:1..2 --top 3",
        "replay s.mtrace --interleave rr:1..2 --coverage",
        "replay - --interleave rr:1,clock",
        "step s.mtrace --interleave rr:1,clock",
        "crash s.mtrace --interleave rr:1,clock -c configs/presets/cpu.ron",
        "replay s.mtrace --interleave rr:1,rr:1",
        "replay s.mtrace --interleave random:2..1",
        "replay s.mtrace --interleave rr:1,",
    ];
    insta::assert_snapshot!("interleavings_refused", refused(&folder, &lines));
    // A range of one order is one order.
    let alone = folder.good(&["replay", "s.mtrace", "-q", "--interleave", "rr:2"]);
    assert_eq!(folder.good(&["replay", "s.mtrace", "-q", "--interleave", "rr:2..2"]), alone);
}

#[test]
fn a_page_says_by_keyboard_and_mouse_which_cell_a_point_is() {
    if !has("node") || !has("chromium") {
        return;
    }
    let folder = sizes();
    let flags = ["--pareto", "L1.size,misses", "--html", "p.html", "--json", "p.json"];
    printed(&folder, &flags);
    let mut command = Command::new("node");
    command.arg(Path::new(ROOT).join("tests/browser/sweep.mjs"));
    command.args(["chromium", "p.html", "p.json"]).current_dir(folder.path());
    let output = command.output().expect("node runs");
    assert!(output.status.success(), "{}{}", text(&output), error_text(&output));
}

#[test]
#[cfg(feature = "parquet")]
fn a_parquet_table_has_what_the_json_has_and_nulls_where_a_cell_has_none() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let folder = sizes();
    let gone = merged(&folder)[1]["id"].as_str().expect("a text").to_owned();
    std::fs::remove_file(folder.join(&format!("results/{gone}.json"))).expect("it is there");
    let write = |name: &str| {
        let output = folder.run(&["sweep", "merge", "results", "-o", name, "-o", "all.json"]);
        assert_eq!(output.status.code(), Some(1), "{}", error_text(&output));
        folder.read(name)
    };
    // The same bytes again.
    assert_eq!(write("one.parquet"), write("two.parquet"));
    let all: Value = serde_json::from_slice(&folder.read("all.json")).expect("JSON");
    let cells = all["cells"].as_array().expect("a list");
    let file = std::fs::File::open(folder.join("one.parquet")).expect("it is there");
    let reader = SerializedFileReader::new(file).expect("it is Parquet");
    let by = reader.metadata().file_metadata().created_by();
    assert_eq!(by, Some(concat!("mesim ", env!("CARGO_PKG_VERSION"))));
    let (mut rows, mut nulls, mut numbers) = (0, 0, 0);
    for (row, cell) in reader.get_row_iter(None).expect("rows").zip(cells) {
        let row = row.expect("a row");
        rows += 1;
        for (name, field) in row.get_column_iter() {
            let text = |value: &Value| Field::Str(value.as_str().unwrap_or_default().to_owned());
            let is_gone = cell["id"] == gone.as_str();
            let expected = match name.as_str() {
                "status" => Field::Str(if is_gone { "missing" } else { "done" }.to_owned()),
                "id" | "trace" | "config" | "interleave" => text(&cell[name]),
                "L1.size" => text(&cell["values"][name]),
                _ => cell["counts"][name].as_i64().map_or(Field::Null, Field::Long),
            };
            assert_eq!(*field, expected, "{name}");
            nulls += usize::from(*field == Field::Null);
            numbers += usize::from(matches!(field, Field::Long(_)));
        }
    }
    let counters = cells[0]["counts"].as_object().expect("counters").len();
    assert_eq!((rows, nulls, numbers), (6, counters, 5 * counters));
}
