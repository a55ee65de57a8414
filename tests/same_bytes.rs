//! The same trace gives the same report, byte for byte, however it comes; in bounded memory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Folder, ROOT, error_text};

/// The shipped recordings.
fn recordings() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join("traces")).expect("the traces");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "xz")).collect();
    paths.sort();
    assert!(paths.len() >= 11, "{paths:?}");
    paths
}

/// Returns the format that a recording's name says.
fn format_of(path: &Path) -> &'static str {
    trace::format_of_name(path).expect("a format by its name").name()
}

fn report(folder: &Folder, path: &Path) -> Vec<u8> {
    folder.good(&["replay", &path.to_string_lossy(), "--json", "-"])
}

#[test]
fn a_replay_repeats_itself_and_reads_standard_input_alike() {
    let folder = Folder::new();
    for path in recordings() {
        let expected = report(&folder, &path);
        assert!(expected.starts_with(b"{") && expected.len() > 1000);
        assert_eq!(report(&folder, &path), expected, "{}", path.display());
        let bytes = fs::read(&path).expect("a recording");
        let compressed = folder.feed(&["replay", "-", "--json", "-"], &bytes);
        assert_eq!(compressed.stdout, expected, "{} < xz", path.display());
        let mut plain = Vec::new();
        let input = Box::new(std::io::Cursor::new(bytes));
        let mut decoder = trace::decoder(trace::Codec::Xz, input).expect("a decoder");
        std::io::Read::read_to_end(&mut decoder, &mut plain).expect("a whole file");
        let read = folder.feed(&["replay", "-", "--json", "-"], &plain);
        assert_eq!(read.stdout, expected, "{} < plain", path.display());
    }
}

#[test]
fn a_replay_of_every_compression_is_the_same() {
    let folder = Folder::new();
    for path in recordings() {
        let expected = report(&folder, &path);
        let format = format_of(&path);
        for ending in ["", ".gz", ".zst", ".lz4", ".xz"] {
            let name = format!("same.{format}{ending}");
            folder.good(&["convert", &path.to_string_lossy(), &name]);
            assert_eq!(report(&folder, Path::new(&name)), expected, "{} {ending}", path.display());
            // Without a name to go by.
            fs::rename(folder.join(&name), folder.join("unnamed")).expect("the file");
            assert_eq!(report(&folder, Path::new("unnamed")), expected, "{}", path.display());
        }
    }
}

#[test]
fn a_conversion_that_reports_no_loss_loses_nothing() {
    let folder = Folder::new();
    let mut lossless = 0;
    for path in recordings() {
        let expected = report(&folder, &path);
        for format in trace::Format::written() {
            for output in [format!("out.{}", format.name()), format!("{}/", format.name())] {
                let to = ["--to", format.name()];
                let from = path.to_string_lossy();
                if output.ends_with('/') && format.names_cores() {
                    continue;
                }
                let run = folder.run(&[&["convert", &from, &output], &to[..]].concat());
                assert_eq!(run.status.code(), Some(0), "{output}: {}", error_text(&run));
                let what = format!("{} to {output}", path.display());
                if run.stderr.is_empty() {
                    lossless += 1;
                    assert_eq!(report(&folder, Path::new(&output)), expected, "{what}");
                } else {
                    assert!(error_text(&run).starts_with("warning[W0101]"), "{what}");
                    let strict = folder
                        .run(&[&["convert", &from, "strict.out", "--strict"], &to[..]].concat());
                    // Into one file a format may lose what a folder keeps, and the other way round.
                    let refused = strict.status.code() == Some(2);
                    assert!(refused || output.ends_with('/'), "{what}");
                }
                if output.ends_with('/') {
                    fs::remove_dir_all(folder.join(&output)).expect("the folder");
                }
            }
        }
    }
    // Every recording to mtrace, and those of lackey to lackey.
    assert!(lossless >= 13, "only {lossless} conversions lost nothing");
}

/// Peak memory, as Linux counts it.
#[cfg(target_os = "linux")]
mod memory {
    use std::process::Stdio;

    use super::*;

    const KIB: u64 = 1024;
    const PEAK_MAX: u64 = 100 << 20;
    /// Decoding ahead keeps one chunk more or less, as the threads happen to run.
    const CHUNKS: u64 = 4 << 20;

    /// Replays made-up records from a pipe and returns the peak of its memory, in bytes.
    fn peak(folder: &Folder, accesses: u64, format: &str, more: &[&str]) -> u64 {
        let mut generate = folder.command(&["gen", "zipf", "--cores", "4"]);
        generate.args(["--accesses", &accesses.to_string()]);
        let mut source = generate.stdout(Stdio::piped()).spawn().expect("the command runs");
        let mut records = source.stdout.take().expect("a pipe");
        let mut converter = None;
        if format != "mtrace" {
            let args = ["convert", "-", "-", "--from", "mtrace", "--to", format];
            let mut convert = folder.command(&args);
            convert.stdin(records).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut running = convert.spawn().expect("the command runs");
            records = running.stdout.take().expect("a pipe");
            converter = Some(running);
        }
        let mut replay = folder.command(&["replay", "-", "--format", format, "--json", "-", "-q"]);
        replay.args(more).stdin(records).stdout(Stdio::null());
        let mut child = replay.spawn().expect("the command runs");
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        loop {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            peak = peak.max(kib.unwrap_or(0) * KIB);
            if let Some(status) = child.try_wait().expect("a child") {
                assert!(status.success());
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        assert!(source.wait().expect("a child").success());
        if let Some(mut converter) = converter {
            assert!(converter.wait().expect("a child").success());
        }
        assert!(peak > 0);
        peak
    }

    #[test]
    fn memory_does_not_grow_with_the_trace() {
        let folder = Folder::new();
        for (format, more) in
            [("mtrace", &[][..]), ("din", &[]), ("mtrace", &["--classify", "--check"])]
        {
            let short = peak(&folder, 1_000_000, format, more);
            let long = peak(&folder, 4_000_000, format, more);
            assert!(long < PEAK_MAX, "{format}: {long} bytes");
            assert!(long < short + short / 20 + CHUNKS, "{format}: {short} bytes, then {long}");
        }
    }
}
