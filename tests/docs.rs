//! The examples in the documents are run, and what they print is compared.
//!
//! A ```` ```console ```` block has commands behind `$ ` and what each prints on standard output; a
//! `<!-- generated: COMMAND -->` block, up to `<!-- end -->`, is what its command prints.
//! `MESIM_BLESS=1 cargo test --test integration docs` writes the outputs anew, to be read as
//! a diff.

use std::path::{Path, PathBuf};
use std::process::Command;

const BLESS: &str = "MESIM_BLESS";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("there is a root")
}

/// Runs a command of a document at the project's root; `cargo run --release --` is the program.
fn output(command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_mesim"));
    let folder = program.parent().expect("the program lies in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let command = command.replace("cargo run --release --", "mesim");
    let result = Command::new("sh")
        .args(["-c", &command])
        .env("PATH", format!("{}:{path}", folder.display()))
        .current_dir(root())
        .output()
        .expect("there is a shell");
    let errors = String::from_utf8_lossy(&result.stderr).into_owned();
    assert!(result.status.success(), "`{command}` fails:\n{errors}");
    String::from_utf8(result.stdout).expect("the output is UTF-8")
}

/// Returns the document as it should be, and how many commands were run for it.
fn renewed(text: &str) -> (String, usize) {
    let (mut out, mut commands) = (String::new(), 0);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        if let Some(rest) = line.strip_prefix("<!-- generated: ") {
            let command = rest.strip_suffix(" -->").expect("the marker ends on its line");
            commands += 1;
            out += output(command).trim_end();
            out.push('\n');
            while lines.peek().is_some_and(|line| *line != "<!-- end -->") {
                lines.next();
            }
        } else if line == "```console" {
            while let Some(line) = lines.next_if(|line| *line != "```") {
                let Some(command) = line.strip_prefix("$ ") else { continue };
                commands += 1;
                out += &[line, output(command).trim_end(), ""].join("\n");
            }
        }
    }
    (out, commands)
}

#[test]
fn every_example_prints_what_its_document_says() {
    let mut documents = vec![root().join("README.md"), root().join("traces/README.md")];
    let folder = std::fs::read_dir(root().join("docs")).expect("there is a docs folder");
    documents.extend(folder.map(|entry| entry.expect("the folder is readable").path()));
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
