//! The examples in the documents are run, and what they print is compared.
//!
//! A ```` ```console ```` block has commands behind `$ ` and what each prints on standard output; a
//! `<!-- generated: COMMAND -->` block, up to `<!-- end -->`, is what its command prints. The
//! commands of a document run in a folder of their own that looks like the project's root, so that
//! one can write a file that the next one reads.
//! `MESIM_BLESS=1 cargo test --test integration docs` writes the outputs anew, to be read as
//! a diff.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::markdown;
use crate::support::Folder;

const BLESS: &str = "MESIM_BLESS";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("there is a root")
}

/// Returns a folder in which everything that the project's root has is found by the same name.
fn like_the_root() -> Folder {
    let folder = Folder::new();
    for entry in std::fs::read_dir(root()).expect("the root is readable") {
        let entry = entry.expect("the root is readable");
        let link = folder.path().join(entry.file_name());
        std::os::unix::fs::symlink(entry.path(), link).expect("links can be made");
    }
    folder
}

/// Runs a command of a document in a folder; `cargo run --release --` is the program.
fn output(command: &str, folder: &Folder) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_mesim"));
    let beside = program.parent().expect("the program lies in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let command = command.replace("cargo run --release --", "mesim");
    let result = Command::new("sh")
        .args(["-c", &command])
        .env("PATH", format!("{}:{path}", beside.display()))
        .current_dir(folder.path())
        .output()
        .expect("there is a shell");
    let errors = String::from_utf8_lossy(&result.stderr).into_owned();
    assert!(result.status.success(), "`{command}` fails:\n{errors}");
    String::from_utf8(result.stdout).expect("the output is UTF-8")
}

/// Returns the document as it should be, and how many commands were run for it.
fn renewed(text: &str) -> (String, usize) {
    let (mut out, mut commands) = (String::new(), 0);
    let folder = like_the_root();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        if let Some(rest) = line.strip_prefix("<!-- generated: ") {
            let command = rest.strip_suffix(" -->").expect("the marker ends on its line");
            commands += 1;
            out += output(command, &folder).trim_end();
            out.push('\n');
            while lines.peek().is_some_and(|line| *line != "<!-- end -->") {
                lines.next();
            }
        } else if line == "```console" {
            while let Some(line) = lines.next_if(|line| *line != "```") {
                let Some(command) = line.strip_prefix("$ ") else { continue };
                commands += 1;
                let printed = output(command, &folder);
                for line in [line].into_iter().chain(printed.trim_end().lines()) {
                    out += line;
                    out.push('\n');
                }
            }
        }
    }
    (out, commands)
}

#[test]
fn every_example_prints_what_its_document_says() {
    let mut documents = vec![root().join("README.md"), root().join("traces/README.md")];
    for folder in ["docs", "docs/course"] {
        let folder = std::fs::read_dir(root().join(folder)).expect("the folder is there");
        documents.extend(folder.map(|entry| entry.expect("the folder is readable").path()));
    }
    documents.push(root().join("configs/README.md"));
    let mut commands = 0;
    for path in documents.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let (renewed, run) = renewed(&text);
        commands += run;
        if std::env::var_os(BLESS).is_some() {
            std::fs::write(path, &renewed).expect("the document can be written");
        }
        if renewed != text && std::env::var_os(BLESS).is_none() {
            let pairs = text.lines().zip(renewed.lines());
            let first = pairs.enumerate().find(|(_, (is, should))| is != should);
            panic!("{} has drifted: {first:?}; {BLESS}=1 writes it anew", path.display());
        }
    }
    assert!(commands >= 5, "the documents have examples");
}

#[test]
fn every_key_of_the_section_durability_is_defined() {
    let text = std::fs::read_to_string(root().join("docs/write-back.md")).expect("it is there");
    let defined = |header: &str| -> BTreeSet<String> {
        let rows = markdown::tables(&text, header);
        let keys = rows.iter().flat_map(|row| markdown::quoted(&row[0]));
        keys.map(str::to_owned).collect()
    };
    let folder = like_the_root();
    let trace = "traces/scenarios/quiz-six-accesses.mtrace";
    let command = format!("mesim replay {trace} -c configs/presets/cpu.ron -q --json -");
    let report: Value = serde_json::from_str(&output(&command, &folder)).expect("JSON alone");
    let section = &report["durability"];
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    let four = defined("| key | unit | is |");
    assert_eq!(four.len(), 4);
    let others = defined("| key | in the text | is |");
    assert_eq!(keys(section), &four | &others, "left the report, right the page");
    let triggers = defined("| trigger | takes |");
    assert_eq!(keys(&section["flushes"]["by_trigger"]), triggers, "left the report");
}
