//! Traces made from others: what is kept is counted from the text of the trace, line by line.

use std::fmt::Write as _;

use crate::support::{Folder, ROOT, error_text, text};

/// An access as a line of the text format has it.
#[derive(Clone, PartialEq, Debug)]
struct Line {
    core: u64,
    op: String,
    addr: u64,
    size: u64,
}

/// Reads mesim's text, without the crate that reads it.
fn lines(text: &str) -> Vec<Line> {
    let records = text.lines().filter(|line| !line.starts_with(['@', '#']) && !line.is_empty());
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let digits = fields[2].trim_start_matches("0x");
        Line {
            core: fields[0].parse().expect("a core"),
            op: fields[1].to_owned(),
            addr: u64::from_str_radix(digits, 16).expect("an address"),
            size: fields.get(3).map_or(4, |size| size.parse().expect("a size")),
        }
    };
    records.map(line).collect()
}

/// A shipped trace of three threads, and its lines.
fn recorded() -> (Folder, Vec<Line>) {
    let folder = Folder::new();
    let trace = format!("{ROOT}/traces/xz-t2.lackey.xz");
    folder.good(&["convert", &trace, "all.mtrace"]);
    let all = lines(&String::from_utf8(folder.read("all.mtrace")).expect("a text"));
    assert!(all.len() > 1_000_000);
    (folder, all)
}

fn written(folder: &Folder, args: &[&str]) -> Vec<Line> {
    folder.good(&[args, &["-o", "out.mtrc"]].concat());
    folder.good(&["convert", "out.mtrc", "out.mtrace"]);
    lines(&String::from_utf8(folder.read("out.mtrace")).expect("a text"))
}

#[test]
fn a_cut_keeps_what_every_flag_allows() {
    let (folder, all) = recorded();
    let (low, high) = (all[700_000].addr, all[700_000].addr + 0x2000);
    let range = format!("{low:#x}-{high:#x}");
    let keeps = |flags: &[&str], is_kept: &dyn Fn(usize, &Line) -> bool| {
        let expected: Vec<Line> = all
            .iter()
            .enumerate()
            .filter(|(n, line)| is_kept(n + 1, line))
            .map(|(_, line)| line.clone())
            .collect();
        assert!(expected.len() > 100 && expected.len() < all.len(), "{flags:?}");
        let args = [&["trace", "cut", "all.mtrace"][..], flags].concat();
        assert!(written(&folder, &args) == expected, "{flags:?}");
    };
    keeps(&["--cores", "0,2"], &|_, line| line.core != 1);
    keeps(&["--records", "5000-700000"], &|n, _| (5000..=700_000).contains(&n));
    keeps(&["--kinds", "writes"], &|_, line| line.op == "W");
    let near = |line: &Line| line.addr <= high && line.addr + line.size > low;
    keeps(&["--addresses", &range], &|_, line| near(line));
    let flags = ["--addresses", &range, "--cores", "1-2", "--kinds", "reads,writes"];
    keeps(&flags, &|_, line| near(line) && line.core > 0);
}

#[test]
fn a_remap_changes_numbers_and_nothing_else() {
    let (folder, all) = recorded();
    let moved = |changed: &dyn Fn(&mut Line)| {
        let mut lines = all.clone();
        lines.iter_mut().for_each(changed);
        lines
    };
    let args = ["trace", "remap", "all.mtrace", "--cores", "0=5,5=0"];
    let expected = moved(&|line| line.core = if line.core == 0 { 5 } else { line.core });
    assert!(written(&folder, &args) == expected);
    let args = ["trace", "remap", "all.mtrace", "--ways", "2"];
    assert!(written(&folder, &args) == moved(&|line| line.core %= 2));
    let (low, high) = (all[700_000].addr & !0xfff, all[700_000].addr | 0xfff);
    let there = format!("{low:#x}-{high:#x}=0x123000");
    let expected = moved(&|line| {
        if (low..=high).contains(&line.addr) {
            line.addr = line.addr - low + 0x12_3000;
        }
    });
    assert!(written(&folder, &["trace", "remap", "all.mtrace", "--move", &there]) == expected);
}

#[test]
fn files_of_cores_are_merged_in_the_order_that_is_asked_for() {
    let folder = Folder::new();
    folder.write("c0.din", b"0 10\n0 14\n0 18\n0 1c\n0 20\n");
    folder.write("c1.din", b"1 30\n1 34\n");
    let cores = |flags: &[&str]| {
        let args = [&["trace", "merge", "c0.din", "c1.din"][..], flags].concat();
        written(&folder, &args).iter().map(|line| line.core).collect::<Vec<_>>()
    };
    assert_eq!(cores(&[]), [0, 1, 0, 1, 0, 0, 0]);
    assert_eq!(cores(&["--interleave", "rr:3"]), [0, 0, 0, 1, 1, 0, 0]);
    let drawn = cores(&["--interleave", "random:4"]);
    assert_eq!(drawn.iter().sum::<u64>(), 2);
    assert_eq!(drawn, cores(&["--interleave", "random:4"]));
    let info = text(&folder.run(&["info", "out.mtrc"]));
    assert!(info.contains("merged, random:4") && info.contains("order      recorded"), "{info}");
}

#[test]
fn what_leaves_nothing_or_cannot_be_is_refused() {
    let folder = Folder::new();
    folder.write("t.mtrace", b"0 R 0x1000\n1 W 0x2000\n");
    let cases: [(&[&str], &str); 6] = [
        (&["cut", "t.mtrace", "--cores", "7"], "E0322"),
        (&["cut", "t.mtrace", "--records", "3-9"], "E0322"),
        (&["cut", "t.mtrace", "--cores", "3-1"], "E0312"),
        (&["cut", "t.mtrace", "--kinds", "read"], "the kinds are reads, writes"),
        (&["remap", "t.mtrace", "--move", "0-1=0xffffffffffffffff"], "past the last address"),
        (&["merge", "t.mtrace", "--interleave", "clock"], "clocks are a machine's"),
    ];
    for (args, expected) in cases {
        let output = folder.run(&[&["trace"], args, &["-o", "out.mtrc"]].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(error_text(&output).contains(expected), "{args:?}: {}", error_text(&output));
        assert!(!folder.join("out.mtrc").exists(), "{args:?}");
    }
}

#[test]
fn lines_are_counted_by_who_touches_them() {
    let (folder, all) = recorded();
    let mut touched = std::collections::BTreeMap::<u64, (u64, u64)>::new();
    for line in &all {
        for at in line.addr / 64..=(line.addr + line.size - 1) / 64 {
            let (cores, writers) = touched.entry(at).or_default();
            *cores |= 1 << line.core;
            *writers |= u64::from(line.op == "W") << line.core;
        }
    }
    let by = |count: u32| touched.values().filter(|(cores, _)| cores.count_ones() == count).count();
    let written = touched.values().filter(|(_, writers)| writers.count_ones() > 1).count();
    let expected = format!(
        "shared     lines of data by one core {}, by two {}, by more {}; written by several {}",
        by(1),
        by(2),
        by(3),
        written
    );
    let info = text(&folder.run(&["info", "all.mtrace"]));
    assert!(info.contains(&expected), "{info}\n{expected}");
}

#[test]
fn what_is_whole_of_a_damaged_trace_is_replayed_when_that_is_asked_for() {
    let folder = Folder::new();
    let accesses = 3 * 65_536;
    let mut trace = String::new();
    for n in 0..accesses {
        let _ = writeln!(trace, "0 R {:#x} 4", n * 4);
    }
    folder.write("t.mtrace", trace.as_bytes());
    folder.good(&["convert", "t.mtrace", "t.mtrc", "--codec", "raw"]);
    let mut bytes = folder.read("t.mtrc");
    let heads = bytes.windows(4).enumerate().filter(|(_, tag)| *tag == b"CHNK");
    let second = heads.map(|(at, _)| at).nth(1).expect("three chunks");
    bytes[second + 5000] ^= 1;
    folder.write("t.mtrc", &bytes);
    let refused = folder.run(&["replay", "t.mtrc", "--quiet"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(error_text(&refused).contains("chunk 2"), "{}", error_text(&refused));
    let left = folder.run(&["replay", "t.mtrc", "--quiet", "--salvage"]);
    assert_eq!(left.status.code(), Some(0));
    assert!(text(&left).contains("counted    131,072 accesses"), "{}", text(&left));
    let warning = error_text(&left);
    assert!(warning.contains("W0104") && warning.contains("65536 records at 1 place"), "{warning}");
}
