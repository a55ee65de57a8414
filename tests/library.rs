//! The library as the tests of another crate use it.

use std::fmt::Write as _;

use mesim::{
    CleanSupply, ErrorKind, Event, Op, Protocol, Rules, Simulation, Supplier, WriteToShared,
};

/// One sequence for all: shared and stored to by turns, a third reader, an eviction of the owner,
/// a store by the one who is left, a clean.
const SEQUENCE: &str = "\
    0 R x; 1 R x; 0 W x; 1 R x; 1 W x; 2 R x # the line goes round
    0 W x; 0 E x; 1 R x; 1 W x; 1 C x";

/// The states of cores 0, 1, 2 after each access, worked out from the tables of the literature.
///
/// 1 a read alone; 2 a second reader; 3 a store to a shared line; 4 the other reads it; 5 and
/// stores; 6 a third reads; 7 core 0 stores again (it has lost the line, but under Dragon); 8 and
/// evicts; 9 core 1 reads (memory is new; under Dragon a hit); 10 and stores; 11 and is made clean.
#[rustfmt::skip]
const STATES: [(&str, [&str; 11]); 5] = [
    // No E: the readers share, the owner is flushed, a clean leaves S.
    ("MSI",    ["S I I", "S S I", "M I I", "S S I", "I M I", "I S S",
                "M I I", "I I I", "I S I", "I M I", "I S I"]),
    // The lonely reads find E; the store of 10 is silent; a clean leaves E.
    ("MESI",   ["E I I", "S S I", "M I I", "S S I", "I M I", "I S S",
                "M I I", "I I I", "I E I", "I M I", "I E I"]),
    // A dirty line that is read is owned; the upgrade of 5 takes the duty over from core 0.
    ("MOESI",  ["E I I", "S S I", "M I I", "O S I", "I M I", "I O S",
                "M I I", "I I I", "I E I", "I M I", "I E I"]),
    // The newest reader forwards.
    ("MESIF",  ["E I I", "S F I", "M I I", "S F I", "I M I", "I S F",
                "M I I", "I I I", "I E I", "I M I", "I E I"]),
    // Nobody loses a copy but by its own eviction; the last writer owns. At 10 core 2 shares still.
    ("Dragon", ["E I I", "Sc Sc I", "Sm Sc I", "Sm Sc I", "Sc Sm I", "Sc Sm Sc",
                "Sm Sc Sc", "I Sc Sc", "I Sc Sc", "I Sm Sc", "I Sc Sc"]),
];

#[test]
fn every_protocol_goes_through_the_states_of_its_table() {
    for protocol in Protocol::BUILT_IN {
        let known = STATES.iter().any(|(name, _)| *name == protocol.name());
        assert!(known, "STATES has no row for {}: work its states out by hand", protocol.name());
    }
    for (protocol, expected) in STATES {
        let log = mesim::run(protocol, SEQUENCE);
        let found: Vec<String> = log.steps().iter().map(|step| step.after.join(" ")).collect();
        assert_eq!(found, expected, "{protocol}");
        insta::assert_snapshot!(protocol.to_lowercase(), log);
    }
}

#[test]
fn a_log_answers_questions() {
    let log = mesim::run("moesi", "0 W x[3]; 1 R x; 1 A x; 1 I y");
    assert_eq!(log.protocol(), "MOESI");
    let [write, read, atomic, fetch] = log.steps() else { panic!("{log}") };
    assert_eq!((write.core, write.op, write.name.as_str(), write.word), (0, Op::Write, "x", 3));
    assert_eq!((write.hit, write.supplier), (Some(false), Some(Supplier::Memory)));
    assert_eq!((read.supplier, read.happenings[0].event), (Some(Supplier::Core(0)), Event::Supply));
    assert_eq!((atomic.bus.as_slice(), atomic.hit), (&["BusUpgr"][..], Some(true)));
    let events: Vec<_> = atomic.happenings.iter().map(|what| (what.event, what.core)).collect();
    assert_eq!(events, [(Event::HandOver, 0), (Event::Invalidation, 0)]);
    assert_eq!((fetch.before.join(" "), fetch.after.join(" ")), ("I I".into(), "I E".into()));
    assert_eq!(
        (log.states("x"), log.states("y")),
        (&["I", "M"].map(String::from)[..], &fetch.after[..])
    );
    assert_eq!(log.counts().find(|(name, _)| *name == "handed_over"), Some(("handed_over", 1)));
    assert_eq!((log.count("memory.writes"), log.count("memory.reads")), (0, 2));
    assert!(log.counts().all(|(name, _)| !name.contains("cycles")), "no time");
}

#[test]
fn logs_are_equal_if_everything_in_them_is() {
    let log = mesim::run("MESI", "0 R x; 1 W x");
    // Names are where they are used, and comments nowhere.
    assert_eq!(log, mesim::run("mesi", "0 R x # first\n\n1 W x;;"));
    assert_eq!(format!("{log:?}"), log.to_string());
    for other in ["0 R x; 1 W x[1]", "0 R y; 1 W y", "0 R x", "0 R x; 0 W x"] {
        assert_ne!(log, mesim::run("MESI", other), "{other}");
    }
    assert_ne!(log, mesim::run("MESIF", "0 R x; 1 W x"));
    let text = log.to_string();
    assert!(!text.ends_with('\n') && text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn rules_sizes_and_cores_are_chosen() {
    let mut shown = String::new();
    // Illinois: the lowest-numbered holder supplies; a store to S reads again to own.
    let rules = Rules {
        clean_supply: CleanSupply::AnyHolder,
        write_to_shared: WriteToShared::ReadExclusive,
        ..Rules::default()
    };
    let mesi = Simulation::built_in("MESI").unwrap();
    let _ = writeln!(shown, "{}\n", mesi.clone().rules(rules).run("0 R x; 1 R x; 2 R x; 1 W x"));
    // Two lines fit: z takes the place of x, which is dirty, then w that of y, which is not.
    let two = mesi.clone().lines(2).run("0 W x; 0 R y; 0 R z; 0 R w");
    assert_eq!((two.count("evictions"), two.count("write_backs")), (2, 1));
    let _ = writeln!(shown, "{two}\n");
    // A core that does nothing; C and F act on every core's copy; E of nothing is nothing.
    let idle = mesi.cores(3).run("0 W x; 1 R x; 1 W x[2]; 0 E x; 0 F x; 0 R x");
    let _ = writeln!(shown, "{idle}");
    insta::assert_snapshot!("chosen", shown);
}

#[test]
fn sixty_four_cores_and_many_steps_stay_aligned() {
    let script: Vec<String> = (0..64).map(|core| format!("{core} R x")).collect();
    let log = mesim::run("MESI", &format!("{}; 63 W x", script.join(";")));
    assert_eq!(log.count("invalidations"), 63);
    let text = log.to_string();
    let header = text.lines().nth(1).expect("a header");
    let place = header.find("core 63").expect("its column");
    for line in text.lines().skip(2) {
        assert!(line[place..].starts_with(['I', 'S']), "{line}");
    }
    assert!(text.ends_with("59 60 61 62"), "{text}");
}

#[test]
fn mistakes_are_shown_with_what_works() {
    let mut shown = String::new();
    for (script, kind) in [
        ("", ErrorKind::NoAccess),
        ("# nothing\n;;", ErrorKind::NoAccess),
        ("0 R", ErrorKind::NotAnAccess),
        ("0 R x 4", ErrorKind::NotAnAccess),
        ("0 R x, 1 W x", ErrorKind::NotAnAccess),
        ("0 R x; 64 W x", ErrorKind::NotACore),
        ("0 R x; P1 W x", ErrorKind::NotACore),
        ("-1 R x", ErrorKind::NotACore),
        ("0 R x;\n  1 store x", ErrorKind::NotAnOperation),
        ("0 r x", ErrorKind::NotAnOperation),
        ("0 R 0x1000", ErrorKind::NotAName),
        ("0 R x[16]", ErrorKind::NotAName),
        ("0 R x[", ErrorKind::NotAName),
        ("0 R x-y", ErrorKind::NotAName),
        ("0 R größe; 1 W ä; 1 Ü x", ErrorKind::NotAnOperation),
    ] {
        let error = mesim::try_run("MESI", script).unwrap_err();
        assert_eq!(error.kind(), kind, "{script}");
        assert_eq!(error.place().is_none(), kind == ErrorKind::NoAccess);
        assert!(!error.hint().is_empty());
        let _ = writeln!(shown, "{script:?}\n{error}\n");
    }
    let _ = writeln!(shown, "{}\n", mesim::try_run("MESY", "0 R x").unwrap_err());
    for simulation in [
        Simulation::built_in("MSI").unwrap().lines(0),
        Simulation::built_in("MSI").unwrap().cores(65),
    ] {
        let error = simulation.try_run("0 R x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAMachine);
        let _ = writeln!(shown, "{error}\n");
    }
    insta::assert_snapshot!("mistakes", shown);
}

/// What a call says when it panics.
fn panic_of(call: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(call).expect_err("it panics");
    payload.downcast_ref::<String>().expect("a text").clone()
}

#[test]
fn what_tests_call_panics_with_the_error_as_it_is_read() {
    let error = mesim::try_run("MESI", "0 R x; 1 X x").unwrap_err();
    assert_eq!(panic_of(|| drop(mesim::run("MESI", "0 R x; 1 X x"))), error.to_string());
    let log = mesim::run("MSI", "0 R x; 0 R y");
    let counter = panic_of(|| {
        let _ = log.count("misess");
    });
    assert!(
        counter.starts_with("there is no counter `misess`; the counters are reads, "),
        "{counter}"
    );
    let name = panic_of(|| {
        let _ = log.states("z");
    });
    assert_eq!(name, "the script has no line `z`; its lines are x, y");
}

#[test]
fn the_readme_shows_what_the_library_prints() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md"));
    let readme = readme.expect("the README");
    let log = mesim::run("MOESI", "0 W x; 1 R x; 1 W x; 0 E x; 1 E x").to_string();
    assert!(readme.contains(&format!("```text\n{log}\n```")), "expected in README.md:\n{log}");
}

/// A store miss of Dragon to a dirty line: the owner supplies and stays the owner, and hands the
/// line over to the `BusUpd` that follows.
#[test]
fn a_flush_is_kept_or_not_at_the_moment_it_happens() {
    let log = mesim::run("Dragon", "0 W x; 1 W x");
    let events: Vec<_> =
        log.steps()[1].happenings.iter().map(|happening| happening.event).collect();
    assert_eq!(events, [mesim::Event::Supply, mesim::Event::HandOver, mesim::Event::Update]);
    assert_eq!((log.count("flushes_kept"), log.count("memory.writes")), (1, 0));
}
