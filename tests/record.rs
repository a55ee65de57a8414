//! `mesim record`: programs that are compiled and run here, and what is seen of them.
//!
//! A test that lacks a tool says so on standard error and is left out.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::{Folder, ROOT, error_text, text};

/// Where compiled recorders are kept: nothing of the user's is touched.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/recorders");

/// Tells whether there is a tool; says loudly what is left out without it.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub(crate) fn has(tool: &str) -> bool {
    let mut command = Command::new(tool);
    let is = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !is {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("\n!!! NO {tool}: {test} is left out\n");
    }
    is
}

/// A folder to compile, record and replay in.
struct Bench {
    folder: Folder,
    compiler: &'static str,
}

impl Bench {
    /// Returns none, loudly, if there is no such compiler.
    fn with(compiler: &'static str) -> Option<Self> {
        has(compiler).then(|| Self { folder: Folder::new(), compiler })
    }

    /// Runs a line of shell, with `mesim` and a cache at hand.
    fn shell(&self, line: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_mesim"));
        let beside = program.parent().expect("the program lies in a folder").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PATH", format!("{beside}:{path}")).env("XDG_CACHE_HOME", CACHE);
        command.env("CC", self.compiler).env("ROOT", ROOT);
        command.output().expect("there is a shell")
    }

    /// Compiles a source of the folder so that it records itself.
    fn compile(&self, flags: &str, source: &str, program: &str) {
        let recorder = "$(mesim record --print-cc-flags)";
        let is_cpp = Path::new(source).extension().is_some_and(|is| is == "cpp");
        let compiler = match (self.compiler, is_cpp) {
            ("gcc", true) => "g++",
            ("clang", true) => "clang++",
            (compiler, _) => compiler,
        };
        let line = format!("{compiler} {recorder} {flags} {source} -o {program}");
        let output = self.shell(&line);
        assert!(output.status.success(), "{line}: {}", error_text(&output));
        assert_eq!(error_text(&output), "", "{line}");
    }

    /// Writes and compiles a C program.
    fn program(&self, flags: &str, text: &str) {
        self.folder.write("prog.c", text.as_bytes());
        self.compile(flags, "prog.c", "prog");
    }

    /// Records with the program's own recorder; the exit code has to be this one.
    fn record(&self, line: &str, code: i32) -> Output {
        let output = self.shell(&format!("mesim record --via cc -o out.mtrc {line}"));
        assert_eq!(output.status.code(), Some(code), "{line}: {}", error_text(&output));
        output
    }

    /// Returns how often each core did what where, and in which size, in the trace.
    fn accesses(&self) -> BTreeMap<(u16, char, u64, u64), u64> {
        let output = self.shell("mesim convert out.mtrc - --to mtrace");
        assert!(output.status.success(), "{}", error_text(&output));
        let mut accesses = BTreeMap::new();
        let printed = text(&output);
        for line in printed.lines().filter(|line| !line.starts_with(['#', '@'])) {
            let mut words = line.split_whitespace();
            let mut word = || words.next();
            let core = word().and_then(|word| word.parse().ok()).expect("a core");
            let op = word().and_then(|word| word.chars().next()).expect("an operation");
            let number = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok();
            let addr = word().and_then(number).unwrap_or(0);
            let size = word().and_then(|word| word.parse().ok()).unwrap_or(4);
            *accesses.entry((core, op, addr, size)).or_default() += 1;
        }
        accesses
    }

    /// Returns how often an operation was done at an address.
    fn count(&self, op: char, addr: u64) -> u64 {
        let accesses = self.accesses();
        let there = accesses.iter().filter(|((_, is, at, _), _)| (*is, *at) == (op, addr));
        there.map(|(_, count)| count).sum()
    }

    /// Returns the misses, and those among them of false sharing.
    fn misses(&self, trace: &str) -> (u64, u64) {
        let output = self.shell(&format!("mesim replay {trace} --classify -q --json -"));
        assert!(output.status.success(), "{}", error_text(&output));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
        let number = |at: &str| report.pointer(at).and_then(Value::as_u64).expect(at);
        (number("/totals/misses"), number("/classes/false_sharing"))
    }

    /// Records both builds of the example, and asks which one misses.
    fn false_sharing(&self, record: &str, increments: u32) {
        for (program, is_packed) in [("packed", true), ("padded", false)] {
            let line = format!("mesim record {record} -o {program}.mtrc");
            let output = self.shell(&format!("{line} -- ./{program} {increments}"));
            assert_eq!(output.status.code(), Some(0), "{}", error_text(&output));
            assert!(text(&output).contains(" and "), "its standard output is its own");
            let (misses, falsely) = self.misses(&format!("{program}.mtrc"));
            if is_packed {
                // How often the threads meet is up to the machine, and to what else it does.
                assert!(falsely > 20, "{falsely} of {misses} misses");
                assert!(falsely * 2 > misses, "{falsely} of {misses} misses");
            } else {
                // What else lies side by side: the threads' stacks and the C library's data.
                assert!(falsely < 20, "{falsely} of {misses} misses");
            }
        }
    }
}

/// Returns the number that a program printed as `NAME=0x...`.
fn printed(output: &Output, name: &str) -> u64 {
    let text = text(output);
    let mut words = text.split_whitespace().filter_map(|word| word.split_once('='));
    let (_, value) = words.find(|(is, _)| *is == name).unwrap_or_else(|| panic!("{name}: {text}"));
    let parsed = value.strip_prefix("0x").map(|value| u64::from_str_radix(value, 16));
    parsed.unwrap_or_else(|| value.parse()).expect("a number")
}

#[test]
fn the_programs_own_recorder_sees_false_sharing() {
    for compiler in ["gcc", "clang"] {
        let Some(bench) = Bench::with(compiler) else { continue };
        bench.compile("-O2", "$ROOT/examples/false_sharing.c", "packed");
        bench.compile("-O2 -DPAD", "$ROOT/examples/false_sharing.c", "padded");
        bench.false_sharing("--via cc", 400_000);
    }
}

/// Returns the line of the example that increments, as an editor counts them.
fn line_that_increments() -> usize {
    let source = std::fs::read_to_string(Path::new(ROOT).join("examples/false_sharing.c"));
    let source = source.expect("the example");
    source.lines().position(|line| line.contains("value++")).expect("a line that increments") + 1
}

#[test]
fn every_recorder_says_which_line_the_accesses_come_from() {
    let Some(bench) = Bench::with("cc") else { return };
    let source = "$ROOT/examples/false_sharing.c";
    bench.compile("-g -O2", source, "of-itself");
    let output = bench.shell(&format!("cc -g -O2 -pthread {source} -o as-it-is"));
    assert!(output.status.success(), "{}", error_text(&output));
    let line = line_that_increments();
    for (tool, via, program) in [
        ("cc", "--via cc", "of-itself"),
        ("valgrind", "--via valgrind", "as-it-is"),
        ("valgrind", "--via valgrind --data-only", "as-it-is"),
        ("valgrind", "--via valgrind --data-only --threads-as-cores 2-way", "as-it-is"),
        ("qemu-x86_64", "--via qemu", "as-it-is"),
        ("qemu-x86_64", "--via qemu --data-only", "as-it-is"),
    ] {
        if !has(tool) {
            continue;
        }
        let record = format!("mesim record {via} -q -o out.mtrc -- ./{program} 5000");
        let output = bench.shell(&record);
        assert!(output.status.success(), "{}", error_text(&output));
        // What is made of the trace says it, too.
        let copies = "mesim convert out.mtrc raw.mtrc --codec raw && \
                      mesim trace cut raw.mtrc --kinds reads,writes -o cut.mtrc";
        let output = bench.shell(copies);
        assert!(output.status.success(), "{}", error_text(&output));
        for trace in ["out.mtrc", "cut.mtrc"] {
            // A cut that leaves fetches out leaves out where the program was.
            if trace == "cut.mtrc" && !via.contains("--data-only") && program == "as-it-is" {
                continue;
            }
            let output = bench.shell(&format!("mesim info --code {trace}"));
            assert!(output.status.success(), "{record}: {}", error_text(&output));
            let said = text(&output);
            let row = said.lines().find(|line| line.contains("  count  ")).expect("a function");
            let place = format!("false_sharing.c:{line}");
            assert!(row.contains(&place) && row.ends_with(program), "{record}: {row}");
            let accesses: u64 = row.split_whitespace().next().unwrap().parse().expect("a number");
            // How hot the counters' line is depends on how the threads met: it is among all lines.
            let hot = text(&bench.shell(&format!("mesim replay {trace} -q --top 100000")));
            let code = format!("count ({place})");
            assert!(hot.contains(&code), "{record}: {hot}");
            // Two threads load and store a counter 5,000 times each, and load that number once;
            // uncompiled, they return as well.
            assert!((20_000..20_020).contains(&accesses), "{record}: {row}");
        }
    }
}

#[test]
fn a_program_that_changed_since_is_not_asked() {
    let Some(bench) = Bench::with("cc") else { return };
    bench.compile("-g -O2", "$ROOT/examples/false_sharing.c", "prog");
    let output = bench.shell("mesim record --via cc -q -o out.mtrc -- ./prog 100");
    assert!(output.status.success(), "{}", error_text(&output));
    bench.compile("-g -O0", "$ROOT/examples/false_sharing.c", "prog");
    let output = bench.shell("mesim info --code out.mtrc");
    assert!(output.status.success());
    assert!(error_text(&output).contains("W0106"), "{}", error_text(&output));
    assert!(!text(&output).contains("count  "), "{}", text(&output));
    let output = bench.shell("mesim convert out.mtrc out.csv && mesim info --code out.csv");
    assert!(output.status.success(), "{}", error_text(&output));
    let output = bench.shell("mesim convert out.mtrc out.din && mesim info --code out.din");
    assert_eq!(output.status.code(), Some(2));
    assert!(error_text(&output).contains("E0325"), "{}", error_text(&output));
}

#[test]
fn valgrind_sees_false_sharing() {
    let (Some(bench), true) = (Bench::with("cc"), has("valgrind")) else { return };
    for (flags, program) in [("", "packed"), ("-DPAD", "padded")] {
        let source = "$ROOT/examples/false_sharing.c";
        let output = bench.shell(&format!("cc -O2 -pthread {flags} {source} -o {program}"));
        assert!(output.status.success(), "{}", error_text(&output));
    }
    // Long enough for several slices of a Valgrind that has no shorter ones.
    bench.false_sharing("--via valgrind --data-only", 120_000);
}

#[test]
fn qemu_sees_false_sharing() {
    let (Some(bench), true) = (Bench::with("cc"), has("qemu-x86_64")) else { return };
    for (flags, program) in [("", "packed"), ("-DPAD", "padded")] {
        let source = "$ROOT/examples/false_sharing.c";
        let output = bench.shell(&format!("cc -O2 -pthread {flags} {source} -o {program}"));
        assert!(output.status.success(), "{}", error_text(&output));
    }
    // The C library, which QEMU sees too, has some 1,700 misses of its own.
    bench.false_sharing("--via qemu --data-only", 2_000_000);
}

#[test]
fn qemu_sees_fetches_accesses_and_atomics_of_a_program_as_it_is() {
    let (Some(bench), true) = (Bench::with("cc"), has("qemu-x86_64")) else { return };
    let program = r#"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static long atomic;
static volatile long plain;
static void *count(void *unused) {
    for (int n = 0; n < 1000; n++) __atomic_fetch_add(&atomic, 1, __ATOMIC_SEQ_CST), plain++;
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, count, NULL);
    pthread_join(thread, NULL);
    printf("atomic=%p plain=%p\n", (void *)&atomic, (void *)&plain);
    fflush(stdout);
    kill(getpid(), SIGKILL);
}
"#;
    bench.folder.write("prog.c", program.as_bytes());
    let output = bench.shell("cc -O2 -pthread prog.c -o prog");
    assert!(output.status.success(), "{}", error_text(&output));
    let output = bench.shell("mesim record --via qemu -o out.mtrc -- ./prog");
    assert_eq!(output.status.code(), Some(128 + 9), "{}", error_text(&output));
    let (atomic, plain) = (printed(&output, "atomic"), printed(&output, "plain"));
    let accesses = bench.accesses();
    let count = |op, at| accesses.get(&(1, op, at, 8)).copied();
    let found = [count('A', atomic), count('R', plain), count('W', plain)];
    assert_eq!(found, [Some(1000); 3]);
    // A loop of four instructions or more.
    let fetches: u64 =
        accesses.iter().filter(|(key, _)| (key.0, key.1) == (1, 'I')).map(|(_, n)| n).sum();
    assert!(fetches > 4000, "{fetches} fetches");
    let output =
        bench.shell("mesim record --via qemu --data-only --limit 500 -o few.mtrc -- ./prog");
    assert_eq!(output.status.code(), Some(128 + 9), "{}", error_text(&output));
    let info = text(&bench.shell("mesim info few.mtrc"));
    assert!(info.contains("QEMU") && info.contains("records    500\n"), "{info}");
}

#[test]
fn valgrind_leaves_children_out_and_lays_any_number_of_threads_on_cores() {
    let (Some(bench), true) = (Bench::with("cc"), has("valgrind")) else { return };
    let program = r#"
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile long of_child, of_threads;
static void *add(void *unused) { for (int n = 0; n < 5; n++) of_threads++; return unused; }
int main(void) {
    if (fork() == 0) {
        for (int n = 0; n < 1000; n++) of_child++;
        _exit(0);
    }
    wait(NULL);
    for (int n = 0; n < 70; n++) {
        pthread_t thread;
        pthread_create(&thread, NULL, add, NULL);
        pthread_join(thread, NULL);
    }
    printf("of_child=%p of_threads=%p\n", (void *)&of_child, (void *)&of_threads);
    return 0;
}
"#;
    bench.folder.write("prog.c", program.as_bytes());
    let output = bench.shell("cc -O2 -pthread prog.c -o prog");
    assert!(output.status.success(), "{}", error_text(&output));
    let output =
        bench.shell("mesim record --data-only --threads-as-cores 4-way -o out.mtrc -- ./prog");
    assert_eq!(output.status.code(), Some(0), "{}", error_text(&output));
    let (child, threads) = (printed(&output, "of_child"), printed(&output, "of_threads"));
    assert_eq!([bench.count('W', child), bench.count('W', threads)], [0, 350]);
    // The threads 1 to 70 go round four cores, the first of which is the main thread's as well.
    let of_core = |core| bench.accesses().get(&(core, 'W', threads, 8)).copied();
    assert_eq!([0, 1, 2, 3].map(of_core), [17, 18, 18, 17].map(|n| Some(5 * n)));
    // A core for each is more than there may be.
    let output = bench.shell("mesim record --data-only -o many.mtrc -- ./prog");
    assert_eq!(output.status.code(), Some(2));
    let said = error_text(&output);
    assert!(said.contains("E0114") && said.contains("--threads-as-cores 4-way"), "{said}");
}

/// N increments a thread of the one counter and the other, by two threads after one another or at
/// once; then what the program does at its end.
const COUNTERS: &str = r#"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
static volatile long counters[2][8] __attribute__((aligned(64)));
static void *count(void *at) {
    for (int n = 0; n < 1000; n++) ++*(volatile long *)at;
    return NULL;
}
int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    pthread_t threads[2];
    for (int n = 0; n < 2; n++) pthread_create(&threads[n], NULL, count, (void *)counters[n]);
    for (int n = 0; n < 2; n++) pthread_join(threads[n], NULL);
    printf("a=%p b=%p\n", (void *)counters[0], (void *)counters[1]);
    fflush(stdout);
    if (!strcmp(how, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(how, "abort")) abort();
    if (!strcmp(how, "_exit")) _exit(9);
    if (!strcmp(how, "exec")) execl("/bin/sh", "sh", "-c", "exit 11", (char *)NULL);
    if (!strcmp(how, "self")) execl(argv[0], argv[0], (char *)NULL);
    if (!strcmp(how, "fork")) {
        if (fork() == 0) {
            count((void *)counters[0]);
            _exit(0);
        }
        int status = wait(NULL) > 0 && wait(NULL) < 0 ? 4 : 5;
        return status;
    }
    if (!strcmp(how, "echo")) {
        char line[80];
        while (fgets(line, sizeof line, stdin)) fputs(line, stdout), fputs(line, stderr);
        return 3;
    }
    return 0;
}
"#;

#[test]
fn each_increment_is_a_load_and_a_store_however_the_program_ends() {
    for (compiler, flags) in
        [("gcc", "-O0"), ("gcc", "-O2"), ("gcc", "-O3 -no-pie"), ("clang", "-O0"), ("clang", "-O2")]
    {
        let Some(bench) = Bench::with(compiler) else { continue };
        bench.program(&format!("{flags} -Wall -Wextra -Werror"), COUNTERS);
        for (how, code) in [
            ("", 0),
            ("kill", 128 + 9),
            ("abort", 128 + 6),
            ("_exit", 9),
            ("exec", 11),
            ("self", 0),
            ("fork", 4),
        ] {
            let output = bench.record(&format!("-- ./prog {how}"), code);
            let accesses = bench.accesses();
            let (a, b) = (printed(&output, "a"), printed(&output, "b"));
            for op in ['R', 'W'] {
                // Who did that at an address, and how often.
                let of = |addr: u64| -> Vec<(u16, u64)> {
                    let is = |key: &(u16, char, u64, u64)| (key.1, key.2, key.3) == (op, addr, 8);
                    let of = accesses.iter().filter(|(key, _)| is(key));
                    of.map(|(key, count)| (key.0, *count)).collect()
                };
                let (of_a, of_b) = (of(a), of(b));
                let is = matches!((&of_a[..], &of_b[..]), ([(one, 1000)], [(other, 1000)])
                    if one != other);
                assert!(is, "{compiler} {flags} {how}: {op} {of_a:?} {of_b:?}");
            }
        }
    }
}

#[test]
fn streams_and_exit_code_are_the_programs_own() {
    let Some(bench) = Bench::with("gcc") else { return };
    bench.program("-O1", COUNTERS);
    let output = bench.record("-q -- ./prog echo < prog.c", 3);
    let source = bench.folder.read("prog.c");
    assert!(output.stdout.ends_with(&source), "{}", text(&output));
    assert_eq!(output.stderr, source);
    // Alone it does the same, and records nothing.
    let output = bench.shell("./prog echo < prog.c");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stderr, source);
    // Whoever starts it is not recorded; but two programs are not one trace.
    bench.record("-- sh -c './prog && exit 5'", 5);
    // At once, one of them is not recorded and says so; there is time for the first one's end here.
    let output = bench.record("-- sh -c './prog; sleep 1; ./prog'", 2);
    assert!(error_text(&output).contains("a second program"), "{}", error_text(&output));
}

#[test]
fn a_limit_keeps_the_first_records_and_lets_the_program_end() {
    let Some(bench) = Bench::with("gcc") else { return };
    bench.compile("-O2", "$ROOT/examples/false_sharing.c", "packed");
    let output = bench.record("--limit 1000 -- ./packed", 0);
    assert_eq!(text(&output), "400000 and 400000\n");
    assert_eq!(bench.accesses().values().sum::<u64>(), 1000);
}

#[test]
fn a_region_of_interest_is_all_that_is_recorded() {
    let Some(bench) = Bench::with("gcc") else { return };
    let output = bench.shell("mesim record --print-roi-header > roi.h");
    assert!(output.status.success());
    let program = r#"
#include <stdio.h>
#include "roi.h"
static volatile long before, within, after;
int main(void) {
    for (int n = 0; n < 100; n++) before++;
    for (int times = 0; times < 2; times++) {
        mesim_roi_begin();
        for (int n = 0; n < 100; n++) within++;
        mesim_roi_end();
        mesim_roi_end();
    }
    for (int n = 0; n < 100; n++) after++;
    printf("within=%p\n", (void *)&within);
    return 0;
}
"#;
    bench.program("-O2", program);
    let output = bench.record("--roi -- ./prog", 0);
    let within = printed(&output, "within");
    let expected = [((0, 'R', within, 8), 200), ((0, 'W', within, 8), 200)];
    assert_eq!(bench.accesses(), expected.into());
    // Without the flag the functions mean nothing, nor do they without the recorder.
    bench.record("-- ./prog", 0);
    assert!(bench.accesses().len() >= 6);
    let output = bench.shell("gcc -O2 prog.c -o plain && ./plain");
    assert_eq!(output.status.code(), Some(0), "{}", error_text(&output));
    // A region that never begins is said.
    bench.program("-O2", COUNTERS);
    let output = bench.record("--roi -- ./prog", 2);
    assert!(error_text(&output).contains("mesim_roi_begin"), "{}", error_text(&output));
}

#[test]
fn atomics_copies_and_sizes_are_as_they_are_in_the_source() {
    let program = r#"
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static _Atomic uint8_t a8; static _Atomic uint16_t a16; static _Atomic uint32_t a32;
static _Atomic uint64_t a64;
static volatile uint16_t plain16;
static char from[256] __attribute__((aligned(64))), to[256] __attribute__((aligned(64)));
int main(int argc, char **argv) {
    (void)argv;
    for (int n = 0; n < 300; n++) a8++;
    for (int n = 0; n < 7; n++) atomic_fetch_or(&a16, 1 << n);
    uint32_t expected = 5;
    int failed = !atomic_compare_exchange_strong(&a32, &expected, 1);
    for (int n = 0; n < 9; n++) atomic_store_explicit(&a64, n, memory_order_release);
    for (int n = 0; n < 11; n++) failed += (int)atomic_load(&a64) == 8;
    plain16 = 3;
    size_t size = argc > 0 ? sizeof to : 0;
    memset(from, 1, size);
    from[argc] = 1;
    memcpy(to, from, size);
    printf("a8=%p a16=%p a32=%p a64=%p plain16=%p from=%p to=%p\n", (void *)&a8, (void *)&a16,
           (void *)&a32, (void *)&a64, (void *)&plain16, (void *)from, (void *)to);
    printf("failed=%d value8=%d value16=%d expected=%u ", failed, a8, a16, expected);
    printf("to0=%d\n", to[255]);
    return 0;
}
"#;
    for (compiler, flags) in [("gcc", "-O0"), ("gcc", "-O2"), ("clang", "-O0"), ("clang", "-O2")] {
        let Some(bench) = Bench::with(compiler) else { continue };
        bench.program(flags, program);
        let output = bench.record("-- ./prog", 0);
        let value = |name: &str| printed(&output, name);
        let values = ["failed", "value8", "value16", "expected", "to0"].map(value);
        assert_eq!(values, [12, 300 - 256, 127, 0, 1], "{compiler} {flags}");
        let accesses = bench.accesses();
        let count = |name: &str, op: char, size: u64, offset: u64| {
            accesses.get(&(0, op, value(name) + offset, size)).copied().unwrap_or(0)
        };
        let found = [
            count("a8", 'A', 1, 0),
            count("a16", 'A', 2, 0),
            count("a32", 'A', 4, 0),
            count("a64", 'W', 8, 0),
            count("a64", 'R', 8, 0),
            count("plain16", 'W', 2, 0),
        ];
        assert_eq!(found, [300, 7, 1, 9, 11, 1], "{compiler} {flags}");
        for line in [0, 64, 128, 192] {
            let found = [
                count("from", 'W', 64, line),
                count("from", 'R', 64, line),
                count("to", 'W', 64, line),
            ];
            assert_eq!(found, [1, 1, 1], "{compiler} {flags}: a line of the copy");
        }
    }
}

#[test]
fn a_cpp_program_with_threads_and_exceptions_is_recorded() {
    let program = r#"
#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>
struct Shape { virtual ~Shape() {} virtual int sides() const { return 0; } };
struct Square : Shape { int sides() const override { return 4; } };
static std::atomic<long> caught{0};
int main() {
    std::shared_ptr<Shape> shape = std::make_shared<Square>();
    std::vector<std::thread> threads;
    std::mutex mutex;
    long sides = 0;
    for (int t = 0; t < 4; t++)
        threads.emplace_back([&, shape] {
            for (int n = 0; n < 100; n++) {
                try {
                    if (n % 2) throw std::runtime_error("odd");
                    std::lock_guard<std::mutex> guard(mutex);
                    sides += shape->sides();
                } catch (const std::exception &) {
                    caught++;
                }
            }
        });
    for (auto &thread : threads) thread.join();
    std::atomic_thread_fence(std::memory_order_seq_cst);
    std::printf("caught=%ld sides=%ld at=%p\n", caught.load(), sides, (void *)&caught);
}
"#;
    for (compiler, flags) in [("gcc", "-O3"), ("clang", "-O2")] {
        let Some(bench) = Bench::with(compiler) else { continue };
        bench.folder.write("prog.cpp", program.as_bytes());
        // In two steps: flags of the linker mean nothing to the first.
        let object = format!("-c -Wall -Wextra -Werror {flags}");
        bench.compile(&object, "prog.cpp", "prog.o");
        bench.folder.write("empty.cpp", b"");
        bench.compile("prog.o", "empty.cpp", "prog");
        let output = bench.record("-- ./prog", 0);
        let values = ["caught", "sides"].map(|name| printed(&output, name));
        assert_eq!(values, [200, 800], "{compiler} {flags}");
        assert_eq!(bench.count('A', printed(&output, "at")), 200, "{compiler} {flags}");
    }
}

#[test]
fn a_signal_handler_records_as_everybody_does() {
    let Some(bench) = Bench::with("gcc") else { return };
    let program = r#"
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
static volatile long within, outside, jumps;
static sigjmp_buf back;
static void handle(int signal) {
    (void)signal;
    for (int n = 0; n < 2000; n++) within++;
    if (within % 4000 == 0) siglongjmp(back, 1);
}
int main(void) {
    struct itimerval often = {{0, 300}, {0, 300}};
    signal(SIGALRM, handle);
    setitimer(ITIMER_REAL, &often, NULL);
    if (sigsetjmp(back, 1)) jumps++;
    while (jumps < 100) outside++;
    struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_IGN);
    printf("within=%p value=%ld outside=%p\n", (void *)&within, within, (void *)&outside);
    return 0;
}
"#;
    bench.program("-O2", program);
    let output = bench.record("-- ./prog", 0);
    assert_eq!(bench.count('W', printed(&output, "within")), printed(&output, "value"));
    assert!(bench.count('W', printed(&output, "outside")) > 0);
}

#[test]
fn threads_keep_their_numbers_and_can_share_cores() {
    let Some(bench) = Bench::with("gcc") else { return };
    let program = r#"
#include <pthread.h>
#include <stdio.h>
static volatile long counter;
static void *count(void *unused) { counter++; return unused; }
int main(void) {
    for (int n = 0; n < 70; n++) {
        pthread_t thread;
        pthread_create(&thread, NULL, count, NULL);
        pthread_join(thread, NULL);
    }
    printf("at=%p\n", (void *)&counter);
    return 0;
}
"#;
    bench.program("-O2", program);
    // The operating system gives most of the 70 the same place and number.
    let output = bench.record("--threads-as-cores 4-way -- ./prog", 0);
    let at = printed(&output, "at");
    let cores: Vec<u64> = (0..5)
        .map(|core| bench.accesses().get(&(core, 'W', at, 8)).copied().unwrap_or(0))
        .collect();
    assert_eq!(cores[4], 0);
    assert_eq!(cores.iter().sum::<u64>(), 70);
    assert!(cores[..4].iter().all(|count| [17, 18].contains(count)), "{cores:?}");
    let output = bench.record("-- ./prog", 2);
    let errors = error_text(&output);
    assert!(errors.contains("E0114") && errors.contains("--threads-as-cores 4-way"), "{errors}");
}

#[test]
fn what_cannot_be_is_said_and_leaves_nothing_behind() {
    let Some(bench) = Bench::with("cc") else { return };
    let cases = [
        ("PATH= $mesim record -o out.mtrc -- ./prog", "E0320", "apt-get install valgrind"),
        (
            "PATH= CC= XDG_CACHE_HOME=$PWD $mesim record --print-cc-flags",
            "E0324",
            "apt-get install gcc",
        ),
        ("mesim record --via cc -o out.mtrc -- /bin/true", "E0321", "--print-cc-flags"),
        ("mesim record --via cc -o out.mtrc -- ./missing", "E0321", "no such program"),
        ("mesim record --via cc --quantum 3 -o out.mtrc -- ./prog", "E0323", "--quantum"),
        ("mesim record --via cc --lackey-modify atomic -o out.mtrc -- ./prog", "E0323", "lackey"),
        ("mesim record --via qemu --roi -o out.mtrc -- ./prog", "E0323", "--via cc"),
        ("mesim record --via cc --qemu qemu-arm -o out.mtrc -- ./prog", "E0323", "--via qemu"),
        ("mesim record --roi -o out.mtrc -- ./prog", "E0323", "--via cc"),
    ];
    bench.folder.write("prog", b"");
    for (line, code, says) in cases {
        let output = bench.shell(&format!("mesim=$(command -v mesim); {line}"));
        let errors = error_text(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {errors}");
        assert!(errors.contains(code) && errors.contains(says), "{line}: {errors}");
        assert!(!bench.folder.join("out.mtrc").exists(), "{line}");
    }
    let output = bench.shell("mesim=$(command -v mesim); PATH= CC= $mesim record --check");
    assert_eq!(output.status.code(), Some(0));
    for line in ["valgrind   is not there", "qemu       does not work", "apt-get install qemu-user"]
    {
        assert!(text(&output).contains(line), "{}", text(&output));
    }
}

/// Returns a text without its numbers, and with single spaces.
fn without_numbers(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let is_number = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
        if word.chars().all(is_number) { "#" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_walk_throughs_print_what_they_say_but_for_the_counts() {
    let mut commands = 0;
    let course = ["docs/course/2-false-sharing.md", "docs/course/2-false-sharing-key.md"];
    for document in ["README.md", "docs/recording.md"].iter().chain(&course) {
        let Some(bench) = Bench::with("cc") else { return };
        let root = Path::new(ROOT).canonicalize().expect("there is a root");
        for name in ["examples", "docs", "README.md"] {
            std::os::unix::fs::symlink(root.join(name), bench.folder.join(name))
                .expect("links can be made");
        }
        let text_of = std::fs::read_to_string(root.join(document)).expect("the document");
        for block in text_of.split("```text\n$ ").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            for part in block.split("\n$ ") {
                let (command, says) = part.split_once('\n').unwrap_or((part, ""));
                let output = bench.shell(command);
                assert!(output.status.success(), "{command}: {}", error_text(&output));
                assert_eq!(
                    without_numbers(&text(&output)),
                    without_numbers(says),
                    "{document}: {command}\n{}",
                    text(&output)
                );
                commands += 1;
            }
        }
    }
    assert_eq!(commands, 20);
}
