//! What a reviewer would otherwise have to look for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::markdown;

/// The most columns of a line of Rust.
const COLUMNS_MAX: usize = 100;
/// The most lines of a source file of a crate: beyond that it answers two questions.
const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root is there")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the names in a folder, sorted; folders end in a slash.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder));
    let entries = entries.unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<_> = entries
        .map(|entry| {
            let entry = entry.expect("the folder is readable");
            let slash = if entry.path().is_dir() { "/" } else { "" };
            let name = entry.file_name().into_string().expect("names are text");
            format!("{name}{slash}")
        })
        .collect();
    names.sort();
    names
}

/// Returns every file below a folder, by its path from the root; nothing built, nothing hidden.
fn files(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for name in names(folder) {
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        match path.strip_suffix('/') {
            Some("target") => {}
            Some(inner) => {
                let hidden = inner.rsplit('/').next().is_some_and(|name| name.starts_with('.'));
                if !hidden {
                    files.extend(self::files(inner));
                }
            }
            None => files.push(path),
        }
    }
    files
}

fn with_extension<'a>(files: &'a [String], extension: &str) -> Vec<&'a str> {
    let matches = |path: &&str| Path::new(path).extension().is_some_and(|e| e == extension);
    files.iter().map(String::as_str).filter(matches).collect()
}

/// Fails with all findings at once, each `path:line: what`.
fn none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// Returns `path:line: what` for each line of each file in which `check` finds something.
fn lines_of(paths: &[&str], mut check: impl FnMut(&str) -> Option<String>) -> Vec<String> {
    assert!(!paths.is_empty(), "there is something to look at");
    let mut findings = Vec::new();
    for path in paths {
        for (number, line) in read(path).lines().enumerate() {
            if let Some(what) = check(line) {
                findings.push(format!("{path}:{}: {what}", number + 1));
            }
        }
    }
    findings
}

/// Returns the crates of the workspace that a manifest's dependencies name.
fn arrows(manifest: &str, members: &[String]) -> BTreeSet<String> {
    let mut arrows = BTreeSet::new();
    let mut section = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[') {
            section = title.trim_end_matches(']');
        }
        // `[dependencies]`, `[dev-dependencies]`, and `[dependencies.trace]`.
        let Some(at) = section.find("dependencies") else { continue };
        let named = section[at..].strip_prefix("dependencies.");
        let name = named.or_else(|| line.split(['=', '.']).next()).unwrap_or("").trim();
        let name = name.trim_matches('"').trim_start_matches("mesim-");
        arrows.extend(members.iter().filter(|member| *member == name).cloned());
    }
    arrows
}

#[test]
fn crates_depend_on_each_other_as_architecture_md_says() {
    let crates = names("crates");
    let members: Vec<String> =
        crates.iter().filter_map(|name| name.strip_suffix('/')).map(str::to_owned).collect();
    let found: BTreeMap<_, _> = members
        .iter()
        .map(|member| {
            let manifest = read(&format!("crates/{member}/Cargo.toml"));
            (member.clone(), arrows(&manifest, &members))
        })
        .collect();

    let table = markdown::tables(&read("ARCHITECTURE.md"), "| crate | may use |");
    let allowed: BTreeMap<_, BTreeSet<_>> = table
        .iter()
        .map(|row| {
            let uses = markdown::quoted(&row[1]).into_iter().map(str::to_owned).collect();
            (markdown::quoted(&row[0])[0].to_owned(), uses)
        })
        .collect();
    assert_eq!(found, allowed, "left the manifests, right ARCHITECTURE.md");
}

/// Returns the dependencies of a manifest that are there without any feature.
fn always_needed(manifest: &str) -> Vec<&str> {
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let needed = lines.filter(|line| !line.contains("optional = true"));
    needed.filter_map(|line| Some(line.split_once('=')?.0.trim())).collect()
}

#[test]
fn a_test_that_uses_the_library_builds_nothing_of_the_command() {
    let manifest = read("crates/cli/Cargo.toml");
    assert_eq!(always_needed(&manifest), ["cache", "coherence", "driver"]);
    // Which in turn leave out the decompressors, that need a C compiler.
    let trace = read("crates/driver/Cargo.toml");
    assert!(trace.contains("\ntrace = { workspace = true }\n"), "without the feature `files`");
    assert!(
        always_needed(&read("crates/trace/Cargo.toml")) == ["crc32fast", "serde_json", "strsim"]
    );
}

#[test]
fn arrows_are_read_however_a_manifest_writes_them() {
    let manifest = "[package]\nname = \"mesim-driver\"\ncache = 1\n\
                    [dependencies]\ncache = { workspace = true }\ntrace.workspace = true\n\
                    [dev-dependencies.coherence]\nworkspace = true\n[lints]\ncli = 1\n";
    let members = ["cache", "trace", "coherence", "cli"].map(str::to_owned);
    let expected = ["cache", "coherence", "trace"].map(str::to_owned);
    assert_eq!(arrows(manifest, &members), expected.into());
}

#[test]
fn no_line_of_rust_is_wider_than_the_limit() {
    let files = files("");
    none(&lines_of(&with_extension(&files, "rs"), |line| {
        let columns = line.chars().count();
        (columns > COLUMNS_MAX).then(|| format!("{columns} columns, at most {COLUMNS_MAX}"))
    }));
}

#[test]
fn nothing_is_left_to_do_in_the_code() {
    // Put together, so that this file does not find itself.
    let macros = ["todo", "dbg", "unimplemented"].map(|name| format!("{name}!"));
    let files = files("");
    none(&lines_of(&with_extension(&files, "rs"), |line| {
        let called = macros.iter().find(|name| {
            [" ", "(", "=", "{"].iter().any(|before| line.contains(&format!("{before}{name}")))
                || line.starts_with(name.as_str())
        });
        called.map(|name| format!("`{name}` is for a moment, not for the repository"))
    }));
}

#[test]
fn every_source_file_of_a_crate_is_short() {
    let files = files("crates");
    let mut findings = Vec::new();
    for path in with_extension(&files, "rs").into_iter().filter(|path| path.contains("/src/")) {
        let lines = read(path).lines().count();
        if lines > LINES_MAX {
            findings.push(format!("{path}: {lines} lines, at most {LINES_MAX}"));
        }
    }
    none(&findings);
}

#[test]
fn every_crate_says_what_it_is_and_shows_it() {
    let mut findings = Vec::new();
    for name in names("crates").iter().filter_map(|name| name.strip_suffix('/')) {
        let path = format!("crates/{name}/src/lib.rs");
        // The library's example is code, and the command's a command.
        let command = (name == "cli").then(|| ("crates/cli/src/main.rs".to_owned(), "mesim "));
        for (path, example) in [(path, "```")].into_iter().chain(command) {
            let text = read(&path);
            let docs: Vec<_> = text.lines().take_while(|line| line.starts_with("//!")).collect();
            if docs.is_empty() {
                findings.push(format!("{path}:1: no crate doc"));
            } else if !docs.iter().any(|line| line.contains(example)) {
                findings.push(format!("{path}:{}: the crate doc has no example", docs.len()));
            }
        }
    }
    none(&findings);
}

#[test]
fn every_trace_is_named_in_the_readme_of_its_folder() {
    let readme = read("traces/README.md");
    let (recordings, scenarios) = readme.split_once("## Scenarios").expect("both are described");
    let (_, samples) = recordings.split_once("## Samples").expect("all are described");
    let mut findings = Vec::new();
    // Recordings by their names, scenarios without the extension that they have in common.
    let parts = [
        ("traces", recordings, ""),
        ("traces/samples", samples, ""),
        ("traces/scenarios", scenarios, ".mtrace"),
    ];
    for (folder, text, extension) in parts {
        let named: BTreeSet<_> = markdown::quoted(text).into_iter().collect();
        for name in names(folder).iter().filter(|name| !name.ends_with('/')) {
            // An expectation file stands for its trace, which may be too long to be kept.
            let short = name.strip_suffix(".expect.ron").unwrap_or(name);
            let short = short.strip_suffix(extension).unwrap_or(short);
            if name != "README.md" && !named.contains(short) {
                findings.push(format!("{folder}/{name}: `{short}` is not in traces/README.md"));
            }
        }
    }
    none(&findings);
}

#[test]
fn every_folder_of_traces_is_named_in_the_readme() {
    let readme = read("traces/README.md");
    for folder in names("traces").iter().filter(|name| name.ends_with('/')) {
        assert!(
            readme.contains(&format!("`{folder}")),
            "traces/{folder} is not in traces/README.md"
        );
    }
}

#[test]
fn every_module_of_the_tests_is_declared() {
    let crates = names("crates");
    let folders = crates.iter().map(|name| format!("crates/{name}tests"));
    for folder in folders.chain(["tests".to_owned()]) {
        let main = format!("{folder}/main.rs");
        if !root().join(&main).exists() {
            assert!(!root().join(&folder).exists(), "{folder}/ is one binary, with a main.rs");
            continue;
        }
        let declared: BTreeSet<_> = read(&main)
            .lines()
            .filter_map(|line| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned()))
            .collect();
        let there: BTreeSet<_> = names(&folder)
            .iter()
            .filter_map(|name| match name.strip_suffix('/') {
                Some(inner) => {
                    let module = root().join(&folder).join(inner).join("mod.rs");
                    module.exists().then(|| inner.to_owned())
                }
                None => Some(name.strip_suffix(".rs")?.to_owned()).filter(|name| name != "main"),
            })
            .collect();
        assert_eq!(declared, there, "left {main}, right the files of {folder}/");
    }
}

#[test]
fn every_bench_is_a_target_and_named_in_the_readme() {
    let manifest = read("crates/cli/Cargo.toml");
    let readme = read("benches/README.md");
    for name in with_extension(&names("benches"), "rs") {
        let path = format!("path = \"../../benches/{name}\"");
        assert!(manifest.contains(&path), "{name} is no target of crates/cli");
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in benches/README.md");
    }
}

/// Returns the diagnostic codes that a source has as string literals.
fn codes(text: &str) -> BTreeSet<&str> {
    let is_code = |literal: &&str| {
        literal.len() == 5
            && literal.starts_with(['E', 'W'])
            && literal[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split('"').filter(is_code).collect()
}

#[test]
fn every_diagnostic_code_is_explained_and_every_explained_one_is_in_use() {
    let files = files("crates");
    let (explanations, sources): (Vec<_>, Vec<_>) = with_extension(&files, "rs")
        .into_iter()
        .filter(|path| path.contains("/src/"))
        .partition(|path| path.ends_with("explanations.rs"));
    let read_all = |paths: &[&str]| paths.iter().map(|path| read(path)).collect::<Vec<_>>();
    let (explained, texts) = (read_all(&explanations), read_all(&sources));
    let explained: BTreeSet<_> = explained.iter().flat_map(|text| codes(text)).collect();
    let used: BTreeSet<_> = texts.iter().flat_map(|text| codes(text)).collect();
    assert_eq!(explained, used, "left {explanations:?}, right the code");
}

#[test]
fn no_file_names_the_place_or_the_circumstances_it_was_written_in() {
    // Put together, so that this file does not find itself.
    let words: Vec<String> = [
        &["/wo", "rk/"][..],
        &["/ho", "me/"],
        &["/ro", "ot/"],
        &["/t", "mp/"],
        &["local", "host"],
        &["FIX", "ME"],
        &["XX", "X"],
        &["chat", "gpt"],
        &["co-authored", "-by"],
        &["language ", "model"],
        &["as req", "uested"],
        &["the iss", "ue says"],
        &["this ses", "sion"],
        &["previous ses", "sion"],
        &["help", "er agent"],
    ]
    .iter()
    .map(|parts| parts.concat().to_lowercase())
    .collect();
    let files = files("");
    let text: Vec<_> = ["rs", "md", "ron", "toml", "sh", "c", "h", "mtrace"]
        .iter()
        .flat_map(|extension| with_extension(&files, extension))
        .chain([".ci/run"])
        .collect();
    none(&lines_of(&text, |line| {
        let line = line.to_lowercase();
        let found = words.iter().find(|word| line.contains(word.as_str()));
        found.map(|word| format!("`{word}`"))
    }));
}
