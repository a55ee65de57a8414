//! What a cell came to, as a file: the report of its run, line for line as `mesim replay --json`
//! writes it, between a first line that says whose it is and a last one.

use std::fmt;

use serde_json::{Value, json};

use super::digest::Digest;

/// What a result says that it is.
const SCHEMA: &str = "mesim.cell/1";

/// What a cell came to.
#[derive(Clone, PartialEq, Debug)]
pub enum CellResult {
    /// The report of its run.
    Report(Value),
    /// It has none: the code and the title of the diagnostic.
    Failed {
        /// The code of the diagnostic.
        code: String,
        /// What went wrong.
        message: String,
    },
}

/// A text that is no whole result of a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResultError {
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ResultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ResultError {}

/// Returns the text of the file of a cell that has the report of its run.
///
/// Between the first line and the last stands the report as it is.
pub fn result_text(id: &str, report: &str) -> String {
    let sum = Digest::of(report);
    format!(
        "{{\"schema\": \"{SCHEMA}\", \"id\": \"{id}\", \"sha256\": \"{sum}\", \"report\":\n\
         {report}}}\n"
    )
}

/// Returns the text of the file of a cell that has none.
pub fn failure_text(id: &str, code: &str, message: &str) -> String {
    let error = json!({"code": code, "message": message}).to_string();
    let sum = Digest::of(&error);
    format!(
        "{{\"schema\": \"{SCHEMA}\", \"id\": \"{id}\", \"sha256\": \"{sum}\", \"error\":\n\
         {error}\n}}\n"
    )
}

impl CellResult {
    /// Reads the file of a cell.
    pub fn read(id: &str, text: &str) -> Result<Self, ResultError> {
        let wrong = |message: &str| Err(ResultError { message: message.to_owned() });
        let Some((head, rest)) = text.split_once('\n') else {
            return wrong("it has no second line");
        };
        let Some(body) = rest.strip_suffix("}\n") else {
            return wrong("its last line is missing: it is not whole");
        };
        let field = |name: &str| {
            let (_, rest) = head.split_once(&format!("\"{name}\": \""))?;
            rest.split_once('"').map(|(value, _)| value)
        };
        if field("schema") != Some(SCHEMA) {
            return wrong(&format!("its first line does not say `{SCHEMA}`"));
        }
        if field("id") != Some(id) {
            return wrong("it is of another cell");
        }
        let is_report = head.ends_with("\"report\":");
        let sum = Digest::of(if is_report { body } else { body.trim_end_matches('\n') });
        if field("sha256") != Some(&sum) {
            return wrong("its SHA-256 is another than its first line says");
        }
        let Ok(value) = serde_json::from_str::<Value>(body) else {
            return wrong("what it holds is no JSON");
        };
        if is_report {
            return Ok(Self::Report(value));
        }
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Ok(Self::Failed { code: text("code"), message: text("message") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef";

    #[test]
    fn a_report_comes_back_and_stands_in_its_file_as_it_is() {
        let report = "{\n  \"schema\": \"mesim.report/1\"\n}\n";
        let text = result_text(ID, report);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1..lines.len() - 1].join("\n") + "\n", report);
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        let read = CellResult::read(ID, &text);
        assert_eq!(read, Ok(CellResult::Report(json!({"schema": "mesim.report/1"}))));
    }

    #[test]
    fn a_failure_comes_back() {
        let text = failure_text(ID, "E0306", "core 3 of a \"machine\" of 2 cores\n");
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        let message = "core 3 of a \"machine\" of 2 cores\n".to_owned();
        let failed = CellResult::Failed { code: "E0306".to_owned(), message };
        assert_eq!(CellResult::read(ID, &text), Ok(failed));
    }

    #[test]
    fn no_changed_byte_and_no_cut_goes_unseen() {
        let whole = result_text(ID, "{\n  \"misses\": 12345\n}\n");
        for cut in 0..whole.len() {
            assert!(CellResult::read(ID, &whole[..cut]).is_err(), "cut at {cut}");
        }
        let body = whole.find("\"report\"").unwrap() + 10;
        for at in body..whole.len() - 1 {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] ^= 1;
            let text = String::from_utf8(bytes).unwrap();
            assert!(CellResult::read(ID, &text).is_err(), "changed at {at}");
        }
        assert!(CellResult::read("another", &whole).is_err());
    }
}
