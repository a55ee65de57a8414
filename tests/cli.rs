//! The command as a user meets it: above all, what it says when something is wrong.
//!
//! Every refusal is checked for what all of them promise: exit code 2, a diagnostic with a code,
//! nothing on standard output, no escape codes, and no file left behind or changed.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::process::Output;

use crate::support::{Folder, ROOT, error_text, mesim, text};

/// What a session at a terminal would show: each command and what it said on standard error.
struct Transcript<'a> {
    folder: &'a Folder,
    shown: String,
}

impl<'a> Transcript<'a> {
    fn of(folder: &'a Folder) -> Self {
        Self { folder, shown: String::new() }
    }

    /// Runs a command that has to be refused.
    fn refused(&mut self, line: &str) -> &mut Self {
        let args: Vec<&str> = line.split_whitespace().collect();
        self.refused_args(&args)
    }

    fn refused_args(&mut self, args: &[&str]) -> &mut Self {
        let before = self.folder.names();
        let output = self.folder.run(args);
        assert_eq!(self.folder.names(), before, "{args:?} left something behind");
        self.show(&args.join(" "), &output)
    }

    /// Runs a command that has to be refused, with that on standard input.
    fn refused_input(&mut self, line: &str, input: &[u8]) -> &mut Self {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = self.folder.feed(&args, input);
        self.show(&format!("{line} < input"), &output)
    }

    fn show(&mut self, line: &str, output: &Output) -> &mut Self {
        let error = refusal(line, output);
        let _ = writeln!(self.shown, "$ mesim {line}\n{error}");
        self
    }

    /// Runs a command that is good, and shows what it said besides its output.
    fn warned(&mut self, line: &str) -> &mut Self {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = self.folder.run(&args);
        let error = error_text(&output);
        assert_eq!(output.status.code(), Some(0), "{line}: {error}");
        let _ = writeln!(self.shown, "$ mesim {line}\n{error}");
        self
    }
}

/// Checks what every refusal promises and returns its text.
fn refusal(line: &str, output: &Output) -> String {
    let error = error_text(output);
    assert_eq!(output.status.code(), Some(2), "{line}: {error}");
    assert_eq!(text(output), "", "{line}: something on standard output");
    assert!(error.contains("error[E") || error.contains("\"code\":\"E"), "{line}: {error}");
    assert!(!error.contains("panicked") && !error.contains('\u{1b}'), "{line}: {error}");
    assert!(!error.contains(".mesim-"), "{line} shows a temporary name: {error}");
    error
}

/// A few hundred din records that no compression makes trivial.
fn din_text(records: u64) -> String {
    let mut state = 1_u64;
    let mut line = |number| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        format!("{} {:x}\n", number % 3, state >> 33)
    };
    (0..records).map(&mut line).collect()
}

const GOOD: (&str, &str) = ("good.mtrace", "0 R 0x1000\n1 W 0x1000\n");

#[test]
fn traces_without_a_record_or_without_text_are_refused() {
    let folder = Folder::with(&[
        ("empty.din", ""),
        ("empty", ""),
        ("comments.mtrace", "# a comment\n\n# another\n"),
        ("header.mtrace", "@cores 2\n"),
        ("rubbish.mtrace", "MZ\u{90}\0\u{3}\0 hello\n"),
        ("rubbish", "MZ\u{90}\0\u{3}\0 hello\n"),
        ("letter", "Dear reader,\nthis is no trace.\n"),
        ("fence", "0 B\n"),
    ]);
    folder.write("bytes", &[0xff, 0xfe, 0x80, b'\n', 0x81, 0x82]);
    let mut session = Transcript::of(&folder);
    for name in ["empty.din", "empty", "comments.mtrace", "header.mtrace"] {
        session.refused(&format!("replay {name}"));
    }
    for name in ["rubbish.mtrace", "rubbish", "bytes", "letter", "fence"] {
        session.refused(&format!("replay {name}"));
    }
    session.refused_input("replay -", b"").refused("info empty").refused("step empty");
    session.refused("convert empty.din out.mtrace");
    insta::assert_snapshot!("no_records", session.shown);
}

#[test]
fn cut_and_damaged_compressed_files_are_refused() {
    let folder = Folder::with(&[("t.din", &din_text(500))]);
    for codec in ["gz", "zst", "xz", "lz4"] {
        let whole = format!("whole.din.{codec}");
        folder.good(&["convert", "t.din", &whole]);
        let bytes = folder.read(&whole);
        folder.write(&format!("cut.din.{codec}"), &bytes[..bytes.len() - 3]);
        folder.write(&format!("cut.{codec}"), &bytes[..20]);
        let mut flipped = bytes;
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x10;
        folder.write(&format!("flipped.din.{codec}"), &flipped);
    }
    let mut session = Transcript::of(&folder);
    for codec in ["gz", "zst", "xz", "lz4"] {
        session.refused(&format!("replay cut.din.{codec}"));
        session.refused(&format!("replay cut.{codec}"));
        // Whether a line or the decoder notices first, and its words, are nobody's business.
        refusal(codec, &folder.run(&["replay", &format!("flipped.din.{codec}")]));
    }
    insta::assert_snapshot!("cut_files", session.shown);
}

#[test]
fn a_bad_digit_in_line_4_000_000_is_found_there() {
    let folder = Folder::new();
    let mut session = Transcript::of(&folder);
    for (name, good, bad) in
        [("late.din", "0 1000\n", "0 10g0\n"), ("late.mtrace", "0 R 0x1000\n", "0 R 0x10g0\n")]
    {
        folder.write(name, (good.repeat(3_999_999) + bad + good).as_bytes());
        session.refused(&format!("replay {name}"));
        session.refused(&format!("convert {name} out.mtrace.gz"));
        std::fs::remove_file(folder.join(name)).expect("the file");
    }
    insta::assert_snapshot!("late_faults", session.shown);
}

#[test]
fn a_core_that_the_machine_lacks_is_refused_with_the_way_out() {
    let folder = Folder::with(&[
        ("core4.mtrace", "0 R 0x1000\n4 R 0x1000\n"),
        ("core4.ncsu", "0 r 1000\n4 r 1000\n"),
        ("cores.mtrace", "@cores 4\n0 R 0x1000\n4 R 0x1000\n"),
        ("config.mtrace", "@config four.ron\n0 R 0x1000\n4 R 0x1000\n"),
        ("core64.mtrace", "64 R 0x1000\n"),
        ("many.mtrace", "@cores 64\n0 R 0x1000\n"),
        ("grows.mtrace", "0 R 0x1000\n9 R 0x1000\n"),
        (
            "threads.lackey",
            " L 10,4\n--1--   SCHED[7]:  acquired lock\n L 10,4\n\
                            --1--   SCHED[9]:  acquired lock\n L 10,4\n",
        ),
        ("four.ron", "(cores: 4)\n"),
        ("a.din", "0 1000\n"),
    ]);
    let config = folder.read("config.mtrace");
    let mut session = Transcript::of(&folder);
    session
        .refused("replay core4.mtrace --cores 4")
        .refused("replay core4.mtrace -c four.ron")
        .refused("replay core4.mtrace --set cores=4")
        .refused("replay core4.ncsu --cores 4")
        .refused("replay cores.mtrace")
        .refused("replay cores.mtrace --cores 8")
        .refused("replay config.mtrace")
        .refused_input("replay -", &config)
        .refused("replay core64.mtrace")
        .refused("replay threads.lackey --cores 1")
        .refused("replay a.din a.din a.din --cores 2")
        // Caches of so many cores would not fit in memory.
        .refused("replay many.mtrace --set L1.size=1GiB")
        .refused("replay grows.mtrace --set L1.size=1GiB");
    // The way out that each one names.
    session.warned("replay core4.mtrace --cores 5 -q").warned("replay config.mtrace --cores 5 -q");
    insta::assert_snapshot!("no_such_core", session.shown);
}

#[test]
fn addresses_sizes_and_lines_beyond_their_limits_are_refused() {
    let long = format!("0 R 0x{}\n", "1".repeat(1 << 20));
    let folder = Folder::with(&[
        ("over.mtrace", "0 R 0x10000000000000000\n"),
        ("over.din", "0 10000000000000000\n"),
        ("wrap.mtrace", "0 R 0xffffffffffffffff 4\n"),
        ("wrap.lackey", " L ffffffffffffffff,8\n"),
        ("zero.mtrace", "0 R 0x1000 0\n"),
        ("cycles.mtrace", "0 T 18446744073709551615\n0 R 0x1000\n"),
        ("time.mtrace", "@time 18446744073709551615 cycles\n0 R 0x1000\n"),
        ("huge.mtrace", "0 R 0x1000 70000\n"),
        ("vast.mtrace", "0 R 0x1000 99999999999999999999999\n"),
        ("long.mtrace", &long),
        ("long", &long),
        ("line.mtrace", "@line 3\n0 R 0x1000\n"),
        ("line-late.mtrace", "0 R 0x1000\n@line 64\n"),
    ]);
    let mut session = Transcript::of(&folder);
    for name in [
        "over.mtrace",
        "over.din",
        "wrap.mtrace",
        "wrap.lackey",
        "zero.mtrace",
        "cycles.mtrace",
        "time.mtrace",
        "huge.mtrace",
        "vast.mtrace",
        "long.mtrace",
        "long",
        "line.mtrace",
        "line-late.mtrace",
    ] {
        session.refused(&format!("replay {name}"));
    }
    insta::assert_snapshot!("beyond_limits", session.shown);
}

#[test]
fn files_that_are_not_there_or_not_files_are_refused() {
    let folder = Folder::with(&[GOOD, ("good.din", "0 1000\n"), ("mixed.mtrace", "0 R 0x40\n")]);
    std::fs::create_dir(folder.join("folder")).expect("a folder");
    std::fs::create_dir(folder.join("empty")).expect("a folder");
    folder.write("folder/core0.din", b"0 1000\n");
    folder.write("folder/core1.din", b"");
    let mut session = Transcript::of(&folder);
    session
        .refused("replay goood.mtrace")
        .refused("replay nowhere/good.mtrace")
        .refused("replay something-else-altogether")
        .refused("replay empty")
        .refused("replay good.din mixed.mtrace")
        .refused("info empty")
        .refused("convert goood.mtrace out.din");
    session.warned("convert folder one.mtrace").warned("replay folder -q");
    insta::assert_snapshot!("not_files", session.shown);
}

#[test]
fn mistakes_in_a_config_file_are_shown_in_it() {
    let folder = Folder::with(&[
        GOOD,
        ("key.ron", "(core: 4)\n"),
        (
            "level-key.ron",
            "(\n    caches: [\n        (name: \"L1\", siz: \"32 KiB\"),\n    ],\n)\n",
        ),
        ("rules-key.ron", "(rules: (drain_at_ende: true))\n"),
        (
            "sets.ron",
            "(\n    caches: [\n        (name: \"L1\", size: \"33 KiB\", ways: 8),\n    ],\n)\n",
        ),
        ("comma.ron", "(\n    cores: 4\n    line: \"64 B\",\n)\n"),
        ("open.ron", "(cores: 4"),
        ("string.ron", "(protocol: \"MESI)\n"),
        ("twice.ron", "(cores: 4, cores: 5)\n"),
        ("empty.ron", ""),
        ("kib.ron", "(caches: [(name: \"L1\", size: \"32 KB\")])\n"),
        ("late.ron", "(caches: [(scope: Private), (scope: Shared), (scope: Private)])\n"),
        ("none.ron", "(caches: [(name: \"L3\", scope: Shared)])\n"),
        (
            "through.ron",
            "(caches: [(name: \"L1\"), (name: \"L2\", size: \"64 KiB\", write: WriteThrough)])\n",
        ),
        (
            "first.ron",
            "(caches: [(name: \"L1\"), (name: \"L2\")], rules: (victim_order: FillFirst))\n",
        ),
        ("small.ron", "(caches: [(name: \"L1\"), (name: \"L2\", size: \"16 KiB\")])\n"),
        ("named.mtrace", "@config nothing.ron\n0 R 0x1000\n"),
        ("good.ron", "(cores: 2)\n"),
        ("same.ron", "(caches: [(name: \"L1\"), (name: \"l1\")])\n"),
        ("escape.ron", "(caches: [(name: \"L1\u{1b}[31m\")])\n"),
    ]);
    folder.write("bytes.ron", &[0xff, 0xfe, 0]);
    std::fs::create_dir(folder.join("folder.ron")).expect("a folder");
    let mut session = Transcript::of(&folder);
    for name in [
        "key",
        "level-key",
        "rules-key",
        "sets",
        "comma",
        "open",
        "string",
        "twice",
        "empty",
        "kib",
        "late",
        "none",
        "through",
        "first",
        "bytes",
        "folder",
        "same",
        "escape",
        "god",
    ] {
        session.refused(&format!("replay good.mtrace -c {name}.ron"));
    }
    session.refused("replay named.mtrace");
    session.refused_input("replay - -c -", b"(cores: 2)");
    session.warned("replay good.mtrace -c small.ron -q");
    insta::assert_snapshot!("config_files", session.shown);
    let output = folder.run(&["replay", "good.mtrace", "-c", "small.ron", "-q"]);
    assert!(text(&output).contains("miss rate"), "a warning is no refusal");
    let from_stdin = folder.feed(&["replay", "good.mtrace", "-q", "-c", "-"], b"(cores: 2)");
    assert_eq!(
        text(&from_stdin),
        text(&folder.run(&["replay", "good.mtrace", "-q", "-c", "good.ron"]))
    );
}

#[test]
fn mistakes_about_durability_are_shown_with_a_value_that_works() {
    let nested = "#![enable(implicit_some)]\n(\n    clock: \"1 MHz\",\n    durability: (\n        \
                  flush: (every: \"5 s\"),\n        store: (latency: \"20 ns\"),\n    ),\n)\n";
    let misspelt = nested.replace("latency", "latnecy");
    let negative = nested.replace("5 s", "-5 s");
    let unsynced = nested.replace("store: (latency: \"20 ns\")", "log: (fsync: \"1 ms\")");
    let unclosed = nested.replace("20 ns\")", "20 ns\"");
    let folder = Folder::with(&[
        GOOD,
        ("nested.ron", nested),
        ("misspelt.ron", &misspelt),
        ("negative.ron", &negative),
        ("unsynced.ron", &unsynced),
        ("unclosed.ron", &unclosed),
    ]);
    let mut session = Transcript::of(&folder);
    for file in ["nested", "misspelt", "negative", "unsynced", "unclosed"] {
        session.refused(&format!("replay good.mtrace -c {file}.ron"));
    }
    for set in [
        "durability.flush.evry=5s",
        "durability.retry.delay=5s",
        "durability.flush=5s",
        "durability.flush.every=soon",
        "durability.log=yes",
        "durability.log.fsync=1ms",
        "durability.store.fail=1",
        "durability.store.outages=[(at:9,for:5),(at:5,for:5)]",
        "durability.flush.background_ratio=0.3 --set durability.flush.dirty_ratio=0.2",
        "durability.flush.order=Causal --set durability.flush.one_in_flight=false",
        "durability.replicas.wait=2",
        "durability=() --set rules.drain_at_end=true",
        "durability=(flush:(evry:5))",
        "peers=None",
    ] {
        session.refused(&format!("replay good.mtrace --set {set}"));
    }
    insta::assert_snapshot!("durability", session.shown);
}

#[test]
fn mistakes_in_set_are_shown_with_a_value_that_works() {
    let folder = Folder::with(&[GOOD]);
    let mut session = Transcript::of(&folder);
    for set in [
        "core=4",
        "L1.siz=1KiB",
        "L7.size=1KiB",
        "caches.9.size=1KiB",
        "buss.width=8",
        "bus.widht=8",
        "foo=1",
        "L1.size",
        "L1.size=",
        "=4",
        "L1.size=33KiB",
        "L1.size=0",
        "L1.size=64GiB",
        "L1.size=99999999999GiB",
        "L1.ways=0",
        "L1.ways=3",
        "L1.ways=2048",
        "L1.replacement=Lruu",
        "L1.replacement=Random",
        "L2.scope=shared",
        "L2.write=WriteThrough",
        "cores=0",
        "line=48",
        "line=99999999",
        "word=3",
        "bus.width=0",
        "write_buffer=9999",
        "clock=3",
        "memory.latency=-1",
        "memory.latency=9999999999",
        "protocol=MESY",
        "protocol=x.ron",
        "protocol=./x",
        "rules=textboook",
        "rules=dinero",
        "rules.victim_order=FillFirst",
    ] {
        session.refused(&format!("replay good.mtrace --set {set}"));
    }
    session
        .refused(
            "replay good.mtrace --set L1.size=24KiB --set L1.ways=3 --set L1.replacement=TreePlru",
        )
        .refused("replay good.mtrace --cores 0")
        .refused("replay good.mtrace --cores 65")
        .refused("replay good.mtrace --cores many")
        .refused("replay good.mtrace --cores 64 --set L1.size=1GiB");
    session.warned("replay good.mtrace -q --set L2.size=16KiB");
    insta::assert_snapshot!("set", session.shown);
    // Each value that a diagnostic above offers.
    for set in [
        "cores=4",
        "L1.size=32KiB",
        "L1.size=512",
        "L1.ways=1",
        "L1.ways=2",
        "line=64",
        "word=4",
        "bus.width=32",
        "write_buffer=8",
        "clock=3GHz",
        "memory.latency=200",
        "protocol=MESI",
        "rules=textbook",
        "L1.replacement=Random(1)",
        "L2.scope=Shared",
        "L2.write=WriteBack",
    ] {
        folder.good(&["replay", "good.mtrace", "-q", "--set", set]);
    }
    let fill_first = ["--set", "rules=dinero", "--set", "L2.inclusion=NonInclusive"];
    folder.good(&[&["replay", "good.mtrace", "-q"], &fill_first[..]].concat());
}

#[test]
fn orders_that_cannot_be_had_are_refused() {
    let folder = Folder::with(&[GOOD, ("a.din", "0 1000\n"), ("b.din", "0 1000\n")]);
    let mut session = Transcript::of(&folder);
    session
        .refused("replay good.mtrace --interleave foo")
        .refused("replay good.mtrace --interleave rr:0")
        .refused("replay good.mtrace --interleave random")
        .refused_input("replay - -", b"0 1000\n")
        .refused("replay a.din b.din --interleave recorded");
    insta::assert_snapshot!("orders", session.shown);
}

#[test]
fn usage_is_refused_like_anything_else() {
    let folder = Folder::with(&[GOOD]);
    let mut session = Transcript::of(&folder);
    for line in [
        "repaly good.mtrace",
        "foo",
        "replay",
        "replay good.mtrace --formt din",
        "replay good.mtrace --format foo",
        "replay good.mtrace --json",
        "replay good.mtrace --limit 0",
        "replay good.mtrace --limit -1",
        "replay good.mtrace --warmup 2",
        "replay good.mtrace --warmup x",
        "step good.mtrace --from 0",
        "step good.mtrace --from 3",
        "protocol show mesy",
        "explain E9999",
        "gen foo",
        "gen",
        "gen ping-pong --cores 0",
        "gen ping-pong --cores 65",
        "gen ping-pong --cores 99999",
        "gen ping-pong --rounds x",
        "gen zipf --theta -1",
        "gen zipf --theta NaN",
        "gen zipf --write-percent 101",
        "gen zipf --lines 0",
        "gen matmul -n 0",
        "gen matmul -n 6 --block 4",
        "gen streaming --stride 0",
        "gen locks --lock foo",
        "gen locks --cores 1",
        "convert good.mtrace",
        "convert good.mtrace -",
        "convert good.mtrace out.foo",
        "convert good.mtrace folder/",
        "convert good.mtrace - --to foo",
        "convert good.mtrace folder/ --to mtrace",
    ] {
        session.refused(line);
    }
    insta::assert_snapshot!("usage", session.shown);
}

#[test]
fn outputs_that_cannot_be_written_are_refused_before_the_work() {
    let folder = Folder::with(&[GOOD]);
    std::fs::create_dir(folder.join("folder")).expect("a folder");
    folder.write("folder/taken", b"");
    let mut session = Transcript::of(&folder);
    session
        .refused("replay good.mtrace --json nowhere/report.json")
        .refused("replay good.mtrace --json folder")
        .refused("replay good.mtrace --json new/")
        .refused("convert good.mtrace nowhere/out.mtrace")
        .refused("convert good.mtrace folder --to din")
        .refused("convert good.mtrace nowhere/folder/ --to din")
        .refused("gen ping-pong -o nowhere/out.mtrace");
    if cfg!(target_os = "linux") {
        session
            .refused("replay good.mtrace --quiet --json /dev/full")
            .refused("replay good.mtrace --json /proc/report.json")
            .refused("gen ping-pong -o /dev/full");
    }
    insta::assert_snapshot!("outputs", session.shown);
}

/// Makes a request of an oracleGeneral trace, for an object of 100 bytes.
fn oracle_request(seconds: u32, object: u64) -> Vec<u8> {
    let mut bytes = seconds.to_le_bytes().to_vec();
    bytes.extend(object.to_le_bytes());
    bytes.extend(100_u32.to_le_bytes());
    bytes.extend((-1_i64).to_le_bytes());
    bytes
}

#[test]
fn traces_of_requests_are_read_and_never_written() {
    let folder = Folder::with(&[
        GOOD,
        ("disk.csv", "10,hm,0,Read,4096,512,7\n20,hm,0,Trim,4096,512,7\n"),
        ("far.msr", "10,hm,0,Read,281474976710656,512,7\n"),
        ("keys.twitter", "0,a,1,8,1,get,0\n1,b,1,8,1,touch,0\n"),
        ("keys.csv", "0,a,1,8,1,get,0\n1,b,1,8,1,set,0\n"),
    ]);
    let requests = [oracle_request(5, 1), oracle_request(6, 2), oracle_request(4, 1)].concat();
    folder.write("back.oracleGeneral", &requests);
    folder.write("cut.oracleGeneral.bin", &requests[..29]);
    folder.write("none.oracleGeneral", b"");
    folder.write("unnamed", &requests);
    let mut session = Transcript::of(&folder);
    for line in [
        "convert good.mtrace out.msr",
        "convert good.mtrace - --to twitter",
        "convert good.mtrace - --to twitter --strict",
        "convert good.mtrace cores/ --to oracle-general",
        "gen ping-pong -o out.oracleGeneral.zst",
        "replay back.oracleGeneral",
        "replay cut.oracleGeneral.bin",
        "replay none.oracleGeneral",
        "replay unnamed",
        "replay disk.csv",
        "replay far.msr",
        "replay keys.twitter",
        "replay keys.csv keys.csv",
        "gen leaderboard --rate 0",
        "gen leaderboard --players 16777217",
        "gen page-cache --fsync-every 0",
        "gen iot --period x",
    ] {
        session.refused(line);
    }
    let mut shown = session.shown;
    let requests: Vec<u8> = (0..3).flat_map(|object| oracle_request(5, object % 2)).collect();
    folder.write("good.oracleGeneral.bin", &requests);
    for line in [
        "convert good.oracleGeneral.bin - --to mtrace",
        "convert good.oracleGeneral.bin - --to mtrace --requests-write",
        "convert keys.csv - --to mtrace",
        "gen leaderboard --rate 2 --seconds 1 --players 1",
        "gen page-cache --rate 2 --seconds 1 --pages 1 --fsync-every 2",
        "gen iot --devices 1 --seconds 1",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let text = String::from_utf8(folder.good(&words)).expect("mtrace is UTF-8");
        let _ = writeln!(shown, "$ mesim {line}\n{text}");
    }
    for line in [
        "info traces/samples/cache.oracleGeneral --requests-write",
        "info traces/samples/disks.csv",
        "info traces/samples/cache.csv",
    ] {
        let _ = writeln!(shown, "$ mesim {line}\n{}", at_root(line));
    }
    insta::assert_snapshot!("requests", shown);
}

/// Makes a file of a thread of drmemtrace: a store, and whatever records come behind it.
fn thread_file(version: u64, thread: u64, more: &[(u16, u16, u64)]) -> Vec<u8> {
    let entries =
        [(25, 0, version), (22, 0, thread), (24, 0, 1), (28, 2, 10 * thread), (1, 4, 64 * thread)];
    let bytes = |&(number, size, addr): &(u16, u16, u64)| {
        let mut bytes = number.to_le_bytes().to_vec();
        bytes.extend(size.to_le_bytes().into_iter().chain(addr.to_le_bytes()));
        bytes
    };
    entries.iter().chain(more).flat_map(bytes).collect()
}

const FOOTER: (u16, u16, u64) = (26, 0, 0);

#[test]
fn traces_of_dynamorio_and_champsim_are_read_and_refused() {
    let folder = Folder::with(&[GOOD]);
    for name in ["threads", "x.dir/raw"] {
        std::fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    folder.write("threads/a.trace", &thread_file(7, 1, &[FOOTER]));
    folder.write("threads/b.trace", &thread_file(7, 2, &[(17, 1, 3), FOOTER]));
    folder.write("type.trace", &thread_file(7, 1, &[(77, 8, 0x1000), FOOTER]));
    folder.write("back.trace", &thread_file(7, 3, &[(28, 2, 29), FOOTER]));
    folder.write("no-footer.trace", &thread_file(7, 1, &[]));
    folder.write("cut.trace", &thread_file(7, 1, &[])[..55]);
    folder.write("newer.trace", &thread_file(8, 1, &[FOOTER]));
    let raw = (0xc4 << 56 | 7 << 48 | 0x40_u64).to_le_bytes();
    folder.write("raw", &[raw; 3].concat());
    let instruction = |ip: u64, branch: u8| {
        let mut bytes = [ip.to_le_bytes(), [branch, 0, 0, 0, 0, 0, 0, 0]].concat();
        bytes.extend([0; 48]);
        bytes
    };
    let instructions = [instruction(0x40_0000, 1), instruction(0x40_0004, 9)].concat();
    folder.write("bad.champsimtrace", &instructions);
    folder.write("cut.champsimtrace", &instructions[..100]);
    folder.write("unknown", &instructions);
    let header = b"gem5\x08\x0a\x01x\x10\x00\x18\xe8\x07".as_slice();
    let packet = b"\x08\x08\x05\x10\x01\x18\x40\x20\x04".as_slice();
    let odd = b"\x08\x08\x05\x10\x01\x18\x40\x20\x00".as_slice();
    folder.write("cut.ptrc", &[header, packet, &packet[..5]].concat());
    folder.write("damaged.ptrc", &[header, packet, b"\x02\x0b\x01"].concat());
    folder.write("nothing.ptrc", &[header, odd].concat());
    folder.write("elastic.ptrc", b"gem5\x06\x0a\x01x\x10\xe8\x07");
    let mut session = Transcript::of(&folder);
    for line in [
        "replay threads/",
        "replay type.trace",
        "replay back.trace",
        "info cut.trace",
        "info newer.trace",
        "info raw",
        "info x.dir",
        "info type.trace good.mtrace",
        "replay threads/a.trace threads/b.trace --cores 1",
        "info bad.champsimtrace",
        "info cut.champsimtrace",
        "info unknown",
        "info cut.ptrc",
        "info damaged.ptrc",
        "info nothing.ptrc",
        "info elastic.ptrc",
        "replay cut.ptrc --columns op,addr --format gem5",
        "convert good.mtrace out.drmemtrace",
        "convert good.mtrace out.din.zip",
        "convert good.mtrace out.champsimtrace --strict",
    ] {
        session.refused(line);
    }
    session.refused_input("replay - --format drmemtrace", b"PK\x03\x04and so on");
    session.warned("convert good.mtrace out.champsimtrace");
    session.warned("info no-footer.trace");
    let mut shown = session.shown;
    for line in [
        "info traces/samples/counting.dir",
        "info traces/samples/counting.champsimtrace.xz",
        "info traces/samples/counting.trace.xz",
        "info traces/samples/counting.ptrc.gz",
        "replay traces/samples/counting.dir --quiet --counts-only",
    ] {
        let _ = writeln!(shown, "$ mesim {line}\n{}", at_root(line));
    }
    insta::assert_snapshot!("other_tools", shown);
}

#[test]
fn tables_are_read_by_their_columns_and_refused() {
    let folder = Folder::with(&[
        GOOD,
        ("good.csv", "thread;rw;address;note\n7;load;1000;\"a;b\"\n9;store;0x1004;\n"),
        ("bare.csv", "0,R,0x1000,4\n"),
        ("twice.csv", "op,addr,address\nR,0,0\n"),
        ("short.csv", "core,op,addr,size\n0,R,0x1000\n"),
        ("pin.txt", "0x401136: R 0x7ffe40\n0x401139: W (nil)\n#eof\n"),
        ("cut.txt", "0x401136: R 0x7ffe40\n0x401139: W 0x7f"),
        ("more.txt", "1 0x401136: R 0x7ffe40 8\n2 0x401139: W 0x7ffe48 4\n"),
        ("fences.mtrace", "0 A 0x1000 8\n1 I 0x400 4\n1 B\n"),
    ]);
    let mut session = Transcript::of(&folder);
    for line in [
        "info bare.csv",
        "info twice.csv",
        "info short.csv",
        "info more.txt --format pinatrace",
        "info more.txt --columns tid,pc,op,addr",
        "info more.txt --columns tid,op,adr",
        "info more.txt --columns op,addr --format ncsu",
        "replay more.txt --columns tid,pc,op,addr,size --cores 1",
        "replay good.csv bare.csv",
        "convert good.mtrace out.pinatrace",
        "convert fences.mtrace out.csv --strict",
    ] {
        session.refused(line);
    }
    session.warned("convert fences.mtrace out.csv");
    let mut shown = session.shown;
    for line in [
        "convert good.csv - --to mtrace",
        "convert pin.txt - --to mtrace",
        "convert more.txt - --to csv --columns tid,pc,op,addr,size",
        "convert bare.csv - --to mtrace --columns core,op,addr,size",
    ] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let text = String::from_utf8(folder.good(&words)).expect("text is UTF-8");
        let _ = writeln!(shown, "$ mesim {line}\n{text}");
    }
    for line in ["info traces/samples/counting.csv", "info traces/samples/counting.pinatrace"] {
        let _ = writeln!(shown, "$ mesim {line}\n{}", at_root(line));
    }
    insta::assert_snapshot!("tables", shown);
    let cut = folder.run(&["info", "cut.txt"]);
    assert!(cut.status.success(), "{}", error_text(&cut));
    assert_eq!(error_text(&cut).matches("warning[W0105]").count(), 1);
}

#[test]
fn logs_of_instructions_are_read_and_refused() {
    let folder = Folder::with(&[
        GOOD,
        (
            "good.execlog",
            "0, 0x400a14, 0xf9400fe0, \"ldr x0, [sp, #0x18]\", load, 0x40007ffe58\n\
             1, 0x400a18, 0xd65f03c0, \"ret\", store, 0x1003, RAM, load, 0x1000, RAM\n",
        ),
        (
            "good.spike",
            "core   0: 0x0000000080000004 (0x0005a503) lw      a0, 0(a1)\n\
             core   0: 3 0x0000000080000004 (0x0005a503) x10 0x1 mem 0x0000000080002000\n\
             core   1: 3 0x0000000080000008 (0x00b5252f) x10 0x1 mem 0x0000000080002000 \
             mem 0x0000000080002000 0x00000002\n",
        ),
        ("bad.execlog", "0, 0x400a14, 0xf9400fe0, \"ldr x0, [sp]\", laod, 0x40007ffe58\n"),
        ("cut.spike", "core   0: 3 0x80000004 (0x0005a503) x10 0x1 mem\n"),
        ("l.spike", "core   0: 0x0000000080000004 (0x0005a503) lw      a0, 0(a1)\n"),
    ]);
    let mut session = Transcript::of(&folder);
    for line in [
        "info bad.execlog",
        "info cut.spike",
        "info l.spike",
        "replay good.spike --cores 1",
        "replay good.spike good.execlog",
        "convert good.mtrace out.execlog",
        "convert good.mtrace out.spike",
    ] {
        session.refused(line);
    }
    let mut shown = session.shown;
    for line in ["convert good.execlog - --to mtrace", "convert good.spike - --to csv"] {
        let words: Vec<&str> = line.split_whitespace().collect();
        let text = String::from_utf8(folder.good(&words)).expect("text is UTF-8");
        let _ = writeln!(shown, "$ mesim {line}\n{text}");
    }
    for line in ["info traces/samples/counting.execlog.xz", "info traces/samples/counting.spike.xz"]
    {
        let _ = writeln!(shown, "$ mesim {line}\n{}", at_root(line));
    }
    insta::assert_snapshot!("logs_of_instructions", shown);
}

#[test]
fn a_strict_conversion_that_loses_leaves_nothing() {
    let folder = Folder::with(&[("all.mtrace", "@line 64\n0 R 0x1001 8\n1 A 0x1000\n0 B\n")]);
    let mut session = Transcript::of(&folder);
    for to in ["din", "lackey", "ncsu"] {
        session.refused(&format!("convert all.mtrace out.{to} --strict"));
        session.refused(&format!("convert all.mtrace - --to {to} --strict"));
    }
    session.refused("convert all.mtrace cores/ --to xdin --strict");
    session.warned("convert all.mtrace out.din");
    folder.write("out.din", b"as it was");
    session.refused("convert all.mtrace out.din --strict");
    assert_eq!(folder.read("out.din"), b"as it was");
    insta::assert_snapshot!("strict", session.shown);
    folder.good(&["convert", "all.mtrace", "same.mtrace", "--strict"]);
}

#[test]
fn an_output_keeps_what_was_there_when_the_input_fails() {
    let folder = Folder::with(&[("bad.din", &(din_text(70_000) + "x\n")), ("report", "as it was")]);
    for args in [
        &["convert", "bad.din", "report", "--to", "mtrace"][..],
        &["replay", "bad.din", "--json", "report"],
    ] {
        refusal(args[0], &folder.run(args));
        assert_eq!(folder.read("report"), b"as it was");
        assert_eq!(folder.names(), ["bad.din", "report"]);
    }
}

#[test]
fn a_closed_pipe_is_an_error() {
    let folder = Folder::with(&[("t.din", &din_text(50_000)), GOOD]);
    for args in [
        &["step", "t.din", "--plain"][..],
        &["replay", "good.mtrace", "-q"],
        &["replay", "good.mtrace", "-q", "--json", "-"],
        &["gen", "zipf", "--accesses", "1000000"],
        &["convert", "t.din", "-", "--to", "mtrace"],
        &["explain"],
        &["protocol", "show", "mesi"],
        &["info", "t.din"],
        &["mrc", "t.din", "-q"],
        &["--help"],
        &["replay", "--help"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = folder.command(args).stdout(writer).output().expect("the command runs");
        let error = error_text(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.starts_with("error[E0302]"), "{args:?}: {error}");
    }
    // One that has begun to read, as `head -1` does.
    let mut child = folder.spawn(&["step", "t.din", "--plain"]);
    let mut one = [0; 1];
    child.stdout.take().expect("a pipe").read_exact(&mut one).expect("a byte");
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!("closed_pipe", error_text(&output));
}

/// What only Unix has: signals, and names that are pipes.
#[cfg(target_os = "linux")]
mod interrupted {
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
        let start = Instant::now();
        while !done() {
            assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Interrupts once the program is ready to be interrupted.
    fn interrupt(child: &Child) {
        let status = format!("/proc/{}/status", child.id());
        wait_until("the handler", || {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask & 2 != 0)
        });
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    }

    /// Writes records until nobody reads.
    fn endless(mut into: impl std::io::Write + Send + 'static) {
        let block = din_text(10_000);
        std::thread::spawn(move || while into.write_all(block.as_bytes()).is_ok() {});
    }

    fn ended(line: &str, child: Child) -> String {
        let output = child.wait_with_output().expect("the command ends");
        let error = refusal(line, &output);
        assert!(error.starts_with("error[E0304]"), "{line}: {error}");
        error
    }

    #[test]
    fn a_replay_of_a_silent_input_ends() {
        let folder = Folder::new();
        let mut child = folder.spawn(&["replay", "-", "--format", "din", "--json", "r.json"]);
        let silent = child.stdin.take();
        interrupt(&child);
        let error = ended("replay -", child);
        drop(silent);
        assert!(folder.names().is_empty(), "{:?}", folder.names());
        insta::assert_snapshot!("interrupted", error);
    }

    #[test]
    fn a_replay_of_a_long_file_ends() {
        let folder = Folder::new();
        let pipe = folder.join("long.din");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let child = folder.spawn(&["replay", "long.din", "--json", "r.json"]);
        let file = std::fs::OpenOptions::new().write(true).open(&pipe).expect("a pipe");
        endless(file);
        // The output in the making shows that the replay is under way.
        wait_until("the replay", || folder.names().len() > 1);
        interrupt(&child);
        ended("replay long.din", child);
        assert_eq!(folder.names(), ["long.din"]);
    }

    #[test]
    fn a_conversion_leaves_nothing_behind() {
        for out in ["out.mtrace.gz", "cores/"] {
            let folder = Folder::new();
            let to = if out == "cores/" { "xdin" } else { "mtrace" };
            let args = ["convert", "-", out, "--from", "din", "--to", to];
            let mut child = folder.spawn(&args);
            endless(child.stdin.take().expect("a pipe"));
            wait_until("the conversion", || !folder.names().is_empty());
            interrupt(&child);
            ended("convert", child);
            assert!(folder.names().is_empty(), "{:?}", folder.names());
        }
    }

    #[test]
    fn a_conversion_of_a_silent_input_leaves_nothing_behind() {
        let folder = Folder::new();
        let mut child = folder.spawn(&["convert", "-", "out.din", "--from", "din"]);
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(din_text(100).as_bytes()).expect("a reader");
        std::thread::sleep(Duration::from_millis(100));
        interrupt(&child);
        ended("convert", child);
        drop(input);
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }

    #[test]
    fn a_generator_ends() {
        let folder = Folder::new();
        let args = ["gen", "zipf", "--accesses", "100000000000", "-o", "z.mtrace"];
        let child = folder.spawn(&args);
        wait_until("the generator", || !folder.names().is_empty());
        interrupt(&child);
        ended("gen", child);
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays() {
    let folder = Folder::with(&[GOOD, ("there.json", "")]);
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.join(name)).expect("a link");
    };
    for (to, name) in [("there.json", "link.json"), ("not-yet.json", "new.json")] {
        link(to, name);
        folder.good(&["replay", "good.mtrace", "-q", "--json", name]);
        assert!(folder.join(name).is_symlink());
        assert!(folder.read(to).starts_with(b"{"));
    }
    link("circle", "circle");
    let output = folder.run(&["replay", "good.mtrace", "-q", "--json", "circle"]);
    assert!(refusal("circle", &output).contains("leads nowhere"));
}

#[test]
fn two_runs_that_write_the_same_file_leave_one_whole() {
    let folder = Folder::with(&[GOOD, ("other.mtrace", "0 W 0x40\n")]);
    let mut whole = Vec::new();
    for name in ["good.mtrace", "other.mtrace"] {
        whole.push(folder.good(&["replay", name, "--json", "-", "-q"]));
    }
    for _ in 0..10 {
        let start = |name| folder.spawn(&["replay", name, "--json", "report.json", "-q"]);
        let runs = [start("good.mtrace"), start("other.mtrace")];
        for run in runs {
            assert!(run.wait_with_output().expect("the command ends").status.success());
        }
        assert!(whole.contains(&folder.read("report.json")));
        assert_eq!(folder.names(), ["good.mtrace", "other.mtrace", "report.json"]);
    }
}

#[test]
fn messages_for_programs_are_a_json_object_a_line() {
    let folder = Folder::with(&[
        GOOD,
        ("bad.mtrace", "0 R 0x1000\n0 R 0x10g0\n"),
        ("bad.ron", "(\n  core: 4,\n)\n"),
        ("cut.din.gz", "\u{1f}"),
    ]);
    folder.write("cut.din.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    let mut session = Transcript::of(&folder);
    for line in [
        "--message-format json replay bad.mtrace",
        "--message-format json replay cut.din.gz",
        "--message-format=json replay good.mtrace -c bad.ron",
        "--message-format json replay good.mtrace --set L1.ways=3",
        "--message-format json replay goood.mtrace",
        "--message-format json replay",
        "--message-format json",
        "--message-format json gen zipf --lines 0",
    ] {
        session.refused(line);
    }
    session.warned("--message-format json replay good.mtrace --set L2.size=16KiB");
    session.warned("--message-format json convert good.mtrace out.din");
    for line in session.shown.lines().filter(|line| !line.is_empty() && !line.starts_with('$')) {
        let value: serde_json::Value = serde_json::from_str(line).expect("an object");
        for key in ["severity", "code", "message", "help"] {
            assert!(value[key].is_string(), "{key} in {line}");
        }
    }
    insta::assert_snapshot!("json_messages", session.shown);
}

#[test]
fn nothing_is_coloured_where_nobody_sees_it() {
    let folder = Folder::with(&[GOOD]);
    for args in [&["replay", "nothing"][..], &["replay", "good.mtrace"], &["--help"], &["foo"], &[]]
    {
        for no_color in [false, true] {
            let mut command = folder.command(args);
            if no_color {
                command.env("NO_COLOR", "1");
            }
            let output = command.output().expect("the command runs");
            let escape = |bytes: &[u8]| bytes.contains(&0x1b);
            assert!(!escape(&output.stdout) && !escape(&output.stderr), "{args:?}");
        }
    }
}

#[test]
fn help_says_what_each_command_takes() {
    let folder = Folder::new();
    for command in [
        "",
        "replay",
        "crash",
        "mrc",
        "step",
        "report",
        "sweep",
        "sweep plan",
        "sweep run",
        "sweep merge",
        "sweep slurm",
        "sweep show",
        "check",
        "diff",
        "protocol",
        "protocol show",
        "protocol check",
        "protocol witness",
        "info",
        "convert",
        "record",
        "trace",
        "trace cut",
        "trace merge",
        "trace remap",
        "gen",
        "explain",
    ] {
        let words: Vec<&str> = command.split_whitespace().collect();
        let short = folder.good(&[&words[..], &["-h"]].concat());
        let long = folder.good(&[&words[..], &["--help"]].concat());
        let utf8 = |bytes| String::from_utf8(bytes).expect("help is UTF-8");
        let (short, long) = (utf8(short), utf8(long));
        if !matches!(command, "" | "protocol" | "trace") {
            assert!(long.contains("Example"), "{command} has no example");
        }
        let name = format!("help_{}", command.replace(' ', "_"));
        let shown = format!("$ mesim {command} -h\n{short}\n\n$ mesim {command} --help\n{long}");
        insta::assert_snapshot!(name.trim_end_matches('_'), shown);
    }
    let bare = folder.run(&[]);
    assert_eq!(bare.status.code(), Some(2));
    assert!(error_text(&bare).contains("Usage:"));
}

/// Every code in a string of the sources, except where the codes are explained.
fn codes_in_sources() -> Vec<String> {
    fn visit(folder: &std::path::Path, codes: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                visit(&path, codes);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.to_string_lossy().ends_with("explanations.rs")
            {
                let text = std::fs::read_to_string(&path).expect("a source");
                let strings = text.split('"').filter(|part| {
                    part.len() == 5
                        && part.starts_with(['E', 'W'])
                        && part[1..].bytes().all(|byte| byte.is_ascii_digit())
                });
                codes.extend(strings.map(str::to_owned));
            }
        }
    }
    let mut codes = Vec::new();
    for name in ["cache", "coherence", "trace", "driver", "cli"] {
        visit(&std::path::Path::new(ROOT).join("crates").join(name).join("src"), &mut codes);
    }
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn every_code_is_explained_and_none_else() {
    let folder = Folder::new();
    let list = String::from_utf8(folder.good(&["explain"])).expect("UTF-8");
    let explained: Vec<String> =
        list.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(explained, codes_in_sources());
    for kind in trace::TraceErrorKind::ALL {
        let line = format!("{}  {}", kind.code(), kind.title());
        assert!(list.lines().any(|listed| listed == line), "no line `{line}`");
    }
    let mut shown = format!("$ mesim explain\n{list}\n");
    for code in &explained {
        let text = String::from_utf8(folder.good(&["explain", code])).expect("UTF-8");
        assert_eq!(text.as_bytes(), folder.good(&["explain", &code.to_lowercase()]));
        assert!(text.lines().all(|line| line.len() <= 100), "{code} is too wide");
        let _ = writeln!(shown, "$ mesim explain {code}\n{text}");
    }
    insta::assert_snapshot!("explanations", shown);
}

#[test]
fn protocols_are_listed_and_shown() {
    let folder = Folder::new();
    let mut shown = String::new();
    for line in ["protocol list", "protocol show mesi", "protocol show MESI --format markdown"] {
        let output = folder.good(&line.split(' ').collect::<Vec<_>>());
        let _ = writeln!(shown, "$ mesim {line}\n{}", String::from_utf8_lossy(&output));
    }
    insta::assert_snapshot!("protocols", shown);
}

/// Runs in the root of the repository.
fn at_root(line: &str) -> String {
    let (output, error) = run_at_root(line);
    assert_eq!(error, "", "{line}");
    output
}

/// Runs in the root of the repository; returns what was said on standard error, too.
fn run_at_root(line: &str) -> (String, String) {
    let args: Vec<&str> = line.split_whitespace().collect();
    let output = mesim().args(&args).current_dir(ROOT).output().expect("the command runs");
    let error = error_text(&output);
    assert_eq!(output.status.code(), Some(0), "{line}: {error}");
    (text(&output), error)
}

#[test]
fn scenarios_are_stepped_through() {
    let scenarios = std::path::Path::new(ROOT).join("traces/scenarios");
    let mut names: Vec<String> = std::fs::read_dir(scenarios)
        .expect("the scenarios")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| name.ends_with(".mtrace"));
    names.sort();
    assert!(names.len() >= 27, "{names:?}");
    for name in names {
        // The longest ones do the same over and over.
        let limit = if name.ends_with("-major.mtrace") { " --limit 80" } else { "" };
        let line = format!("step traces/scenarios/{name} --plain{limit}");
        let scenario = name.split('.').next().unwrap_or(&name).replace('-', "_");
        insta::assert_snapshot!(
            format!("step_{scenario}"),
            // One of the machines is odd on purpose, which is said on standard error.
            format!("$ mesim {line}\n{}", run_at_root(&line).0)
        );
    }
}

#[test]
fn a_step_can_be_the_first_shown_and_the_last() {
    let all = at_root("step traces/scenarios/quiz-six-accesses.mtrace --plain");
    let last = at_root("step traces/scenarios/quiz-six-accesses.mtrace --from 6");
    assert_eq!(last.lines().last(), all.lines().last());
    assert_eq!(last.lines().count(), 2);
    let first = at_root("step traces/scenarios/quiz-six-accesses.mtrace --limit 2");
    assert_eq!(first.lines().collect::<Vec<_>>(), all.lines().take(3).collect::<Vec<_>>());
}

#[test]
fn traces_are_described_and_reported_on() {
    let mut shown = String::new();
    for line in [
        "info traces/handoff.lackey.xz",
        "info traces/scenarios/quiz-six-accesses.mtrace",
        "replay traces/scenarios/quiz-six-accesses.mtrace -q",
        "replay traces/scenarios/quiz-six-accesses.mtrace -q --counts-only --classify",
    ] {
        let _ = writeln!(shown, "$ mesim {line}\n{}", at_root(line));
    }
    insta::assert_snapshot!("reports", shown);
}

/// A trace of each format that says everything the format can.
const SAMPLES: [(&str, &str); 7] = [
    (
        "mtrace",
        "@title all\n@cores 3\n@line 32\n0 R 0x1001 8\n1 W 0x1000\n0 A 0x40\n0 I 0x400 16\n\
                1 C 0x80 64\n0 F 0x80\n0 F *\n1 B\n0 T 120\n@time 2 ms\n\
                 @time 12 cycles\n0 R 0x40\n",
    ),
    ("din", "0 1000\n1 1004\n2 400\n4 0\n"),
    ("xdin", "r 1001 8\nw 1000 4\ni 400 10\nc 80 40\nv 80 4\n"),
    (
        "lackey",
        " L 1001,8\n--0--   SCHED[1]:  acquired lock\n--0--   SCHED[2]:  acquired lock\n\
                S 1000,4\nI  400,16\n",
    ),
    ("ncsu", "0 r 1000\n1 w 1004\n"),
    ("percore", "r 0x1000\nw 0x1004\n"),
    ("nus", "0 0x1000\n1 0x1004\n2 0x78\n"),
];

/// What one conversion says that it lost.
fn losses(folder: &Folder, from: &str, to: &str) -> Option<String> {
    let output = folder.run(&["convert", from, to]);
    let error = error_text(&output);
    assert_eq!(output.status.code(), Some(0), "{from} to {to}: {error}");
    let lost = error.lines().find(|line| line.starts_with("warning[W0101]"))?;
    lost.split("lost ").nth(1).map(str::to_owned)
}

#[test]
fn every_pair_of_formats_goes_there_and_back_but_for_what_is_reported() {
    let folder = Folder::new();
    let mut table = String::new();
    for (from, sample) in SAMPLES {
        folder.write(&format!("sample.{from}"), sample.as_bytes());
        // As the writer writes it, so that bytes can be compared.
        let original = format!("original.{from}");
        assert_eq!(losses(&folder, &format!("sample.{from}"), &original), None, "{from}");
        let records = format!("{from}.original.mtrace");
        losses(&folder, &original, &records);
        for (to, _) in SAMPLES {
            let (there, back) = (format!("there.{to}"), format!("back.{from}"));
            let lost = losses(&folder, &original, &there);
            let _ = writeln!(
                table,
                "{from:<7} to {to:<7} loses {}",
                lost.as_deref().unwrap_or("nothing")
            );
            if lost.is_none() && losses(&folder, &there, &back).is_none() {
                let same = folder.read(&original) == folder.read(&back);
                assert!(same, "{from} to {to} and back is not what it was");
            }
        }
    }
    insta::assert_snapshot!("conversion_losses", table);
}
