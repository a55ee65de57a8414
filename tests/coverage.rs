//! `mesim replay --coverage`: which cells of a protocol's tables a trace uses.

use serde_json::{Value, json};

use crate::support::{Folder, ROOT, error_text, mesim, text};

/// Three cores; an L1 of two direct-mapped lines, in one of which 0x1000 and 0x1080 meet.
const MACHINE: (&str, &str) = (
    "machine.ron",
    r#"(cores: 3, protocol: "MSI", caches: [(name: "L1", size: "128 B", ways: 1, latency: 1)])"#,
);

/// Goes through every cell of MSI. Behind each access: the cell of its core, then those of others.
const EVERY_CELL: (&str, &str) = (
    "every-cell.mtrace",
    "@cores 3
let x = 0x1000
let y = 0x1080
0 R x   # I.Load; I.BusRd, I.BusRd
0 R x   # S.Load
1 R x   # I.Load; S.BusRd, I.BusRd
1 W x   # S.Store; S.BusUpgr, I.BusUpgr
1 R x   # M.Load
1 W x   # M.Store
2 R x   # I.Load; I.BusRd, M.BusRd
0 W x   # I.Store; S.BusRdX, S.BusRdX
1 W x   # I.Store; M.BusRdX, I.BusRdX
1 C x   # M.Clean
1 C x   # S.Clean
1 R y   # S.Evict, I.Load; I.BusRd, I.BusRd
1 W y   # S.Store; I.BusUpgr, I.BusUpgr
1 R x   # M.Evict, I.Load; I.BusRd, I.BusRd
",
);

fn report(folder: &Folder, args: &[&str]) -> Value {
    let fixed = ["replay", "every-cell.mtrace", "-c", "machine.ron", "-q", "--json", "-"];
    serde_json::from_slice(&folder.good(&[&fixed[..], args].concat())).expect("JSON")
}

#[test]
fn a_trace_that_goes_through_every_cell_of_msi_uses_all_18() {
    let folder = Folder::with(&[MACHINE, EVERY_CELL]);
    let expected = json!({
        "processor": {
            "I": {"Load": 5, "Store": 2},
            "S": {"Load": 1, "Store": 2, "Evict": 1, "Clean": 1},
            "M": {"Load": 1, "Store": 1, "Evict": 1, "Clean": 1},
        },
        "snoop": {
            "I": {"BusRd": 8, "BusRdX": 1, "BusUpgr": 3},
            "S": {"BusRd": 1, "BusRdX": 2, "BusUpgr": 1},
            "M": {"BusRd": 1, "BusRdX": 1},
        },
        "used": 18,
        "of": 18,
    });
    // Beside every other observer.
    for others in [&[][..], &["--classify"], &["--check"], &["--classify", "--check"]] {
        let with = report(&folder, &[&["--coverage"], others].concat());
        assert_eq!(with["coverage"], expected, "{others:?}");
        // Nothing else changes.
        let mut without = report(&folder, others);
        without["coverage"] = expected.clone();
        assert_eq!(with, without, "{others:?}");
    }
}

#[test]
fn the_warm_up_is_not_in_the_count() {
    // The last of the twelve accesses: M.Evict, I.Load, and I.BusRd at two cores.
    let folder = Folder::with(&[MACHINE, EVERY_CELL]);
    let coverage = &report(&folder, &["--coverage", "--warmup", "11"])["coverage"];
    assert_eq!(coverage["processor"]["M"]["Evict"], 1);
    assert_eq!(coverage["processor"]["I"]["Load"], 1);
    assert_eq!(coverage["snoop"]["I"]["BusRd"], 2);
    assert_eq!((&coverage["used"], &coverage["of"]), (&json!(3), &json!(18)));
}

/// Adds up a column of a table, or all of it.
fn sum(table: &Value, event: Option<&str>) -> u64 {
    let rows = table.as_object().expect("rows").values();
    let cells = rows.flat_map(|row| row.as_object().expect("cells"));
    let wanted = cells.filter(|(name, _)| event.is_none_or(|event| event == *name));
    wanted.map(|(_, uses)| uses.as_u64().expect("a number")).sum()
}

/// Runs in the root of the repository.
fn at_root(line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let output = mesim().args(&args).current_dir(ROOT).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{line}: {}", error_text(&output));
    text(&output)
}

#[test]
fn every_load_uses_a_cell_and_every_transaction_one_at_each_other_core() {
    let line = "replay traces/lock-ttas.mtrace.xz --compare msi,mesi,moesi,mesif,dragon -q \
                --coverage --json -";
    let all: Value = serde_json::from_str(&at_root(line)).expect("JSON");
    for run in all["runs"].as_array().expect("runs") {
        let (name, report) = (&run["protocol"], &run["report"]);
        let total = |key: &str| report["totals"][key].as_u64().expect("a counter");
        let others = report["machine"]["cores"].as_u64().expect("a number") - 1;
        let coverage = &report["coverage"];
        assert_eq!(sum(&coverage["processor"], Some("Load")), total("reads"), "{name}");
        // A store that misses under Dragon reads the line, then stores in the state reached.
        let twice = if name == "Dragon" { total("write_misses") } else { 0 };
        let stores = total("writes") + total("atomics") + twice;
        assert_eq!(sum(&coverage["processor"], Some("Store")), stores, "{name}");
        let transactions = ["bus_rd", "bus_rdx", "bus_upgr", "bus_upd"].map(total);
        let snooped = transactions.iter().sum::<u64>() * others;
        assert!(snooped > 0);
        assert_eq!(sum(&coverage["snoop"], None), snooped, "{name}");
    }
}

/// MESI, by hand. Own: I.Load 2 and I.Store 1 (the misses), E.Store, S.Store, M.Load. Others: the
/// first read meets I, the second M; the upgrade meets S; the store that comes back meets M.
#[test]
fn unused_cells_are_marked_and_impossible_ones_are_not_counted() {
    let trace = "traces/scenarios/quiz-six-accesses.mtrace";
    let alone = format!("replay {trace} --coverage -q");
    let shown = at_root(&alone);
    let tables = &shown[shown.find("cells ").expect("the tables")..];
    let together = format!("replay {trace} --coverage -q --compare mesi,dragon");
    let shown = at_root(&together);
    let compared = &shown[shown.find("cells ").expect("the tables")..];
    insta::assert_snapshot!(format!("$ mesim {alone}\n{tables}\n$ mesim {together}\n{compared}"));
}
