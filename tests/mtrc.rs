//! The container as the command meets it: the same reports, an info that reads no record, and
//! refusals that name the place.

use std::fmt::Write as _;

use trace::{Format, Header, Module, Op, Record};

use crate::support::{Folder, ROOT, error_text, text};

/// Writes a trace of three cores in four chunks as mtrace and, with each codec, as mtrc.
fn traces() -> Folder {
    let folder = Folder::new();
    let mut trace = String::from("@cores 3\n@line 64\n@title Three cores\n");
    for i in 0..200_000_u32 {
        if i % 1000 == 0 {
            let _ = writeln!(trace, "@time {} us", i / 10);
        }
        let (core, op) = (i / 7 % 3, ["R", "W", "I", "A"][i as usize / 5 % 4]);
        let _ = writeln!(trace, "{core} {op} {:#x} {}", (i * 24) % 0x9000, 1 << (i % 4));
    }
    trace += "0 B\n1 C 0x1000 64\n2 F *\n1 T 100\n";
    folder.write("t.mtrace", trace.as_bytes());
    for codec in ["raw", "lz4", "zstd"] {
        folder.good(&["convert", "t.mtrace", &format!("{codec}.mtrc"), "--codec", codec]);
    }
    folder
}

/// Returns where a pattern begins for the nth time, from 0.
fn nth(bytes: &[u8], pattern: &[u8], n: usize) -> usize {
    let found = bytes.windows(pattern.len()).enumerate().filter(|(_, window)| *window == pattern);
    found.map(|(at, _)| at).nth(n).expect("the pattern is there")
}

#[test]
fn a_report_does_not_depend_on_the_container() {
    let folder = traces();
    for order in ["recorded", "clock", "rr:3", "random:9"] {
        let report =
            |name| folder.good(&["replay", name, "--json", "-", "--interleave", order, "--quiet"]);
        let expected = report("t.mtrace");
        for name in ["raw.mtrc", "lz4.mtrc", "zstd.mtrc"] {
            assert_eq!(report(name), expected, "{name}, {order}");
        }
    }
    let expected = folder.good(&["replay", "t.mtrace", "--json", "-"]);
    let bytes = folder.read("zstd.mtrc");
    let piped = folder.feed(&["replay", "-", "--json", "-"], &bytes);
    assert_eq!(piped.stdout, expected, "{}", error_text(&piped));
    for ending in ["gz", "zst"] {
        let name = format!("again.mtrc.{ending}");
        folder.good(&["convert", "raw.mtrc", &name]);
        assert_eq!(folder.good(&["replay", &name, "--json", "-"]), expected, "{name}");
    }
}

#[test]
fn nothing_is_lost_on_the_way_there_and_back() {
    let folder = traces();
    folder.good(&["convert", "t.mtrace", "once.mtrace"]);
    folder.good(&["convert", "zstd.mtrc", "back.mtrace", "--strict"]);
    assert!(folder.read("back.mtrace") == folder.read("once.mtrace"));
    // Written into a pipe it is the same file.
    let piped = folder.good(&["convert", "t.mtrace", "-", "--to", "mtrc", "--codec", "lz4"]);
    assert!(piped == folder.read("lz4.mtrc"));
    folder.good(&["gen", "zipf", "--accesses", "70000", "-o", "made.mtrc"]);
    folder.good(&["gen", "zipf", "--accesses", "70000", "-o", "made.mtrace"]);
    folder.good(&["convert", "made.mtrace", "same.mtrc"]);
    assert!(folder.read("made.mtrc") == folder.read("same.mtrc"));
}

#[test]
fn per_core_files_become_a_container_in_the_order_of_its_records() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("cores")).expect("a folder");
    folder.write("cores/core0.percore", b"r 0x10\nw 0x20\n");
    folder.write("cores/core1.percore", b"r 0x20\nr 0x10\n");
    folder.good(&["convert", "cores", "one.mtrc"]);
    folder.good(&["convert", "cores", "one.mtrace"]);
    let report = |name| folder.good(&["replay", name, "--json", "-"]);
    assert_eq!(report("one.mtrc"), report("one.mtrace"));
}

#[test]
fn info_reads_the_header_and_the_index() {
    let folder = traces();
    let mut shown = String::new();
    let mut show = |args: &[&str]| {
        let output = folder.run(args);
        let (out, error) = (text(&output), error_text(&output));
        assert_eq!(output.status.code(), Some(0), "{args:?}: {error}");
        let _ = writeln!(shown, "$ mesim {}\n{out}{error}", args.join(" "));
    };
    let mut bytes = folder.read("raw.mtrc");
    let second = nth(&bytes, b"CHNK", 1);
    bytes[second + 500] ^= 1;
    folder.write("damaged.mtrc", &bytes);
    let index = nth(&bytes, b"INDX", 0);
    bytes[second + 500] ^= 1;
    folder.write("stopped.mtrc", &bytes[..index]);
    folder.good(&["convert", &format!("{ROOT}/traces/handoff.lackey.xz"), "handoff.mtrc"]);
    show(&["info", "damaged.mtrc"]);
    show(&["info", "stopped.mtrc"]);
    show(&["info", "handoff.mtrc"]);
    show(&["info", "zstd.mtrc", "--scan"]);
    insta::assert_snapshot!("mtrc_info", shown);
    let replay = folder.run(&["replay", "stopped.mtrc", "--quiet", "--json", "report.json"]);
    assert_eq!(error_text(&replay).matches("warning[W0103]").count(), 1);
    let piped = folder.feed(&["info", "-"], &folder.read("raw.mtrc"));
    assert_eq!(piped.stdout, folder.good(&["info", "raw.mtrc"]));
    let whole = folder.good(&["replay", "raw.mtrc", "--json", "-"]);
    assert_eq!(folder.read("report.json"), whole);
}

#[test]
fn info_names_each_file_that_instructions_are_of_once() {
    let module = |start, path: &str| Module {
        start,
        end: start + 0x1000,
        offset: 0,
        path: path.to_owned(),
        build_id: None,
    };
    // Two parts of one file are two modules.
    let modules = [module(0x1000, "/bin/a"), module(0x3000, "/bin/a"), module(0x7000, "/lib/b")];
    let header = Header { pcs: true, ..Header::new(Format::Mtrc) };
    let mut bytes = Vec::new();
    let sink = trace::writer(Format::Mtrc, &header, Box::new(&mut bytes));
    let mut sink = sink.expect("a format that is written");
    let records = [Record::event(0, Op::Pc, 0x1004), Record::access(0, Op::Read, 0x40, 8)];
    sink.write(&records).expect("records that a reader takes");
    sink.modules(&modules);
    assert!(sink.finish().expect("a Vec takes everything").is_empty());
    let folder = Folder::with(&[("none.mtrace", "0 R 0x40 8\n")]);
    folder.write("modules.mtrc", &bytes);
    let info = text(&folder.run(&["info", "modules.mtrc"]));
    assert!(info.contains("\ncode of    a, b\n"), "{info}");
    assert_eq!(text(&folder.feed(&["info", "-"], &bytes)), info);
    folder.good(&["convert", "none.mtrace", "none.mtrc"]);
    let info = text(&folder.run(&["info", "none.mtrc"]));
    assert!(!info.contains("code of"), "{info}");
}

#[test]
fn damaged_containers_are_refused_at_their_place() {
    let folder = traces();
    let bytes = folder.read("raw.mtrc");
    let (second, index) = (nth(&bytes, b"CHNK", 1), nth(&bytes, b"INDX", 0));
    let changed = |name: &str, at: usize, bit: u8| {
        let mut bytes = bytes.clone();
        bytes[at] ^= bit;
        folder.write(name, &bytes);
    };
    changed("payload.mtrc", second + 500, 1);
    changed("head.mtrc", second + 8, 1);
    changed("header.mtrc", 30, 1);
    changed("magic.mtrc", 5, 7);
    changed("newer.mtrc", 8, 2);
    changed("index.mtrc", index + 40, 1);
    folder.write("cut.mtrc", &bytes[..second + 700]);
    folder.write("late.mtrc", &bytes[..index + 70]);
    folder.write("more.mtrc", &[&bytes[..], b"more"].concat());
    folder.write("text.mtrc", b"0 R 0x10\n");
    folder.write("empty.mtrc", b"");
    let mut shown = String::new();
    for name in [
        "payload", "head", "header", "magic", "newer", "index", "cut", "late", "more", "text",
        "empty",
    ] {
        let output = folder.run(&["replay", &format!("{name}.mtrc")]);
        let error = error_text(&output);
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(2), ""), "{error}");
        let _ = writeln!(shown, "$ mesim replay {name}.mtrc\n{error}");
    }
    insta::assert_snapshot!("mtrc_damage", shown);
    // What the help says of a cut file works.
    folder.write("whole.mtrc", &bytes[..second]);
    let output = folder.run(&["replay", "whole.mtrc", "--quiet"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(error_text(&output).contains("warning[W0103]"), "{}", error_text(&output));
}

#[test]
fn a_machine_with_fewer_cores_is_told_the_record() {
    let folder = traces();
    let output = folder.run(&["replay", "zstd.mtrc", "--cores", "2"]);
    let error = error_text(&output);
    assert!(error.contains("error[E0114]") && error.contains("record 16 at byte"), "{error}");
}
